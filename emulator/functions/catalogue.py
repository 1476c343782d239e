"""What a function may be declared with: runtimes, specifications, and the events that exist."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

_VERSIONS = {
    "node": ("Node.js", "14.5 16.0 18.0 19.0 20.0 21.0 22 23 24 25"),
    "php": ("PHP", "8.0 8.1 8.2 8.3 8.4"),
    "ruby": ("Ruby", "3.0 3.1 3.2 3.3 3.4 4.0"),
    "python": ("Python", "3.8 3.9 3.10 3.11 3.12 3.13 3.14"),
    "python-ml": ("Python (ML)", "3.11 3.12 3.13"),
    "deno": ("Deno", "1.40 1.46 2.0 2.5 2.6"),
    "dart": ("Dart", "2.15 2.16 2.17 2.18 2.19 3.0 3.1 3.3 3.5 3.8 3.9 3.10"),
    "dotnet": (".NET", "6.0 7.0 8.0 10"),
    "java": ("Java", "8.0 11.0 17.0 18.0 21.0 22 25"),
    "swift": ("Swift", "5.5 5.8 5.9 5.10 6.2"),
    "kotlin": ("Kotlin", "1.6 1.8 1.9 2.0 2.3"),
    "cpp": ("C++", "17 20"),
    "bun": ("Bun", "1.0 1.1 1.2 1.3"),
    "go": ("Go", "1.23 1.24 1.25 1.26"),
    "static": ("Static", "1"),
    "flutter": ("Flutter", "3.24 3.27 3.29 3.32 3.35 3.38"),
}


@dataclass(frozen=True, slots=True)
class Runtime:
    """A language and its version; `id` is `python-3.12`, `key` is `python`."""

    id: str
    key: str
    name: str
    version: str

    @property
    def is_python(self) -> bool:
        """Whether this server can run it."""
        return self.key == "python"

    def shown(self) -> dict[str, Any]:
        """The runtime as answers spell it."""
        return {
            "$id": self.id,
            "key": self.key,
            "name": self.name,
            "version": self.version,
            "base": "",
            "image": f"openruntimes/{self.key}:v5-{self.version}",
            "logo": f"{self.key}.png",
            "supports": ["x86", "arm64"],
        }


RUNTIMES = {
    f"{key}-{version}": Runtime(f"{key}-{version}", key, name, version)
    for key, (name, versions) in _VERSIONS.items()
    for version in versions.split()
}

DEFAULT_SPECIFICATION = "s-1vcpu-512mb"
SPECIFICATIONS = {
    "s-0.5vcpu-512mb": (0.5, 512),
    "s-1vcpu-512mb": (1, 512),
    "s-1vcpu-1gb": (1, 1024),
    "s-2vcpu-2gb": (2, 2048),
    "s-2vcpu-4gb": (2, 4096),
    "s-4vcpu-4gb": (4, 4096),
    "s-4vcpu-8gb": (4, 8192),
    "s-8vcpu-4gb": (8, 4096),
    "s-8vcpu-8gb": (8, 8192),
}
"""CPUs and MB of memory by name. They are remembered and shown; nothing is limited."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """What events a kind of thing has: actions (with their attributes) and the kinds of things in it."""

    actions: dict[str, tuple[str, ...]] = field(default_factory=dict)
    inner: dict[str, _Kind] = field(default_factory=dict)


def _kind(actions: str, **inner: _Kind) -> _Kind:
    return _Kind(dict.fromkeys(actions.split(), ()), inner)


_CHANGES = "create update delete"
_ROW = _kind("create update upsert delete")
_PART = _kind(_CHANGES)
_USER = _kind(
    "create delete", sessions=_kind("create delete"), recovery=_kind("create update"),
    verification=_kind("create update"), targets=_PART, tokens=_kind("create"),
)  # fmt: skip
_USER.actions["update"] = ("email", "name", "password", "status", "prefs")
_MEMBERSHIP = _kind("create delete")
_MEMBERSHIP.actions["update"] = ("status",)
_TEAM = _kind("create delete", memberships=_MEMBERSHIP)
_TEAM.actions["update"] = ("prefs",)
_KINDS = {
    "users": _USER,
    "databases": _kind(
        _CHANGES,
        tables=_kind(_CHANGES, rows=_ROW, indexes=_PART, columns=_PART),
        collections=_kind(_CHANGES, documents=_ROW, indexes=_PART, attributes=_PART),
    ),
    "buckets": _kind(_CHANGES, files=_PART),
    "teams": _TEAM,
    "sites": _kind(_CHANGES, deployments=_PART),
    "functions": _kind(_CHANGES, deployments=_PART, executions=_PART),
    "messages": _kind("create update"),
    "topics": _kind(_CHANGES, subscribers=_kind("create delete")),
    "providers": _kind(_CHANGES),
    "schedules": _kind("create"),
    "rules": _kind(_CHANGES),
}


def is_event(name: str) -> bool:
    """Whether something can happen under this name: `users.*.create`, `databases.d.tables.*.rows.*`, …"""
    parts = name.split(".")
    kind = _KINDS.get(parts[0])
    if kind is None or len(parts) < 2 or not parts[1]:
        return False
    rest = parts[2:]
    while len(rest) >= 2 and rest[1] and rest[0] in kind.inner:
        kind, rest = kind.inner[rest[0]], rest[2:]
    if not rest:
        return True
    if rest[0] not in kind.actions:
        return len(rest) == 1 and rest[0] in kind.inner
    return len(rest) == 1 or (len(rest) == 2 and rest[1] in kind.actions[rest[0]])
