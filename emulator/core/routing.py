"""Routes: what the API answers, declared as data, found by walking a tree of path segments."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from emulator.core.http import Reply
from emulator.core.params import Param

if TYPE_CHECKING:
    from emulator.core.context import Context

Handler = Callable[["Context"], Reply | Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Route:
    """One verb of the API.

    scope: what the caller needs; "public" is open to guests and users only. area: a heading for the table.
    A plain handler of a method other than GET runs in one transaction; an `async` handler opens its own.
    """

    method: str
    path: str
    handler: Handler
    scope: str
    params: tuple[Param, ...] = ()
    area: str = ""


@dataclass(slots=True)
class _Node:
    fixed: dict[str, _Node] = field(default_factory=dict)
    variable: _Node | None = None
    routes: dict[str, tuple[Route, tuple[str, ...]]] = field(default_factory=dict)


class Router:
    """Finds a route and the values of its path; a fixed segment wins over a variable one."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._root = _Node()
        self.routes = tuple(routes)
        for route in self.routes:
            self._add(route)

    def _add(self, route: Route) -> None:
        node, names = self._root, []
        for segment in route.path.strip("/").split("/"):
            if segment.startswith("{"):
                names.append(segment[1:-1])
                node.variable = node.variable or _Node()
                node = node.variable
            else:
                node = node.fixed.setdefault(segment, _Node())
        if route.method in node.routes:
            raise ValueError(f"two routes for {route.method} {route.path}")
        node.routes[route.method] = (route, tuple(names))

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """The route for a method and a path, with the path's variables; None when there is none."""
        segments = path.strip("/").split("/")
        found = self._walk(self._root, segments, 0, ("GET" if method == "HEAD" else method), [])
        if found is None:
            return None
        (route, names), values = found
        return route, dict(zip(names, values, strict=True))

    def _walk(
        self, node: _Node, segments: list[str], at: int, method: str, values: list[str]
    ) -> tuple[tuple[Route, tuple[str, ...]], list[str]] | None:
        if at == len(segments):
            hit = node.routes.get(method)
            return None if hit is None else (hit, values)
        child = node.fixed.get(segments[at])
        if child is not None:
            found = self._walk(child, segments, at + 1, method, values)
            if found is not None:
                return found
        if node.variable is not None and segments[at]:
            return self._walk(node.variable, segments, at + 1, method, [*values, segments[at]])
        return None
