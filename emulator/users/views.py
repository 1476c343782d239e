"""Users, accounts, sessions and targets as answers show them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from emulator.core.context import NEWEST_FORMAT
from emulator.core.store import Row
from emulator.users.emails import describe
from emulator.users.passwords import HASH, HASH_OPTIONS

_ONLY_THE_SERVER_SEES = ("password", "hash", "hashOptions")


def user_view(user: Row, targets: Sequence[Row], format_: tuple[int, ...] = NEWEST_FORMAT) -> dict[str, Any]:
    """A user as the server sees it, with the hash of the password."""
    shown = {
        "$id": user["id"],
        "$createdAt": user["created"],
        "$updatedAt": user["updated"],
        "name": user["name"],
        "password": user["password"],
        "hash": HASH,
        "hashOptions": HASH_OPTIONS,
        "registration": user["registration"],
        "status": bool(user["status"]),
        "labels": json.loads(user["labels"]),
        "passwordUpdate": user["password_update"],
        "email": user["email"] or "",
        "phone": user["phone"] or "",
        "emailVerification": bool(user["email_verification"]),
        **describe(user["email"]),
        "phoneVerification": bool(user["phone_verification"]),
        "mfa": False,
        "prefs": json.loads(user["prefs"]),
        "targets": [target_view(target, user["id"]) for target in targets],
        "accessedAt": user["accessed"],
    }
    if format_ >= (1, 9, 0):
        shown |= {"impersonator": False, "impersonatorUserId": None}
    return shown


def account_view(user: Row, targets: Sequence[Row], format_: tuple[int, ...]) -> dict[str, Any]:
    """A user as it sees itself."""
    shown = user_view(user, targets, format_)
    for name in _ONLY_THE_SERVER_SEES:
        del shown[name]
    return shown


def target_view(target: Row, user_id: str) -> dict[str, Any]:
    """An address that messages to a user go to."""
    return {
        "$id": target["id"],
        "$createdAt": target["created"],
        "$updatedAt": target["updated"],
        "name": target["name"],
        "userId": user_id,
        "providerId": target["provider_id"],
        "providerType": target["provider_type"],
        "identifier": target["identifier"],
        "expired": bool(target["expired"]),
    }


def session_view(session: Row, user_id: str, current: bool, secret: str) -> dict[str, Any]:
    """A session. The device and the country are never known: nothing here looks them up."""
    unknown = dict.fromkeys(
        (
            "osCode", "osName", "osVersion", "clientType", "clientCode", "clientName", "clientVersion",
            "clientEngine", "clientEngineVersion", "deviceName", "deviceBrand", "deviceModel",
        ),
        "",
    )  # fmt: skip
    return {
        "$id": session["id"],
        "$createdAt": session["created"],
        "$updatedAt": session["updated"],
        "userId": user_id,
        "expire": session["expire"],
        "provider": session["provider"],
        "providerUid": session["provider_uid"],
        "providerAccessToken": "",
        "providerAccessTokenExpiry": "",
        "providerRefreshToken": "",
        "ip": session["ip"],
        **unknown,
        "countryCode": "--",
        "countryName": "Unknown",
        "current": current,
        "factors": [session["factor"]],
        "secret": secret,
        "mfaUpdatedAt": "",
    }
