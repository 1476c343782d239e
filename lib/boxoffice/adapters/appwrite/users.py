"""What Appwrite knows of the project's users and teams."""

from appwrite.query import Query  # type: ignore[import-untyped]
from appwrite.services.teams import Teams as TeamsService  # type: ignore[import-untyped]
from appwrite.services.users import Users as UsersService  # type: ignore[import-untyped]

from boxoffice.adapters.appwrite.accounts import account_of
from boxoffice.adapters.appwrite.client import Missing, PooledClient
from boxoffice.adapters.threads import Threads
from boxoffice.domain.callers import Account
from boxoffice.domain.errors import ErrorKind
from boxoffice.saga.retry import RetryPolicy, retrying
from boxoffice.saga.timing import TimeBudget, Timing

_POLICY = RetryPolicy(attempts=3, base=0.1, cap=1.0)
_READS = frozenset({ErrorKind.RETRYABLE})


class AppwriteUsers:
    """The port `Users`, for one execution."""

    def __init__(self, client: PooledClient, threads: Threads, timing: Timing, budget: TimeBudget) -> None:
        self._users = UsersService(client)
        self._teams = TeamsService(client)
        self._threads = threads
        self._timing = timing
        self._budget = budget

    async def account(self, user_id: str) -> Account | None:
        """See `Users.account`."""

        async def attempt() -> Account | None:
            try:
                user = await self._threads.run(lambda: self._users.get(user_id), self._budget)
            except Missing:
                return None
            return account_of(user)

        return await retrying(attempt, policy=_POLICY, kinds=_READS, timing=self._timing, budget=self._budget)

    async def is_member(self, user_id: str, team_id: str) -> bool:
        """See `Users.is_member`."""
        queries = [Query.equal("userId", [user_id]), Query.limit(1)]

        async def attempt() -> bool:
            answer = await self._threads.run(
                lambda: self._teams.list_memberships(team_id, queries, total=False), self._budget
            )
            return any(membership["confirm"] for membership in answer["memberships"])

        return await retrying(attempt, policy=_POLICY, kinds=_READS, timing=self._timing, budget=self._budget)
