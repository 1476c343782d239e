"""What a build stands on: the unpacked code, and a virtual environment without the server's packages.

Everything here blocks, so it runs in a thread.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import venv
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

ENVIRONMENT = "runtime-env"
_DECLARATIONS = (
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "*requirements*.txt",
    "*constraints*.txt",
    "*.lock",
)
_PIP_SCRIPT = "#!{python}\nimport sys\nfrom pip._internal.cli.main import main\nsys.exit(main())\n"


class BrokenCodeError(Exception):
    """The uploaded file is not a tar.gz with something in it."""


def fingerprint(code: Path, settings: Iterable[str]) -> str:
    """A digest of an archive's content, its times and its owners left out, and of the settings."""
    files: list[list[str | int]] = []
    try:
        with tarfile.open(code) as archive:
            for member in archive:
                content = archive.extractfile(member) if member.isfile() else None
                digest = hashlib.sha256(content.read()).hexdigest() if content else ""
                name = os.path.normpath(member.name)
                files.append([name, int(member.type[0]), member.mode, member.linkname, digest])
    except (tarfile.TarError, OSError, EOFError) as error:
        raise BrokenCodeError(f"The uploaded code cannot be unpacked: {error}") from None
    text = json.dumps([sorted(files, key=str), list(settings), sys.version])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def unpack(code: Path, folder: Path) -> None:
    """Unpacks into a new folder; devices, and what leads out of the folder, are left out."""
    folder.mkdir(parents=True)
    with tarfile.open(code) as archive:
        # Python's own filter is missing in 3.11.0 to 3.11.3, and warned about later when it is not named.
        archive.extraction_filter = staticmethod(lambda member, _: member)
        archive.extractall(folder, members=_harmless(archive, folder.resolve()))  # noqa: S202
    if not any(folder.iterdir()):
        raise BrokenCodeError("The uploaded code is empty.")


def _harmless(archive: tarfile.TarFile, folder: Path) -> Iterator[tarfile.TarInfo]:
    """What may be unpacked, each looked at when all before it is there: a link among that may lead out."""
    for member in archive:
        leads_to = [folder / member.name]
        if member.issym():
            leads_to.append(leads_to[0].parent / member.linkname)
        elif member.islnk():
            leads_to.append(folder / member.linkname)
        if member.isdev() or not all(path.resolve().is_relative_to(folder) for path in leads_to):
            continue
        member.mode &= 0o755
        member.uid, member.gid, member.uname, member.gname = os.getuid(), os.getgid(), "", ""
        yield member


def declared(folder: Path) -> str:
    """A digest of the files that say which packages the code needs."""
    found = sorted(path for pattern in _DECLARATIONS for path in folder.glob(pattern) if path.is_file())
    parts = [part for path in found for part in (path.name.encode(), path.read_bytes())]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def make_environment(folder: Path, with_pip: bool) -> None:
    """A fresh virtual environment.

    Its pip is a copy of the one beside this program where there is one, because `ensurepip` takes seconds.
    """
    venv.create(folder, symlinks=True)
    if with_pip and not _copy_pip(folder):
        subprocess.run(  # noqa: S603
            [python_of(folder), "-m", "ensurepip"], check=True, capture_output=True, timeout=120
        )


def clone_environment(old: Path, new: Path) -> None:
    """Another environment with the same packages: hard links, and scripts that name the new place."""
    shutil.copytree(old, new, symlinks=True, copy_function=_link)
    for path in [new / "pyvenv.cfg", *(new / "bin").iterdir()]:
        if path.is_symlink() or not path.is_file():
            continue
        content = path.read_bytes()
        if str(old).encode() in content:
            mode = path.stat().st_mode
            path.unlink()
            path.write_bytes(content.replace(str(old).encode(), str(new).encode()))
            path.chmod(mode)


def python_of(environment: Path) -> Path:
    """The interpreter of an environment."""
    return environment / "bin" / "python"


def size_of(folder: Path) -> int:
    """The bytes of all files below a folder."""
    return sum(path.lstat().st_size for path in folder.rglob("*"))


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _copy_pip(environment: Path) -> bool:
    try:
        pip = metadata.distribution("pip")
    except metadata.PackageNotFoundError:
        return False
    home = Path(str(pip.locate_file("")))
    packages = next(environment.glob("lib/python*/site-packages"))
    for name in {file.parts[0] for file in pip.files or () if file.parts[0] != ".."}:
        shutil.copytree(home / name, packages / name)
    for name in ("pip", "pip3"):
        script = environment / "bin" / name
        script.write_text(_PIP_SCRIPT.format(python=python_of(environment)))
        script.chmod(0o755)
    return True
