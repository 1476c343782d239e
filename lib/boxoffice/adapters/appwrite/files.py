"""The images of tickets, in an Appwrite bucket."""

from collections.abc import Sequence

from appwrite.input_file import InputFile  # type: ignore[import-untyped]
from appwrite.permission import Permission  # type: ignore[import-untyped]
from appwrite.query import Query  # type: ignore[import-untyped]
from appwrite.role import Role  # type: ignore[import-untyped]
from appwrite.services.storage import Storage  # type: ignore[import-untyped]

from boxoffice.adapters.appwrite.client import Conflict, Missing, PooledClient
from boxoffice.adapters.appwrite.queries import conditions
from boxoffice.adapters.threads import Threads
from boxoffice.domain.errors import ErrorKind
from boxoffice.ports import MOST_VALUES, Range, StoredFile
from boxoffice.saga.retry import RetryPolicy, retrying
from boxoffice.saga.timing import TimeBudget, Timing
from boxoffice.schema import TICKETS_BUCKET
from boxoffice.times import from_text

_POLICY = RetryPolicy(attempts=3, base=0.1, cap=1.0)
_REPEATABLE = frozenset({ErrorKind.RETRYABLE, ErrorKind.AMBIGUOUS})


class AppwriteFiles:
    """The port `Files`, for one execution."""

    def __init__(self, client: PooledClient, threads: Threads, timing: Timing, budget: TimeBudget) -> None:
        self._storage = Storage(client)
        self._threads = threads
        self._timing = timing
        self._budget = budget

    async def store(self, file_id: str, name: str, content: bytes, reader: str) -> None:
        """See `Files.store`."""

        def create() -> None:
            try:
                self._storage.create_file(
                    TICKETS_BUCKET,
                    file_id,
                    InputFile.from_bytes(content, name),
                    [Permission.read(Role.user(reader))],
                )
            except Conflict:
                # The id names one ticket's code, so what is there is what was to be stored.
                return

        async def attempt() -> None:
            await self._threads.run(create, self._budget)

        await retrying(attempt, policy=_POLICY, kinds=_REPEATABLE, timing=self._timing, budget=self._budget)

    async def delete(self, file_id: str) -> None:
        """See `Files.delete`."""

        def delete() -> None:
            try:
                self._storage.delete_file(TICKETS_BUCKET, file_id)
            except Missing:
                return

        await self._threads.run(delete, self._budget)

    async def find(
        self, file_ids: Sequence[str] | Range, *, limit: int = MOST_VALUES
    ) -> Sequence[StoredFile]:
        """See `Files.find`."""
        queries = [*conditions({"$id": file_ids}), Query.order_asc("$id"), Query.limit(limit)]

        async def attempt() -> Sequence[StoredFile]:
            answer = await self._threads.run(
                lambda: self._storage.list_files(TICKETS_BUCKET, queries, total=False), self._budget
            )
            return [StoredFile(file["$id"], from_text(file["$createdAt"])) for file in answer["files"]]

        return await retrying(
            attempt, policy=_POLICY, kinds=_REPEATABLE, timing=self._timing, budget=self._budget
        )
