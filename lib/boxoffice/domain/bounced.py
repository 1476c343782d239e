"""Refunds that have failed at the bank: which of those that were made are not true any more."""

from collections.abc import Sequence


def bounced(refunds: Sequence[int], returned: int) -> list[int]:
    """The positions of those of `refunds` that have failed, when only `returned` of them all has gone back.

    Amounts are in minor units, the newest refund last. The gateway only says how much has gone back
    altogether, and refunds of the same amount are as good as each other.
    """
    missing = sum(refunds) - returned
    found = []
    for position in reversed(range(len(refunds))):
        if 0 < refunds[position] <= missing:
            missing -= refunds[position]
            found.append(position)
    return found
