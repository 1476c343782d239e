"""Who is calling a function: proven, or refused."""

import re
from collections.abc import Mapping

from boxoffice.domain.callers import Account, Caller
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.ports import Accounts, Users
from boxoffice.schema import ADMINS_TEAM

API_KEY = "api-key"
"""What stands in the place of a user's id when a trusted server has asked."""

SWEEP, GATEWAY, ORGANISER = "sweep", "gateway", "organiser"
"""What stands there when nobody has asked: the sweep, the payment gateway, the rules of a cancelled event."""

_RESERVED = frozenset({API_KEY, SWEEP, GATEWAY, ORGANISER})

_TOKEN = "x-appwrite-user-jwt"  # noqa: S105 - a header's name
_USER_ID = "x-appwrite-user-id"
_TOKEN_FORM = re.compile(r"[A-Za-z0-9._-]+")


async def identify(headers: Mapping[str, str], named_user_id: str | None, accounts: Accounts) -> Caller:
    """The user that the request is for. `named_user_id` is the user that its body names.

    Only a token proves anything: callers can add an id header of their own, spelled differently, and which of
    the two arrives depends on the executor. For the same reason a header that is there but empty is not the
    same as no header: it may have been put over the platform's.

    Without either header the call was made with an API key, because only users and keys may execute a
    function: a trusted server, which has to name the user.

    Raises `Rejected` with `UNAUTHENTICATED`, `PERMISSION_ERROR` when a user names somebody else, or
    `VALIDATION_ERROR` when a server names nobody.
    """
    account = await _proven(headers, accounts)
    if account is not None:
        if named_user_id not in (None, account.user_id):
            raise Rejected(Code.PERMISSION_ERROR, "You can only book for yourself.", {"field": "userId"})
        return Caller(account.user_id, account)
    if named_user_id is None:
        raise Rejected(
            Code.VALIDATION_ERROR,
            "userId must name the user to book for when the call is made with an API key.",
            {"field": "userId"},
        )
    return Caller(named_user_id, None)


async def identify_admin(headers: Mapping[str, str], accounts: Accounts, users: Users) -> str:
    """Who of the administrators asks: their user id, or `API_KEY` for a trusted server.

    Raises `Rejected` with `UNAUTHENTICATED`, or with `PERMISSION_ERROR` for everybody else.
    """
    asker = await identify_asker(headers, accounts)
    if not await is_admin(asker, users):
        raise Rejected(Code.PERMISSION_ERROR, "This is for administrators.")
    return asker.user_id


async def identify_asker(headers: Mapping[str, str], accounts: Accounts) -> Caller:
    """Who asks on their own behalf: a user, or a trusted server, whose user id is `API_KEY`.

    Raises `Rejected` with `UNAUTHENTICATED`.
    """
    account = await _proven(headers, accounts)
    return Caller(API_KEY, None) if account is None else Caller(account.user_id, account)


async def is_admin(asker: Caller, users: Users) -> bool:
    """Whether `asker` may see and do everything: a member of the team, or a trusted server."""
    return asker.is_trusted_server or await users.is_member(asker.user_id, ADMINS_TEAM)


async def _proven(headers: Mapping[str, str], accounts: Accounts) -> Account | None:
    """The account of a signed-in user, or `None` when the call was made with an API key."""
    values = {name.lower(): value.strip() for name, value in headers.items()}
    token = values.get(_TOKEN)
    if token and _TOKEN_FORM.fullmatch(token):
        account = await accounts.of_token(token)
        # Users may choose their own ids, and these stand for somebody else.
        if account.user_id.casefold() in _RESERVED:
            raise Rejected(Code.UNAUTHENTICATED, "This user id is not allowed. Sign up with another one.")
        return account
    if token is not None or _USER_ID in values:
        raise Rejected(
            Code.UNAUTHENTICATED,
            "A user id alone proves nothing. Call with a user's session, or from a server with an API key.",
        )
    return None
