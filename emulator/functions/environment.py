"""The environment variables of builds and of functions' processes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from emulator.core.context import Server
from emulator.core.store import Row
from emulator.functions.catalogue import RUNTIMES, SPECIFICATIONS
from emulator.health.routes import SPOKEN_VERSION

_FROM_HOST = (
    "HOME", "LANG", "LC_ALL", "TMPDIR",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy",
)  # fmt: skip
_NO_PROXY = ("NO_PROXY", "no_proxy")
_LOCAL = "127.0.0.1,localhost,::1"


def process_environment(
    environment: Path, variables: Mapping[str, str], building: bool = False
) -> dict[str, str]:
    """The variables over what a process needs of the host: where things are, proxies and certificates.

    environment: the virtual environment that is active. building: pip's settings too.
    """
    host = {name: os.environ[name] for name in _FROM_HOST if name in os.environ}
    if building:
        host |= {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        host |= {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_ROOT_USER_ACTION": "ignore", "PIP_NO_INPUT": "1"}
    for name in _NO_PROXY:
        host[name] = ",".join(filter(None, (os.environ.get(name, ""), _LOCAL)))
    host["VIRTUAL_ENV"] = str(environment)
    host["PATH"] = f"{environment / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    host["TZ"] = "UTC"
    return {**host, **variables}


def variables_of(server: Server, function: Row) -> dict[str, str]:
    """The project's variables and the function's over them."""
    rows = server.store.all(
        "SELECT key, value FROM variables WHERE function_seq IS NULL OR function_seq = ?"
        " ORDER BY function_seq IS NOT NULL, seq",
        function["seq"],
    )
    return {row["key"]: row["value"] for row in rows}


def build_variables(server: Server, function: Row) -> dict[str, str]:
    """What build commands see. Builds are shared, so there is nothing in it of the one function alone."""
    return {**variables_of(server, function), **_platform(server, function)}


def function_variables(server: Server, function: Row, deployment: Row) -> dict[str, str]:
    """What a function's process sees."""
    return {
        **variables_of(server, function),
        **_platform(server, function),
        "APPWRITE_FUNCTION_ID": function["id"],
        "APPWRITE_FUNCTION_NAME": function["name"],
        "APPWRITE_FUNCTION_DEPLOYMENT": deployment["id"],
        "APPWRITE_DEPLOYMENT_TYPE": deployment["type"],
        "OPEN_RUNTIMES_ENTRYPOINT": deployment["entrypoint"],
    }


def _platform(server: Server, function: Row) -> dict[str, str]:
    runtime = RUNTIMES[function["runtime"]]
    cpus, memory = SPECIFICATIONS[function["runtime_specification"]]
    return {
        "APPWRITE_FUNCTION_API_ENDPOINT": server.config.endpoint,
        "APPWRITE_FUNCTION_PROJECT_ID": server.config.project_id,
        "APPWRITE_FUNCTION_RUNTIME_NAME": runtime.name,
        "APPWRITE_FUNCTION_RUNTIME_VERSION": runtime.version,
        "APPWRITE_FUNCTION_CPUS": f"{cpus:g}",
        "APPWRITE_FUNCTION_MEMORY": str(memory),
        "APPWRITE_REGION": "default",
        "APPWRITE_VERSION": SPOKEN_VERSION,
    }
