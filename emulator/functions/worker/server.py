"""One execution: from the request to the answer, with the official runtime's rules and its statuses."""

from __future__ import annotations

import asyncio
import importlib
import re
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any

from . import config
from .function_types import Context, Output, Request
from .logger import Logger

SERVER_NAME = "Python/3 aiohttp/3"
Main = Callable[[Context], Any]
_OWN_HEADERS = "x-open-runtimes-"
_ESCAPES = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_DEFAULT_PORTS = {"https": 443}


class ConnectionLostError(Exception):
    """The official runtime would have closed the connection without an answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back to the caller."""

    status: int
    headers: dict[str, str]
    body: bytes


async def execute(
    method: str, target: str, headers: Sequence[tuple[str, str]], body: bytes, timeout: int, logger: Logger
) -> Answer:
    """Runs `main` for one request; ConnectionLostError when there is no answer to give.

    target: path and query as they stand in a request line. timeout: seconds after which an `async` main is
    cancelled; a plain one cannot be.
    """
    try:
        context = Context(read_request(method, target, headers, body), logger)
        return _answer(await _run(context, timeout), method)
    except ConnectionLostError:
        raise
    except Exception as error:
        logger.write_error(["".join(traceback.format_exception(error))])
        return _finish(500, {"content-type": "application/octet-stream"}, b"", method)


async def _run(context: Context, timeout: int) -> Output:
    main = _load(context)
    if main is None:
        return context.res.text("", 503, {})
    try:
        async with asyncio.timeout(timeout):
            output = main(context)
            if asyncio.iscoroutinefunction(main):
                output = await output
    except TimeoutError:
        context.error("Execution timed out.")
        return context.res.text("", 500, {})
    except Exception as error:
        context.error("".join(traceback.format_exception(error)))
        return context.res.text("", 500, {})
    if output is None:
        context.error("Return statement missing. return context.res.empty() if no response is expected.")
        return context.res.text("", 500, {})
    found: Output = output
    return found


def _load(context: Context) -> Main | None:
    """The deployment's `main`; None, with the reason among the errors, when it cannot be loaded."""
    entrypoint = config.ENTRYPOINT
    if not (config.FUNCTION / entrypoint).is_file():
        context.error(f"Failed to load entrypoint, file {entrypoint} does not exist.")
        return None
    name = entrypoint.removesuffix(".py").replace("/", ".")
    try:
        main: Main | None = getattr(importlib.import_module(f"function.{name}"), "main", None)
        if not callable(main):
            raise AttributeError("Function signature invalid. Did you forget to export a 'main' function?")
    except ModuleNotFoundError as error:
        context.error(f"Module not found: {error.name}")
    except SyntaxError as error:
        context.error(f"Syntax error in {error.filename}:{error.lineno}: {error.msg}")
    except AttributeError as error:
        context.error(str(error))
    except Exception as error:
        context.error("Failed to load module: " + "".join(traceback.format_exception(error)))
    else:
        return main
    return None


def read_request(method: str, target: str, headers: Sequence[tuple[str, str]], body: bytes) -> Request:
    """The request as the code sees it; of two headers that differ in letter case alone the first counts."""
    req = Request()
    req.method, req.body_binary = method, body
    req.headers = {}
    for name, value in headers:
        if not name.lower().startswith(_OWN_HEADERS):
            req.headers.setdefault(name.lower(), value)
    path, _, query = target.partition("?")
    req.path = _unescape(path)
    req.query_string = _unescape(query.replace("+", " "), kept="+=&;")
    pairs = (pair.partition("=") for pair in req.query_string.split("&"))
    req.query = {name: value for name, _, value in pairs if name}
    req.scheme = req.headers.get("x-forwarded-proto", "http")
    default_port = _DEFAULT_PORTS.get(req.scheme, 80)
    host, _, port = req.headers.get("host", "").partition(":")
    req.host, req.port = host, int(port) if port else default_port
    shown_port = f":{req.port}" if req.port != default_port else ""
    shown_query = f"?{req.query_string}" if req.query_string else ""
    req.url = f"{req.scheme}://{host}{shown_port}{req.path}{shown_query}"
    return req


def _unescape(text: str, kept: str = "") -> str:
    """Percent escapes as UTF-8; those of the characters in `kept` and those that are no UTF-8 stay."""

    def replace(found: re.Match[str]) -> str:
        try:
            plain = bytes.fromhex(found[0].replace("%", "")).decode("utf-8")
        except UnicodeDecodeError:
            return found[0]
        return "".join(f"%{ord(char):02X}" if char in kept else char for char in plain)

    return _ESCAPES.sub(replace, text) if "%" in text else text


def _answer(output: Output, method: str) -> Answer:
    """The answer that a returned value stands for; any error here is the function's, and a 500."""
    body, given = output.get("body", ""), output.get("headers", {})
    status = int(output.get("statusCode", 200))
    if isinstance(body, str):
        body = body.encode("utf-8")
    if not isinstance(body, bytes | bytearray | memoryview):
        raise TypeError(f"Unsupported body type {type(body)}")
    headers = {key.lower(): given[key] for key in given if not key.lower().startswith(_OWN_HEADERS)}
    kind = given.get("content-type", "text/plain").lower()
    if not kind.startswith("multipart/") and "charset=" not in kind:
        kind += "; charset=utf-8"
    headers["content-type"] = kind
    for value in headers.values():
        if not isinstance(value, str) or "\n" in value or "\r" in value:
            raise ConnectionLostError
    return _finish(status, headers, bytes(body), method)


def _finish(status: int, headers: dict[str, str], body: bytes, method: str) -> Answer:
    if status == 204:
        body = b""
    else:
        headers["content-length"] = str(len(body))
    headers["date"] = formatdate(usegmt=True)
    headers["server"] = SERVER_NAME
    return Answer(status, headers, b"" if method == "HEAD" else body)
