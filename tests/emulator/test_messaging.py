"""Messaging: who gets a message, and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.emulator.people import Person, new_person, refusal
from tests.support.local_server import Http, LocalServer, ok, wait_until

EMAILS = "/messaging/messages/email"


@pytest.fixture
def ann(server: LocalServer, http: Http) -> Person:
    return new_person(server, http)


def email(ann: Person, **given: Any) -> dict[str, Any]:
    return {"messageId": "unique()", "subject": "Hi", "content": "there", "users": [ann.id], **given}


def final(http: Http, message: dict[str, Any]) -> dict[str, Any]:
    """The message once it is neither scheduled nor on its way."""

    def seen() -> dict[str, Any] | None:
        now: dict[str, Any] = ok(http.get(f"/messaging/messages/{message['$id']}"))
        return now if now["status"] in ("sent", "failed") else None

    found = wait_until(seen)
    assert found is not None
    return found


def receivers(local: Http, message: dict[str, Any]) -> list[str]:
    entries = ok(local.get("/outbox"))["deliveries"]
    return [entry["identifier"] for entry in entries if entry["messageId"] == message["$id"]]


def test_everybody_gets_a_message_once(server: LocalServer, http: Http, local: Http, ann: Person) -> None:
    bob = new_person(server, http)
    topic = f"topic-{ann.id}"
    ok(http.post("/messaging/topics", {"topicId": topic, "name": "T"}))
    [target] = ok(http.get(f"/users/{bob.id}/targets"))["targets"]
    for person in (ann, bob):
        [its] = ok(http.get(f"/users/{person.id}/targets"))["targets"]
        subscriber = {"subscriberId": "unique()", "targetId": its["$id"]}
        ok(http.post(f"/messaging/topics/{topic}/subscribers", subscriber))
    message = ok(http.post(EMAILS, email(ann, topics=[topic], targets=[target["$id"]])))
    assert message["status"] == "processing"
    sent = final(http, message)
    assert (sent["status"], sent["deliveredTotal"], sent["deliveryErrors"]) == ("sent", 2, [])
    assert receivers(local, message) == [ann.email, bob.email]
    again = http.patch(f"{EMAILS}/{message['$id']}", {"subject": "Another"})
    assert refusal(again) == (400, "message_already_sent")


def test_nobody_to_send_to_is_a_failure(http: Http, local: Http, ann: Person) -> None:
    text = {"messageId": "unique()", "content": "Hi", "users": [ann.id]}
    failed = final(http, ok(http.post("/messaging/messages/sms", text)))
    assert (failed["status"], failed["deliveredTotal"]) == ("failed", 0)
    assert len(failed["deliveryErrors"]) == 1
    assert receivers(local, failed) == []
    assert refusal(http.patch(f"/messaging/messages/sms/{failed['$id']}", {"content": "x"})) == (
        400, "message_already_failed",
    )  # fmt: skip


def test_a_draft_waits_until_it_is_told_to_go(http: Http, local: Http, ann: Person) -> None:
    draft = ok(http.post(EMAILS, email(ann, draft=True)))
    assert (draft["status"], receivers(local, draft)) == ("draft", [])
    ok(http.patch(f"{EMAILS}/{draft['$id']}", {"draft": False}))
    assert final(http, draft)["status"] == "sent"
    assert receivers(local, draft) == [ann.email]


def test_a_scheduled_message_goes_when_its_time_has_come(http: Http, local: Http, ann: Person) -> None:
    now = datetime.now(UTC)
    soon, later = ((now + timedelta(hours=h)).isoformat(timespec="milliseconds") for h in (1, 2))
    waiting = ok(http.post(EMAILS, email(ann, scheduledAt=later)))
    message = ok(http.post(EMAILS, email(ann, scheduledAt=soon)))
    assert (message["status"], message["scheduledAt"]) == ("scheduled", soon)
    ok(local.put("/clock", {"offsetSeconds": 3601}))
    sent = final(http, message)
    assert sent["status"] == "sent" and sent["deliveredAt"] >= soon
    assert receivers(local, message) == [ann.email]
    assert ok(http.get(f"/messaging/messages/{waiting['$id']}"))["status"] == "scheduled"
    assert receivers(local, waiting) == []


def test_a_deleted_schedule_is_never_sent(http: Http, local: Http, ann: Person) -> None:
    when = (datetime.now(UTC) + timedelta(hours=1)).isoformat(timespec="milliseconds")
    deleted = ok(http.post(EMAILS, email(ann, scheduledAt=when)))
    kept = ok(http.post(EMAILS, email(ann, scheduledAt=when)))
    ok(http.delete(f"/messaging/messages/{deleted['$id']}"))
    ok(local.put("/clock", {"offsetSeconds": 3601}))
    final(http, kept)
    assert receivers(local, deleted) == []


def test_what_goes_takes_its_subscribers_with_it(server: LocalServer, http: Http, ann: Person) -> None:
    topic = f"/messaging/topics/count-{ann.id}"
    ok(http.post("/messaging/topics", {"topicId": f"count-{ann.id}", "name": "T"}))
    phone = {"targetId": f"t-{ann.id}", "providerType": "sms", "identifier": "+4915112345678"}
    ok(http.post(f"/users/{ann.id}/targets", phone))
    [mail] = [t for t in ok(http.get(f"/users/{ann.id}/targets"))["targets"] if t["providerType"] == "email"]
    for target_id in (phone["targetId"], mail["$id"]):
        ok(http.post(f"{topic}/subscribers", {"subscriberId": "unique()", "targetId": target_id}))
    assert (ok(http.get(topic))["smsTotal"], ok(http.get(topic))["emailTotal"]) == (1, 1)
    ok(http.delete(f"/users/{ann.id}/targets/{phone['targetId']}"))
    assert (ok(http.get(topic))["smsTotal"], ok(http.get(topic))["emailTotal"]) == (0, 1)
    ok(http.delete(f"/users/{ann.id}"))
    assert ok(http.get(topic))["emailTotal"] == 0


def test_users_subscribe_themselves_where_they_may(server: LocalServer, http: Http, ann: Person) -> None:
    bob = new_person(server, http)
    anns, bobs = ann.sign_in(), bob.sign_in()
    for name, role in (("open", "users"), ("closed", "label:vip")):
        ok(http.post("/messaging/topics", {"topicId": f"{name}-{ann.id}", "name": "T", "subscribe": [role]}))
    device = {"targetId": f"d-{ann.id}", "identifier": f"token-{ann.id}"}
    target = ok(anns.post("/account/targets/push", device))
    assert (target["providerType"], target["userId"]) == ("push", ann.id)
    subscriber = {"subscriberId": f"s-{ann.id}", "targetId": target["$id"]}
    closed = anns.post(f"/messaging/topics/closed-{ann.id}/subscribers", subscriber)
    assert refusal(closed) == (401, "user_unauthorized")
    path = f"/messaging/topics/open-{ann.id}/subscribers"
    ok(anns.post(path, subscriber))
    assert ok(anns.get(path))["total"] == 1
    assert ok(bobs.get(path))["total"] == 0
    assert refusal(bobs.delete(f"{path}/{subscriber['subscriberId']}")) == (404, "subscriber_not_found")
    assert refusal(bobs.delete(f"/account/targets/{target['$id']}/push")) == (404, "user_target_not_found")
    ok(anns.delete(f"{path}/{subscriber['subscriberId']}"))
    ok(anns.delete(f"/account/targets/{target['$id']}/push"))


@pytest.mark.parametrize(
    ("wrong", "type_"),
    [
        ({"users": []}, "message_missing_target"),
        ({"draft": "true"}, "general_argument_invalid"),
        ({"scheduledAt": "tomorrow"}, "general_argument_invalid"),
        ({"attachments": ["no-colon"]}, "general_argument_invalid"),
        ({"attachments": ["none:f"]}, "storage_bucket_not_found"),
        ({"cc": ["nobody"]}, "message_target_not_email"),
    ],
)
def test_messages_that_make_no_sense(http: Http, ann: Person, wrong: dict[str, Any], type_: str) -> None:
    reply = http.post(EMAILS, email(ann, **wrong))
    assert reply.json()["type"] == type_
