"""The routes and error types of messaging, with those of users' targets."""

from __future__ import annotations

from emulator.core.errors import register_types
from emulator.core.params import Param, custom_id, json_object, list_of, one_of, text, uid
from emulator.core.routing import Route
from emulator.messaging import messages, subscribers, targets, topics
from emulator.messaging.params import RECEIVERS, file_reference, flag, role, whole_number
from emulator.queries.listing import entity_queries
from emulator.queries.parse import SEARCH, TOTAL

register_types(
    {
        "general_invalid_email": 400,
        "general_invalid_phone": 400,
        "message_already_exists": 409,
        "message_already_failed": 400,
        "message_already_processing": 400,
        "message_already_scheduled": 400,
        "message_already_sent": 400,
        "message_missing_target": 400,
        "message_not_found": 404,
        "message_target_not_email": 400,
        "message_target_not_push": 400,
        "message_target_not_sms": 400,
        "subscriber_already_exists": 409,
        "subscriber_not_found": 404,
        "topic_already_exists": 409,
        "topic_not_found": 404,
        "user_target_not_found": 404,
    }
)

_TARGET_LIST = (entity_queries(targets.FIELDS), TOTAL)
_TOPIC = Param("topicId", uid, required=True)
_SUBSCRIBER = (_TOPIC, Param("subscriberId", uid, required=True))
_TARGET = Param("targetId", uid, required=True)
_NEW_TARGET = Param("targetId", custom_id, required=True)
_IDENTIFIER = text(255)
_USER = Param("userId", uid, required=True)
_MESSAGE = Param("messageId", uid, required=True)
_NEW_MESSAGE = Param("messageId", custom_id, required=True)
_ROLES = list_of(role, 100)
_WHEN = (Param("draft", flag), Param("scheduledAt", text(64)))
_EMAIL_EXTRAS = (
    Param("cc", list_of(uid, 100)),
    Param("bcc", list_of(uid, 100)),
    Param("attachments", list_of(file_reference, 100)),
    Param("html", flag),
)
_PUSH = (
    Param("title", text(256)),
    Param("body", text(64230)),
    Param("data", json_object),
    Param("action", text(256)),
    Param("image", file_reference),
    *(Param(name, text(256)) for name in ("icon", "sound", "color", "tag")),
    Param("badge", whole_number),
    Param("contentAvailable", flag),
    Param("critical", flag),
)
_PRIORITY = one_of("normal", "high")
_SUBJECT, _CONTENT = text(998), text(64230)

_TOPICS = "/messaging/topics"
_ONE_TOPIC = _TOPICS + "/{topicId}"
_SUBSCRIBERS = _ONE_TOPIC + "/subscribers"
_ONE_SUBSCRIBER = _SUBSCRIBERS + "/{subscriberId}"
_MESSAGES = "/messaging/messages"
_ONE_MESSAGE = _MESSAGES + "/{messageId}"
_TARGETS = "/users/{userId}/targets"
_ONE_TARGET = _TARGETS + "/{targetId}"
_OWN_TARGETS = "/account/targets"
_OWN_PUSH_TARGET = _OWN_TARGETS + "/{targetId}/push"

