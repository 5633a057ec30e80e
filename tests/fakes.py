"""In-memory stand-ins for what the node's packages ask of one another. Fakes, not mocks: they keep the real rules."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from itertools import count

from zbnntp.model.errors import BadArticle, Missing, NotPermitted, NotVisible, Refused
from zbnntp.model.views import Article, Group, Overview, Rated, RatedField, Window

NOW = 1_767_225_600.0  # 2026-01-01 00:00:00 UTC


@dataclass
class FakeGroup:
    """A group: marks, and article ids by number."""

    name: str
    description: str = ""
    status: str = "y"
    created: int = 0
    creator: str = "<node@local.zb.invalid>"
    low: int = 1
    high: int = 0
    ids: dict[int, str] = field(default_factory=dict)


@dataclass
class FakeShelf:
    """A whole little forum. `hidden` ids exist and are not shown; `pulled` counts the windows that were made."""

    rows: dict[str, FakeGroup] = field(default_factory=dict)
    octets: dict[str, bytes] = field(default_factory=dict)
    arrived: dict[str, int] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    recommended: list[str] = field(default_factory=list)
    message: str = ""
    window: int = 256
    pulled: int = 0
    now: Callable[[], float] = lambda: NOW
    OVERVIEW_EXTRA: Sequence[str] = ("Xref:full", "X-Zb-Trust:full")

    # filling it

    def add_group(
        self, name: str, description: str = "", status: str = "y", created: int = 0, low: int = 1
    ) -> FakeGroup:
        """A new empty group; high is one below low."""
        self.rows[name] = FakeGroup(name, description, status, created, low=low, high=low - 1)
        return self.rows[name]

    def add_article(self, octets: bytes, number: int = 0) -> str:
        """File an article in the groups of its Newsgroups header, under the next number or the given one."""
        message_id = header(octets, "Message-ID")
        self.octets[message_id] = octets
        self.arrived[message_id] = int(self.now())
        for name in header(octets, "Newsgroups").replace(" ", "").split(","):
            if name in self.rows:
                group = self.rows[name]
                group.high = number or group.high + 1
                group.ids[group.high] = message_id
        return message_id

    # Shelf

    def snapshot(self) -> AbstractContextManager[None]:
        return nullcontext()

    def groups(self) -> Sequence[Group]:
        return [self._view(row) for _, row in sorted(self.rows.items())]

    def group(self, name: str) -> Group | None:
        return self._view(self.rows[name]) if name in self.rows else None

    def subscriptions(self) -> Sequence[str]:
        return self.recommended

    def motd(self) -> str:
        return self.message

    def listed(self, key: str, line: Callable[[Group], bytes]) -> bytes:
        return b"".join(map(line, self.groups()))

    def first(self, name: str) -> int:
        return next(iter(self._visible(name)), 0)

    def numbers(self, group: str, low: int, high: int) -> Iterator[bytes]:
        for window in self._windows(group, low, high):
            yield b"".join(b"%d\r\n" % number for number in window)

    def overview(self, group: str, low: int, high: int) -> Iterator[Window]:
        for window in self._windows(group, low, high):
            ids = self.rows[group].ids
            yield Window(b"".join(b"%d\t%b\r\n" % (number, self._text(ids[number])) for number in window))

    def heads(self, group: str, low: int, high: int) -> Iterator[Sequence[tuple[int, bytes]]]:
        for window in self._windows(group, low, high, self.window // 4):
            ids = self.rows[group].ids
            yield [(number, self.octets[ids[number]].partition(b"\r\n\r\n")[0] + b"\r\n") for number in window]

    def locate(self, group: str, number: int) -> str | None:
        message_id = self.rows[group].ids.get(number, "")
        return message_id if message_id and message_id not in self.hidden else None

    def neighbour(self, group: str, number: int, step: int) -> tuple[int, str] | None:
        visible = self._visible(group)
        beyond = [n for n in visible if n > number] if step > 0 else [n for n in reversed(visible) if n < number]
        return (beyond[0], self.rows[group].ids[beyond[0]]) if beyond else None

    def article(self, group: str, number: int) -> Article | None:
        message_id = self.locate(group, number)
        return Article(number, message_id, self.octets[message_id]) if message_id else None

    def find(self, message_id: str, group: str | None) -> Article | None:
        real = self._resolve(message_id)
        if real is None:
            return None
        ids = self.rows[group].ids if group else {}
        number = next((n for n, filed in ids.items() if filed == real), 0)
        return Article(number, real, self.octets[real])

    def find_overview(self, message_id: str) -> Overview | None:
        real = self._resolve(message_id)
        return Overview(0, self._text(real)) if real else None

    def new_groups(self, since: int) -> Sequence[Group]:
        return [self._view(row) for _, row in sorted(self.rows.items()) if row.created >= since]

    def new_news(self, match: Callable[[str], bool], since: int) -> Iterator[bytes]:
        new = [
            message_id
            for message_id, arrived in self.arrived.items()
            if arrived >= since
            and message_id not in self.hidden
            and any(match(row.name) and message_id in row.ids.values() for row in self.rows.values())
        ]
        for at in range(0, len(new), self.window):
            self.pulled += 1
            yield "".join(f"{message_id}\r\n" for message_id in new[at : at + self.window]).encode()

    # the inside

    def _windows(self, group: str, low: int, high: int, size: int = 0) -> Iterator[Sequence[int]]:
        visible = [number for number in self._visible(group) if low <= number <= high]
        size = size or self.window
        for at in range(0, len(visible), size):
            self.pulled += 1
            yield visible[at : at + size]

    def _visible(self, group: str) -> list[int]:
        ids = self.rows[group].ids if group in self.rows else {}
        return sorted(number for number, message_id in ids.items() if message_id not in self.hidden)

    def _view(self, row: FakeGroup) -> Group:
        visible = len(self._visible(row.name))
        low, high = (row.low, row.high) if visible or row.high < row.low else (row.high + 1, row.high)
        return Group(row.name, low, high, visible, row.status, row.description, row.created, row.creator)

    def _resolve(self, message_id: str) -> str | None:
        real = self.aliases.get(message_id, message_id)
        if real in self.hidden:
            raise NotVisible("this article is hidden by your trust; rate its author to see it")
        return real if real in self.octets else None

    def _text(self, message_id: str) -> bytes:
        octets = self.octets[message_id]
        body = octets.partition(b"\r\n\r\n")[2]
        fixed = [header(octets, name) for name in ("Subject", "From", "Date", "Message-ID", "References")]
        extra = [name.removesuffix(":full") for name in self.OVERVIEW_EXTRA]
        full = [f"{name}: {header(octets, name)}" if header(octets, name) else "" for name in extra]
        return "\t".join([*fixed, str(len(octets)), str(body.count(b"\r\n")), *full]).encode()


@dataclass
class FakeDesk:
    """Takes articles into a FakeShelf. `refuse` is raised by the next post; `taken` are the octets that came."""

    shelf: FakeShelf
    refuse: Exception | None = None
    trust: FakeTrustDesk | None = None
    taken: list[bytes] = field(default_factory=list)
    _serial: Iterator[int] = field(default_factory=lambda: count(1))

    def offer_id(self) -> str:
        return f"<offer{next(self._serial)}@zb.invalid>"

    async def post(self, octets: bytes, offered_id: str) -> str:
        self.taken.append(octets)
        if self.refuse is not None:
            raise self.refuse
        own_id = header(octets, "Message-ID") or offered_id
        if own_id in self.shelf.aliases:
            raise Refused(f"435 already posted as {self.shelf.aliases[own_id]}")
        if b"\r\n\r\n" not in octets or not header(octets, "Newsgroups"):
            raise BadArticle("the article names no group; fill in Newsgroups")
        final_id = f"<post{len(self.taken)}@zb.invalid>"
        self.shelf.aliases[own_id] = final_id
        kept = [line for line in octets.split(b"\r\n") if not line.lower().startswith(b"message-id:")]
        self.shelf.add_article(b"Message-ID: " + final_id.encode() + b"\r\n" + b"\r\n".join(kept))
        return final_id


@dataclass
class FakeTrustDesk:
    """Ratings of people by name, kept as FMS's front ends write them."""

    people: dict[str, Rated] = field(default_factory=dict)
    fms_codes: bool = False

    def rated(self, name: str) -> Rated:
        if name == "two":
            raise NotPermitted("'two' can mean 2 people")
        if name not in self.people:
            raise Missing(f"nobody known here is called {name!r}")
        return self.people[name]

    def everybody(self) -> Iterator[Sequence[Rated]]:
        for rated in self.people.values():
            yield [rated]

    async def rate(self, name: str, field: RatedField, value: int | str | None) -> None:
        self.people[name] = replace(self.rated(name), **{field.value: value})


