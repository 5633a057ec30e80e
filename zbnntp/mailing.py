"""Letters by SMTP: the one thing that a node sends outside of Tor, and only where its operator has named a server.

RFC 5321; RFC 3207 for STARTTLS, RFC 4954 for the log-in.
"""

from __future__ import annotations

import logging
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from zbnntp.model.errors import PeerGone
from zbnntp.registrar.rules import MailServer

log = logging.getLogger(__name__)

SECONDS = 60.0  # of silence
OWN_NAME = "zbnntp.invalid"  # said to the server in place of this machine's


def send_letter(server: MailServer, address: str, subject: str, text: str) -> None:
    """Hand a letter in; raises PeerGone when that fails. Takes seconds."""
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = server.sender, address, subject
    letter["Message-ID"] = make_msgid(domain=server.sender.rpartition("@")[2])
    letter["Date"] = formatdate()
    letter["Auto-Submitted"] = "auto-generated"  # RFC 3834: no machine answers it
    letter.set_content(text)
    try:
        with _connect(server) as smtp:
            if server.security == "starttls":
                smtp.starttls(context=ssl.create_default_context())
            if server.user and server.password_file:
                smtp.login(server.user, server.password_file.read_text().strip())
            smtp.send_message(letter)
    except (OSError, smtplib.SMTPException) as error:
        log.warning("a letter could not be sent by %s: %s", server.host, _reason(error))
        raise PeerGone("the registrar cannot send letters now") from error


def _reason(error: Exception) -> str:
    """What went wrong, without the server's own words: they name whom the letter was to."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return f"it takes none to that address ({', '.join(str(code) for code, _ in error.recipients.values())})"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"it answered {error.smtp_code}"
    return str(error)


def _connect(server: MailServer) -> smtplib.SMTP:
    if server.security == "tls":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(server.host, server.port, OWN_NAME, timeout=SECONDS, context=context)
    return smtplib.SMTP(server.host, server.port, OWN_NAME, timeout=SECONDS)