ROUTES = (
    Route("POST", _TOPICS, topics.create_topic, "topics.write",
          (Param("topicId", custom_id, required=True), Param("name", text(128), required=True),
           Param("subscribe", _ROLES, default=["users"]))),
    Route("GET", _TOPICS, topics.list_topics, "topics.read", (entity_queries(topics.FIELDS), SEARCH, TOTAL)),
    Route("GET", _ONE_TOPIC, topics.get_topic, "topics.read", (_TOPIC,)),
    Route("PATCH", _ONE_TOPIC, topics.update_topic, "topics.write",
          (_TOPIC, Param("name", text(128)), Param("subscribe", _ROLES))),
    Route("DELETE", _ONE_TOPIC, topics.delete_topic, "topics.write", (_TOPIC,)),

    Route("POST", _SUBSCRIBERS, subscribers.create_subscriber, "subscribers.write",
          (Param("subscriberId", custom_id, required=True), _TOPIC, _TARGET)),
    Route("GET", _SUBSCRIBERS, subscribers.list_subscribers, "subscribers.read",
          (_TOPIC, entity_queries(subscribers.FIELDS), SEARCH, TOTAL)),
    Route("GET", _ONE_SUBSCRIBER, subscribers.get_subscriber, "subscribers.read", _SUBSCRIBER),
    Route("DELETE", _ONE_SUBSCRIBER, subscribers.delete_subscriber, "subscribers.write", _SUBSCRIBER),

    Route("POST", _TARGETS, targets.create_target, "users.write",
          (_NEW_TARGET, _USER, Param("providerType", one_of("email", "sms", "push"), required=True),
           Param("identifier", _IDENTIFIER, required=True), Param("name", text(128)))),
    Route("GET", _TARGETS, targets.list_targets, "users.read", (_USER, *_TARGET_LIST)),
    Route("GET", _ONE_TARGET, targets.get_target, "users.read", (_USER, _TARGET)),
    Route("PATCH", _ONE_TARGET, targets.update_target, "users.write",
          (_USER, _TARGET, Param("identifier", _IDENTIFIER), Param("name", text(128)))),
    Route("DELETE", _ONE_TARGET, targets.delete_target, "users.write", (_USER, _TARGET)),
    Route("POST", _OWN_TARGETS + "/push", targets.create_push_target, "targets.write",
          (_NEW_TARGET, Param("identifier", _IDENTIFIER, required=True))),
    Route("PUT", _OWN_PUSH_TARGET, targets.update_push_target, "targets.write",
          (_TARGET, Param("identifier", _IDENTIFIER, required=True))),
    Route("DELETE", _OWN_PUSH_TARGET, targets.delete_push_target, "targets.write", (_TARGET,)),

    Route("POST", _MESSAGES + "/email", messages.create_email, "messages.write",
          (_NEW_MESSAGE, Param("subject", _SUBJECT, required=True), Param("content", _CONTENT, required=True),
           *RECEIVERS, *_EMAIL_EXTRAS, *_WHEN)),
    Route("POST", _MESSAGES + "/sms", messages.create_sms, "messages.write",
          (_NEW_MESSAGE, Param("content", _CONTENT, required=True), *RECEIVERS, *_WHEN)),
    Route("POST", _MESSAGES + "/push", messages.create_push, "messages.write",
          (_NEW_MESSAGE, *RECEIVERS, *_PUSH, Param("priority", _PRIORITY, default="high"), *_WHEN)),
    Route("PATCH", _MESSAGES + "/email/{messageId}", messages.update_email, "messages.write",
          (_MESSAGE, *RECEIVERS, Param("subject", _SUBJECT), Param("content", _CONTENT), *_EMAIL_EXTRAS,
           *_WHEN)),
    Route("PATCH", _MESSAGES + "/sms/{messageId}", messages.update_sms, "messages.write",
          (_MESSAGE, *RECEIVERS, Param("content", _CONTENT), *_WHEN)),
    Route("PATCH", _MESSAGES + "/push/{messageId}", messages.update_push, "messages.write",
          (_MESSAGE, *RECEIVERS, *_PUSH, Param("priority", _PRIORITY), *_WHEN)),
    Route("GET", _MESSAGES, messages.list_messages, "messages.read",
          (entity_queries(messages.FIELDS), SEARCH, TOTAL)),
    Route("GET", _ONE_MESSAGE, messages.get_message, "messages.read", (_MESSAGE,)),
    Route("GET", _ONE_MESSAGE + "/targets", messages.list_message_targets, "messages.read",
          (_MESSAGE, *_TARGET_LIST)),
    Route("DELETE", _ONE_MESSAGE, messages.delete_message, "messages.write", (_MESSAGE,)),
)  # fmt: skip
