"""Works on one event: asks the gateway where the money is now, and does what is right.

Every part of it can be repeated by anybody at any time, so an event whose process has died is simply worked
on again, and the order of events does not matter.
"""

from boxoffice.bookings.desk import Desk
from boxoffice.domain.errors import BoxofficeError, typed
from boxoffice.domain.gateway_events import GatewayEventKind, kind_of
from boxoffice.domain.recovery import next_question
from boxoffice.schema import Table
from boxoffice.webhooks.failed import end_hold_soon
from boxoffice.webhooks.paid import settle_payment
from boxoffice.webhooks.records import Progress, Result, StoredEvent, done, waiting
from boxoffice.webhooks.refunds import compare_refunds


async def work_on(desk: Desk, event: StoredEvent) -> Progress:
    """Do about an event what is right, and write down how far it has come. Never raises for a fault outside.

    When somebody does not answer, it is worked on again later, the longer it takes, the more seldom.
    """
    try:
        progress = await _work(desk, event)
        await desk.rows.update(Table.WEBHOOK_EVENTS, event.id, progress.columns())
    except (BoxofficeError, KeyError, ValueError, TypeError) as error:
        # The last three are what a row raises that cannot be read.
        failure = typed(error)
        desk.log.error("webhook.not_worked_on", failure, webhookEvent=event.id, paymentId=event.payment_id)
        return await _postpone(desk, event)
    desk.log.info(
        "webhook.worked_on",
        webhookEvent=event.id,
        gatewayEvent=event.name,
        paymentId=event.payment_id,
        state=progress.state,
        result=progress.result,
    )
    return progress


async def _work(desk: Desk, event: StoredEvent) -> Progress:
    match kind_of(event.name):
        case (
            GatewayEventKind.PAYMENT_AUTHORISED
            | GatewayEventKind.PAYMENT_CAPTURED
            | GatewayEventKind.ORDER_PAID
        ):
            return await settle_payment(desk, event)
        case GatewayEventKind.PAYMENT_FAILED:
            return await end_hold_soon(desk, event)
        case (
            GatewayEventKind.REFUND_CREATED
            | GatewayEventKind.REFUND_PROCESSED
            | GatewayEventKind.REFUND_FAILED
        ):
            return await compare_refunds(desk, event)
        case GatewayEventKind.UNKNOWN:
            return done(Result.IGNORED)


async def _postpone(desk: Desk, event: StoredEvent) -> Progress:
    now = desk.rows.server_time()
    # What it has come to stays: money whose time of grace is over has not got another one.
    result = event.result or Result.UNANSWERED
    progress = waiting(result, next_question(event.created_at, now), event.tries)
    try:
        await desk.rows.update(Table.WEBHOOK_EVENTS, event.id, progress.columns())
    except BoxofficeError as error:
        desk.log.error("webhook.not_postponed", error, webhookEvent=event.id)
    return progress
