"""The onion through which newsreaders reach this node from elsewhere: its key, and whose devices it lets in.

The key is none of an identity's: whoever reads here by way of it learns nothing that leads to what is published. Of a
device only the public half of its key is kept; the other half is printed once, for the device. docs/gateway.md.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from zbnntp import home
from zbnntp.model.errors import BadEncoding, NotPermitted
from zbnntp.model.keys import KEY_OCTETS, NoteKey, Signer
from zbnntp.model.onion import onion_address

DEVICES_FILE = "devices.json"
READER_SOCKET = "reader.sock"
DEVICES_MOST = 64
_NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")


@dataclass(frozen=True, slots=True)
class Devices:
    """Name to public X25519 key, in base32 as tor writes it; `seed` is the onion's."""

    seed: bytes
    clients: Mapping[str, str]

    @property
    def address(self) -> str:
        return onion_address(Signer.from_seed(self.seed).identity)


def open_devices(place: Path) -> Devices:
    """What is kept in a home; a new onion without devices where there is nothing. BadEncoding, NotPermitted."""
    path = place / DEVICES_FILE
    if not path.exists():
        return _keep(place, Devices(secrets.token_bytes(KEY_OCTETS), {}))
    try:
        content = json.loads(path.read_text())
        seed, clients = bytes.fromhex(content["seed"]), content["devices"]
        if len(seed) != KEY_OCTETS or not all(isinstance(it, str) for it in clients.values()):
            raise ValueError("no key, or no devices")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadEncoding(f"{path} is damaged; remove it, and add your devices again") from error
    return Devices(seed, clients)


def add_device(place: Path, name: str) -> tuple[Devices, str]:
    """One more; and its secret key, which is kept nowhere. NotPermitted."""
    held = open_devices(place)
    if not _NAME.fullmatch(name):
        raise NotPermitted("a device is named by up to 32 letters, digits, - and _")
    if name in held.clients:
        raise NotPermitted(f"there is a device {name} already; remove it first, or choose another name")
    if len(held.clients) >= DEVICES_MOST:
        raise NotPermitted(f"there are {DEVICES_MOST} devices, the most there can be; remove one first")
    key = NoteKey(secrets.token_bytes(KEY_OCTETS))
    kept = _keep(place, Devices(held.seed, {**held.clients, name: base32(key.public)}))
    return kept, base32(key.secret)


def remove_device(place: Path, name: str) -> Devices:
    """One less. NotPermitted."""
    held = open_devices(place)
    if name not in held.clients:
        raise NotPermitted(f"there is no device {name}; 'zbnntp device list' shows all")
    return _keep(place, Devices(held.seed, {it: key for it, key in held.clients.items() if it != name}))


def base32(key: bytes) -> str:
    """As tor writes keys."""
    return base64.b32encode(key).decode().rstrip("=")


def _keep(place: Path, devices: Devices) -> Devices:
    home.make_directory(place)
    text = json.dumps({"seed": devices.seed.hex(), "devices": dict(devices.clients)}, indent=1)
    home.write_private(place / DEVICES_FILE, text + "\n")
    return devices
