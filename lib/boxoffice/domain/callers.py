"""Who is asking."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the project, as Appwrite knows them.

    `email` is empty when there is none, and `phone` also when its user has not confirmed it.
    """

    user_id: str
    email: str
    phone: str


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
