"""What a registrar gives, to whom, how often, and what it does not fall for."""

from __future__ import annotations

import json

import pytest

from tests.registrar.conftest import MAIL, Open, newcomer
from zbnntp.model import intro
from zbnntp.model.errors import Busy, Invalid, Missing, NotPermitted, PeerGone
from zbnntp.model.intro import Admitted, Challenge
from zbnntp.model.proof import Proof, estimate
from zbnntp.registrar.codes import new_code
from zbnntp.registrar.desk import BURST, DAY_SECONDS
from zbnntp.registrar.rules import Rules
from zbnntp.registrar.work import KIB, PARTS
from zbnntp.store import admissions, codes, promises

NINA, OTTO = newcomer("nina"), newcomer("otto")


async def test_who_passes_gets_message_trust_for_thirty_days(open_reception: Open) -> None:
    async with open_reception() as rita:
        await rita.offer("captcha")
        until = rita.house.now + 30 * DAY_SECONDS
        assert await rita.read(NINA) == Admitted(rita.house.identity, 10, until)
        given = rita.rating(NINA)
        assert (given.mt, given.tlt, given.until) == (10, None, until)
        assert rita.come == [NINA.identity]
        await rita.house.seal()
        (line,) = [json.loads(it) for it in rita.house.whole_offer().slices[0].data.splitlines()]
        assert (line["kind"], line["mt"], line["until"], "tlt" in line) == ("trust", 10, until, False)


async def test_endpoints_are_kept_so_that_the_newcomer_can_be_fetched(open_reception: Open) -> None:
    async with open_reception() as rita:
        await rita.offer("captcha")
        challenge = await rita.ask("captcha")
        await rita.answer(NINA, challenge, rita.memo(challenge)["answers"][0], endpoints=("local:nina",))
        assert promises.addresses(rita.house.reader, NINA.identity) == ["local:nina"]


async def test_passing_again_renews(open_reception: Open) -> None:
    async with open_reception() as rita:
        await rita.offer("captcha")
        await rita.read(NINA)
        rita.house.clock.now += 20 * DAY_SECONDS
        admitted = await rita.read(NINA)
        assert admitted.until == rita.house.now + 30 * DAY_SECONDS == rita.rating(NINA).until
        (tally,) = admissions.tally(rita.house.reader, rita.view)
        assert (tally.newcomers, tally.renewed) == (1, 1)


@pytest.mark.parametrize("mt", [1, 5000])
async def test_what_the_owner_rated_by_hand_stays(open_reception: Open, mt: int) -> None:
    async with open_reception() as rita:
        await rita.offer("captcha")
        await rita.house.rate(NINA.identity, mt, 300, "met her")
        assert await rita.read(NINA) == Admitted(rita.house.identity, mt, None)
        assert (rita.rating(NINA).mt, rita.rating(NINA).tlt, rita.rating(NINA).note) == (mt, 300, "met her")


async def test_whom_the_owner_rated_below_0_is_let_in_no_more(open_reception: Open) -> None:
    async with open_reception() as rita:
        await rita.offer("captcha")
        await rita.house.rate(NINA.identity, -100)
        with pytest.raises(NotPermitted, match="rated you below 0"):
            await rita.read(NINA)
        assert rita.rating(NINA).mt == -100


async def test_a_friends_code_rates_for_good_and_better_than_a_registrar(open_reception: Open) -> None:
    async with open_reception() as rita:
        await rita.offer("captcha")
        await rita.read(NINA)
        code = new_code(5000, 0, "", rita.house.now)
        await rita.house.writer.run(lambda database: codes.add_code(database, rita.view, code))
        admitted = await rita.answer(NINA, await rita.ask("invite"), code.code.upper())
        assert admitted == Admitted(rita.house.identity, 5000, None)
        with pytest.raises(NotPermitted, match="used before"):
            await rita.answer(OTTO, await rita.ask("invite"), code.code)
        assert rita.rating(OTTO) is None


