"""What the set-ups of all newsreaders have in common, whatever the owner's nick is and wherever they lie."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from zbnntp.newsreaders import MAKERS
from zbnntp.newsreaders.kit import START, File, Reader, Server

ADDRESS = "id@k3f.zb.invalid"
ODD = "An\"na' \\ $HOME `id` %n <é>"


def files(reader: str, nick: str = "anna", server: Server | None = None, login: str = "") -> dict[str, File]:
    server = server or Server("127.0.0.1", 1119)
    person = Reader(nick, ADDRESS, server, Path('/home/o\'brien/zb "x"/r'), ("zb.control", "local.talk"), login)
    return {file.name: file for file in MAKERS[reader](person)}


@pytest.mark.parametrize("reader", MAKERS)
def test_what_holds_for_each(reader: str) -> None:
    made = files(reader)
    everything = "".join(file.text for file in made.values())
    assert ADDRESS in everything or ADDRESS.partition("@")[2] in everything
    [subscribed] = [file.text.splitlines() for file in made.values() if file.seed]
    assert sorted(subscribed) == ["local.talk:", "zb.control:"]
    assert all(file.mode & 0o077 == 0 for file in made.values()), "they are for their owner's eyes alone"


@pytest.mark.parametrize("reader", MAKERS)
def test_programs_are_shell_scripts(reader: str) -> None:
    for file in files(reader, ODD).values():
        if file.text.startswith("#!"):
            done = subprocess.run(["sh", "-n"], input=file.text, text=True, capture_output=True, timeout=10)
            assert not done.stderr, file.text


@pytest.mark.parametrize("reader", MAKERS)
def test_start_quotes_where_it_lies(reader: str) -> None:
    command = files(reader)[START].text.replace("exec ", "printf '%s\\n' ")
    done = subprocess.run(["sh", "-s", "more"], input=command, text=True, capture_output=True, timeout=10)
    words = done.stdout.splitlines()
    assert (words[-1], done.stderr) == ("more", "")
    inside = [word for word in words if "brien" in word]
    assert inside or "export" in command
    assert all(word.startswith('/home/o\'brien/zb "x"/r') for word in inside)


def test_odd_nicks_are_text_wherever_they_stand() -> None:
    posting = ElementTree.fromstring(files("pan", ODD)["posting.xml"].text)
    assert posting.findtext(".//username") == ODD
    rows = re.findall(
        r'^user_pref\("mail.identity.id1.fullName", (.*)\);$', files("thunderbird", ODD)["prefs.js"].text, re.M
    )
    assert [json.loads(row) for row in rows] == [ODD]
    assert 'set realname "An\\"na\' \\\\ $HOME `id` %n <é>"\n' in files("slrn", ODD)["slrnrc"].text
    assert 'set real_name="An\\"na\' \\\\ \\$HOME \\`id\\` %n <é>"\n' in files("neomutt", ODD)["neomuttrc"].text
    assert 'user-full-name "An\\"na\' \\\\ $HOME `id` %n <é>"\n' in files("gnus", ODD)["gnus.el"].text
    assert f'mail_address="An\\"na\' \\\\ $HOME `id` %n <é>" <{ADDRESS}>\n' in files("tin", ODD)[".tin/tinrc"].text


@pytest.mark.parametrize("reader", MAKERS)
def test_the_name_to_log_in_with_is_set_and_no_passphrase(reader: str) -> None:
    [with_login, without] = [files(reader, login=login) for login in ("bert", "")]
    assert any("bert" in file.text for file in with_login.values()) or reader == "thunderbird"
    assert not any("bert" in file.text for file in without.values())


def test_an_address_of_ipv6_stands_in_brackets() -> None:
    server = Server("::1", 1119)
    assert "'[::1]:1119'" in files("slrn", server=server)[START].text
    assert "news://[::1]:1119" in files("neomutt", server=server)["neomuttrc"].text
    assert '"network.proxy.no_proxies_on", "[::1]:1119"' in files("thunderbird", server=server)["prefs.js"].text


def test_pan_needs_its_groups_in_order() -> None:
    assert files("pan")["newsrc"].text == "local.talk:\nzb.control:\n"
