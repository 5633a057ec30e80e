"""`zbnntp device`: whose telephone or laptop reaches this node's onion for newsreaders. A running node takes notice."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from zbnntp import home
from zbnntp.cli_ask import tell_node
from zbnntp.config import load_config
from zbnntp.devices import add_device, open_devices, remove_device
from zbnntp.model.errors import NotPermitted
from zbnntp.model.onion import ONION_SUFFIX

Add = Callable[["argparse._SubParsersAction[argparse.ArgumentParser]", str, str], argparse.ArgumentParser]

ABOUT = """\
With the setting nntp_onion = "closed" your newsreader reaches this node from anywhere through Tor, and nobody else
does: tor itself turns away whoever has no key. A login is asked for besides."""
KEY = """\
{name} may reach this node. Its key is shown only now:

    Host       {address}
    Port       119, without TLS: the way through Tor is encrypted
    Key        {key}

Orbot and Tor Browser ask for address and key under "onion service client authorization". For tor itself, one line in a
file that ends in .auth_private, in its ClientOnionAuthDir:

    {service}:descriptor:x25519:{key}

In the newsreader log in with your nick and passphrase ('zbnntp account' makes others)."""
OFF = """
The onion is off: write nntp_onion = "closed" into zbnntp.toml and start the node again."""


def add_device_command(commands: argparse._SubParsersAction[argparse.ArgumentParser], add: Add) -> None:
    """The command and its three kinds."""
    text = "let your own telephone reach this node through Tor, and nobody else's"
    device = commands.add_parser("device", help=text, description=ABOUT)
    kinds = device.add_subparsers(required=True, metavar="KIND")
    command = add(kinds, "add", "make a key for a device, and print what to set there")
    command.add_argument("name", metavar="NAME", help="what you call it, for example phone")
    command.set_defaults(run=_add)
    command = add(kinds, "list", "say which devices have a key")
    command.set_defaults(run=_list)
    command = add(kinds, "remove", "turn a device away from now on; what it has open ends")
    command.add_argument("name", metavar="NAME", help="what you called it")
    command.set_defaults(run=_remove)


def _check_home(options: argparse.Namespace) -> None:
    """A slip in --home makes no onion that no node has."""
    if not home.has_keys(options.home):
        raise NotPermitted(f"there is no identity in {options.home}; make one with 'zbnntp init --home {options.home}'")


def _add(options: argparse.Namespace) -> int:
    _check_home(options)
    devices, key = add_device(options.home, options.name)
    service = devices.address.removesuffix(ONION_SUFFIX)
    print(KEY.format(name=options.name, address=devices.address, service=service, key=key))
    if load_config(options.home).nntp_onion != "closed":
        print(OFF)
    tell_node(options.home, "devices")
    return 0


def _list(options: argparse.Namespace) -> int:
    _check_home(options)
    devices = open_devices(options.home)
    print(f"onion {devices.address}")
    for name in devices.clients:
        print(name)
    return 0


def _remove(options: argparse.Namespace) -> int:
    _check_home(options)
    remove_device(options.home, options.name)
    print(f"{options.name} is turned away from now on.")
    tell_node(options.home, "devices")
    return 0
