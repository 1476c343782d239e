"""What code finds inside a function's process, and what becomes of what it returns and prints."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.people import new_person
from tests.support.functions import deploy, execute
from tests.support.local_server import Http, LocalServer

FUNCTION = "fn-runtime"
NOTE = "Native logs detected. Use context.log() or context.error() for better experience."
CODE = """
import asyncio, json, logging, os, sys, threading, warnings

seen = 0
everybody = asyncio.Event()

async def main(context):
    global seen
    req, res = context.req, context.res
    do = req.headers.get("x-do", "request")
    if do == "request":
        names = ("method", "path", "query", "query_string", "scheme", "host", "port", "url", "headers")
        return res.json({name: getattr(req, name) for name in names}, 200, {})
    if do == "body":
        return res.text(repr(req.body_binary) + type(req.body).__name__, 200, {})
    if do == "binary":
        return res.binary(b"\\x00\\x01", 202, {"content-type": "image/png", "X-Mine": "1"})
    if do == "upper-case type":
        return res.text("t", 200, {"Content-Type": "text/html"})
    if do == "shared headers":
        res.json({})["headers"]["x-left"] = "behind"
        return res.json({})
    if do == "where":
        import config, server, function_types
        modules = [config.__name__, server.__name__, function_types.__name__]
        found = {"name": __name__, "path": sys.path, "modules": modules, "env": dict(os.environ)}
        return res.json(found, 200, {})
    if do == "print":
        context.log("before", 1, ["a"])
        print("printed")
        logging.warning("warned")
        threading.Thread(target=print, args=("from a thread",)).run()
        await asyncio.to_thread(print, "from a task's thread")
        context.error("bad")
        return res.empty()
    if do == "crowd":
        seen += 1
        if seen == int(req.body_text):
            everybody.set()
        await everybody.wait()
        print("I am", req.path)
        context.log("I am", req.path)
        return res.text(req.path, 200, {})
    if do == "much":
        for _ in range(400):
            context.log("x" * 9000)
        print("y" * 20_000_000)
        return res.text("z" * 6_000_000, 200, {})
