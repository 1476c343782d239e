"""`python -m scripts.project.schemas [--write]`: JSON Schemas and an OpenAPI document, from the models.

A client calls a function by creating an execution, in which the request and the answer are JSON inside of
texts: `contentSchema` says what is in them.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from boxoffice.contract.answers import BookTicketSuccess, Failure
from boxoffice.contract.availability import AvailabilitySuccess
from boxoffice.contract.availability_request import AvailabilityRequest
from boxoffice.contract.booking import BookTicketRequest
from boxoffice.contract.cancelling import CancelBookingRequest, CancelBookingSuccess
from boxoffice.contract.holding import HoldRequest, HoldTicketsSuccess
from boxoffice.contract.managing import ManageSuccess
from boxoffice.contract.managing_request import ManageRequest
from boxoffice.contract.reports import ReportsRequest, ReportsSuccess
from boxoffice.contract.status import BookingStatusSuccess
from boxoffice.contract.status_request import BookingStatusRequest
from boxoffice.contract.sweeping import SweepSuccess
from boxoffice.contract.webhooks import PaymentWebhookSuccess
from boxoffice.domain.codes import CODES
from pydantic import BaseModel
from pydantic.json_schema import DEFAULT_REF_TEMPLATE, GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from scripts.project.config import ROOT

DOCS = ROOT / "docs"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
_COMPONENTS = "#/components/schemas/{model}"
_JSON = "application/json"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Published:
    """A function: what it does, the model of its request if it reads one, and that of its success.

    guests: whether it may be called without signing in.
    """

    function_id: str
    summary: str
    request: type[BaseModel] | None
    success: type[BaseModel]
    guests: bool = False


PUBLISHED = (
    Published(
        "availability",
        "What is left of events, showtimes and the days of services, for anybody.",
        AvailabilityRequest,
        AvailabilitySuccess,
        guests=True,
    ),
    Published(
        "book_ticket_atomic",
        "Book tickets for a payment: all of it, or nothing and the money back.",
        BookTicketRequest,
        BookTicketSuccess,
    ),
    Published(
        "booking_status",
        "What has become of bookings: one's own, or for administrators anybody's.",
        BookingStatusRequest,
        BookingStatusSuccess,
    ),
    Published(
        "cancel_booking",
        "Give back tickets of a booking, and their money by the event's rules.",
        CancelBookingRequest,
        CancelBookingSuccess,
    ),
    Published(
        "hold_tickets",
        "Keep tickets, seats or a time for a while, and open the order to pay them by.",
        HoldRequest,
        HoldTicketsSuccess,
    ),
    Published(
        "manage_events", "Block units and move bookings, for administrators.", ManageRequest, ManageSuccess
    ),
    Published(
        "payment_webhook",
        "Take what the payment gateway tells, by its own signature.",
        None,
        PaymentWebhookSuccess,
        guests=True,
    ),
    Published(
        "rollback_reports", "What was rolled back, for administrators.", ReportsRequest, ReportsSuccess
    ),
    Published("sweep", "Finish or undo what was interrupted, for administrators.", None, SweepSuccess),
)


class _Schemas(GenerateJsonSchema):
    """Schemas without titles, in which a field of an answer that may be absent is never `null` instead."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def field_is_required(self, field: Any, total: bool) -> bool:
        if self.mode == "serialization" and field["schema"]["type"] == "default":
            return field["schema"].get("default") is not None
        return super().field_is_required(field, total)

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        inner = schema["schema"]
        if self.mode == "serialization" and inner["type"] == "nullable" and schema.get("default") is None:
            return self.generate_inner(inner["schema"])
        return super().default_schema(schema)


def documents() -> dict[Path, str]:
    """The text of every published document by its path."""
    found = {DOCS / "openapi.json": openapi(), DOCS / "schemas" / "failure.json": _answer(Failure)}
    for each in PUBLISHED:
        if each.request is not None:
            found[DOCS / "schemas" / f"{each.function_id}.request.json"] = _request(each.request)
        found[DOCS / "schemas" / f"{each.function_id}.success.json"] = _answer(each.success)
    return {path: json.dumps(document, indent=2) + "\n" for path, document in found.items()}


