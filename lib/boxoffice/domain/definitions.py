"""What organisers define, and how they are told what is wrong with it."""

from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected


def invalid(field: str, rule: str) -> Rejected:
    """The refusal of a definition whose `field` does not follow `rule`, which begins with `must`."""
    return Rejected(Code.VALIDATION_ERROR, f"{field} {rule}.", {"field": field, "allowed": rule})
