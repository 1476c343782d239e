"""The one error of the API and the table of its types.

A type is what clients branch on; its status is the real server's (1.9.6), the sentence is ours.
"""

from __future__ import annotations

STATUS_OF_TYPE: dict[str, int] = {
    "general_argument_invalid": 400,
    "general_bad_request": 400,
    "general_query_invalid": 400,
    "general_cursor_not_found": 400,
    "general_unauthorized_scope": 401,
    "general_unknown_origin": 403,
    "general_route_not_emulated": 501,
    "general_unknown": 500,
    "project_not_found": 404,
    "user_unauthorized": 401,
}


def register_types(types: dict[str, int]) -> None:
    """Adds an area's error types with their HTTP statuses; a type has one status everywhere."""
    for name, status in types.items():
        if STATUS_OF_TYPE.setdefault(name, status) != status:
            raise ValueError(f"error type {name} has two statuses")


class ApiError(Exception):
    """A refusal that the client is told of: a type of the table and a sentence."""

    def __init__(self, type_: str, message: str) -> None:
        super().__init__(message)
        self.type = type_
        self.message = message
        self.status = STATUS_OF_TYPE[type_]
