"""Refusals as the gateway spells them."""

from __future__ import annotations

from typing import Any

from emulator.core.http import Reply

BAD_REQUEST = "BAD_REQUEST_ERROR"
GATEWAY_ERROR = "GATEWAY_ERROR"
SERVER_ERROR = "SERVER_ERROR"


class GatewayRefusalError(Exception):
    """The gateway says no. field: the parameter at fault, None when it is none's."""

    def __init__(
        self, description: str, field: str | None = None, status: int = 400, code: str = BAD_REQUEST
    ):
        super().__init__(description)
        self.description = description
        self.field = field
        self.status = status
        self.code = code


def error_reply(error: GatewayRefusalError) -> Reply:
    """The envelope of every refusal; only errors of a parameter carry `field` and say where they are from."""
    about: dict[str, Any] = {"source": "NA", "step": "NA", "reason": "NA", "metadata": {}}
    if error.field is not None:
        about = {
            "source": "business",
            "step": "payment_initiation",
            "reason": "input_validation_failed",
            "metadata": {},
            "field": error.field,
        }
    return Reply(error.status, {"error": {"code": error.code, "description": error.description, **about}})


def refusal(status: int, description: str) -> Reply:
    """The envelope for a status alone, as an overloaded or broken gateway answers."""
    code = BAD_REQUEST if status < 500 else GATEWAY_ERROR if status in (502, 504) else SERVER_ERROR
    return error_reply(GatewayRefusalError(description, status=status, code=code))
