"""`scripts/demo`: books tickets on a local Appwrite, and shows what happens when it cannot be done."""

from __future__ import annotations

import fcntl
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from boxoffice.domain.ids import pool_id
from rich.console import Console
from rich.text import Text

from scripts.appwrite_http import Http, RefusedError, ok
from scripts.demo_seats import SeatStories
from scripts.local_appwrite import ROOT, LocalServer, Ready, StartError
from scripts.project.functions import DeployError
from scripts.project.local import set_up
from scripts.project.package import PackageError
from scripts.project.provision import ProvisionError
from scripts.project.shop import BOOK, Answer, Customer, Event, Kind, Shop, execute
from scripts.terminal import Stage, qr_lines

STANDING, BALCONY = "Standing", "Balcony"
BOOKED_TABLES = ("claims", "tickets", "transactions", "orders")


@contextmanager
def data_folder() -> Iterator[Path]:
    """The folder that makes a second run fast; another one while a second demo runs."""
    folder = ROOT / ".local" / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock, tempfile.TemporaryDirectory() as other:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            folder = Path(other)
        yield folder / "data"


class Demo:
    """One visitor, one evening, seven stories."""

    def __init__(self, stage: Stage, ready: Ready) -> None:
        self.stage = stage
        key = {"X-Appwrite-Key": ready.api_key}
        self.local = Http(f"{ready.site}/_local", key)
        self.shop = Shop(
            Http.with_key(ready.endpoint, ready.project_id, ready.api_key),
            ready.project_id,
            Http(f"{ready.site}/_local/payments", key),
        )

    def run(self) -> None:
        """All of it; `stage.failures` has what did not happen."""
        event = self.shop.create_event(
            {STANDING: (49_900, 100), BALCONY: (129_900, 2)},
            name="Monsoon Strings, live",
            refundSteps="24:80",
        )
        asha = self.shop.create_customer("Asha")
        paid = self.book(event, asha)
        self.sell_out(event, asha)
        self.repeat(event, asha, paid)
        self.invent_a_payment(event, asha)
        self.break_the_last_step(event, asha)
        SeatStories(self.stage, self.shop).run(event, asha)

    def left(self, kind: Kind) -> int:
        """How many tickets of a type nobody has."""
        return kind.capacity - len(self.shop.rows("claims", poolId=pool_id(kind.id)))

    def book_as_android(
        self, customer: Customer, event: Event, kind: Kind, quantity: int, payment: str
    ) -> Answer:
        """An execution as the Android client makes it: the user's session, and every value a text."""
        paid = f"{kind.price * quantity / 100:.2f}"
        request = {
            "userId": customer.user_id, "eventId": event.id, "eventName": event.name, "eventSubName": "",
            "eventDate": "2030-01-02", "eventTime": "19:30", "eventLocation": "Open-air stage",
            "totalAmountPaid": paid, "pricePerTicket": f"{kind.price / 100:.2f}", "imageFileId": "",
            "category": "music", "quantity": str(quantity), "paymentId": payment, "subtotal": paid,
            "taxGST": "0.00", "internetHandlingFee": "0.00", "ticketTypeName": kind.name,
            "qrCodeFileId": "", "ticketId": "",
        }  # fmt: skip
        return execute(customer.http, BOOK, request)

    def book(self, event: Event, customer: Customer) -> str:
        """Two tickets; the id of their payment."""
        kind, stage = event.kinds[STANDING], self.stage
        stage.title("1  Two tickets, booked through a function execution as the Android app does it")
        payment = self.shop.pay(customer, 2 * kind.price)
        began = time.monotonic()
        answer = self.book_as_android(customer, event, kind, 2, payment)
        stage.tell(f"answered {answer.status} after {time.monotonic() - began:.2f} s")
        stage.show_json(answer.body)
        stage.expect(answer.status == 200 and answer.body.get("success") is True, "the booking is confirmed")
        tickets = self.own_tickets(customer, str(answer.body.get("data", {}).get("bookingId")))
        stage.expect(len(tickets) == 2, "the customer can read two tickets of their own")
        for line in qr_lines(tickets[0]) if tickets else ():
            stage.console.print("  ", Text(line, style="bright_white on black"), sep="", soft_wrap=True)
        stage.tell(f"the first ticket's code: {tickets[0] if tickets else 'none'}")
        stage.expect(self.left(kind) == kind.capacity - 2, f"{self.left(kind)} of {kind.capacity} are left")
        return payment

    def own_tickets(self, customer: Customer, booking_id: str) -> list[str]:
        """The codes of a booking's tickets, read with the customer's session."""
        as_customer = Shop(customer.http, self.shop.project_id, self.local)
        return [row["code"] for row in as_customer.rows("tickets", bookingId=booking_id)]

    def sell_out(self, event: Event, customer: Customer) -> None:
        """Both balcony seats go to somebody else."""
        kind, stage = event.kinds[BALCONY], self.stage
        stage.title("2  Sold out")
        ravi = self.shop.create_customer("Ravi")
        first = self.shop.book(ravi, event, BALCONY, 2)
        stage.expect(first.status == 200, f"Ravi takes both {BALCONY} tickets")
        answer = self.book_as_android(customer, event, kind, 1, self.shop.pay(customer, kind.price))
        self.show_refusal(answer)
        stage.expect(answer.code == "INSUFFICIENT_TICKETS", "the next one is refused: sold out")
        stage.expect(self.left(kind) == 0, f"0 of {kind.capacity} are left, and none was sold twice")

    def repeat(self, event: Event, customer: Customer, payment: str) -> None:
        """The app lost the answer and asks again."""
        kind, stage = event.kinds[STANDING], self.stage
        stage.title("3  The same payment again")
        before = self.left(kind)
        answer = self.book_as_android(customer, event, kind, 2, payment)
        stage.tell(f"answered {answer.status}, replayed: {answer.body.get('replayed')}")
        stage.expect(answer.body.get("replayed") is True, "the first answer is given again")
        stage.expect(self.left(kind) == before, "nothing was booked a second time")

    def invent_a_payment(self, event: Event, customer: Customer) -> None:
        """Nobody paid."""
        kind, stage = event.kinds[STANDING], self.stage
        stage.title("4  A payment that does not exist")
        before = self.left(kind)
        answer = self.book_as_android(customer, event, kind, 1, "pay_Invented000000")
        self.show_refusal(answer)
        stage.expect(answer.code == "PAYMENT_NOT_VERIFIED", "it is refused")
        stage.expect(self.left(kind) == before, "no ticket was set aside for it")

    def break_the_last_step(self, event: Event, customer: Customer) -> None:
        """The write that would confirm the booking is refused once."""
        kind, stage = event.kinds[STANDING], self.stage
        stage.title("5  A booking whose last step fails")
        before = self.counts()
        payment = self.shop.pay(customer, 3 * kind.price)
        outcomes = "*/tables/outcomes/rows"
        fault = {"kind": "refuse", "method": "POST", "path": outcomes, "nth": 1, "status": 400}
        ok(self.local.post("/faults", fault))
        answer = self.book_as_android(customer, event, kind, 3, payment)
        ok(self.local.delete("/faults"))
        stage.show_json(answer.body)
        rollback = answer.body.get("rollback", {})
        stage.expect(answer.body.get("success") is False, "the booking failed")
        stage.expect(rollback.get("status") == "complete", "everything before it was undone")
        stage.console.print(Text(f"  {'rows':<14}{'before':>8}{'after':>8}", style="dim"))
        after = self.counts()
        for table in BOOKED_TABLES:
            stage.console.print(Text(f"  {table:<14}{before[table]:>8}{after[table]:>8}"))
        stage.expect(before == after, "nothing of it is left behind")
        money = [m["movement"] for m in self.movements(payment)]
        stage.expect(money == ["captured", "refunded"], f"the money went back: {', '.join(money)}")

    def counts(self) -> dict[str, int]:
        """How many rows of a booking's kinds there are in the whole database."""
        return {table: len(self.shop.rows(table)) for table in BOOKED_TABLES}

    def movements(self, payment: str) -> list[dict[str, str]]:
        """What the gateway's ledger says of a payment."""
        ledger = ok(self.local.get("/payments/ledger"))["movements"]
        return [movement for movement in ledger if movement["paymentId"] == payment]

    def show_refusal(self, answer: Answer) -> None:
        """The part of a refusal that people read."""
        self.stage.tell(f"answered {answer.status} {answer.code}: {answer.body.get('error', '')}")


def main() -> int:
    """0 only if everything that is shown happened."""
    stage = Stage(Console(highlight=False))
    began = time.monotonic()
    with data_folder() as data:
        server = LocalServer(data, log=data.with_name("server.log"))
        try:
            with stage.working("Starting a local Appwrite"):
                ready = server.start()
            with stage.working("Applying appwrite.json and deploying the functions") as say:
                set_up(ready, say)
            stage.tell(f"ready at {server.endpoint} after {time.monotonic() - began:.1f} s")
            Demo(stage, ready).run()
        except (DeployError, PackageError, ProvisionError, RefusedError, StartError) as error:
            stage.failures.append(str(error))
        except requests.RequestException as error:
            stage.failures.append(f"the local Appwrite stopped answering: {error}\n{server.log(20)}")
        finally:
            server.stop()
    stage.console.print()
    if stage.failures:
        stage.console.print(Text("The demo failed:", style="bold red"))
        for failure in stage.failures:
            stage.console.print(Text(f"  {failure}"), soft_wrap=True)
        return 1
    seconds = time.monotonic() - began
    stage.console.print(Text(f"All of it happened, in {seconds:.1f} s.", style="bold green"))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
