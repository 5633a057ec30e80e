"""Invitation links: `zb:<identity>@<onion>[,<onion>...][#<one-time code>]`, or `@local:<name>` in a local network."""

from __future__ import annotations

import re
from dataclasses import dataclass

from zbnntp.model import limits
from zbnntp.model.errors import BadEncoding
from zbnntp.model.keys import Identity, identity_text, parse_identity
from zbnntp.model.manifest import check_url
from zbnntp.model.onion import is_onion

_LINK = re.compile(r"zb:([a-z2-7]{56})@([a-z0-9:.,-]{1,1024})(?:#([a-z2-7]{1,64}))?")


@dataclass(frozen=True, slots=True)
class Link:
    identity: Identity
    urls: tuple[str, ...]  # as in a head's endpoints
    code: str | None = None


def parse_link(text: str) -> Link:
    """The parts of a link, wherever it was wrapped; BadEncoding with a sentence when it is none."""
    match = _LINK.fullmatch("".join(text.split()))
    if not match:
        raise BadEncoding("a link looks like zb:<56 characters>@<address>.onion; copy the whole of it")
    addresses = match[2].split(",")
    if len(addresses) > limits.ENDPOINTS:
        raise BadEncoding(f"a link names at most {limits.ENDPOINTS} addresses")
    return Link(parse_identity(match[1]), tuple(_url(address) for address in addresses), match[3])


def _url(address: str) -> str:
    if address.startswith("local:"):
        return check_url(address)
    if not is_onion(address):
        raise BadEncoding("the address in that link has a typing error or is cut short; copy the whole link again")
    return check_url(f"http://{address}")


def format_link(link: Link) -> str:
    addresses = ",".join(url.removeprefix("http://") for url in link.urls)
    return f"zb:{identity_text(link.identity)}@{addresses}" + (f"#{link.code}" if link.code else "")