@dataclass
class FakeHouse:
    """Who may see what. `delay` is awaited by each login; `logins` are the attempts; `make` gives the open view."""

    make: Callable[[], tuple[FakeShelf, FakeDesk | None]]
    passwords: dict[str, str] = field(default_factory=dict)
    offers_login: bool = False
    demands_login: bool = False
    welcomes_guests: bool = False
    delay: Callable[[], Awaitable[None]] | None = None
    logins: list[tuple[str, str]] = field(default_factory=list)
    gone: list[object] = field(default_factory=list)  # shelves of accounts that were removed

    def open(self) -> tuple[FakeShelf, FakeDesk | None]:
        return self.make()

    async def login(self, user: str, password: str) -> tuple[FakeShelf, FakeDesk | None]:
        self.logins.append((user, password))
        if self.delay is not None:
            await self.delay()
        if self.passwords.get(user) != password:
            raise NotPermitted(f"{user} has another password than {password}")
        shelf = small_forum()
        shelf.message = f"Welcome, {user}.\n"
        return shelf, None if user == "guest" else FakeDesk(shelf)

    def has(self, shelf: object) -> bool:
        return all(shelf is not it for it in self.gone)


def header(octets: bytes, name: str) -> str:
    """The content of a header, unfolded; empty when it is absent."""
    head = octets.partition(b"\r\n\r\n")[0].decode("utf-8", "replace").replace("\r\n ", " ").replace("\r\n\t", " ")
    for line in head.split("\r\n"):
        if line.lower().startswith(name.lower() + ":"):
            return line.partition(":")[2].strip().replace("\t", " ")
    return ""


