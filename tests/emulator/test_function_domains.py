"""A function's own domain: any request is an execution, and nothing of it is lost on the way."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support.functions import create, deploy, executions
from tests.support.local_server import Http, LocalServer, found, ok

ECHO = """
import json

def main(context):
    req = context.req
    if req.path == "/error":
        raise RuntimeError("a secret")
    if req.path == "/mute":
        return context.res.text("", 418, {})
    if req.path == "/die":
        import os
        os._exit(1)
    if req.path == "/binary":
        return context.res.binary(bytes(range(256)), 202, {"content-type": "image/x", "x-mine": "yes"})
    told = {"body": req.body_binary.hex(), "headers": req.headers, "method": req.method, "path": req.path,
            "query": req.query, "queryString": req.query_string, "host": req.host}
    return context.res.json(told, 200, {})
"""
NOT_TEXT = b'\x00\xff{"amount": 1.0,  "\xc3\x28": "\r\n"}\x80'


@dataclass(frozen=True, slots=True)
class Page:
    """What a domain answered. headers: names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def told(self) -> dict[str, Any]:
        decoded: dict[str, Any] = json.loads(self.body)
        return decoded


def ask(
    server: LocalServer,
    domain: str,
    method: str = "GET",
    target: str = "/",
    body: bytes = b"",
    **headers: str,
) -> Page:
    """A request to the server in the name of a domain; an underscore in a header's name is a hyphen."""
    parts = urlsplit(server.ready.site)
    connection = http.client.HTTPConnection("127.0.0.1", parts.port, timeout=20)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, target, body or None, {"Host": f"{domain}:{parts.port}", **named})
        answer = connection.getresponse()
        shown = {name.lower(): value for name, value in answer.getheaders()}
        return Page(answer.status, shown, answer.read())
    finally:
        connection.close()


def give_domain(http: Http, function_id: str, domain: str) -> dict[str, Any]:
    rule: dict[str, Any] = ok(
        http.post("/proxy/rules/function", {"domain": domain, "functionId": function_id})
    )
    return rule


@pytest.fixture(scope="module")
def domain(http: Http) -> str:
    """The domain of a function that tells what it got."""
    name = "echo.functions.localhost"
    if not ok(http.get("/proxy/rules", params={"queries[0]": query("domain", name)}))["rules"]:
        give_domain(http, deploy(http, "fn-echo", ECHO), name)
    return name


def query(attribute: str, value: str) -> str:
    return json.dumps({"method": "equal", "attribute": attribute, "values": [value]})


def test_the_body_arrives_byte_for_byte(server: LocalServer, domain: str) -> None:
    page = ask(server, domain, "POST", body=NOT_TEXT, Content_Type="application/json")
    assert bytes.fromhex(page.told["body"]) == NOT_TEXT


def test_a_form_is_not_taken_apart(server: LocalServer, domain: str) -> None:
    form = b'--b\r\ncontent-disposition: form-data; name="a"\r\n\r\n1\r\n--b--\r\n'
    page = ask(server, domain, "POST", body=form, Content_Type="multipart/form-data; boundary=b")
    assert bytes.fromhex(page.told["body"]) == form


def test_headers_arrive_and_none_of_the_platform_s_can_be_forged(server: LocalServer, domain: str) -> None:
    page = ask(
        server, domain, "POST", body=b"{}", X_Razorpay_Signature="aB3=", X_Razorpay_Event_Id="evt_1",
        Content_Type="application/json", X_Appwrite_User_Id="admin", X_Appwrite_User_Jwt="mine",
        X_Appwrite_Key="mine", X_Appwrite_Trigger="schedule", X_Appwrite_Client_IP="10.0.0.1",
    )  # fmt: skip
    headers = page.told["headers"]
    assert (headers["x-razorpay-signature"], headers["x-razorpay-event-id"]) == ("aB3=", "evt_1")
    assert (headers["content-type"], headers["content-length"]) == ("application/json", "2")
    assert headers["x-appwrite-trigger"] == "http"
    assert headers["x-appwrite-client-ip"] == "127.0.0.1"
    assert headers["x-appwrite-key"].startswith("ephemeral_")
    assert headers["x-appwrite-execution-id"] == page.headers["x-appwrite-execution-id"]
    assert not {"x-appwrite-user-id", "x-appwrite-user-jwt"} & headers.keys()


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_any_method_path_and_query(server: LocalServer, domain: str, method: str) -> None:
    told = ask(server, domain, method, "/v1/a%20b/%2F?x=1&y=%C3%A9&x=2").told
    assert (told["method"], told["path"], told["host"]) == (method, "/v1/a b//", domain)
    assert told["query"] == {"x": "2", "y": "é"}


def test_the_answer_is_the_function_s(server: LocalServer, domain: str) -> None:
    page = ask(server, domain, "GET", "/binary")
    assert (page.status, page.body) == (202, bytes(range(256)))
    assert (page.headers["content-type"], page.headers["x-mine"]) == ("image/x; charset=utf-8", "yes")
    head = ask(server, domain, "HEAD", "/binary")
    assert (head.status, head.body) == (202, b"")


def test_an_error_in_the_function_tells_the_caller_nothing(
    http: Http, server: LocalServer, domain: str
) -> None:
    page = ask(server, domain, "POST", "/error?n=1")
    assert (page.status, page.headers["content-type"]) == (500, "text/html")
    assert b"secret" not in page.body
    [execution] = [each for each in executions(http, "fn-echo") if each["requestPath"] == "/error?n=1"]
    assert (execution["status"], execution["trigger"]) == ("failed", "http")
    assert "a secret" in execution["errors"]
    assert execution["$permissions"] == []


