"""Messages to users, through Appwrite Messaging."""

import json
from collections.abc import Callable
from typing import Any, TypeVar

from appwrite.services.messaging import Messaging  # type: ignore[import-untyped]
from appwrite.services.users import Users as UsersService  # type: ignore[import-untyped]

from boxoffice.adapters.appwrite.client import Conflict, Missing, PooledClient
from boxoffice.adapters.threads import Threads
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import ErrorKind, Rejected
from boxoffice.ports import Message
from boxoffice.saga.retry import RetryPolicy, retrying
from boxoffice.saga.timing import TimeBudget, Timing

_POLICY = RetryPolicy(attempts=2, base=0.2, cap=1.0)
# Also without an answer: the message has an id of its own, so it is handed over once.
_REPEATABLE = frozenset({ErrorKind.RETRYABLE, ErrorKind.AMBIGUOUS})

Result = TypeVar("Result")


class AppwriteMessages:
    """The port `Messages`, for one execution: a push to users who have a device, an e-mail to the others."""

    def __init__(self, client: PooledClient, threads: Threads, timing: Timing, budget: TimeBudget) -> None:
        self._messaging = Messaging(client)
        self._users = UsersService(client)
        self._threads = threads
        self._timing = timing
        self._budget = budget

    async def send(self, message: Message) -> None:
        """See `Messages.send`."""
        kinds = await self._call(lambda: self._kinds_of(message.user_id))
        if "push" in kinds:
            await self._call(lambda: self._push(message))
        elif "email" in kinds:
            await self._call(lambda: self._email(message))
        else:
            raise Rejected(Code.NOT_FOUND_ERROR, "The user has no address.")

    def _kinds_of(self, user_id: str) -> set[str]:
        """The kinds of messages that the user can get."""
        try:
            user = self._users.get(user_id)
        except Missing as error:
            raise Rejected(Code.NOT_FOUND_ERROR, "There is no such user.") from error
        return {target["providerType"] for target in user["targets"]}

    def _push(self, message: Message) -> None:
        data = {name: _text(value) for name, value in message.data.items() if value is not None}
        self._once(
            lambda: self._messaging.create_push(
                message.id, message.title, message.text, users=[message.user_id], data=data
            )
        )

    def _email(self, message: Message) -> None:
        self._once(
            lambda: self._messaging.create_email(
                message.id, message.title, message.text, users=[message.user_id]
            )
        )

    @staticmethod
    def _once(create: Callable[[], Any]) -> None:
        try:
            create()
        except Conflict:
            # It has been handed over before.
            return

    async def _call(self, function: Callable[[], Result]) -> Result:
        async def attempt() -> Result:
            return await self._threads.run(function, self._budget)

        return await retrying(
            attempt, policy=_POLICY, kinds=_REPEATABLE, timing=self._timing, budget=self._budget
        )


def _text(value: Any) -> str:
    """What devices get are texts."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
