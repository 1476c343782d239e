"""Builds: code, a virtual environment and the function's commands, made once for each different content.

A build lies in a folder named by what it was made from, so the same code with the same commands is built
once, however many functions and deployments have it. Only variables that the commands name, and pip's own,
tell builds apart. Where the declared dependencies are those of an older build, its environment is the start
of the new one, and pip has only the changed code left to install.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emulator.functions import build_folder
from emulator.functions.build_folder import BrokenCodeError
from emulator.functions.environment import process_environment

_RECORD = "build.json"
_LONGEST_LOG = 1_000_000
_MAX_SECONDS = 900
_AT_ONCE = 2
_KEPT_UNUSED = 5


class BuildFailedError(Exception):
    """The code could not be built; the message is the log."""


@dataclass(frozen=True, slots=True)
class Build:
    """Something that can run: the deployment is in `folder / "function"`. size: bytes with all packages."""

    key: str
    folder: Path
    log: str
    size: int

    @property
    def python(self) -> Path:
        """The interpreter that has the packages."""
        return build_folder.python_of(self.environment)

    @property
    def environment(self) -> Path:
        """The virtual environment."""
        return self.folder / "function" / build_folder.ENVIRONMENT


class Builds:
    """The builds in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self._under_way: dict[str, asyncio.Task[Build]] = {}
        self._turns = asyncio.Semaphore(_AT_ONCE)

    def find(self, key: str) -> Build | None:
        """A finished build."""
        try:
            record = json.loads((self._folder / key / _RECORD).read_text())
        except OSError:
            return None
        return Build(key, self._folder / key, record["log"], record["size"])

    async def build(self, code: Path, commands: str, variables: Mapping[str, str]) -> Build:
        """Builds a tar.gz, or finds the build of the same; BuildFailedError when it cannot be built."""
        telling = [f"{name}={variables[name]}" for name in sorted(variables) if _tells_apart(name, commands)]
        try:
            key = await asyncio.to_thread(build_folder.fingerprint, code, [commands, *telling])
        except BrokenCodeError as broken:
            raise BuildFailedError(str(broken)) from None
        found = self.find(key)
        if found is not None:
            return found
        task = self._under_way.get(key)
        if task is None:
            task = asyncio.create_task(self._make(key, code, commands, variables))
            self._under_way[key] = task
            task.add_done_callback(lambda _: self._under_way.pop(key, None))
        return await asyncio.shield(task)

    def prune(self, used: Collection[str]) -> None:
        """Removes unfinished builds and those that nothing uses, but for the newest few."""
        unused: list[Path] = []
        for folder in self._folder.iterdir() if self._folder.is_dir() else ():
            if folder.name in self._under_way or folder.name in used:
                continue
            if (folder / _RECORD).exists():
                unused.append(folder)
            else:
                shutil.rmtree(folder, ignore_errors=True)
        unused.sort(key=lambda folder: (folder / _RECORD).stat().st_mtime, reverse=True)
        for folder in unused[_KEPT_UNUSED:]:
            shutil.rmtree(folder, ignore_errors=True)

    async def stop(self) -> None:
        """Ends the builds that are under way."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _make(self, key: str, code: Path, commands: str, variables: Mapping[str, str]) -> Build:
        async with self._turns:
            build = Build(key, self._folder / key, "", 0)
            try:
                declared = await asyncio.to_thread(self._prepare, build, code, commands)
            except BrokenCodeError as broken:
                raise BuildFailedError(str(broken)) from None
            log = await _run(build, commands, variables) if commands.strip() else ""
            size = await asyncio.to_thread(build_folder.size_of, build.folder)
            record = {"log": log, "size": size, "declared": declared}
            draft = build.folder / "build.draft"
            draft.write_text(json.dumps(record))
            draft.replace(build.folder / _RECORD)
            return Build(key, build.folder, log, size)

    def _prepare(self, build: Build, code: Path, commands: str) -> str:
        """Unpacks and makes the environment; returns what the dependencies were declared with."""
        shutil.rmtree(build.folder, ignore_errors=True)
        home = build.folder / "function"
        build_folder.unpack(code, home)
        declared = f"{commands}\n{build_folder.declared(home)}"
        kin = self._with_same_dependencies(declared) if commands.strip() else None
        if kin is None:
            build_folder.make_environment(build.environment, with_pip=bool(commands.strip()))
        else:
            build_folder.clone_environment(kin / "function" / build_folder.ENVIRONMENT, build.environment)
        return declared

    def _with_same_dependencies(self, declared: str) -> Path | None:
        records = sorted(
            self._folder.glob(f"*/{_RECORD}"), key=lambda path: path.stat().st_mtime, reverse=True
        )
        for path in records:
            record: dict[str, Any] = json.loads(path.read_text())
            if record["declared"] == declared:
                return path.parent
        return None


def _tells_apart(variable: str, commands: str) -> bool:
    return variable in commands or variable.startswith("PIP_")


async def _run(build: Build, commands: str, variables: Mapping[str, str]) -> str:
    """Runs the commands in the code's folder with the environment active; returns what they printed."""
    process = await asyncio.create_subprocess_exec(
        shutil.which("bash") or "sh", "-c", commands,
        cwd=build.folder / "function", env=process_environment(build.environment, variables, building=True),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )  # fmt: skip
    try:
        log = await asyncio.wait_for(_read(process), _MAX_SECONDS)
        status = await process.wait()
    except TimeoutError:
        raise BuildFailedError(f"The build took longer than {_MAX_SECONDS} seconds.") from None
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    if status:
        raise BuildFailedError(f"{log}\nThe build commands ended with status {status}.")
    return log


async def _read(process: asyncio.subprocess.Process) -> str:
    """All that a process prints; of very much the end."""
    assert process.stdout is not None
    kept = bytearray()
    while piece := await process.stdout.read(65_536):
        kept += piece
        if len(kept) > 2 * _LONGEST_LOG:
            del kept[:-_LONGEST_LOG]
    return bytes(kept[-_LONGEST_LOG:]).decode("utf-8", "replace")