async def test_who_hands_a_code_in_twice_is_told_the_same_twice(open_reception: Open) -> None:
    async with open_reception() as rita:
        code = new_code(5000, 0, "", rita.house.now)
        await rita.house.writer.run(lambda database: codes.add_code(database, rita.view, code))
        for _ in range(2):
            admitted = await rita.answer(NINA, await rita.ask("invite"), code.code)
            assert admitted == Admitted(rita.house.identity, 5000, None)
        await rita.house.rate(NINA.identity, None)
        with pytest.raises(NotPermitted, match="used before"):
            await rita.answer(NINA, await rita.ask("invite"), code.code)
        assert rita.rating(NINA) is None


async def test_a_challenge_is_good_once(open_reception: Open) -> None:
    async with open_reception() as rita:
        await rita.offer("captcha")
        challenge = await rita.ask("captcha")
        right = rita.memo(challenge)["answers"][0]
        with pytest.raises(NotPermitted, match="not what it shows"):
            await rita.answer(OTTO, challenge, "wrong")
        with pytest.raises(NotPermitted, match="answered before"):
            await rita.answer(NINA, challenge, right)
        assert rita.rating(NINA) is None


async def test_who_lost_the_answer_on_the_way_is_told_again(open_reception: Open) -> None:
    async with open_reception() as rita:
        await rita.offer("captcha")
        challenge = await rita.ask("captcha")
        right = rita.memo(challenge)["answers"][0]
        first = await rita.answer(NINA, challenge, right)
        rita.house.clock.now += 60
        assert await rita.answer(NINA, challenge, "anything") == first
        with pytest.raises(NotPermitted, match="answered before"):
            await rita.answer(OTTO, challenge, right)


async def test_what_is_not_meant_for_this_desk_is_refused(open_reception: Open) -> None:
    async with open_reception() as rita:
        await rita.offer("captcha")
        challenge = await rita.ask("captcha")
        right = rita.memo(challenge)["answers"][0]
        for changed, words in (
            ({"registrar": OTTO.identity}, "somebody else"),
            ({"time": rita.house.now - 3 * 3600}, "clock"),
            ({"nonce": "bm90IG91cnM="}, "not one of this registrar"),
            ({"nonce": "!"}, "not one of this registrar"),
        ):
            with pytest.raises(NotPermitted, match=words):
                await rita.answer(NINA, challenge, right, **changed)
        raw = intro.make_introduction(NINA, rita.house.identity, challenge.nonce, right, (), rita.house.now)
        with pytest.raises(Invalid):
            await rita.desk.answer(raw.replace(NINA.identity.hex().encode(), OTTO.identity.hex().encode()))
        rita.house.clock.now = challenge.until
        with pytest.raises(NotPermitted, match="time to answer"):
            await rita.answer(NINA, challenge, right)


async def test_only_what_is_offered_is_asked(open_reception: Open) -> None:
    async with open_reception() as rita:
        assert [way for way, _ in intro.open_terms(rita.desk.terms()).ways] == ["invite"]
        with pytest.raises(Missing, match="does not offer captcha"):
            await rita.ask("captcha")
        await rita.offer("captcha", "pow", "email", "command")
        assert [way for way, _ in intro.open_terms(rita.desk.terms()).ways] == ["captcha", "pow", "invite"]


async def test_no_more_than_so_many_a_day(open_reception: Open) -> None:
    async with open_reception() as rita:
        await rita.offer("captcha", a_day=2)
        waiting = await rita.ask("captcha")
        for name in "ab":
            await rita.read(newcomer(name))
        with pytest.raises(Busy, match="tomorrow") as told:
            await rita.ask("captcha")
        with pytest.raises(Busy):
            await rita.answer(NINA, waiting, rita.memo(waiting)["answers"][0])
        rita.house.clock.now += told.value.seconds
        await rita.answer(NINA, waiting, rita.memo(waiting)["answers"][0])
        assert rita.rating(NINA).mt == 10


async def test_no_more_than_so_many_a_minute(open_reception: Open) -> None:
    async with open_reception() as rita:
        await rita.offer("captcha")
        for _ in range(BURST):
            await rita.ask("captcha")
        with pytest.raises(Busy) as told:
            await rita.ask("captcha")
        await rita.ask("invite")
        rita.house.clock.now += told.value.seconds
        await rita.ask("captcha")


