"""Requests of functions that do several things: their `action` says which."""

from collections.abc import Mapping
from typing import Any, TypeVar, get_args

from pydantic import RootModel, ValidationError

from boxoffice.contract.fields import RULES
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected

Action = TypeVar("Action")


def read_action(request: type[RootModel[Action]], value: dict[str, Any], rules: Mapping[str, str]) -> Action:
    """The action that a decoded body asks for. `rules` say what is allowed in its fields besides `RULES`.

    Raises `Rejected` with `VALIDATION_ERROR`, naming a field and what is allowed in it.
    """
    try:
        return request.model_validate(value).root
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        path = [str(part) for part in first["loc"]]
        if len(path) < 2:
            field, rule = "action", f"must be {_listed(_actions(request))}"
        elif first["type"] == "extra_forbidden" and len(path) == 2:
            field, rule = path[1], f"is not a field of {path[0]}"
        else:
            field = path[1]
            rule = rules.get(field) or RULES.get(field, "is missing or not allowed")
        raise Rejected(Code.VALIDATION_ERROR, f"{field} {rule}.", {"field": field, "allowed": rule}) from None


def _actions(request: type[RootModel[Action]]) -> list[str]:
    models = get_args(request.model_fields["root"].annotation)
    return [get_args(model.model_fields["action"].annotation)[0] for model in models]


def _listed(names: list[str]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"