def openapi() -> Json:
    """An OpenAPI 3.1 document with one path for each function."""
    components: Json = {}
    for each in PUBLISHED:
        if each.request is not None:
            _collect(components, _request(each.request, _COMPONENTS), each.request.__name__)
        _collect(components, _answer(each.success, _COMPONENTS), each.success.__name__)
    _collect(components, _answer(Failure, _COMPONENTS), Failure.__name__)
    components["Code"]["description"] = "\n".join(
        ["The stable name of a refusal or a failure, with the HTTP status of the answer.", ""]
        + [f"- `{code}` ({rule.status}): {rule.sentence}" for code, rule in CODES.items()]
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Boxoffice",
            "version": "1",
            "description": "Functions on an Appwrite server, called by creating an execution.",
        },
        "servers": [
            {
                "url": "{endpoint}",
                "variables": {
                    "endpoint": {
                        "default": "https://cloud.appwrite.io/v1",
                        "description": "The root of the Appwrite API.",
                    }
                },
            }
        ],
        "security": [{"project": [], "session": []}, {"project": [], "key": []}],
        "paths": {
            f"/functions/{each.function_id}/executions": {"post": _operation(each)} for each in PUBLISHED
        },
        "components": {
            "schemas": dict(sorted(components.items())),
            "securitySchemes": {
                "project": _header("X-Appwrite-Project", "The project's id."),
                "session": _header(
                    "X-Appwrite-Session", "A user's session. In a browser it may come as a cookie instead."
                ),
                "key": _header("X-Appwrite-Key", "An API key of a trusted server, with `execution.write`."),
            },
        },
    }


def _operation(each: Published) -> Json:
    statuses = sorted({200, *(rule.status for rule in CODES.values())})
    execution = {
        "type": "object",
        "required": ["$id", "status", "responseStatusCode", "responseBody"],
        "properties": {
            "$id": {"type": "string", "description": "The execution's id."},
            "status": {"enum": ["completed", "failed"]},
            "responseStatusCode": {"enum": statuses, "description": "200, or the status of the code."},
            "responseBody": _text_with({"oneOf": [_reference(each.success), _reference(Failure)]}),
        },
    }
    body = {} if each.request is None else {"body": _text_with(_reference(each.request))}
    call = {
        "type": "object",
        "required": [*body],
        "properties": {
            **body,
            "async": {
                "type": "boolean",
                "default": False,
                "description": "Never true: nobody would answer.",
            },
            "path": {"type": "string", "default": "/"},
            "method": {"type": "string", "default": "POST"},
        },
    }
    nobody = {"401": {"description": "Nobody is signed in. The function was not called."}}
    operation: Json = {
        "operationId": each.function_id,
        "summary": each.summary,
        "requestBody": {"required": True, "content": {_JSON: {"schema": call}}},
        "responses": {
            "201": {"description": "The function's answer.", "content": {_JSON: {"schema": execution}}},
            **({} if each.guests else nobody),
            "408": {"description": "It took too long. Send the same request again to learn how it ended."},
        },
    }
    return {**operation, "security": [{"project": []}]} if each.guests else operation


def _text_with(schema: Json) -> Json:
    return {"type": "string", "contentMediaType": _JSON, "contentSchema": schema}


def _reference(model: type[BaseModel]) -> Json:
    return {"$ref": _COMPONENTS.format(model=model.__name__)}


def _header(name: str, description: str) -> Json:
    return {"type": "apiKey", "in": "header", "name": name, "description": description}


def _request(model: type[BaseModel], references: str = DEFAULT_REF_TEMPLATE) -> Json:
    return _with_dialect(
        model.model_json_schema(ref_template=references, schema_generator=_Schemas, mode="validation")
    )


def _answer(model: type[BaseModel], references: str = DEFAULT_REF_TEMPLATE) -> Json:
    return _with_dialect(
        model.model_json_schema(ref_template=references, schema_generator=_Schemas, mode="serialization")
    )


def _with_dialect(schema: Json) -> Json:
    return {"$schema": DIALECT, **schema}


def _collect(components: Json, schema: Json, name: str) -> None:
    """Adds a model and the models that it refers to."""
    own = {key: value for key, value in schema.items() if key not in ("$schema", "$defs")}
    for key, value in {**cast(Json, schema.get("$defs", {})), name: own}.items():
        if components.setdefault(key, value) != value:
            raise ValueError(f"two models are called {key}")


def main() -> None:
    """Prints the OpenAPI document, or writes all documents."""
    if sys.argv[1:] != ["--write"]:
        print(json.dumps(openapi(), indent=2))
        return
    for path, text in documents().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


if __name__ == "__main__":
    main()
