"""The body of a request, from bytes to an object, whatever was sent."""

import json
from typing import Any

from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected

MAX_BYTES = 16 * 1024


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object that `body` contains.

    Raises `Rejected` with `VALIDATION_ERROR` for anything else. Its size is checked before it is decoded.
    """
    if len(body) > MAX_BYTES:
        raise _invalid(f"The body must not be larger than {MAX_BYTES} bytes.")
    try:
        value = json.loads(body.decode())
    except UnicodeDecodeError as error:
        raise _invalid("The body must be UTF-8 text.") from error
    except (ValueError, RecursionError) as error:
        raise _invalid("The body must be JSON.") from error
    if not isinstance(value, dict):
        raise _invalid("The body must be a JSON object.")
    return value


def _invalid(sentence: str) -> Rejected:
    return Rejected(Code.VALIDATION_ERROR, sentence, {"field": "body"})
