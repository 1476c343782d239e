"""Who is asking."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_TIER = re.compile(r"tier([1-9][0-9]?)")


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the project, as Appwrite knows them.

    `email` is empty when there is none, and `phone` also when its user has not confirmed it. `labels` are
    what the project's owner has put on the account: users cannot change them.
    """

    user_id: str
    email: str
    phone: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Caller:
    """The user a request is for.

    `account` is the proven account of a signed-in user. It is `None` when a trusted server asks on the user's
    behalf: such a server vouches for what it says about its user.
    """

    user_id: str
    account: Account | None

    @property
    def is_trusted_server(self) -> bool:
        """Whether a server with an API key is asking, and not the user."""
        return self.account is None

    @property
    def tier(self) -> int:
        """Who gives way to whom where an event has priorities: 0 without a label such as `tier2`."""
        return tier_of(self.account.labels) if self.account else 0


def tier_of(labels: Iterable[str]) -> int:
    """The highest tier among the labels `tier1` to `tier99`, or 0."""
    return max((int(found[1]) for label in labels if (found := _TIER.fullmatch(label))), default=0)