async def test_work_is_checked(open_reception: Open) -> None:
    async with open_reception(Rules(work_minutes=0.001)) as rita:
        await rita.offer("pow")
        challenge = await rita.ask("pow")
        assert (challenge.proof.parts, challenge.proof.tries) == (8, 1)  # any number is good
        with pytest.raises(NotPermitted, match="one number for each part"):
            await rita.answer(NINA, challenge, "1 2")
        await rita.answer(NINA, await rita.ask("pow"), " ".join("12345678"))
        assert rita.rating(NINA).mt == 10


def test_half_an_hour_is_so_many_tries() -> None:
    assert round(estimate(Proof(KIB, 1, PARTS, 2250)), 6) == 30


async def test_one_mailbox_is_good_for_one_newcomer(open_reception: Open) -> None:
    async with open_reception(Rules(mail=MAIL, mail_domains=("example.org",))) as rita:
        await rita.offer("email")
        for who, address in ((NINA, "Ann@Example.org"), (OTTO, "ann+2@example.org")):
            asked = await rita.answer(who, await rita.ask("email"), address)
            assert isinstance(asked, Challenge)
            code = rita.memo(asked)["code"]
            assert (rita.letters[-1][0], code in rita.letters[-1][1]) == (address, True)
            assert "example.org" not in json.dumps(rita.memo(asked))
            with pytest.raises(NotPermitted, match="not one of this registrar"):
                await rita.answer(newcomer("thief"), asked, code)
            if who is NINA:
                await rita.answer(who, asked, code)
            else:
                with pytest.raises(NotPermitted, match="somebody else was let in with that"):
                    await rita.answer(who, asked, code)
            rita.house.clock.now += 1000
        assert rita.rating(OTTO) is None


@pytest.mark.parametrize("address", ["", "nina", "nina@", "a b@example.org", "nina@example.com", "x\u00e4@example.org"])
async def test_addresses_to_which_no_letter_goes(open_reception: Open, address: str) -> None:
    async with open_reception(Rules(mail=MAIL, mail_domains=("example.org",))) as rita:
        await rita.offer("email")
        with pytest.raises(NotPermitted):
            await rita.answer(NINA, await rita.ask("email"), address)
        assert rita.letters == []


async def test_nobodys_mailbox_is_flooded(open_reception: Open) -> None:
    async with open_reception(Rules(mail=MAIL)) as rita:
        await rita.offer("email")
        await rita.answer(NINA, await rita.ask("email"), "ann@example.org")
        with pytest.raises(Busy, match="a short while ago"):
            await rita.answer(OTTO, await rita.ask("email"), "ann+1@example.org")
        assert len(rita.letters) == 1


@pytest.mark.parametrize(
    "written",
    [b"", b"[]", b'{"ask": 7}', b'{"ask": ""}', b'{"ask": "\\ud800"}', b'{"ask": "x", "memo": {"a": "%s"}}'],
)
async def test_a_program_that_writes_nonsense_is_the_operators_to_mend(open_reception: Open, written: bytes) -> None:
    async with open_reception(Rules(command=("let-in",))) as rita:
        await rita.offer("command")
        rita.program = lambda said: written.replace(b"%s", b"x" * 300)
        with pytest.raises(PeerGone, match="its owner has to look at it"):
            await rita.ask("command")


async def test_a_program_may_not_refuse_with_what_cannot_be_sent(open_reception: Open) -> None:
    async with open_reception(Rules(command=("let-in",))) as rita:
        await rita.offer("command")
        written = iter([b'{"ask": "Who?"}', b'{"refuse": "\\ud800"}'])
        rita.program = lambda said: next(written)
        with pytest.raises(PeerGone, match="its owner has to look at it"):
            await rita.answer(NINA, await rita.ask("command"), "me")


async def test_a_program_may_ask_again(open_reception: Open) -> None:
    async with open_reception(Rules(command=("let-in",))) as rita:
        await rita.offer("command")
        written = iter([{"ask": "Who?"}, {"ask": "Which code?", "memo": {"n": 1}}, {"admit": True}])
        rita.program = lambda said: json.dumps(next(written)).encode()
        second = await rita.answer(NINA, await rita.ask("command"), "nina")
        assert isinstance(second, Challenge)
        assert (second.ask, rita.memo(second)) == ("Which code?", {"n": 1})
        await rita.answer(NINA, second, "42")
        assert rita.rating(NINA).mt == 10
