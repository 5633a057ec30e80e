"""What `zbnntp recover` checks before it writes or prints anything, and how a half-made move is ended or given up."""

from __future__ import annotations

import pytest

from tests.houses import START, Clock, House
from tests.owner.test_recover import Owner, anna
from zbnntp import halfway, home, sealing
from zbnntp.home import STORE_FILE
from zbnntp.model.keys import sha256
from zbnntp.store import endings
from zbnntp.store.writer import open_writer

__all__ = ["anna"]


async def test_both_old_and_new_words_are_answered_rightly_before_a_renewal_is_published(anna: Owner) -> None:
    words = anna.init()
    await anna.live("Old times")
    assert anna.recover(words, "--renew") == 0
    renewed = anna.words()
    for option in (["--new", "--no-passphrase"], ["--revoke"]):
        assert anna.recover(renewed, *option) == 1
        assert "start the node once so that the renewal is published" in anna.refused
        assert anna.printed == ""
    assert not (anna.directory / "incoming").exists()
    home.check_settled(anna.directory)
    old = anna.identity
    assert anna.recover(words, "--new", "--no-passphrase") == 0, "others know the old ones still"
    assert endings.heirs(anna.reader) == {old: anna.identity}


async def test_words_of_an_identity_that_has_ended_are_not_renewed(anna: Owner) -> None:
    words = anna.init()
    await anna.live("Old times")
    assert anna.recover(words, "--revoke") == 0
    before = (anna.directory / home.KEY_FILE).read_bytes()
    assert anna.recover(words, "--renew") == 1
    assert "has ended" in anna.refused
    assert (anna.directory / home.KEY_FILE).read_bytes() == before
    assert anna.recover(words, "--new", "--no-passphrase") == 0


async def test_an_old_key_file_is_renewed_by_the_newest_words_alone(anna: Owner) -> None:
    words = anna.init()
    await anna.live("Old times")
    backup = (anna.directory / home.KEY_FILE).read_bytes()
    assert anna.recover(words, "--renew") == 0
    second = anna.words()
    await anna.live(now=START + 60)
    (anna.directory / home.KEY_FILE).write_bytes(backup)
    assert anna.recover(words, "--renew") == 1
    assert anna.recover(second, "--renew") == 0
    third = anna.words()
    await anna.live(now=START + 120)
    assert anna.head().next == sha256(home.read_words(third).identity)


async def test_a_new_identity_that_cannot_be_ended_is_given_up(anna: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    words = anna.init()
    await anna.live("Old times")
    old = anna.identity
    assert anna.recover(words, "--give-up") == 1
    assert "--words-file does not apply to --give-up" in anna.refused
    assert anna("recover", "--give-up") == 1
    assert "no move to a new identity was broken off" in anna.refused
    home.make_keys(anna.directory / "incoming", "anna", None)
    assert anna("run", "--tor", "off", "--listen", "127.0.0.1:0") == 1
    assert "recover --give-up" in anna.refused
    assert anna("recover", "--give-up") == 0
    assert anna.identity == old
    home.check_settled(anna.directory)
    monkeypatch.setattr(halfway, "replace_key", lambda *_: None)
    assert anna.recover(words, "--new", "--no-passphrase") == 0
    assert anna("recover", "--give-up") == 1
    assert "that move is made already" in anna.refused


async def test_nothing_is_made_of_an_identity_that_has_published_nothing(anna: Owner) -> None:
    assert anna.recover(anna.init(), "--new", "--no-passphrase") == 1
    assert "published nothing" in anna.refused
    assert anna.printed == ""
    assert not (anna.directory / "incoming").exists()


async def test_the_new_identity_is_called_as_the_old_one_was_last(anna: Owner) -> None:
    words = anna.init()
    await anna.live("Old times")
    path = anna.directory / STORE_FILE
    async with open_writer(path) as writer:
        house = House("cora", home.load_keys(anna.directory, None).signer, path, writer, Clock(START + 60))
        keys = home.load_keys(anna.directory, None)
        offer = sealing.seal(house.reader, sealing.Author(keys.signer, "cora", (), keys.next_key, ()), START + 60)
        assert offer
        await house.intake.offer(offer, "own", START + 60)
        house.reader.close()
    assert anna.recover(words, "--new", "--no-passphrase") == 0
    assert "You are cora" in anna.printed
    assert home.accounts(anna.directory)[0].nick == "cora"


def test_a_passphrase_does_not_go_with_other_words(anna: Owner) -> None:
    words = anna.init()
    for option in (["--passphrase-file", "wrong"], ["--no-passphrase"], ["--nick", "x"], ["--from", "x"]):
        assert anna.recover(words, "--renew", *option) == 1
        assert f"{option[0]} does not apply to --renew" in anna.refused
