"""Requests of functions that do several things: their `action` says which."""

from typing import Any, TypeVar

from pydantic import RootModel, ValidationError

from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected

Action = TypeVar("Action")


def read_action(request: type[RootModel[Action]], value: dict[str, Any]) -> Action:
    """The action that a decoded body asks for. Raises `Rejected` with `VALIDATION_ERROR`, naming a field."""
    try:
        return request.model_validate(value).root
    except ValidationError as error:
        path = [str(part) for part in error.errors(include_input=False)[0]["loc"]]
        field = path[1] if len(path) > 1 else "action"
        sentence = f"{field} is missing or not allowed."
        raise Rejected(Code.VALIDATION_ERROR, sentence, {"field": field}) from None
