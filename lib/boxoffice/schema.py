"""The names of what `appwrite.json` declares."""

from enum import StrEnum

DATABASE = "boxoffice"
TICKETS_BUCKET = "tickets"
ADMINS_TEAM = "admins"


class Table(StrEnum):
    """The tables of the database."""

    EVENTS = "events"
    VENUES = "venues"
    SHOWTIMES = "showtimes"
    SERVICES = "services"
    TICKET_TYPES = "ticket_types"
    PROMO_CODES = "promo_codes"
    BOOKINGS = "bookings"
    CLAIMS = "claims"
    AVAILABILITY = "availability"
    OUTCOMES = "outcomes"
    TICKETS = "tickets"
    TRANSACTIONS = "transactions"
    ORDERS = "orders"
    LEASES = "leases"
    CANCELLATIONS = "cancellations"
    CASES = "cases"
    CHECKINS = "checkins"
    ROLLBACK_REPORTS = "rollback_reports"
    AUDIT_LOG = "audit_log"
    RATE_LIMITS = "rate_limits"
    WEBHOOK_EVENTS = "webhook_events"
    CONFLICT_LOG = "conflict_log"
    UNIT_CHANGES = "unit_changes"
    OUTBOX = "outbox"
    CURSORS = "cursors"