"""


@pytest.fixture(scope="module")
def function(http: Http) -> str:
    """A function that does what the header x-do says."""
    return deploy(http, FUNCTION, CODE)


def run(http: Http, function: str, do: str, path: str = "/", **request: Any) -> dict[str, Any]:
    headers = {"x-do": do, **request.pop("headers", {})}
    return execute(http, function, path, headers=headers, **request)


def test_the_request_is_decoded_as_the_official_runtime_does(http: Http, function: str) -> None:
    execution = run(http, function, "request", "/a%20b/%C3%BC?x=1&y=a+b%26c&z#end", method="PUT")
    seen = json.loads(execution["responseBody"])
    assert (seen["method"], seen["path"]) == ("PUT", "/a b/ü")
    assert seen["query"] == {"x": "1", "y": "a b%26c", "z": ""}
    assert seen["query_string"] == "x=1&y=a b%26c&z"
    assert (seen["scheme"], seen["port"]) == ("http", 3000)
    assert seen["url"] == f"http://{seen['host']}:3000/a b/ü?x=1&y=a b%26c&z"
    assert execution["requestPath"] == "/a%20b/%C3%BC?x=1&y=a+b%26c&z#end"


def test_a_body_without_a_type_is_a_text_and_one_with_it_is_json(http: Http, function: str) -> None:
    assert run(http, function, "body", body='{"a":"ü"}')["responseBody"].endswith("str")
    typed = run(http, function, "body", body='{"a":1}', headers={"content-type": "application/json"})
    assert typed["responseBody"] == "b'{\"a\":1}'dict"
    empty = run(http, function, "body", headers={"content-type": "application/json"})
    assert empty["responseBody"] == "b''dict"


def test_an_execution_can_be_asked_for_with_a_form(http: Http, function: str) -> None:
    fields = {"body": "from a form", "headers": '{"x-do": "body"}', "async": "false", "method": "POST"}
    parts = {name: (None, value) for name, value in fields.items()}
    answer = http.call("POST", f"/functions/{function}/executions", files=parts)
    assert answer.json()["responseBody"] == "b'from a form'str"


def test_what_arrives_of_the_caller_depends_on_how_it_proves_itself(
    http: Http, server: LocalServer, function: str
) -> None:
    def arrives(caller: Http, **headers: str) -> tuple[str | None, bool]:
        seen = json.loads(run(caller, function, "request", headers=headers)["responseBody"])["headers"]
        return seen.get("x-appwrite-user-id"), "x-appwrite-user-jwt" in seen

    person = new_person(server, http)
    session = person.sign_in()
    jwt = session.post("/account/jwts").json()["jwt"]
    assert arrives(session) == (person.id, True)
    assert arrives(person.with_jwt(jwt)) == (person.id, False)
    assert arrives(http) == (None, False)
    assert arrives(http, **{"X-Appwrite-User-Id": "forged"}) == ("forged", False)
    assert arrives(session, **{"X-Appwrite-User-Id": "forged"}) == ("forged", True)


@pytest.mark.parametrize("name", ["x-appwrite-user-id", "x-appwrite-anything", "a b", "-a", ""])
def test_headers_of_the_platform_and_broken_ones_are_refused(http: Http, function: str, name: str) -> None:
    answer = http.post(f"/functions/{function}/executions", {"headers": {name: "x"}})
    assert (answer.status_code, answer.json()["type"]) == (400, "general_argument_invalid")


def test_a_host_that_is_none_is_the_callers_fault(http: Http, function: str) -> None:
    execution = run(http, function, "request", headers={"host": "a:b"})
    assert (execution["responseStatusCode"], execution["status"]) == (500, "failed")


def test_only_the_server_may_forget_executions(http: Http, server: LocalServer, function: str) -> None:
    session = new_person(server, http).sign_in()
    path = f"/functions/{function}/executions/{run(session, function, 'request')['$id']}"
    assert session.get(path).status_code == 200
    assert session.delete(path).json()["type"] == "function_not_found"
    assert http.delete(path).status_code == 204


def test_answers_of_all_kinds(http: Http, function: str) -> None:
    def answer(do: str) -> tuple[int, str, dict[str, str]]:
        found = run(http, function, do)
        headers = {each["name"]: each["value"] for each in found["responseHeaders"]}
        return found["responseStatusCode"], found["responseBody"], headers

    status, body, headers = answer("binary")
    assert (status, body, headers["x-mine"]) == (202, "\x00\x01", "1")
    assert headers["content-type"] == "image/png; charset=utf-8"
    assert answer("upper-case type")[2]["content-type"] == "text/plain; charset=utf-8"
    assert answer("shared headers")[2]["x-left"] == "behind"


def test_the_code_is_a_module_of_the_package_function(http: Http, function: str) -> None:
    seen = json.loads(run(http, function, "where")["responseBody"])
    assert seen["name"] == "function.main"
    assert not [path for path in seen["path"] if Path(path).name == "function"]
    assert all(name.startswith("open_runtimes_worker.") for name in seen["modules"])


def test_the_process_has_the_platforms_variables_and_not_the_servers(http: Http, function: str) -> None:
    variables = json.loads(run(http, function, "where")["responseBody"])["env"]
    assert variables["APPWRITE_FUNCTION_ID"] == function
    assert variables["APPWRITE_FUNCTION_RUNTIME_VERSION"] == "3.12"
    assert variables["APPWRITE_FUNCTION_API_ENDPOINT"] == http.endpoint
    own = {name for name in variables if not name.startswith(("APPWRITE_", "OPEN_RUNTIMES_", "SSL_", "LC_"))}
    of_the_host = {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "TMPDIR"}
    of_the_host |= {name.lower() for name in of_the_host} | {"NO_PROXY", "no_proxy", "HOME", "LANG"}
    assert own - of_the_host == {"PATH", "TZ", "VIRTUAL_ENV"}


def test_what_is_printed_stands_at_the_end_of_the_logs(http: Http, function: str) -> None:
    execution = run(http, function, "print")
    printed = "printed\nWARNING:root:warned\nfrom a thread\nfrom a task's thread\n"
    assert execution["logs"] == f'before 1 ["a"]\n{NOTE}{printed}'
    assert execution["errors"] == "bad\n"


def test_hundreds_run_at_once_and_each_has_its_own_logs(http: Http, function: str) -> None:
    crowd = 200

    def one(number: int) -> dict[str, Any]:
        caller = Http(http.endpoint, {name: str(value) for name, value in http.session.headers.items()})
        return run(caller, function, "crowd", f"/{number}", body=str(crowd))

    with ThreadPoolExecutor(crowd) as pool:
        for number, execution in enumerate(pool.map(one, range(crowd))):
            assert execution["responseBody"] == f"/{number}"
            assert execution["logs"] == f"I am /{number}\n{NOTE}I am /{number}\n"


def test_megabytes_of_output_are_cut_and_a_long_answer_is_not(http: Http, function: str) -> None:
    execution = run(http, function, "much")
    assert len(execution["responseBody"]) == 6_000_000
    assert len(execution["logs"]) == 1_000_000
    assert execution["logs"].startswith("[WARNING] Logs truncated.")
    assert execution["logs"].endswith("y... Log truncated due to size limit (8000 characters)")


def test_a_function_without_logging_has_no_logs(http: Http) -> None:
    code = "def main(context):\n    print(1)\n    context.log(2)\n    raise ValueError(3)\n"
    execution = execute(http, deploy(http, "fn-no-logs", code, logging=False))
    assert (execution["responseStatusCode"], execution["logs"], execution["errors"]) == (500, "", "")


def test_a_file_beside_the_code_is_found_only_through_the_package(http: Http) -> None:
    files = {
        "src/entry.py": "import function.src.near\nfrom . import near\n\ndef main(context):\n"
        "    same = near is function.src.near\n    return context.res.text(f'{__name__} {same}', 200, {})\n",
        "src/near.py": "",
    }
    execution = execute(http, deploy(http, "fn-package", files, entrypoint="src/entry.py"))
    assert execution["responseBody"] == "function.src.entry True"
    files["src/entry.py"] = "import near\n"
    execution = execute(http, deploy(http, "fn-plain-import", files, entrypoint="src/entry.py"))
    assert (execution["responseStatusCode"], execution["errors"]) == (503, "Module not found: near\n")
