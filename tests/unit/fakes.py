"""The outside world in memory, besides its database and its payment gateway."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime

from boxoffice.domain.callers import Account
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.ports import Message, Range, StoredFile

from tests.unit.server_rules import fits
from tests.unit.world import World


class FakeFiles:
    """The port `Files`."""

    def __init__(self, world: World, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.world = world
        self.now = now
        self.files: dict[str, tuple[bytes, str]] = {}
        self.stored_at: dict[str, datetime] = {}

    async def store(self, file_id: str, name: str, content: bytes, reader: str) -> None:
        assert name.endswith(".png")

        def effect() -> None:
            self.files.setdefault(file_id, (content, reader))
            self.stored_at.setdefault(file_id, self.now())

        self.world.around("store file", effect)

    async def find(self, file_ids: Sequence[str] | Range, *, limit: int = 100) -> Sequence[StoredFile]:
        assert isinstance(file_ids, Range) or 1 <= len(file_ids) <= 100

        def effect() -> Sequence[StoredFile]:
            found = sorted(file_id for file_id in self.files if fits(file_id, file_ids))
            return [StoredFile(file_id, self.stored_at[file_id]) for file_id in found[:limit]]

        result: Sequence[StoredFile] = self.world.around("find files", effect)
        return result

    async def delete(self, file_id: str) -> None:
        self.world.around("delete file", lambda: self.files.pop(file_id, None))


class FakeImages:
    """The port `TicketImages`."""

    async def png(self, code: str) -> bytes:
        return b"PNG of " + code.encode()


class FakeAccounts:
    """The port `Accounts`."""

    def __init__(self, **tokens: Account) -> None:
        self.tokens = tokens

    async def of_token(self, token: str) -> Account:
        if token not in self.tokens:
            raise Rejected(Code.UNAUTHENTICATED)
        return self.tokens[token]


class FakeUsers:
    """The port `Users`."""

    def __init__(self, *accounts: Account, admins: Collection[str] = ()) -> None:
        self.accounts = {account.user_id: account for account in accounts}
        self.admins = admins

    async def account(self, user_id: str) -> Account | None:
        return self.accounts.get(user_id)

    async def is_member(self, user_id: str, team_id: str) -> bool:
        return team_id == "admins" and user_id in self.admins


class FakeMessages:
    """The port `Messages`: who was told what. The users in `unreachable` cannot be."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.sent: dict[str, Message] = {}
        self.unreachable: set[str] = set()

    async def send(self, message: Message) -> None:
        def effect() -> None:
            if message.user_id in self.unreachable:
                raise Rejected(Code.NOT_FOUND_ERROR)
            self.sent.setdefault(message.id, message)

        self.world.around("send message", effect)


class FakeArchive:
    """The port `Archive`."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.contents: dict[str, bytes] = {}

    async def put_once(self, name: str, content: bytes) -> None:
        self.world.around("archive", lambda: self.contents.setdefault(name, content))

    async def names(self, limit: int) -> Sequence[str]:
        return sorted(self.contents)[:limit]

    async def get(self, name: str) -> bytes | None:
        return self.contents.get(name)

    async def delete(self, name: str) -> None:
        self.contents.pop(name, None)
