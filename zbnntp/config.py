"""Settings: one row each - key, kind, default, unit, help. Read from `zbnntp.toml` in the home directory.

docs and conf/zbnntp.toml are made from this table; a test holds them together. Flags of the command line go before the
file, the file before the defaults.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from zbnntp.model.boards import check_board
from zbnntp.model.errors import BadEncoding, NotPermitted
from zbnntp.premises import read_own

FILE_NAME = "zbnntp.toml"


@dataclass(frozen=True, slots=True)
class Setting:
    """One row. `choices` where only some words are allowed; `low` and `high` bound numbers."""

    key: str
    kind: type
    default: Any
    unit: str
    help: str
    choices: tuple[str, ...] = ()
    low: float = 0
    high: float = 2**31


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "listen", str, "", "HOST:PORT",
        "Where newsreaders connect. Empty: 127.0.0.1 and ::1 at port 119, or 1119 where 119 is not allowed. Or "
        "unix:PATH, a socket that only your own user can open; PATH may begin in the home directory.",
    ),
    Setting(
        "tls_listen", str, "", "HOST:PORT",
        "Where newsreaders connect with TLS from the start, usually port 563. Empty: nowhere.",
    ),
    Setting(
        "nntp_onion", str, "off", "",
        "Whether newsreaders come through Tor too, to an onion of their own. closed: those whose device has a key by "
        "'zbnntp device'; open: all. Either logs in, or is a guest of a public reader.",
        choices=("off", "closed", "open"),
    ),
    Setting("tls_certificate", str, "", "path", "Certificate in PEM form. Empty: one is made in the home directory."),
    Setting("tls_key", str, "", "path", "Its key in PEM form."),
    Setting(
        "login", str, "offered", "",
        "Whether newsreaders must log in, as an identity of this home with its passphrase, before they see anything.",
        choices=("offered", "demanded"),
    ),
    Setting(
        "public_reader", bool, False, "",
        "Guests may read without a login what the default identity sees, from other machines too; all identities of "
        "this home, that one included, log in to post.",
    ),
    Setting(
        "tor", str, "auto", "",
        "own: start a tor of its own; system: use the tor that runs already; off: no peers; auto: own if installed.",
        choices=("auto", "own", "system", "off"),
    ),
    Setting("tor_control", str, "/run/tor/control", "path", "Control socket of the system's tor."),
    Setting("tor_socks", str, "/run/tor/socks", "path", "SOCKS socket of the system's tor."),
    Setting("tor_options", list, [], "torrc lines", "Further lines for the configuration of our own tor."),
    Setting(
        "mirror", str, "fetched", "",
        "Whose manifests this node passes on: none, those you rate above 0, or all whom your trust fetches; then news "
        "spreads in seconds. Whoever has liked somebody in private passes on as with rated: nobody is to see whom.",
        choices=("none", "rated", "fetched"),
    ),
    Setting(
        "mirror_only", bool, False, "",
        "A mirror: passes on all that it fetches and publishes no posts of its own.",
    ),
    Setting(
        "onion", bool, True, "",
        "Whether others can reach this node. false: it reads and publishes through those it visits, and serves nobody.",
    ),
    Setting(
        "serve_megabytes_a_day", int, 0, "MB",
        "Peers get at most so much a day (UTC) and are then asked to come tomorrow. 0: no limit.",
        high=10**9,
    ),
    Setting(
        "retention_months", int, 12, "months",
        "Posts of others are kept so long, unless you voted for one beside them or pinned their author. 0: for ever.",
        high=1200,
    ),
    Setting(
        "quota_megabytes", int, 0, "MB",
        "What others publish takes up at most so much; beyond, the oldest of those you trust least goes. 0: no limit.",
        high=10**9,
    ),
    Setting(
        "mirror_boards", list, [], "boards",
        "Keep only what stands in these boards, and what was published beside it; \"tech.*\" is a hierarchy.",
    ),
    Setting(
        "search_index", bool, False, "",
        "Keep an index of words beside the store: rare words are found at once, for a fifth more of disk.",
    ),
    Setting(
        "fetch", str, "trusted", "",
        "Whose manifests are fetched: all whom your trust reaches, or only those followed: rated above 0 by you.",
        choices=("trusted", "followed"),
    ),
    Setting(
        "eps_fetch", float, 1e-4, "trust, 0 to 1",
        "Somebody is fetched from this much trust on. Above 50,000 people use a tenth, here and in eps_full.",
        low=1e-9, high=1,
    ),
    Setting(
        "eps_full", float, 2e-3, "trust, 0 to 1",
        "Somebody is shown in full, threads too, from this much trust in their posts on.",
        low=1e-9, high=1,
    ),
    Setting(
        "hysteresis", float, 0.8, "",
        "Somebody is shown less, or no longer fetched, only below this part of the threshold: nobody flickers.",
        high=1,
    ),
    Setting(
        "kappa", float, 1.0, "",
        "How much the judgement of those loses weight who introduced people you hid. 0: not at all.",
        high=1000,
    ),
    Setting(
        "publish_delay_seconds", int, 0, "seconds",
        "Posts leave your node so much later, by half to one and a half of it, and are dated by then.",
        high=86_400,
    ),
    Setting(
        "fms_codes", bool, False, "",
        "Answer XGETTRUST and XSETTRUST with FMS's own codes, for front ends that know no others.",
    ),
    Setting(
        "reader_connections", int, 8, "",
        "Connections of one address to a public reader, and of one account. 0: any number, as it has to be behind a "
        "proxy, where all come from one address.",
        high=100_000,
    ),
    Setting(
        "reader_commands", int, 50, "commands a second",
        "What one address or account may ask of a public reader in the long run; who asks for more waits. 0: no limit.",
        high=100_000,
    ),
    Setting(
        "posts_an_hour", int, 60, "articles",
        "What one account of a public reader may post, commands to zb.control included. 0: no limit.",
        high=100_000,
    ),
    Setting(
        "registrar_rating", float, 0.001, "trust, 0 to 1",
        "What your registrar rates newcomers, see docs/joining.md. All registrars together count so much at most.",
        low=1e-4, high=0.1,
    ),
    Setting("registrar_days", int, 30, "days", "For how long; then they have to come again.", low=1, high=365),
    Setting(
        "registrar_work_minutes", float, 30.0, "minutes of a processor core",
        "How much work 'pow' asks of a newcomer's computer.", low=0.001, high=10_000,
    ),
    Setting(
        "registrar_questions", list, [], "QUESTION = ANSWER",
        "Asked beside the picture of 'captcha', for those who cannot see it.",
    ),
    Setting("registrar_command", list, [], "program and arguments", "What decides for 'command'."),
    Setting(
        "registrar_mail_domains", list, [], "domains",
        "Where addresses for 'email' have to be. Empty: anywhere.",
    ),
    Setting(
        "mail_server", str, "", "HOST:PORT",
        "The server that takes the letters of 'email'; reached directly, not over Tor. Empty: none is sent.",
    ),
    Setting(
        "mail_security", str, "starttls", "", "How it is spoken to.", choices=("starttls", "tls", "none"),
    ),
    Setting("mail_user", str, "", "name", "As whom to log in there. Empty: without."),
    Setting("mail_password_file", str, "", "path", "A file with the password and nothing else."),
    Setting("mail_from", str, "", "address", "What letters come from."),
    Setting("idle_seconds", int, 1800, "seconds", "A newsreader silent for so long is disconnected.", low=180),
    Setting("connections", int, 2000, "", "Newsreader connections at most.", low=1, high=100_000),
)  # fmt: skip


_KINDS = {
    str: "a string in quotes",
    int: "a whole number",
    bool: "true or false",
    float: "a number",
    list: "a list of strings",
}


@dataclass(frozen=True, slots=True)
class Config:
    """All settings, checked."""

    listen: str
    tls_listen: str
    nntp_onion: str
    tls_certificate: str
    tls_key: str
    login: str
    public_reader: bool
    tor: str
    tor_control: str
    tor_socks: str
    tor_options: tuple[str, ...]
    mirror: str
    mirror_only: bool
    onion: bool
    serve_megabytes_a_day: int
    retention_months: int
    quota_megabytes: int
    mirror_boards: tuple[str, ...]
    search_index: bool
    fetch: str
    eps_fetch: float
    eps_full: float
    hysteresis: float
    kappa: float
    publish_delay_seconds: int
    fms_codes: bool
    reader_connections: int
    reader_commands: int
    posts_an_hour: int
    registrar_rating: float
    registrar_days: int
    registrar_work_minutes: float
    registrar_questions: tuple[str, ...]
    registrar_command: tuple[str, ...]
    registrar_mail_domains: tuple[str, ...]
    mail_server: str
    mail_security: str
    mail_user: str
    mail_password_file: str
    mail_from: str
    idle_seconds: int
    connections: int


def load_config(home: Path, **flags: Any) -> Config:
    """The settings of a home directory; flags that are not None go first. Raises NotPermitted with the line to mend."""
    path = home / FILE_NAME
    try:
        values = tomllib.loads(read_own(path)) if path.exists() else {}
    except (ValueError, OSError, RecursionError) as error:
        raise NotPermitted(f"{path} cannot be read: {error}") from error
    known = {setting.key: setting for setting in SETTINGS}
    for key, value in values.items():
        if key not in known:
            raise NotPermitted(f"{path}: there is no setting {key!r}; take that line out")
        _check(known[key], value, str(path))
    given = {key: value for key, value in flags.items() if value is not None}
    for key, value in given.items():
        _check(known[key], value, f"--{key}")
    chosen = {setting.key: setting.default for setting in SETTINGS} | values | given
    if chosen["mirror_only"]:
        chosen["mirror"] = "fetched"
    return Config(**{field.name: _freeze(chosen[field.name]) for field in fields(Config)})


def default_toml() -> str:
    """conf/zbnntp.toml: every setting at its default, with its help."""
    blocks = []
    for setting in SETTINGS:
        unit = f" ({setting.unit})" if setting.unit else ""
        blocks.append(f"# {setting.help}{unit}\n{setting.key} = {_toml(setting.default)}\n")
    return "\n".join(blocks)


def _check(setting: Setting, value: object, where: str) -> None:
    whole_is_fine = setting.kind is float and type(value) is int
    if type(value) is not setting.kind and not whole_is_fine:
        raise NotPermitted(f"{where}: {setting.key} is {_KINDS[setting.kind]}")
    if setting.choices and value not in setting.choices:
        raise NotPermitted(f"{where}: {setting.key} is one of {', '.join(setting.choices)}")
    if isinstance(value, int | float) and not setting.low <= value <= setting.high:
        raise NotPermitted(f"{where}: {setting.key} is between {setting.low:.10g} and {setting.high:.10g}")
    if isinstance(value, list) and not all(isinstance(item, str) for item in value):
        raise NotPermitted(f"{where}: {setting.key} is a list of strings")
    if setting.unit == "boards" and isinstance(value, list):
        _check_boards(value, f"{where}: {setting.key}")


def _check_boards(names: Sequence[str], where: str) -> None:
    """Boards, and hierarchies such as tech.*"""
    for name in names:
        try:
            check_board(name.removesuffix(".*"))
        except BadEncoding as error:
            raise NotPermitted(f"{where}: {error}") from error


def _freeze(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value).replace("'", '"')
