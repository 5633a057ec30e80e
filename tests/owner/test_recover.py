"""Recovery words on the files of a node: who may use them, what becomes of the home, what is left to be published."""

from __future__ import annotations

import io
import json
import re
import sqlite3
import sys
from pathlib import Path

import pytest
from mnemonic import Mnemonic

from tests.houses import START, Clock, House
from tests.ingest.forging import Forger, segment
from tests.node_process import words_in
from zbnntp import cli, halfway, home, sealing
from zbnntp.home import STORE_FILE
from zbnntp.model import keys as model_keys
from zbnntp.model.errors import NotPermitted
from zbnntp.model.keys import Identity, identity_text, sha256, short_id
from zbnntp.model.manifest import Head, open_head, open_pointer
from zbnntp.model.succession import Move, open_move
from zbnntp.store import choices, endings, evidence, notices, numbers
from zbnntp.store.database import connect_reader, prepare, transaction
from zbnntp.store.writer import open_writer


class Owner:
    """The command line on one home; `printed` is what the last call printed, `refused` why it ended with 1."""

    def __init__(self, directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.directory, self._capsys = directory, capsys
        self.printed = self.refused = ""

    def __call__(self, verb: str, *options: str | Path) -> int:
        code = cli.main([verb, "--home", str(self.directory), *map(str, options)])
        self.printed, self.refused = self._capsys.readouterr()
        return code

    def init(self, nick: str = "anna") -> str:
        """A new identity; its recovery words as they were printed."""
        assert self("init", "--nick", nick, "--no-passphrase") == 0
        return self.words()

    def words(self) -> str:
        found = words_in(self.printed)
        assert len(found.split()) == 24
        return found

    def recover(self, words: str, *options: str | Path) -> int:
        path = self.directory.parent / "words"
        path.write_text(words)
        return self("recover", *options, "--words-file", path)

    @property
    def identity(self) -> Identity:
        return home.accounts(self.directory)[0].identity

    @property
    def reader(self) -> sqlite3.Connection:
        return connect_reader(self.directory / STORE_FILE)

    def head(self) -> Head:
        """The newest own one."""
        held = evidence.find_manifest(self.reader, self.identity)
        assert held is not None
        return open_head(held.head, open_pointer(held.pointer))

    def moves(self) -> list[Move]:
        return [open_move(it.line) for it in notices.proved(self.reader, notices.MOVE)]

    async def live(self, subject: str = "", *, rated: Identity | None = None, now: int = START) -> None:
        """What a node of this home does: publish a post, a rating, or what has changed in the key file."""
        keys, path = home.load_keys(self.directory, None), self.directory / STORE_FILE
        prepare(path)
        async with open_writer(path) as writer:
            await writer.run(lambda database: evidence.person_pk(database, keys.signer.identity))
            house = House(keys.nick, keys.signer, path, writer, Clock(now))
            await house.standings.refresh(now)
            await house.add_board("test.talk")
            if rated:
                await house.rate(rated, mt=5000, tlt=3000)
            if subject:
                await house.post("test.talk", subject, "x\n")
            author = sealing.Author(keys.signer, keys.nick, (), keys.next_key, keys.next_by)
            offer = sealing.seal(house.reader, author, now)
            if offer:
                await house.intake.offer(offer, "own", now)
            await house.standings.refresh(now)
            house.reader.close()
        held = evidence.find_manifest(self.reader, keys.signer.identity)
        home.note_published(self.directory, path, held.seq if held else 0)

    async def receive(self, *forged: tuple[Forger, list[bytes]], now: int = START) -> None:
        """Manifests of others, which somebody here trusts enough."""
        keys, path = home.load_keys(self.directory, None), self.directory / STORE_FILE
        async with open_writer(path) as writer:
            house = House(keys.nick, keys.signer, path, writer, Clock(now))
            await house.standings.refresh(now)
            for forger, lines in forged:
                await house.take(forger.offer([segment(*lines)] if lines else []))
            house.reader.close()


@pytest.fixture
def anna(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Owner:
    return Owner(tmp_path / "anna", capsys)


@pytest.fixture
def friend() -> Forger:
    return Forger("friend")


async def test_a_new_identity_takes_the_place_of_the_old_one(anna: Owner, friend: Forger) -> None:
    words = anna.init()
    old = anna.identity
    await anna.live("Old times", rated=friend.identity)
    version = anna.head().seq
    assert anna.recover(words, "--new", "--no-passphrase") == 0
    new_words = anna.words()
    assert new_words != words
    assert anna.identity != old
    assert f"version {version}." in anna.printed
    (move,) = anna.moves()
    assert (move.source, move.target, move.last[0]) == (old, anna.identity, version)
    await anna.live("New times", now=START + 60)
    state = [line for _, line in evidence.lines_of(anna.reader, 1, "state")]
    assert len(state) == 1
    person = evidence.find_person(anna.reader, anna.identity) or 0
    published = [line for _, line in evidence.lines_of(anna.reader, person, "state")]
    assert published[0] == move.raw
    assert published[1:] == state, "what was said of others is said again"
    assert anna.head().next == sha256(home.read_words(new_words).identity)


async def test_the_view_goes_on_with_its_numbers_and_choices(anna: Owner, friend: Forger) -> None:
    words = anna.init()
    await anna.live("One", rated=friend.identity)
    await anna.live("Two", now=START + 60)
    with transaction(anna.directory / STORE_FILE) as database:
        choices.add_filter(database, 1, "spam", False, None)
    before = anna.reader.execute("SELECT n.number, n.article FROM number n").fetchall()
    assert anna.recover(words, "--new", "--no-passphrase") == 0
    await anna.live("Three", now=START + 120)
    person = evidence.find_person(anna.reader, anna.identity) or 0
    board = numbers.find_newsgroup(anna.reader, person, "test.talk")
    assert board is not None
    assert (board.low, board.high, board.count) == (1, 3, 3), (
        "old posts under their old numbers, the new one after them"
    )
    assert anna.reader.execute("SELECT n.number, n.article FROM number n").fetchall()[: len(before)] == before
    assert [it.pattern for it in choices.filters(anna.reader, person)] == ["spam"]


async def test_the_old_key_is_kept_aside_and_signs_nothing_more(anna: Owner) -> None:
    words = anna.init()
    old = anna.identity
    await anna.live("Old times")
    assert anna.recover(words, "--new", "--nick", "anne", "--no-passphrase") == 0
    (kept,) = anna.directory.glob("retired-*.json")
    assert json.loads(kept.read_text())["identity"] == identity_text(old)
    assert kept.stat().st_mode & 0o077 == 0
    assert [it.nick for it in home.accounts(anna.directory)] == ["anne"]
    assert not (anna.directory / "incoming").exists()
    assert words.split()[3] not in "".join(path.read_text() for path in anna.directory.glob("*.json")).split()


async def test_words_of_another_identity_change_nothing(anna: Owner, tmp_path: Path) -> None:
    anna.init()
    await anna.live("Old times")
    other = Owner(tmp_path / "bert", anna._capsys).init("bert")
    before = sorted((path.name, path.read_bytes()) for path in anna.directory.glob("*.json"))
    for option in ("--new", "--revoke", "--renew"):
        assert anna.recover(other, option, *(["--no-passphrase"] if option == "--new" else [])) == 1
        assert "not the recovery words" in anna.refused
    assert sorted((it.name, it.read_bytes()) for it in anna.directory.glob("*.json")) == before
    assert not (anna.directory / "incoming").exists()
    assert anna.moves() == []


async def test_an_identity_that_was_revoked_publishes_nothing_more(anna: Owner) -> None:
    words = anna.init()
    await anna.live("Old times")
    assert anna.recover(words, "--revoke") == 0
    (move,) = anna.moves()
    assert (move.source, move.target) == (anna.identity, None)
    with pytest.raises(ExceptionGroup) as refusal:
        await anna.live("More")
    assert "recovery words have ended" in str(refusal.value.exceptions[0])


async def test_an_end_is_put_before_what_somebody_else_published_with_the_key(anna: Owner) -> None:
    words = anna.init()
    await anna.live("Old times")
    version, keys = anna.head().seq, home.load_keys(anna.directory, None)
    thief = Forger("anna", seq=version)
    thief.signer = keys.signer
    await anna.receive(now=START + 60)
    offer = thief.offer([segment(thief.opening("Thief", time=START + 50))], next=keys.next_key.hex())
    path = anna.directory / STORE_FILE
    async with open_writer(path) as writer:
        house = House("anna", keys.signer, path, writer, Clock(START + 60))
        assert await house.take(offer)
        house.reader.close()
    assert anna.recover(words, "--revoke") == 0
    assert anna.moves()[0].last[0] == version
    assert f"Newer versions do not count: {version + 1}" in anna.printed
    assert anna.recover(words, "--revoke", "--last", str(version + 1)) == 0
    assert anna.moves()[0].last[0] == version + 1, "unless they were good"
    assert anna.recover(words, "--revoke", "--last", "5") == 1
    assert f"no version 5 is known here, but {version}, {version + 1}" in anna.refused


async def test_an_end_may_get_a_successor_afterwards(anna: Owner) -> None:
    words = anna.init()
    await anna.live("Old times")
    old, version = anna.identity, anna.head().seq
    assert anna.recover(words, "--revoke") == 0
    assert anna.recover(words, "--new", "--no-passphrase") == 0
    assert endings.heirs(anna.reader) == {old: anna.identity}
    assert {move.last[0] for move in anna.moves()} == {version}
    await anna.live("Here I am", now=START + 60)


async def test_the_version_that_was_the_last_is_put_right_afterwards(anna: Owner) -> None:
    words = anna.init()
    old = anna.identity
    await anna.live("One")
    first = anna.head().seq
    await anna.live("Two", now=START + 60)
    second = anna.head().seq
    assert anna.recover(words, "--new", "--no-passphrase", "--last", str(first)) == 0
    assert anna.recover(words, "--new", "--from", identity_text(old), "--last", str(second)) == 0
    (move,) = anna.moves()
    assert (move.target, move.last[0]) == (anna.identity, second)


async def test_words_are_renewed_by_the_old_ones_and_the_old_ones_are_worth_nothing_then(anna: Owner) -> None:
    words = anna.init()
    await anna.live("Old times")
    assert anna.recover(words, "--renew") == 0
    second = anna.words()
    await anna.live(now=START + 60)
    assert anna.head().next == sha256(home.read_words(second).identity)
    assert len(anna.head().next_by) == 1
    assert anna.recover(words, "--renew") == 1
    assert "renewed since" in anna.refused
    assert anna.recover(second, "--renew") == 0
    third = anna.words()
    await anna.live(now=START + 120)
    assert len(anna.head().next_by) == 2
    assert anna.recover(second, "--revoke") == 1
    assert anna.recover(third, "--revoke") == 0


async def test_a_key_file_from_before_a_renewal_publishes_the_newer_words(anna: Owner) -> None:
    words = anna.init()
    await anna.live("Old times")
    backup = (anna.directory / home.KEY_FILE).read_bytes()
    assert anna.recover(words, "--renew") == 0
    await anna.live(now=START + 60)
    renewed = anna.head().next
    (anna.directory / home.KEY_FILE).write_bytes(backup)
    await anna.live("More", now=START + 120)
    assert anna.head().seq == START + 120
    assert anna.head().next == renewed


async def test_an_identity_whose_key_is_lost_is_followed_from_another_home(
    anna: Owner, tmp_path: Path, friend: Forger
) -> None:
    words = anna.init()
    await anna.live("Old times", rated=friend.identity)
    old = anna.identity
    anew = Owner(tmp_path / "anew", anna._capsys)
    anew.init("anna")
    source = identity_text(old)
    await anew.live(rated=old)
    assert anew.recover(words, "--new", "--from", source) == 1
    assert "nothing of that identity is here" in anew.refused
    path = anna.directory / STORE_FILE
    async with open_writer(path) as writer:
        offer = House("anna", home.load_keys(anna.directory, None).signer, path, writer, Clock()).whole_offer()
    keys = home.load_keys(anew.directory, None)
    async with open_writer(anew.directory / STORE_FILE) as writer:
        house = House("anna", keys.signer, anew.directory / STORE_FILE, writer, Clock())
        await house.standings.refresh(START)
        assert await house.take(offer)
        house.reader.close()
    assert anew.recover(words, "--new", "--from", "nobody") == 1
    assert "nobody known here is called 'nobody'" in anew.refused
    assert anew.recover(words, "--revoke", "--from", "anna") == 1, "that is the new one as well"
    assert f"anna ({short_id(old)})" in anew.refused
    assert anew.recover(words, "--new", "--from", f"anna ({short_id(old)})") == 0
    (move,) = anew.moves()
    assert (move.source, move.target) == (old, anew.identity)
    await anew.live(now=START + 60)
    me = evidence.find_person(anew.reader, anew.identity) or 0
    assert any(friend.identity.hex().encode() in line for _, line in evidence.lines_of(anew.reader, me, "state"))
    assert endings.heirs(anew.reader) == {old: anew.identity}


async def test_who_follows_signs_with_a_key_under_a_passphrase(
    anna: Owner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_keys, "ARGON2_OPS", 1)
    monkeypatch.setattr(model_keys, "ARGON2_OCTETS", 8192)
    words, secret = anna.init(), tmp_path / "secret"
    secret.write_text("open sesame\n")
    await anna.live("Old times")
    old = anna.identity
    assert anna.recover(words, "--new", "--passphrase-file", secret) == 0
    assert home.needs_passphrase(anna.directory)
    assert home.load_keys(anna.directory, "open sesame").signer.identity == anna.identity
    assert anna.recover(words, "--new", "--from", f"zb:{identity_text(old)}@local:x", "--passphrase-file", secret) == 0
    secret.write_text("wrong\n")
    assert anna.recover(words, "--new", "--from", identity_text(old), "--passphrase-file", secret) == 1
    assert "not the passphrase" in anna.refused


def test_an_identity_is_named_by_its_nick(anna: Owner) -> None:
    anna.init()
    assert anna("init", "--add", "--nick", "other", "--no-passphrase") == 0
    words = anna.words()
    assert anna.recover(words, "--renew") == 1
    assert anna.recover(words, "--renew", "--as", "other") == 0
    assert anna.recover(words, "--renew", "--as", "nobody") == 1
    assert "no identity called nobody" in anna.refused


def test_an_end_is_for_ever_and_asked_about_at_a_terminal(anna: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    words = anna.init()
    monkeypatch.setattr(sys, "stdin", Terminal(f"{words}\nno\n"))
    assert anna("recover", "--revoke") == 1
    assert "nothing was changed" in anna.refused
    assert "This ends anna for ever" in anna.printed


async def test_a_change_of_identity_that_was_broken_off_is_carried_on(
    anna: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = anna.init()
    await anna.live("Old times")
    old = anna.identity

    def power_cut(*_: object) -> None:
        raise NotPermitted("no power")

    with monkeypatch.context() as patch:
        patch.setattr(halfway, "replace_key", power_cut)
        assert anna.recover(words, "--new", "--no-passphrase") == 1
    new_words = anna.words()
    assert anna.identity == old
    assert anna("check") == 0, "the view is the new identity's already, and nothing is damaged by that"
    assert anna("run", "--tor", "off", "--listen", "127.0.0.1:0") == 1
    assert "run 'zbnntp recover --new' again" in anna.refused
    assert anna.recover(words, "--new", "--no-passphrase") == 0
    assert anna.moves()[0].target == anna.identity != old
    assert home.load_keys(anna.directory, None).next_key == sha256(home.read_words(new_words).identity)


async def test_posts_that_never_went_out_are_counted(anna: Owner) -> None:
    words = anna.init()
    await anna.live("Old times")
    with transaction(anna.directory / STORE_FILE) as database:
        evidence.add_pending(database, 1, "posts", b"{}")
    assert anna.recover(words, "--new", "--no-passphrase") == 0
    assert "1 posts of it were never published" in anna.printed


def test_a_home_without_an_identity_has_nothing_to_recover(anna: Owner) -> None:
    assert anna.recover("x", "--new") == 1
    assert "use --from" in anna.refused


def test_words_come_from_standard_input_too(anna: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    words = anna.init()
    for listed in ("{word} ", "{number} {WORD}\n", "{number}. {word}\n", "{number}) {word}\n", "{number}.{word} "):
        typed = "".join(
            listed.format(number=number, word=word, WORD=word.upper()) for number, word in enumerate(words.split(), 1)
        )
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        assert anna("recover", "--renew", *([] if "." in listed else ["--words-file", "-"])) == 0
        words = anna.words()


def test_words_are_printed_in_rows_that_fit_a_terminal_and_are_read_as_they_were_printed(anna: Owner) -> None:
    anna.init()
    rows = [line for line in anna.printed.splitlines() if re.match(r" +\d+\. [a-z]+", line)]
    assert len(rows) == 6
    assert max(len(line) for line in anna.printed.splitlines()) <= 120
    assert max(map(len, rows)) <= 72
    assert anna.recover("\n".join(rows), "--renew") == 0


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda words: words[:23], "these are 23"),
        (lambda words: [*words[:6], "zbnntp", *words[7:]], "word 7, 'zbnntp', is no recovery word"),
        (lambda words: _swapped(words), "do not belong together"),
    ],
)
def test_what_is_wrong_with_mistyped_words_is_said(anna: Owner, change: object, sentence: str) -> None:
    words = anna.init().split()
    assert anna.recover(" ".join(change(words)), "--renew") == 1  # type: ignore[operator]
    assert sentence in anna.refused


def _swapped(words: list[str]) -> list[str]:
    """Two neighbours have changed places, where the check notices: it does not in one of 256 cases."""
    swaps = ([*words[:at], words[at + 1], words[at], *words[at + 2 :]] for at in range(len(words) - 1))
    return next(it for it in swaps if not Mnemonic("english").check(" ".join(it)))


def test_words_are_renewed_sixteen_times(anna: Owner) -> None:
    words = anna.init()
    for _ in range(16):
        assert anna.recover(words, "--renew") == 0
        words = anna.words()
    assert anna.recover(words, "--renew") == 1
    assert "16 times" in anna.refused


def test_a_file_of_words_that_is_not_there(anna: Owner) -> None:
    anna.init()
    assert anna("recover", "--renew", "--words-file", anna.directory / "none") == 1
    assert "cannot be read" in anna.refused
