"""The envelope of every answer: success or failure, in one form for all functions."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from boxoffice.bookings.records import Booking
from boxoffice.bookings.results import Booked, Failed, Rollback
from boxoffice.contract.booking import BookedTicket, BookedTickets
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import BoxofficeError
from boxoffice.domain.items import ItemKind, by_ticket
from boxoffice.inventory.wants import Place
from boxoffice.times import to_text


class _Answer(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class BookTicketSuccess(_Answer):
    """The tickets are booked."""

    success: Literal[True] = True
    data: BookedTickets
    replayed: bool = Field(description="Whether this answers a request that had succeeded before.")


class RollbackStep(_Answer):
    """One step that was undone, or could not be."""

    step: str
    status: Literal["undone", "failed"]
    attempts: int
    duration_ms: int


class RollbackSummary(_Answer):
    """What was undone, in the order of undoing."""

    status: Literal["complete", "incomplete"]
    steps: Sequence[RollbackStep]


class CreatedResources(_Answer):
    """The ids of what had been written before the failure; `null` for what had not."""

    ticket_id: str | None
    transaction_id: str | None
    order_id: str | None


class RollbackStatus(_Answer):
    """Whether each resource is gone again; `null` for what had never been written."""

    ticket: Literal["success", "failed"] | None
    transaction: Literal["success", "failed"] | None
    order: Literal["success", "failed"] | None


class Failure(_Answer):
    """Nothing was booked. `error` is for people, `code` for programs."""

    success: Literal[False] = False
    code: Code
    error: str
    retryable: bool = Field(description="Whether the very same request may succeed later.")
    retry_after: int | None = Field(description="Seconds to wait before repeating the request.")
    suggested_action: str
    details: Mapping[str, Any]
    execution_id: str
    replayed: bool | None = None
    rollback: RollbackSummary | None = None
    created_resources: CreatedResources | None = None
    rollback_status: RollbackStatus | None = None


def success(booked: Booked) -> dict[str, Any]:
    """The answer to a booking that stands."""
    booking = booked.booking
    tickets = "1 ticket" if booking.quantity == 1 else f"{booking.quantity} tickets"
    answer = BookTicketSuccess(
        data=BookedTickets(
            booking_id=booking.id,
            reference=booking.reference,
            ticket_id=booking.ticket_ids[0],
            ticket_ids=booking.ticket_ids,
            transaction_id=booking.transaction_id,
            order_id=booking.order_id,
            event_id=booking.event_id,
            ticket_type_id=booking.ticket_type_id,
            quantity=booking.quantity,
            total_amount=booking.total.amount,
            currency=booking.total.currency,
            status=booking.status,
            qr_code_included=True,
            qr_code_file_id=booking.qr_file_ids[0],
            qr_code_file_ids=booking.qr_file_ids,
            tickets=booked_tickets(booking, booked.places),
            message=f"Booked {tickets}. Your reference is {booking.reference}.",
        ),
        replayed=booked.replayed,
    )
    return answer.model_dump(by_alias=True, mode="json")


def booked_tickets(booking: Booking, places: Sequence[Place]) -> tuple[BookedTicket, ...]:
    """The tickets of a booking, in the order of their numbers. `places` are theirs, when they have names."""
    of_tickets = zip(
        booking.numbers, booking.ticket_ids, booking.qr_file_ids, by_ticket(booking.items), strict=True
    )
    return tuple(
        BookedTicket(
            ticket_id=ticket_id,
            number=number,
            ticket_type_id=item.id,
            ticket_type_name=item.name,
            seat=places[number - 1].label if item.kind is ItemKind.SEATS and number <= len(places) else None,
            starts_at=to_text(item.starts_at),
            qr_code_file_id=file_id,
        )
        for number, ticket_id, file_id, item in of_tickets
    )


def failure(failed: Failed, execution_id: str) -> dict[str, Any]:
    """The answer to everything else. Fields about a rollback are only there when there was one."""
    error, rollback = failed.error, failed.rollback
    retry_after, action = _advice(error)
    answer = Failure(
        code=error.code,
        error=error.message,
        retryable=retry_after is not None,
        retry_after=retry_after,
        suggested_action=action,
        details=error.details,
        execution_id=execution_id,
        replayed=True if failed.replayed else None,
        rollback=_summary(rollback) if rollback else None,
    )
    if rollback and not rollback.complete:
        answer = answer.model_copy(update=_left_behind(rollback))
    only_when_set = {"replayed", "rollback", "created_resources", "rollback_status"}
    absent = {name for name in only_when_set if getattr(answer, name) is None}
    return answer.model_dump(by_alias=True, mode="json", exclude=absent)


def _advice(error: BoxofficeError) -> tuple[int | None, str]:
    """In how many seconds the same request may succeed, and what to do: as the code has it.

    A conflict knows better when repeating is no use, whatever the code says of others.
    """
    conflict = error.details.get("conflict")
    if error.rule.retryable and conflict is not None and not conflict["retryable"]:
        return None, conflict["suggestedAction"]
    return error.retry_after, error.rule.action


def _summary(rollback: Rollback) -> RollbackSummary:
    return RollbackSummary(
        status="complete" if rollback.complete else "incomplete",
        steps=[
            RollbackStep(
                step=step.name,
                status="undone" if step.status == "undone" else "failed",
                attempts=step.attempts,
                duration_ms=step.milliseconds,
            )
            for step in rollback.steps
        ],
    )


def _left_behind(rollback: Rollback) -> dict[str, Any]:
    """What the mobile clients read at the top level when a rollback failed."""
    created = {f"{name}Id": value for name, value in rollback.created.items()}
    return {
        "created_resources": CreatedResources.model_validate(created),
        "rollback_status": RollbackStatus.model_validate(dict(rollback.resources)),
    }
