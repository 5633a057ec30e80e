"""Proto-articles: the text of what newsreaders send, in any charset and encoding; everything else is refused."""

import email.message
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

import pytest

from tests.model.charsets import can_encode, text_codecs
from tests.model.posted import SAMPLE, base64_lines, octets_of, parsed, refused, wrapped
from zbnntp.model import limits, proto
from zbnntp.model.errors import BadArticle, TooLarge
from zbnntp.model.proto import parse_proto


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("one\r\ntwo\r\n", "one\ntwo\n"),
        ("no end", "no end"),
        ("\r\n\r\nlate start\r\n", "\n\nlate start\n"),
        ("tab\there", "tab\there"),
        ("bell\x07 escape\x1b[31m form\x0cfeed", "bell escape[31m formfeed"),
        ("del\x7f", "del\x7f"),
        ("Gru\u0308\u00dfe", "Gr\u00fc\u00dfe"),
        ("\ufeffmark", "mark"),
        ("\u202ebidi", "\u202ebidi"),
        ("flowed \r\n-- \r\nAlice\r\n", "flowed \n-- \nAlice\n"),
        (".\r\n..\r\n", ".\n..\n"),
    ],
)
def test_bodies(body: str, text: str) -> None:
    assert parsed(body).body == text


@pytest.mark.parametrize("charset", text_codecs())
def test_bodies_in_every_charset(charset: str) -> None:
    sample = "".join(it for it in SAMPLE if can_encode(it, charset))
    octets = sample.encode(charset)
    headers = {"Content-Type": f'text/plain; charset="{charset}"', "MIME-Version": "1.0"}
    assert parse_proto(octets_of(base64_lines(octets), **headers, Content_Transfer_Encoding="base64")).body == sample
    if not set(octets) & set(b"\0\r"):
        assert parsed(octets, **headers, Content_Transfer_Encoding="8bit").body == sample


def test_quoted_printable() -> None:
    body = "Gr=C3=BC=C3=9Fe=\r\n, more=20\r\n=2E\r\n"
    headers = {"Content-Type": "text/plain; charset=utf-8", "Content-Transfer-Encoding": "Quoted-Printable"}
    assert parsed(body, **headers).body == "Grüße, more \n.\n"


@pytest.mark.parametrize(
    ("octets", "content_type", "text"),
    [
        ("Grüße".encode(), None, "Grüße"),
        ("Grüße".encode("latin-1"), None, "Grüße"),
        ("“Grüße”".encode("cp1252"), "text/plain; charset=us-ascii", "“Grüße”"),
        ("“Grüße”".encode("cp1252"), "text/plain; charset=iso-8859-1", "“Grüße”"),
        ("Grüße".encode(), "text/plain; charset=x-unknown", "Grüße"),
        ("Grüße".encode(), "text/plain; charset", "Grüße"),
        ("Grüße".encode(), "text/plain; charset*=utf-8''a%00b", "Grüße"),
        ("Grüße".encode(), "nonsense", "Grüße"),
        ("Grüße".encode(), "", "Grüße"),
    ],
)
def test_8bit_without_a_charset_or_with_a_wrong_one(octets: bytes, content_type: str | None, text: str) -> None:
    assert parsed(octets, Content_Type=content_type).body == text


@pytest.mark.parametrize(
    ("parameters", "flowed"),
    [
        ("", False),
        ("; format=flowed", True),
        ('; format="Flowed"; charset=utf-8', True),
        ("; format=fixed", False),
        ("; format=flowed; delsp=yes", False),
        ("; format=flowed; delsp=no", True),
        ("; format*=utf-8''flowed", True),
    ],
)
def test_flowed(parameters: str, flowed: bool) -> None:
    assert parsed(Content_Type=f"text/plain{parameters}").flowed is flowed


@pytest.mark.parametrize("body", ["", "\r\n", " \r\n\t\r\n", "\x07\x0c\r\n"])
def test_no_text(body: str) -> None:
    refused("has no text", body)


def test_a_text_above_64_kib() -> None:
    assert len(parsed("é" * 32768).body.encode()) == limits.BODY_OCTETS
    with pytest.raises(TooLarge, match="longer than 64 KiB"):
        parsed("é" * 32768 + "x")


# parts


def test_alternative_takes_the_plain_text() -> None:
    message = MIMEMultipart("alternative")
    message.attach(MIMEText("Grüße\n", "plain", "utf-8"))
    message.attach(MIMEText("<b>Grüße</b>\n", "html", "utf-8"))
    assert parse_proto(wrapped(message)).body == "Grüße\n"


def test_alternative_flowed() -> None:
    message = MIMEMultipart("alternative")
    plain = MIMEText("one \ntwo\n", "plain", "us-ascii")
    plain.set_param("format", "flowed")
    message.attach(plain)
    message.attach(MIMEText("<p>one two</p>", "html"))
    found = parse_proto(wrapped(message))
    assert (found.body, found.flowed) == ("one \ntwo\n", True)


def test_one_text_in_a_multipart() -> None:
    message = MIMEMultipart("mixed")
    message.attach(MIMEText("Hello.\n"))
    assert parse_proto(wrapped(message)).body == "Hello.\n"


