"""Requests on pooled connections, with time-outs, and with errors that say whether they took effect."""

from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import NewConnectionError

from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Ambiguous, BoxofficeError, Retryable
from boxoffice.saga.timing import TimeBudget

_CONNECT_SECONDS = 3.0


def pooled_session(connections: int) -> requests.Session:
    """A session that keeps up to `connections` open per host and may be shared by threads and executions.

    It stores no cookies and reads no `.netrc`: credentials of one execution must never reach another.
    """
    session = requests.Session()
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    pool = HTTPAdapter(pool_connections=4, pool_maxsize=connections, max_retries=0)
    session.mount("https://", pool)
    session.mount("http://", pool)
    return session


def send(
    session: requests.Session,
    method: str,
    url: str,
    *,
    budget: TimeBudget,
    code: Code,
    **arguments: Any,
) -> requests.Response:
    """The answer, whatever its status. Waits no longer than `budget` allows.

    Raises with `code`: `Retryable` when the request never left, or only reads; `Ambiguous` when it may have
    taken effect and no answer came.
    """
    allowed = budget.for_a_call()
    if allowed <= 0:
        raise Retryable(code)
    timeout = (min(_CONNECT_SECONDS, allowed), allowed)
    try:
        # Not following redirects: a POST would silently become a GET.
        return session.request(method, url, timeout=timeout, allow_redirects=False, **arguments)
    except requests.RequestException as error:
        raise (Retryable(code) if _never_sent(error) else no_answer(method, code)) from error


def no_answer(method: str, code: Code) -> BoxofficeError:
    """What it means that a request was sent and no usable answer came back."""
    return Retryable(code) if method.upper() == "GET" else Ambiguous(code)


def _never_sent(error: requests.RequestException) -> bool:
    if isinstance(error, requests.exceptions.ConnectTimeout | requests.exceptions.SSLError):
        return True
    wrapped = error.args[0] if error.args else None
    return isinstance(getattr(wrapped, "reason", None), NewConnectionError)
