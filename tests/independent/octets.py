"""An independent reader of the protocol, part 1: octets, signatures, names (docs/protocol.md sections 2 and 3).

The files of this folder that are not tests were written from docs/protocol.md alone, with the standard library and
pynacl, and import nothing of the program: where they and the program disagree, one of them or the document is wrong.
They are plain rather than fast.
"""

import base64
import hashlib
import json
import re

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

KIB, MIB = 1024, 1024 * 1024
LINE = 136 * KIB
DEPTH = 8
LARGEST = 2**53 - 1
LATEST = 253402300799

KEY = re.compile(r"[a-z0-9_]{1,32}")
STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
HEX = {64: re.compile(r"[0-9a-f]{64}"), 128: re.compile(r"[0-9a-f]{128}")}
ONION = re.compile(r"[a-z2-7]{56}\.onion")
LOCAL = re.compile(r"local:[a-z0-9-]{1,32}")

PRIME = 2**255 - 19
SMALL_ORDER = {
    bytes.fromhex(text)
    for text in (
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    )
}


class Bad(Exception):
    """These octets break a rule of the document."""


def insist(holds, why):
    if not holds:
        raise Bad(why)


def sha256(octets):
    return hashlib.sha256(octets).hexdigest()


# Lines


def write(value):
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def read(octets, limit=LINE):
    """The object that a line holds; raises Bad unless the line is what `write` prints of it."""
    insist(len(octets) <= limit, "a line that is too long")
    try:
        text = octets.decode()
        check_depth(text)
        value = json.loads(text, parse_float=refuse_number, parse_constant=refuse_number)
        insist(isinstance(value, dict), "not an object")
        check_value(value)
        printed = write(value)
    except ValueError as error:
        raise Bad(f"not JSON: {error}") from None
    insist(printed == octets, "not in canonical form")
    return value


def check_depth(text):
    """Before anything recurses: brackets outside of strings."""
    depth = 0
    for character in STRING.sub("", text):
        depth += (character in "[{") - (character in "]}")
        insist(depth <= DEPTH, "nested too deep")


def refuse_number(text):
    raise Bad(f"{text} is not an integer")


def check_value(value):
    match value:
        case bool():
            pass
        case int():
            insist(-LARGEST <= value <= LARGEST, "an integer that is too large")
        case str():
            insist(not any(c < " " and c not in "\n\t" for c in value), "a control character")
            value.encode()  # a surrogate: UnicodeEncodeError is a ValueError
        case list():
            for each in value:
                check_value(each)
        case dict():
            for key, each in value.items():
                insist(KEY.fullmatch(key), f"the key {key!r}")
                check_value(each)
        case _:
            raise Bad("a value of a type that there is not")


# Signatures


def holds(key, message, signature):
    """Whether the signature (hex) by the key (hex) over the octets is one by the four rules of section 2."""
    raw, sig = bytes.fromhex(key), bytes.fromhex(signature)
    if not is_sound_key(raw) or sig[:32] in SMALL_ORDER:
        return False
    try:
        VerifyKey(raw).verify(message, sig)
    except BadSignatureError:
        return False
    return True


def is_sound_key(raw):
    value = int.from_bytes(raw, "little")
    y, sign = value % 2**255, value >> 255
    return raw not in SMALL_ORDER and y < PRIME and not (sign and y in {1, PRIME - 1})


# Names for people


def base32(octets):
    return base64.b32encode(octets).decode().lower().rstrip("=")


def identity_text(key):
    raw = bytes.fromhex(key)
    return base32(raw + hashlib.sha256(b"zbnntp1 id" + raw + b"\x01").digest()[:2] + b"\x01")


def read_identity(text):
    insist(re.fullmatch(r"[a-z2-7]{56}", text), "not an identity")
    raw = base64.b32decode(text.upper())
    key = raw[:32].hex()
    insist(identity_text(key) == text, "an identity whose check does not hold")
    return key


def message_id(post):
    return f"<{base32(bytes.fromhex(post))}@zb.invalid>"


def read_message_id(text):
    found = re.fullmatch(r"<([a-z2-7]{52})@zb\.invalid>", text)
    insist(found, "not the Message-ID of a post")
    post = base64.b32decode(found[1].upper() + "====").hex()
    insist(message_id(post) == text, "spare bits are set")
    return post


def read_link(text):
    """(identity, addresses as URLs, code or None)."""
    found = re.fullmatch(r"zb:([a-z2-7]{56})@([^#\s]+)(?:#([a-z2-7]{1,64}))?", "".join(text.split()))
    insist(found, "not a link")
    addresses = found[2].split(",")
    insist(len(addresses) <= 8, "too many addresses")
    return read_identity(found[1]), [read_address(each) for each in addresses], found[3]


def read_address(text):
    if LOCAL.fullmatch(text):
        return text
    insist(ONION.fullmatch(text), f"the address {text!r}")
    raw = base64.b32decode(text[:56].upper())
    check = hashlib.sha3_256(b".onion checksum" + raw[:32] + raw[34:]).digest()[:2]
    insist(raw[34] == 3 and raw[32:34] == check, "an onion address whose checksum does not hold")
    return f"http://{text}"