def article(number: int, group: str = "tech.linux", **headers: str) -> bytes:
    """A served article as the model renders them. Keywords are headers with `_` for `-`; `body` is its text."""
    text = headers.pop("body", f"This is the body of article {number}.")
    fields = {
        "Path": "zb!not-for-mail",
        "From": f"Alice <id@alice{number}.zb.invalid>",
        "Newsgroups": group,
        "Subject": f"Subject {number}",
        "Date": "Thu, 01 Jan 2026 00:00:00 +0000",
        "Message-ID": f"<a{number}@zb.invalid>",
        "Xref": f"zb {group}:{number}",
        "X-Zb-Trust": "+0.50",
    }
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)
    return (head + "\r\n" + text.replace("\n", "\r\n") + "\r\n").encode()


def small_forum() -> FakeShelf:
    """tech.linux with articles 3 to 7 (5 is a gap), an empty group, a virgin group, and one nobody may post to."""
    shelf = FakeShelf(recommended=["zb.help", "tech.linux"], message="Welcome.\n\n.dots are fine\n")
    shelf.add_group("tech.linux", "Penguins & friends – news", created=int(NOW) - 86400, low=3)
    for number in (3, 4, 6, 7):
        shelf.add_article(article(number), number)
    shelf.add_group("tech.empty", created=int(NOW) - 3600, low=12)
    shelf.add_group("misc.new", "Brand new", created=int(NOW) - 60)
    shelf.add_group("zb.help", "The manual", status="n", created=1)
    shelf.add_article(article(1, "zb.help", Message_ID="<help@local.zb.invalid>", Subject="Help"))
    return shelf
