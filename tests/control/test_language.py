"""Text -> commands: each command, each error with its sentence."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zbnntp.control.language import (
    COMMANDS,
    COMMANDS_MOST,
    LINE_CHARACTERS,
    NotUnderstood,
    Row,
    find_rows,
    is_command,
    parse_commands,
)
from zbnntp.control.orders import (
    AddBoard,
    AddFilter,
    By,
    DropCode,
    DropFilter,
    DropInvite,
    Follow,
    Help,
    HideBoard,
    Invite,
    ListCodes,
    ListFilters,
    ListInvites,
    MakeCode,
    Mirror,
    Nick,
    Note,
    Offer,
    Order,
    Pin,
    Profile,
    Purge,
    Rate,
    Register,
    Report,
    Rest,
    Search,
    SetMirror,
    SetSame,
    Shift,
    Status,
    TellNewcomers,
    TellOffers,
    Undo,
    Untrust,
    Via,
    ViaLink,
    Vote,
    Watch,
    Why,
)
from zbnntp.filters import PATTERN_CHARACTERS
from zbnntp.model.keys import Signer, identity_text
from zbnntp.model.link import Link, parse_link
from zbnntp.model.onion import onion_address
from zbnntp.searching import Query

BOB = Signer.from_seed(b"b" * 32).identity
ID = identity_text(BOB)
ADDRESS = onion_address(bytes(32))
LINK = f"zb:{ID}@{ADDRESS}"
PARSED: Link = parse_link(LINK)
POST = f"<{'a' * 52}@zb.invalid>"
EVERYTHING = ("x*", ".", "(?s).", ".|x", r"[^\x00]", r"\S", r"\n", "(?m)^.", r"[\W\w]", ".+$")
NEW_YEAR = 1_798_761_600  # 2027-01-01 00:00:00 UTC


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("help", Help("")),
        ("HELP trust", Help("trust")),
        ("help board add", Help("board add")),
        (f"follow {LINK}", Follow(PARSED, None, None, None)),
        (f"Follow <{LINK}>", Follow(PARSED, None, None, None)),
        (f"follow {LINK.upper()}", Follow(PARSED, None, None, None)),
        (f"follow {LINK} 80", Follow(PARSED, 80, None, None)),
        (f"follow {LINK} +80 LIST 70", Follow(PARSED, 80, 70, None)),
        (f"follow {LINK} list 0", Follow(PARSED, None, 0, None)),
        (f"follow {LINK} 80 comment my brother", Follow(PARSED, 80, None, "my brother")),
        ("trust 50", Rate("", 50, None, None)),
        ("trust bob 50", Rate("bob", 50, None, None)),
        ("TRUST Bob -100", Rate("Bob", -100, None, None)),
        ("trust bob +5%", Rate("bob", 5, None, None)),
        ("trust bob 50 list 30", Rate("bob", 50, 30, None)),
        ("trust bob 50 List 30% Comment He is 30 and kind", Rate("bob", 50, 30, "He is 30 and kind")),
        ("trust bob 50 comment list 30", Rate("bob", 50, None, "list 30")),
        ("trust bob 50 comment", Rate("bob", 50, None, "")),
        ("trust 0 list 100", Rate("", 0, 100, None)),
        ("trust Bob the Builder 50", Rate("Bob the Builder", 50, None, None)),
        ("trust Agent 47 50", Rate("Agent 47", 50, None, None)),
        ('trust "Route 66 Fan" 50', Rate("Route 66 Fan", 50, None, None)),
        ("trust “Bob” 50", Rate("Bob", 50, None, None)),
        (f"trust {ID} 50", Rate(ID, 50, None, None)),
        ("trust 23456722 50", Rate("23456722", 50, None, None)),
        ("+50", Rate("", 50, None, None)),
        ("-20", Rate("", -20, None, None)),
        ("+50 list 40 comment fine", Rate("", 50, 40, "fine")),
        ("−20", Rate("", -20, None, None)),
        ("untrust", Untrust("")),
        ("untrust Bob the Builder", Untrust("Bob the Builder")),
        ("board add tech.linux", AddBoard("tech.linux", "")),
        ("Board Add Tech.Linux Penguins & friends", AddBoard("tech.linux", "Penguins & friends")),
        ("board hide tech.linux", HideBoard("tech.linux", True)),
        ("board show tech.linux", HideBoard("tech.linux", False)),
        ("nick Ada Lovelace", Nick("Ada Lovelace")),
        ("nick Ada\u0308", Nick("Ad\u00e4")),
        ("nick \U0001f468\u200d\U0001f680", Nick("\U0001f468\u200d\U0001f680")),
        ("invite", Invite(None, "")),
        ("invite 30", Invite(30, "")),
        ("Invite for Bob, from work", Invite(None, "Bob, from work")),
        ("invite +80% for bob", Invite(80, "bob")),
        ("invite list", ListInvites()),
        (f"invite revoke {LINK}#abc234", DropInvite("abc234")),
        ("invite revoke abc234", DropInvite("abc234")),
        (f"register {LINK}", Register(PARSED, "")),
        (f"register <{LINK}> POW", Register(PARSED, "pow")),
        ("register pause", Rest(True)),
        ("register resume", Rest(False)),
        ("registrar offer captcha", Offer("captcha", 50)),
        ("registrar offer POW 7", Offer("pow", 7)),
        ("registrar close email", Offer("email", None)),
        ("registrar status", TellOffers()),
        ("registrar report", TellNewcomers()),
        ("registrar code", MakeCode("")),
        ("registrar code for Mary", MakeCode("for Mary")),
        ("registrar codes", ListCodes()),
        ("registrar revoke abc", DropCode("abc")),
        (f"registrar revoke {LINK}#abc", DropCode("abc")),
        ("status", Status()),
        ("why", Why("")),
        ('Search Linux "out of memory" board:tech.*', Search(Query(("linux", "out of memory"), ("tech.*",)))),
        ("why bob", Why("bob")),
        (f"why {POST}", Why(POST)),
        ("trust bob 50 private", Rate("bob", 50, None, None, True)),
        ("trust bob 50 list 30 PRIVATE", Rate("bob", 50, 30, None, True)),
        ("-50 private", Rate("", -50, None, None, True)),
        ("trust bob 50 private comment", Rate("bob", 50, None, "", True)),
        ("trust private 50", Rate("private", 50, None, None)),
        ("like", Shift("", True)),
        ("Like Bob", Shift("Bob", True)),
        ("dislike bob", Shift("bob", False)),
        ("mute", Rate("", -100, None, None)),
        ("mute Bob the Builder", Rate("Bob the Builder", -100, None, None)),
        ("up", Vote("", 1)),
        (f"down {POST}", Vote(POST, -1)),
        (f"unvote news:{POST[1:-1]}", Vote(POST, 0)),
        ("report spam", Report("", "spam", "")),
        ("report SPAM: sells watches", Report("", "spam", "sells watches")),
        ("report He sells watches.", Report("", "report", "He sells watches.")),
        (f"report {POST} org.example.rude: no manners", Report(POST, "org.example.rude", "no manners")),
        ("note bob owes me a beer", Note("bob owes me a beer")),
        ("note", Note("")),
        ("profile I rate by taste", Profile("I rate by taste")),
        ("profile", Profile(None)),
        ("profile None", Profile("")),
        ("filter cheap watches", AddFilter("cheap watches", False, None)),
        ('filter "cheap watches" until 2026-12-31', AddFilter("cheap watches", False, NEW_YEAR)),
        ("filter /cheap (watch|pill)es/ until 2026-12-31", AddFilter("cheap (watch|pill)es", True, NEW_YEAR)),
        ('filter "wait until"', AddFilter("wait until", False, None)),
        ('filter "until"', AddFilter("until", False, None)),
        ("filter until monday morning", AddFilter("until monday morning", False, None)),
        ("filter /[\u3040-\u30ff]/", AddFilter("[\u3040-\u30ff]", True, None)),
        ("filter /[a-z]/", AddFilter("[a-z]", True, None)),
        ("filter /.{200}/", AddFilter(".{200}", True, None)),
        ("filter /until/", AddFilter("until", True, None)),
        ("filter", ListFilters()),
        ("unfilter 2", DropFilter("2")),
        ("watch", Watch("", True)),
        (f"unwatch {POST}", Watch(POST, False)),
        ("by bob", By("bob", True)),
        ("unby", By("", False)),
        ("via bob", Via("bob", True)),
        ("unvia bob", Via("bob", False)),
        (f"via {LINK}/tech.linux", ViaLink(PARSED, "tech.linux")),
        (f"via {LINK}", Via(LINK, True)),
        ("pin bob", Pin("bob", True)),
        ("unpin", Pin("", False)),
        ("purge Bob the Builder", Purge("Bob the Builder")),
        ("purge <a@b.invalid>", Purge("<a@b.invalid>")),
        ("same bob", SetSame("bob", True)),
        ("same Bob the Builder OFF", SetSame("Bob the Builder", False)),
        ("mirror bob on", SetMirror("bob", Mirror.ON)),
        ("mirror OFF", SetMirror("", Mirror.OFF)),
        ("mirror Bob the Builder auto", SetMirror("Bob the Builder", Mirror.AUTO)),
        ("undo", Undo("")),
        (f"undo {POST}", Undo(POST)),
    ],
)
def test_command(text: str, order: Order) -> None:
    (command,) = parse_commands(text)
    assert command.order == order


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "There is no command in it"),
        ("> only a quote", "There is no command in it"),
        ("love bob", "unknown command 'love'"),
        ("hello", "there are help, follow, trust, like, dislike, mute, untrust, note, why, search, up, down"),
        ("trsut bob 50", "unknown command 'trsut' (did you mean trust?)"),
        ("find words", "unknown command 'find'"),
        ("search", "say what to look for, for example: search kernel"),
        ("Hello node, how are you?", "unknown command 'Hello'"),
        (LINK, f"that is a link; to follow it write: follow {LINK}"),
        ("50", "unknown command '50'"),
        ("help love", "unknown command 'love'"),
        ("help trust bob", "after help the name of one command may follow, for example: help trust"),
        ("help help help", "after help the name of one command may follow, for example: help help"),
        ("help board add x", "after help the name of one command may follow, for example: help board add"),
        ("board", "write one of board add, board hide, board show"),
        ("board delete x", "write one of board add, board hide, board show"),
        ("trust", "trust needs a whole number from -100 to 100"),
        ("trust bob", "trust needs a whole number from -100 to 100"),
        ("trust bob much", "trust needs a whole number"),
        ("trust bob 0.5", "trust needs a whole number"),
        ("trust bob 101", "101 is out of range: trust in somebody's posts goes from -100 to 100"),
        ("trust bob -101", "-101 is out of range"),
        ("trust bob 5000000", "5000000 is out of range"),
        ("trust bob 50 list 101", "list 101 is out of range: trust in somebody's ratings goes from 0 to 100"),
        ("trust bob 50 list -1", "list -1 is out of range"),
        ("trust bob 50 list", "after the number only 'list M', 'private' and 'comment TEXT' may follow"),
        ("trust bob 50 lst 30", "after the number only 'list M', 'private' and 'comment TEXT' may follow"),
        ("trust bob 50 secret", "after the number only"),
        ("trust bob 50 private comment a secret", "a private rating has no comment, for nobody reads it; write: note"),
        ("trust bob 50 list 30 list 40", "after the number only"),
        ("trust bob 50 nice person", "after the number only"),
        ("trust bob 50 comment " + "x" * 501, "a comment has at most 500 octets"),
        ("+50 bob", "after a number that rates whom you answer only"),
        ("+101", "101 is out of range"),
        ("+5.5", "after a number that rates whom you answer only"),
        ("follow", "write follow, then the link"),
        ("follow bob", "a link looks like zb:"),
        (f"follow {LINK[:-7]}", "the address in that link has a typing error"),
        (f"follow zb:{ID[:-4]}aaaa@{ADDRESS}", "typing error"),
        (f"follow {LINK} 0", "whom you follow needs trust from 1 to 100"),
        (f"follow {LINK} -50", "to hide somebody write: trust WHO -50"),
        (f"follow {LINK} 101", "101 is out of range"),
        (f"follow {LINK} please", "no more than N and 'list M'"),
        ("board add", "the board's name is missing"),
        ("board add no", None),
        ("board add zb.mine", "'zb.mine' is a reserved name"),
        ("board add 123", "a part cannot be all digits"),
        ("board add käse", "is no board name"),
        ("board add x " + "d" * 201, "a description has at most 200 characters"),
        ("board hide", "name one board"),
        ("board show a b", "name one board"),
        ("nick", "the name is missing"),
        ("nick " + "x" * 41, "a nick has at most 40 characters"),
        ("nick evil\u202eecila", "a nick has no control or direction characters"),
        ("invite bob", "write invite, then no more than how far you trust who comes with it"),
        ("invite 0", "rated from 1 to 100"),
        ("invite 101", "rated from 1 to 100"),
        ("invite -5", "write invite, then no more"),
        ("invite for", "write invite, then no more"),
        ("invite revoke", "write invite revoke, then the code"),
        ("register", "write register, then the registrar's link, and no more than the way to get in"),
        ("registrar offer magic", "write registrar offer, then one of captcha, pow, email, command"),
        ("registrar offer command 9999999999", "9999999999 newcomers a day are too many; name a number up to 99999"),
        ("registrar offer pow 100000", "100000 newcomers a day are too many"),
        ("registrar close", "write registrar close, then one of captcha"),
        ("registrar revoke", "write registrar revoke, then the code"),
        ("status --json", "status stands alone; leave out '--json'"),
        ("up bob", "after up only the <message-id> of an article may follow"),
        ("watch this", "after watch only the <message-id>"),
        ("undo everything", "after undo only the <message-id>"),
        ("report", "say why, for example: report spam"),
        (f"report {POST}", "say why"),
        ("report " + "x y" * 200, "a reason has at most 500 octets"),
        ("note " + "x" * 1001, "a note has at most 1000 characters"),
        ("filter /", "an expression stands between slashes"),
        ("filter /x", "an expression stands between slashes"),
        ("filter /(/", "that expression is not understood: missing )"),
        ("filter " + "x" * (PATTERN_CHARACTERS + 1), "a filter has at most 500 characters"),
        *((f"filter /{it}/", "that expression matches every text") for it in EVERYTHING),
        ("filter until", "a filter needs words before 'until'"),
        ("filter until 2020-01-01", "a filter needs words before 'until'"),
        ("filter x until", "the day after 'until' is missing"),
        ("filter x until tomorrow", "'tomorrow' is no date; write it as year-month-day"),
        ("filter x until 2027-02-30", "'2027-02-30' is no date"),
        ("filter x until 9999-12-31", "'9999-12-31' is no date"),
        ("unfilter", "say which: its number in the list"),
        (f"via {LINK}/zb.x", "reserved name"),
        (f"via {LINK[:-7]}/chat", "the address in that link has a typing error or is cut short"),
        ("mirror bob", "end it with on, off or auto"),
        ("mirror", "end it with on, off or auto"),
        ("same", "name the other identity"),
        ("same off", "name the other identity"),
        ("nick " + "x" * LINE_CHARACTERS, "a line has at most 2000 characters"),
    ],
)
def test_error_says_what_is_wrong(text: str, sentence: str | None) -> None:
    if sentence is None:
        assert parse_commands(text)
        return
    with pytest.raises(NotUnderstood) as caught:
        parse_commands(text)
    assert sentence in str(caught.value)
    assert str(caught.value).endswith("Nothing was carried out.")


def test_error_names_its_line() -> None:
    with pytest.raises(NotUnderstood, match=r'^Line 3, "trust bob": trust needs'):
        parse_commands("status\n\ntrust bob\nnick x")


def test_one_article_is_bounded() -> None:
    assert len(parse_commands("status\n" * COMMANDS_MOST)) == COMMANDS_MOST
    with pytest.raises(NotUnderstood, match="at most 100 commands, this one has 1000; send the rest in another"):
        parse_commands("status\n" * 1000)


@pytest.mark.parametrize("text", ["50", "+50", "50%", "80 list 30", "50 private"])
def test_a_number_alone_is_a_rating_where_people_are_answered(text: str) -> None:
    (command,) = parse_commands(text, bare=True)
    assert isinstance(command.order, Rate)
    assert command.order.who == ""
    with pytest.raises(NotUnderstood, match="after a number that rates whom you answer only"):
        parse_commands("50 bob", bare=True)


@pytest.mark.parametrize("row", COMMANDS, ids=lambda row: row.name)
def test_row_is_whole(row: Row) -> None:
    assert row.usage.startswith(row.name)
    assert row.usage.count("[") == row.usage.count("]")
    assert row.help[0].isupper()
    assert row.help.endswith(".")
    assert is_command(row.name.split()[0])
    assert row in find_rows(row.name.upper())


def test_topics() -> None:
    assert find_rows("") == list(COMMANDS)
    assert [row.name for row in find_rows("board")] == ["board add", "board hide", "board show"]
    assert find_rows("boa") == []


WORDS = st.sampled_from(
    [
        "trust",
        "follow",
        "list",
        "comment",
        "+50",
        "-20",
        "50",
        "board",
        "add",
        "nick",
        "why",
        "note",
        "report",
        "filter",
        "until",
        "2027-01-31",
        "private",
        "same",
        "mirror",
        "undo",
        POST,
        ID,
        LINK,
        "bob",
        ">",
        "--",
    ]
)


@given(st.one_of(st.text(), st.lists(WORDS).map(" ".join), st.lists(WORDS).map("\n".join), st.binary().map(str)))
def test_any_text_is_commands_or_a_sentence(text: str) -> None:
    with contextlib.suppress(NotUnderstood):
        for command in parse_commands(text):
            assert command.line.text
