"""Taking units off the market: all or nothing, whatever dies, and never what is paid."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import BoxofficeError, Rejected
from boxoffice.domain.pools import Claim, ClaimState, Unit, slot_pool
from boxoffice.inventory.reading import read_claims
from boxoffice.managing import blocks, taking
from boxoffice.managing.changes import ChangeState
from boxoffice.managing.targets import Target
from boxoffice.ports import NewRow, Rows, RowsTaken
from boxoffice.schema import Table

from tests.unit.fake_rows import FakeRows
from tests.unit.opera import Opera, crowd, place, seat, seats, studio
from tests.unit.shop import PRICE, broken
from tests.unit.world import Killed, lost_answer

ROW_AND_MORE = seats("S-B1", rows=(("S", "A"),), sections=("T",))
LARGE = seats(rows=(("S", "B"), ("S", "C")))
MOST_CALLS = 40


def refused(act: Callable[[], object]) -> Rejected:
    with pytest.raises(Rejected) as raised:
        act()
    return raised.value


class TestBlocking:
    def test_seats_rows_and_sections_without_the_disabled_ones(self) -> None:
        opera = Opera()
        block = opera.block(ROW_AND_MORE)
        assert (block.wanted, block.units, block.change.state) == (1 + 59 + 10, 70, ChangeState.DONE)
        assert {"S-B1", "S-A1", "T-A10"} <= set(block.labels)
        assert "S-A60" not in block.labels
        (claim,) = [row for row in opera.rows.all(Table.CLAIMS) if row["label"] == "S-B1"]
        assert (claim["state"], claim["bookingId"], claim["reservedUntil"]) == (
            "BLOCKED",
            block.change.id,
            None,
        )
        assert (claim["ticket"], claim["eventId"]) == (0, "concert")

    def test_a_seat_that_is_named_twice_is_blocked_once(self) -> None:
        assert Opera().block(seats("S-A1", rows=(("S", "A"), ("s", "a")), sections=("T", "T"))).units == 69

    def test_places_of_a_crowd(self) -> None:
        opera = Opera(capacity=10)
        block = opera.block(crowd(3))
        assert (block.wanted, block.units, block.labels) == (3, 3, ())
        assert opera.blocked() == sorted(place(number).claim_id for number in (8, 9, 10))

    def test_a_services_time(self) -> None:
        opera = Opera()
        block = opera.block(studio("2030-01-07T09:00+00:00", "2030-01-07T10:00+00:00"))
        assert block.units == 4 * 2
        assert block.labels[0] == "2030-01-07T09:00:00+00:00"
        (change,) = opera.changes()
        assert change["eventId"] == "studio"

    def test_what_is_blocked_cannot_be_booked(self) -> None:
        opera = Opera(capacity=3)
        opera.block(crowd(3))
        opera.gateway.pay("pay_1", PRICE)
        assert opera.failed().error.code is Code.INSUFFICIENT_TICKETS

    def test_more_than_one_call_can_write(self) -> None:
        opera = Opera()
        assert opera.block(LARGE).units == 120
        assert opera.world.calls.count("create claims") == 2

    def test_the_reason_is_where_only_administrators_read(self) -> None:
        opera = Opera()
        block = opera.block(seats("S-A1"), reason="The minister's visit.")
        assert block.change.reason == "The minister's visit."
        assert "minister" not in str(opera.rows.all(Table.CLAIMS))
        (entry,) = opera.rows.all(Table.AUDIT_LOG)
        assert (entry["action"], entry["subject"], entry["actor"]) == (
            "units.blocked",
            block.change.id,
            "ada",
        )
        assert (entry["reason"], entry["executionId"]) == ("The minister's visit.", "execution")
        assert all(reader is None for reader in opera.rows.readers.values())


class TestRefusing:
    def test_what_is_taken_is_listed_and_nothing_is_written(self) -> None:
        opera = Opera()
        opera.claim(seat("s.a1"))
        opera.claim(seat("s.a3"), state="RESERVED", reservedUntil="2030-01-01T12:10:00.000+00:00")
        before = opera.snapshot()
        error = refused(lambda: opera.block(seats(rows=(("S", "A"),))))
        assert error.code is Code.SEAT_UNAVAILABLE
        assert error.details["taken"] == [
            {"unit": "S-A1", "state": "sold"},
            {"unit": "S-A3", "state": "held"},
        ]
        assert opera.snapshot() == before

    def test_what_is_blocked_already(self) -> None:
        opera = Opera()
        opera.block(seats("S-A1"), request="req-1")
        error = refused(lambda: opera.block(seats("S-A1", "S-A2"), request="req-2"))
        assert error.details["taken"] == [{"unit": "S-A1", "state": "blocked"}]

    def test_more_places_than_are_free(self) -> None:
        opera = Opera(capacity=5)
        opera.sell(3)
        error = refused(lambda: opera.block(crowd(3)))
        assert (error.code, error.details["available"]) == (Code.INSUFFICIENT_TICKETS, 2)

    def test_a_time_that_is_taken(self) -> None:
        opera = Opera()
        day = opera.now.date().replace(day=7)
        opera.claim(Unit(slot_pool("studio", day), "0915-2"))
        error = refused(lambda: opera.block(studio("2030-01-07T09:00+00:00", "2030-01-07T10:00+00:00")))
        assert error.code is Code.SLOT_UNAVAILABLE
        assert error.details["taken"] == [{"unit": "2030-01-07T09:15:00+00:00", "state": "sold"}]

    @pytest.mark.parametrize(
        "target, code",
        [
            (seats("Z9"), Code.INVALID_SEAT),
            (seats("S-A60"), Code.INVALID_SEAT),
            (seats(rows=(("S", "Z"),)), Code.VALIDATION_ERROR),
            (seats(sections=("X",)), Code.VALIDATION_ERROR),
            (seats(), Code.INVALID_QUANTITY),
            (studio("2030-01-07T09:01+00:00", "2030-01-07T10:00+00:00"), Code.VALIDATION_ERROR),
            (studio("2030-01-07T10:00+00:00", "2030-01-07T10:00+00:00"), Code.VALIDATION_ERROR),
            (studio("2030-01-07T10:00+00:00", "2031-01-07T10:00+00:00"), Code.VALIDATION_ERROR),
        ],
    )
    def test_what_does_not_exist(self, target: Target, code: Code) -> None:
        opera = Opera()
        assert refused(lambda: opera.block(target)).code is code
        assert opera.changes() == []

    def test_a_race_for_the_last_of_many_leaves_nothing(self) -> None:
        opera = half_taken()
        assert refused(lambda: opera.block(LARGE)).code is Code.SEAT_UNAVAILABLE
        assert opera.blocked() == []
        assert opera.changes()[0]["state"] == "refused"
        assert opera.logged() == []

    def test_a_place_of_a_crowd_that_is_lost_is_replaced_by_another(self) -> None:
        opera = Opera(capacity=10)

        def sold() -> Exception:
            opera.claim(place(9))
            return RowsTaken()

        opera.world.fail("create claims", sold)
        assert opera.block(crowd(3)).units == 3
        assert opera.blocked() == sorted(place(number).claim_id for number in (7, 8, 10))

    def test_a_hold_that_has_ended_is_in_nobodys_way(self) -> None:
        opera = Opera()
        opera.hold("S-A1")
        opera.now += timedelta(minutes=20)
        assert opera.block(seats("S-A1")).units == 1

    def test_a_hold_that_has_not_is(self) -> None:
        opera = Opera()
        opera.hold("S-A1")
        error = refused(lambda: opera.block(seats("S-A1")))
        assert error.details["taken"] == [{"unit": "S-A1", "state": "held"}]


class TestTheSameRequestAgain:
    def test_is_the_same_block(self) -> None:
        opera = Opera()
        first = opera.block(seats("S-A1"))
        written = opera.snapshot()
        assert opera.block(seats("S-A1")) == first
        assert opera.snapshot() == written

    def test_without_an_id_it_is_another_one(self) -> None:
        opera = Opera()
        opera.block(crowd(2), request=None)
        opera.block(crowd(2), request=None)
        assert len(opera.blocked()) == 4

    def test_with_another_target_is_refused(self) -> None:
        opera = Opera()
        opera.block(seats("S-A1"))
        error = refused(lambda: opera.block(seats("S-A2")))
        assert (error.code, error.details["field"]) == (Code.VALIDATION_ERROR, "requestId")

    def test_while_it_is_at_work_has_to_wait(self) -> None:
        opera = Opera()
        opera.world.fail("create claims", lost_answer)
        with pytest.raises(BoxofficeError):
            opera.block(LARGE)
        assert refused(lambda: opera.block(LARGE)).code is Code.CONFLICT_ERROR

    def test_completes_what_was_interrupted(self) -> None:
        opera = Opera()
        opera.world.fail("create claims", lost_answer, first=2, last=2)
        with pytest.raises(BoxofficeError):
            opera.block(LARGE)
        assert len(opera.blocked()) == 100
        opera.now = opera.now.replace(hour=13)
        assert opera.block(LARGE).units == 120

    def test_does_not_block_again_what_was_unblocked(self) -> None:
        opera = Opera()
        block = opera.block(LARGE)
        opera.unblock(block.change.id)
        assert refused(lambda: opera.block(LARGE)).code is Code.INVALID_STATUS_TRANSITION
        assert opera.blocked() == []


class TestUnblocking:
    def test_a_whole_block(self) -> None:
        opera = Opera()
        one, other = opera.block(LARGE), opera.block(seats("S-A1"), request="req-2")
        assert opera.unblock(one.change.id).units == 120
        assert opera.blocked() == [seat("s.a1").claim_id]
        assert [block.change.id for block in opera.blocks()] == [other.change.id]
        assert ("units.unblocked", one.change.id, "ada") in opera.logged()
        assert opera.unblock(one.change.id).units == 0

    def test_some_units_of_several_blocks(self) -> None:
        opera = Opera()
        one = opera.block(seats("S-A1", "S-A2"), request="req-1")
        two = opera.block(seats("S-A3"), request="req-2")
        opera.claim(seat("s.a4"))
        found = opera.unblock_units(seats("S-A2", "S-A3", "S-A4", "S-A5"))
        assert (found.units, set(found.block_ids)) == (2, {one.change.id, two.change.id})
        assert found.not_blocked == ("S-A4", "S-A5")
        assert opera.blocked() == [seat("s.a1").claim_id]
        assert [(block.change.id, block.units) for block in opera.blocks()] == [
            (one.change.id, 1),
            (two.change.id, 0),
        ]
        assert opera.rows.tables[Table.CLAIMS][seat("s.a4").claim_id]["state"] == "SOLD"

    def test_a_services_time(self) -> None:
        opera = Opera()
        time = studio("2030-01-07T09:00+00:00", "2030-01-07T10:00+00:00")
        opera.block(time)
        assert opera.unblock_units(time).units == 8
        assert opera.blocked() == []

    def test_an_unknown_block(self) -> None:
        assert refused(lambda: Opera().unblock("bl-nothing")).code is Code.NOT_FOUND_ERROR

    def test_while_it_is_being_made_stops_it(self) -> None:
        opera = Opera()
        opera.world.fail("create claims", lost_answer, first=2, last=2)
        with pytest.raises(BoxofficeError):
            opera.block(LARGE)
        (change,) = opera.changes()
        opera.unblock(change["$id"])
        assert opera.blocked() == []
        settle(opera)
        assert opera.blocked() == []


class TestListing:
    def test_pages_of_an_event(self) -> None:
        opera = Opera()
        for number in range(3):
            opera.now = opera.now.replace(minute=number)
            opera.block(seats(f"S-A{number + 1}"), request=f"req-{number}", reason=f"Reason {number}.")
        first = opera.blocks("concert", limit=2)
        assert [block.change.reason for block in first] == ["Reason 2.", "Reason 1."]
        second = opera.blocks("concert", cursor=first[-1].change.id, limit=2)
        assert [block.change.reason for block in second] == ["Reason 0."]
        assert opera.blocks("another") == []
        assert refused(lambda: opera.blocks(cursor="bl-nothing")).code is Code.VALIDATION_ERROR


def half_taken() -> Opera:
    """A block that was interrupted, and of which somebody has bought the last seat before it was claimed."""
    opera = Opera()
    opera.world.fail("create claims", broken, first=2, last=2)
    with pytest.raises(BoxofficeError):
        opera.block(LARGE)
    opera.claim(seat("s.c60"))
    opera.now = opera.now.replace(hour=13)
    return opera


def settle(opera: Opera) -> None:
    """Time passes, until no change is looked at any more."""
    for _ in range(8):
        opera.now = opera.now.replace(day=opera.now.day + 1)
        opera.finish_due()
        if not any(change["checkAfter"] for change in opera.changes()):
            return
    raise AssertionError("the sweep never ends")


class TestDying:
    @pytest.mark.parametrize("target", [LARGE, crowd(120)], ids=["seats", "crowd"])
    @pytest.mark.parametrize("after_effect", [False, True])
    def test_at_any_call_of_a_block_it_is_whole_or_nothing_in_the_end(
        self, target: Target, after_effect: bool
    ) -> None:
        for call in range(MOST_CALLS):
            opera = Opera(capacity=150)
            opera.world.kill(call, after_effect=after_effect)
            try:
                opera.block(target)
            except Killed:
                opera.world.revive()
            else:
                assert call > 8
                return
            settle(opera)
            assert len(opera.blocked()) in ((0, 120) if not opera.changes() else (120,))
            assert [action for action, _, _ in opera.logged()] == ["units.blocked"] * len(opera.changes())
        raise AssertionError("it never ends")

    @pytest.mark.parametrize("after_effect", [False, True])
    def test_at_any_call_of_a_refused_block_nothing_is_left(self, after_effect: bool) -> None:
        for call in range(MOST_CALLS):
            opera = half_taken()
            opera.world.kill(call, after_effect=after_effect)
            try:
                opera.block(LARGE)
            except Killed:
                opera.world.revive()
                settle(opera)
                assert opera.blocked() == []
            except Rejected:
                assert call > 5
                return
        raise AssertionError("it never ends")

    @pytest.mark.parametrize("after_effect", [False, True])
    def test_at_any_call_of_unblocking_the_same_request_or_the_sweep_ends_it(
        self, after_effect: bool
    ) -> None:
        for call in range(MOST_CALLS):
            opera = Opera()
            block_id = opera.block(LARGE).change.id
            opera.world.kill(call, after_effect=after_effect)
            try:
                opera.unblock(block_id)
            except Killed:
                opera.world.revive()
            else:
                assert call > 4
                return
            if opera.changes()[0]["state"] == "done":
                opera.unblock(block_id)
            settle(opera)
            assert opera.blocked() == []
            assert len([entry for entry in opera.logged() if entry[0] == "units.unblocked"]) == 1
        raise AssertionError("it never ends")

    def test_an_execution_that_wakes_up_late_changes_nothing(self) -> None:
        opera = Opera()
        opera.world.fail("create claims", broken, first=2, last=2)
        with pytest.raises(BoxofficeError):
            opera.block(LARGE)
        (change,) = opera.changes()
        opera.unblock(change["$id"])
        # Its second call arrives after all.
        opera.claim(seat("s.c60"), change["$id"], "BLOCKED")
        settle(opera)
        assert opera.blocked() == []

    def test_two_who_complete_the_same_crowd_leave_as_many_as_were_wanted(self) -> None:
        opera = Opera(capacity=30)
        opera.world.fail("create claims", broken)
        with pytest.raises(BoxofficeError):
            opera.block(crowd(5))
        (change,) = opera.changes()
        for number in range(1, 8):
            opera.claim(place(number), change["$id"], "BLOCKED")
        settle(opera)
        assert len(opera.blocked()) == 5


class TestNegativeControls:
    def test_without_the_outcome_a_lifted_block_comes_back(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def undecided(*args: object) -> None:
            return None

        def block_that_is_lifted_on_the_way() -> Opera:
            opera = Opera()
            take = taking.take

            async def slow(desk: object, block_id: str, plan: object) -> None:
                opera.rows.tables[Table.UNIT_CHANGES][block_id].update(state="removed")
                opera.rows.seed(Table.OUTCOMES, block_id, outcome="ROLLED_BACK", attempt="unblock")
                await take(desk, block_id, plan)  # type: ignore[arg-type]

            monkeypatch.setattr(blocks, "take", slow)
            with pytest.raises(Rejected):
                opera.block(seats("S-A1"))
            return opera

        assert block_that_is_lifted_on_the_way().blocked() == []
        monkeypatch.setattr(blocks, "_abandon", undecided)
        assert block_that_is_lifted_on_the_way().blocked() != []

    def test_without_all_or_nothing_a_sold_seat_is_blocked(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def create_anyway(self: FakeRows, table: Table, rows: Sequence[NewRow], owner: str) -> None:
            for row in rows:
                self._write(table, row)

        def block_what_is_sold_meanwhile() -> Opera:
            opera = Opera()
            opera.world.fail("put unit_changes", lambda: sold(opera), after_effect=True)
            with pytest.raises(BoxofficeError):
                opera.block(seats("S-A1"))
            return opera

        def sold(opera: Opera) -> Exception:
            opera.claim(seat("s.a1"))
            return broken()

        async def unseen(rows: Rows, pools: Sequence[str]) -> list[Claim]:
            return [claim for claim in await read_claims(rows, pools) if claim.state is ClaimState.BLOCKED]

        opera = block_what_is_sold_meanwhile()
        settle(opera)
        assert opera.blocked() == []
        monkeypatch.setattr(FakeRows, "create_all", create_anyway)
        monkeypatch.setattr(taking, "read_claims", unseen)
        opera = block_what_is_sold_meanwhile()
        settle(opera)
        assert opera.blocked() == [seat("s.a1").claim_id]

    def test_without_the_sweep_half_a_block_stays(self) -> None:
        opera = Opera()
        opera.world.fail("create claims", lost_answer, first=2, last=2)
        with pytest.raises(BoxofficeError):
            opera.block(LARGE)
        assert len(opera.blocked()) == 100
        opera.now = opera.now.replace(hour=13)
        assert asyncio.run(blocks.list_blocks(opera.desk(), None, "", 25))[0].units == 100
        assert opera.finish_due() == 1
        assert len(opera.blocked()) == 120
