"""Session secrets as clients carry them: base64 of `{"id": user, "secret": …}`; only a digest is stored."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode


def pack(user_id: str, secret: str) -> str:
    """The text of a cookie or of the header x-appwrite-session."""
    return b64encode(json.dumps({"id": user_id, "secret": secret}).encode()).decode()


def unpack(text: str) -> str:
    """The secret within such a text; "" when it is none."""
    try:
        value = json.loads(b64decode(text))
    except ValueError:
        return ""
    secret = value.get("secret") if isinstance(value, dict) else None
    return secret if isinstance(secret, str) else ""


def digest(secret: str) -> str:
    """What the server keeps of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
