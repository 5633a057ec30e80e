"""Lines taken apart, byte for byte: the text, and whom and what it names.

Identities, post ids and signatures leave the text, where one octet below 0x20 keeps their place, and escapes become one
octet too. No line that passes the checks of a segment holds such octets, so nothing is lost, whatever the kind and the
fields of the line: nothing here knows them. Identities and ids that the store knows become its own keys for them, one
to four octets; all else stays as its 32 or 64 octets. What is left reads as its author wrote it, line ends and all.
"""

from __future__ import annotations

import re
from binascii import unhexlify
from collections.abc import Callable, Iterable, Iterator

# Places in a folded text, of strings of hexadecimal digits.
PERSON, ARTICLE, HASH, SIGNATURE = 1, 2, 3, 4
SIZES = {HASH: 32, SIGNATURE: 64}
_ESCAPES = ((b"\\\\", b"\x05"), (b"\\n", b"\n"), (b'\\"', b"\x06"), (b"\\t", b"\t"))  # pairs of \ first
_DIGITS = re.compile(rb'"((?:author|id|body_sha256)":")?([0-9a-f]{64}(?:[0-9a-f]{64})?)"')
_KINDS = {b'author":"': PERSON, b'id":"': PERSON, b'body_sha256":"': HASH}  # by the key before; others: ARTICLE
RESERVED = bytes(range(0x20))  # octets that stand for something in a folded text
PLACES = re.compile(rb"[\x01-\x04]")
_BODY = re.compile(rb'\{"author":"[\x01\x03]","boards":\[[^]]*\],"body":"')

Find = Callable[[int, bytes], int | None]  # PERSON or ARTICLE, 32 octets -> the store's key, if it has one
Folded = tuple[bytes, bytes]  # text and references
Place = tuple[int, bytes]  # kind, and the octets that stand there
Name = Callable[[int, int], bytes]  # PERSON or ARTICLE, key -> 32 octets


def fold(line: bytes, find: Find) -> Folded:
    """Text and references of a line that `unfold` gives back if it holds no octet below 0x20."""
    text, places = take_apart(line)
    numbers = [find(*place) if place[0] < HASH else None for place in places]
    if any(number is None and place[0] < HASH for number, place in zip(numbers, places, strict=True)):
        pairs = zip(numbers, places, strict=True)
        kinds = (max(kind, HASH) if number is None else kind for number, (kind, _) in pairs)
        text = PLACES.sub(lambda _: b"%c" % next(kinds), text)
    return text, refer(places, numbers)


def refer(places: Iterable[Place], numbers: Iterable[int | None]) -> bytes:
    """References to what stands at the places of a text, by the store's keys where it has them."""
    pairs = zip(places, numbers, strict=True)
    return b"".join([octets if number is None else varint(number) for (_, octets), number in pairs])


def take_apart(line: bytes) -> tuple[bytes, list[Place]]:
    """The text of a line of which everybody and everything is known, and what stands at its places."""
    text = line
    for escape, octet in _ESCAPES:
        text = text.replace(escape, octet)
    places: list[Place] = []

    def place(found: re.Match[bytes]) -> bytes:
        before, digits = found.groups()
        kind = SIGNATURE if len(digits) > 64 else _KINDS.get(before, ARTICLE)
        places.append((kind, unhexlify(digits)))
        return b'"%b%c"' % (before or b"", kind)

    return _DIGITS.sub(place, text), places


def unfold(text: bytes, references: Iterator[bytes]) -> bytes:
    """The line of a text; `references` has the octets for each place, in order."""
    line = PLACES.sub(lambda _: next(references).hex().encode(), text)
    for escape, octet in reversed(_ESCAPES):
        line = line.replace(octet, escape)
    return line


def named(text: bytes, references: bytes, name: Name) -> Iterator[bytes]:
    """The octets for each place of a text, from the references that `fold` made."""
    at = 0
    for place in PLACES.findall(text):
        kind = place[0]
        if kind >= HASH:
            yield references[at : at + SIZES[kind]]
            at += SIZES[kind]
        else:
            number, at = read_varint(references, at)
            yield name(kind, number)


def body_of(text: bytes) -> bytes | None:
    """The body in the folded text of a post, its octets as written; None where fields of later versions precede it."""
    begin = _BODY.match(text)
    if begin is None:
        return None
    body = text[begin.end() : text.index(b'"', begin.end())]
    if b"\x05" in body or b"\x06" in body:
        return body.replace(b"\x06", b'"').replace(b"\x05", b"\\")
    return body


def varint(number: int) -> bytes:
    """A number from 0, seven bits an octet, the lowest first."""
    if number < 1 << 14:
        return bytes((number,) if number < 128 else (number & 127 | 128, number >> 7))
    octets = bytearray()
    while number > 127:
        octets.append(number & 127 | 128)
        number >>= 7
    octets.append(number)
    return bytes(octets)


def ascending(numbers: Iterable[int]) -> bytes:
    """Different numbers in their order, each as a varint of how much it exceeds the one before."""
    ordered = sorted(set(numbers))
    return b"".join([varint(after - before) for before, after in zip([0, *ordered], ordered, strict=False)])


def read_varint(octets: bytes, at: int) -> tuple[int, int]:
    """The number at a position, and where it ends."""
    number = shift = 0
    while octets[at] > 127:
        number |= (octets[at] & 127) << shift
        shift += 7
        at += 1
    return number | octets[at] << shift, at + 1


def varints(octets: bytes) -> Iterator[int]:
    """All numbers of a row of them."""
    at = 0
    while at < len(octets):
        number, at = read_varint(octets, at)
        yield number
