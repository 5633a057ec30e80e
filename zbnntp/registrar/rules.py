"""What an operator decides about newcomers, read from the settings."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from zbnntp.model.entries import SCALE
from zbnntp.model.errors import NotPermitted


class Settings(Protocol):
    """What is read of the settings."""

    @property
    def registrar_rating(self) -> float: ...
    @property
    def registrar_days(self) -> int: ...
    @property
    def registrar_work_minutes(self) -> float: ...
    @property
    def registrar_questions(self) -> tuple[str, ...]: ...
    @property
    def registrar_command(self) -> tuple[str, ...]: ...
    @property
    def registrar_mail_domains(self) -> tuple[str, ...]: ...
    @property
    def mail_server(self) -> str: ...
    @property
    def mail_security(self) -> str: ...
    @property
    def mail_user(self) -> str: ...
    @property
    def mail_password_file(self) -> str: ...
    @property
    def mail_from(self) -> str: ...


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where letters are handed in. `security`: starttls, tls, or none."""

    host: str
    port: int
    security: str
    user: str
    password_file: Path | None
    sender: str


@dataclass(frozen=True, slots=True)
class Rules:
    """`mt` in 1/10000; `questions`: pairs of a question and its answer, beside a picture."""

    mt: int = 10
    days: int = 30
    work_minutes: float = 30
    questions: tuple[tuple[str, str], ...] = ()
    command: tuple[str, ...] = ()
    mail: MailServer | None = None
    mail_domains: tuple[str, ...] = ()


def make_rules(settings: Settings) -> Rules:
    """Raises NotPermitted with the setting to mend."""
    return Rules(
        round(settings.registrar_rating * SCALE),
        settings.registrar_days,
        settings.registrar_work_minutes,
        tuple(map(_question, settings.registrar_questions)),
        _command(settings.registrar_command),
        _mail_server(settings) if settings.mail_server else None,
        tuple(it.lower() for it in settings.registrar_mail_domains),
    )


def _command(words: tuple[str, ...]) -> tuple[str, ...]:
    if words and shutil.which(words[0]) is None:
        raise NotPermitted(f"registrar_command: there is no program {words[0]} that can be run; write its whole path")
    return words


def _question(text: str) -> tuple[str, str]:
    question, equals, answer = (part.strip() for part in text.rpartition("="))
    if not (question and equals and answer):
        raise NotPermitted(f'registrar_questions: write "QUESTION = ANSWER" in place of "{text}"')
    return question, answer


def _mail_server(settings: Settings) -> MailServer:
    host, colon, port = settings.mail_server.rpartition(":")
    if not (host and colon and port.isdecimal()):
        raise NotPermitted("mail_server is HOST:PORT, for example mail.example.org:587")
    if "@" not in settings.mail_from:
        raise NotPermitted("mail_from is the address that letters of this node come from; without it none is sent")
    kept = Path(settings.mail_password_file) if settings.mail_password_file else None
    return MailServer(host, int(port), settings.mail_security, settings.mail_user, kept, settings.mail_from)