def test_an_answer_without_a_word_becomes_a_page(server: LocalServer, domain: str) -> None:
    page = ask(server, domain, "GET", "/mute")
    assert (page.status, page.headers["content-type"]) == (418, "text/html")
    assert b"Error 418" in page.body


def test_a_function_that_dies_is_an_empty_500(server: LocalServer, domain: str) -> None:
    page = ask(server, domain, "GET", "/die")
    assert (page.status, page.body) == (500, b"")
    assert ask(server, domain).status == 200


def test_a_name_is_found_in_any_letter_case(server: LocalServer, domain: str) -> None:
    assert ask(server, domain.upper()).told["host"] == domain.upper()


def test_a_domain_of_one_s_own(http: Http, server: LocalServer, domain: str) -> None:
    rule = give_domain(http, "fn-echo", "hooks.example.com")
    assert rule["status"] == "unverified"
    assert ask(server, "hooks.example.com", "GET", "/x").told["path"] == "/x"
    ok(http.delete(f"/proxy/rules/{rule['$id']}"))
    assert ask(server, "hooks.example.com", "GET", "/v1/health/version").told == {"version": "1.9.6"}


@pytest.mark.parametrize(
    ("name", "status", "type_"),
    [
        ("nobody.functions.localhost", 404, "rule_not_found"),
        ("functions.localhost", 401, "general_access_forbidden"),
    ],
)
def test_a_domain_that_nobody_has(server: LocalServer, name: str, status: int, type_: str) -> None:
    page = ask(server, name, "POST", "/v1/health", b"{}")
    assert (page.status, page.headers["content-type"]) == (status, "text/html")
    assert type_.encode() in page.body


def test_who_may_not_execute_is_refused_before_the_function_runs(http: Http, server: LocalServer) -> None:
    name = give_domain(
        http, deploy(http, "fn-members", ECHO, execute=["users"]), "members.functions.localhost"
    )
    page = ask(server, name["domain"], X_Appwrite_Key=server.ready.api_key)
    assert (page.status, b"function_execute_permission_missing" in page.body) == (401, True)
    assert executions(http, "fn-members") == []
    ok(http.put("/functions/fn-members", {"name": "x", "execute": ["guests"]}))
    assert ask(server, name["domain"]).status == 200
    ok(http.put("/functions/fn-members", {"name": "x", "execute": ["any"], "enabled": False}))
    page = ask(server, name["domain"])
    assert (page.status, b"function_not_found" in page.body) == (404, True)


def test_a_function_without_a_deployment(http: Http, server: LocalServer) -> None:
    rule = give_domain(http, create(http, "fn-empty-domain"), "empty.functions.localhost")
    assert rule["deploymentId"] == ""
    page = ask(server, "empty.functions.localhost")
    assert (page.status, b"deployment_not_found" in page.body) == (404, True)


def test_rules_show_the_domain_and_what_it_runs(http: Http, domain: str) -> None:
    function = ok(http.get("/functions/fn-echo"))
    queries = {"queries[0]": query("domain", domain), "queries[1]": query("deploymentResourceId", "fn-echo")}
    [rule] = ok(http.get("/proxy/rules", params=queries))["rules"]
    assert (rule["domain"], rule["status"], rule["type"]) == (domain, "verified", "deployment")
    assert rule["deploymentId"] == function["deploymentId"] != ""


@pytest.mark.parametrize(
    "wrong",
    [
        "functions.localhost", "a.b.functions.localhost", "with_underscore.functions.localhost", "localhost",
        "-a.example.com", "http://a.example.com", "", "a" * 64 + ".example.com",
    ],
)  # fmt: skip
def test_names_that_are_not_allowed(http: Http, domain: str, wrong: str) -> None:
    answer = http.post("/proxy/rules/function", {"domain": wrong, "functionId": "fn-echo"})
    assert (answer.status_code, answer.json()["type"]) == (400, "general_argument_invalid")


def test_only_a_function_that_is_there_gets_a_domain(http: Http) -> None:
    answer = http.post("/proxy/rules/function", {"domain": "x.functions.localhost", "functionId": "nothing"})
    assert (answer.status_code, answer.json()["type"]) == (404, "rule_resource_not_found")
    assert found(http.get("/proxy/rules/nothing")) is None


def test_faults_and_the_log_know_a_domain_by_its_name(server: LocalServer, domain: str, local: Http) -> None:
    ok(local.post("/faults", {"kind": "refuse", "path": f"//{domain}/hook", "nth": 1, "status": 503}))
    since = ok(local.get("/requests"))["last"]
    assert [ask(server, domain, "POST", "/hook").status for _ in range(2)] == [503, 200]
    log = ok(local.get("/requests", params={"since": since, "path": f"//{domain}/*"}))["requests"]
    assert [(each["status"], each["caller"]) for each in log] == [(503, "guest"), (200, "guest")]


def test_a_refusal_leaves_nothing_in_the_next_one(server: LocalServer, domain: str, local: Http) -> None:
    fault = {"kind": "refuse", "path": f"//{domain}/", "nth": 1, "status": 503, "retryAfter": 7}
    ok(local.post("/faults", fault))
    assert ask(server, domain).headers["retry-after"] == "7"
    assert "retry-after" not in ask(server, "nobody.functions.localhost").headers


def test_a_broken_client_is_not_the_server_s_problem(server: LocalServer, domain: str) -> None:
    page = ask(server, domain, "POST", "/x?%ZZ=%00&[]=", b"%", Content_Type="application/json", Cookie="=;;")
    assert (page.status, bytes.fromhex(page.told["body"])) == (200, b"%")
