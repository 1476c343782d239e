"""The channels that a client asks for, as the server takes them."""

from __future__ import annotations

from collections.abc import Iterable

_ACTIONS = frozenset({"create", "update", "upsert", "delete"})
_ACCOUNT = "account"
_OWN = "account."


def allowed_channels(asked: Iterable[str], user_id: str) -> list[str]:
    """The channels, each once; those of accounts are bound to the user, and those of others left out."""
    out = dict.fromkeys(asked)
    for channel in tuple(out):
        action = channel.removeprefix(_OWN)
        if channel == _ACCOUNT and user_id:
            out[_OWN + user_id] = None
        elif channel.startswith(_OWN):
            if action not in _ACTIONS:
                del out[channel]
            elif user_id:
                del out[channel]
                out[f"{_OWN}{user_id}.{action}"] = None
    return list(out)


def rebound_channel(channel: str, old_user_id: str, new_user_id: str) -> str:
    """A channel after the connection became another user's."""
    if not channel.startswith(_OWN):
        return channel
    rest = channel.removeprefix(_OWN)
    if not old_user_id:
        return f"{_OWN}{new_user_id}.{rest}" if rest in _ACTIONS else channel
    if rest == old_user_id or rest.startswith(old_user_id + "."):
        return _OWN + new_user_id + rest.removeprefix(old_user_id)
    return channel