@pytest.mark.parametrize("content_type", ["text/html", "text/html; charset=utf-8", "text/enriched", "application/pdf"])
def test_html_only(content_type: str) -> None:
    refused("only plain text", "<p>Hello</p>", Content_Type=content_type)


def test_html_only_in_an_alternative() -> None:
    message = MIMEMultipart("alternative")
    message.attach(MIMEText("<p>Hello</p>", "html"))
    with pytest.raises(BadArticle, match="only plain text"):
        parse_proto(wrapped(message))


def attachment(kind: str, subtype: str, **disposition: str) -> MIMEBase:
    part = MIMEBase(kind, subtype)
    part.set_payload(b"x" * 100)
    if disposition:
        part.add_header("Content-Disposition", **disposition)
    return part


@pytest.mark.parametrize(
    "part",
    [
        attachment("image", "png"),
        attachment("image", "png", _value="inline", filename="cat.png"),
        attachment("application", "octet-stream", _value="attachment", filename="x.bin"),
        attachment("text", "plain", _value="attachment", filename="notes.txt"),
        attachment("text", "plain", _value="attachment"),
        attachment("text", "plain", _value="inline", filename="notes.txt"),
        attachment("text", "x-diff"),
        attachment("text", "html"),
        attachment("application", "pgp-signature"),
        MIMEText("a second text\n"),
    ],
    ids=lambda part: f"{part.get_content_type()} {part.get('Content-Disposition', '')}",
)
def test_attachments(part: email.message.Message) -> None:
    message = MIMEMultipart("mixed")
    message.attach(MIMEText("Look at this.\n"))
    message.attach(part)
    octets = wrapped(message)
    with pytest.raises(BadArticle, match="attachments are not published"):
        parse_proto(octets)


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain; name=notes.txt"},
        {"Content-Disposition": "inline; filename=notes.txt"},
        {"Content-Disposition": "attachment"},
    ],
    ids=str,
)
def test_a_file_alone_is_no_text(headers: dict[str, str]) -> None:
    refused("only plain text", **headers)


def test_a_picture_in_an_alternative() -> None:
    message, related = MIMEMultipart("alternative"), MIMEMultipart("related")
    message.attach(MIMEText("Look.\n"))
    related.attach(MIMEText("<img>", "html"))
    related.attach(attachment("image", "png"))
    message.attach(related)
    with pytest.raises(BadArticle, match="attachments are not published"):
        parse_proto(wrapped(message))


def test_a_forwarded_message_is_no_text_of_the_writer() -> None:
    refused("attachments", "Subject: inner\r\n\r\nInner text.\r\n", Content_Type="message/rfc822")


@pytest.mark.parametrize(
    "content_type", ["multipart/mixed", 'multipart/mixed; boundary=""', "multipart/mixed; boundary=b"]
)
def test_a_multipart_without_its_boundaries(content_type: str) -> None:
    refused("only plain text", "Hello.\r\n", Content_Type=content_type)


@pytest.mark.parametrize(
    "body",
    [
        "=ybegin line=128 size=123 name=cat.png\r\nabc\r\n=yend size=123\r\n",
        "text first\r\n=ybegin part=1 total=2 line=128 size=9 name=x\r\n=ypart begin=1 end=9\r\nabc\r\n",
        "begin 644 cat.txt\r\n#0V%T\r\n`\r\nend\r\n",
        "look:\r\nbegin 0755 a b.sh\r\nM" + "A" * 60 + "\r\nend\r\n",
        "begin 600 x\r\nM" + "A" * 61 + "\r\nend\r\n",
        ("QUJD" * 18 + "\r\n") * proto.BASE64_LINES,
        "cat.png:\r\n" + ("iVBORw0K/+" * 6 + "\r\n") * 100 + "end\r\n",
    ],
    ids=[
        "yenc",
        "yenc part",
        "uuencode",
        "uuencode mode 4",
        "uuencode with check character",
        "base64",
        "base64 in text",
    ],
)
def test_binaries_in_the_text(body: str) -> None:
    refused("binaries are not published", body)


@pytest.mark.parametrize("encoding", ["x-uuencode", "uuencode", " X-UUE "])
def test_uuencode_as_transfer_encoding(encoding: str) -> None:
    refused("uuencoded", "begin 644 x\r\n#0V%T\r\n`\r\nend\r\n", Content_Transfer_Encoding=encoding)


@pytest.mark.parametrize(
    "body",
    [
        "begin 2023 with\r\nA GOOD RESOLUTION\r\n",
        "begin 100 new things\r\nand end them\r\n",
        "=ybegin is how yEnc begins\r\n",
        "=ybegin\r\n",
        "-----BEGIN PGP MESSAGE-----\r\n\r\n" + ("QUJD" * 16 + "\r\n") * 200 + "-----END PGP MESSAGE-----\r\n",
        ("QUJD" * 18 + "\r\n") * (proto.BASE64_LINES - 1),
        "x" * 5000,
        "long words without blanks\r\n" * 300,
    ],
    ids=lambda body: body[:20],
)
def test_text_that_only_looks_like_a_binary(body: str) -> None:
    assert parsed(body).body == body.replace("\r\n", "\n")
