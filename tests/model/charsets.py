"""The charsets that Python knows, for tests of what newsreaders send."""

import encodings.aliases

NOT_CHARSETS = {"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape"}


def text_codecs() -> list[str]:
    """Python's names of every charset for text."""
    found = []
    for name in sorted(set(encodings.aliases.aliases.values()) - NOT_CHARSETS):
        try:
            "a".encode(name).decode(name)
        except (LookupError, UnicodeError):
            continue
        found.append(name)
    return found


def can_encode(character: str, charset: str) -> bool:
    try:
        return character.encode(charset).decode(charset) == character
    except UnicodeError:
        return False
