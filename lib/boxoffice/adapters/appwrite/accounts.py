"""Whom a session's JWT belongs to, asked of Appwrite and remembered for as long as the token lives."""

import base64
import json
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

from appwrite.services.account import Account as AccountService  # type: ignore[import-untyped]

from boxoffice.adapters.appwrite.client import Missing, PooledClient, Unauthorised
from boxoffice.adapters.threads import Threads
from boxoffice.caching import Cache
from boxoffice.domain.callers import Account
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import ErrorKind, Rejected
from boxoffice.saga.retry import RetryPolicy, retrying
from boxoffice.saga.timing import TimeBudget, Timing

_POLICY = RetryPolicy(attempts=3, base=0.1, cap=1.0)
_REPEATABLE = frozenset({ErrorKind.RETRYABLE, ErrorKind.AMBIGUOUS})


class ProvenTokens:
    """Tokens that Appwrite has accepted, each until it expires; shared by all executions of a warm function.

    Keeps digests, so that a dump of memory holds no token.
    """

    def __init__(self, size: int, now: Callable[[], float]) -> None:
        self._accounts: Cache[bytes, Account] = Cache(size, now)

    def get(self, token: str) -> Account | None:
        """The account that `token` proved, while it is valid."""
        return self._accounts.get(_key(token))

    def put(self, token: str, account: Account) -> None:
        """Remember that `token` proved `account`; a token that does not say when it expires is not kept."""
        self._accounts.put(_key(token), account, _expiry(token))


class AppwriteAccounts:
    """The port `Accounts`, for one execution.

    `client_for` makes a client whose only credential is the token.
    """

    def __init__(
        self,
        client_for: Callable[[str], PooledClient],
        proven: ProvenTokens,
        threads: Threads,
        timing: Timing,
        budget: TimeBudget,
    ) -> None:
        self._client_for = client_for
        self._proven = proven
        self._threads = threads
        self._timing = timing
        self._budget = budget

    async def of_token(self, token: str) -> Account:
        """See `Accounts.of_token`."""
        known = self._proven.get(token)
        if known is not None:
            return known

        async def attempt() -> Account:
            service = AccountService(self._client_for(token))
            try:
                user = await self._threads.run(service.get, self._budget)
            except (Unauthorised, Missing) as error:
                raise Rejected(
                    Code.UNAUTHENTICATED,
                    "The session is not valid in this project. Call with a user's session, or from a server "
                    "with an API key (appwrite client --key).",
                ) from error
            return account_of(user)

        account = await retrying(
            attempt, policy=_POLICY, kinds=_REPEATABLE, timing=self._timing, budget=self._budget
        )
        self._proven.put(token, account)
        return account


def account_of(user: Mapping[str, Any]) -> Account:
    """The account in Appwrite's answer, with a telephone number only when its user has confirmed it.

    Anybody can claim a number, and with it the payments that its real owner made.
    """
    phone = user.get("phone") if user.get("phoneVerification") else ""
    return Account(user["$id"], user.get("email") or "", phone or "", tuple(user.get("labels") or ()))


def _key(token: str) -> bytes:
    return sha256(token.encode(errors="surrogatepass")).digest()


def _expiry(token: str) -> float:
    """When an accepted token expires, in seconds since 1970; 0 when it does not say.

    Not a check: Appwrite has made that. It only says how long the check's result can be used.
    """
    try:
        payload = token.split(".")[1]
        return float(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["exp"])
    except (ValueError, TypeError, LookupError):
        return 0.0
