"""A function's code as it is uploaded."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest

from scripts.project import package as packaging
from scripts.project.config import load_project
from scripts.project.package import PackageError, package


def names(code: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(code)) as tar:
        return tar.getnames()


def tree(folder: Path, *files: str) -> Path:
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"content of {name}")
    return folder


def function(*ignore: str, path: str = ".") -> dict[str, Any]:
    return {"$id": "f", "path": path, "ignore": list(ignore)}


def test_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    first = package(function(), tree(tmp_path / "one", "b.py", "a.py", "lib/c.py"))
    other = tree(tmp_path / "two", "lib/c.py", "a.py", "b.py")
    os.utime(other / "a.py", (1, 1))
    assert package(function(), other) == first
    (other / "a.py").write_text("something else")
    assert package(function(), other) != first


@pytest.mark.parametrize(
    ("ignore", "kept"),
    [
        (("/lib",), ["a.py", "sub/lib/c.py"]),
        (("lib",), ["a.py"]),
        (("lib/",), ["a.py"]),
        (("*.py",), []),
        (("*.py", "!a.py"), ["a.py"]),
        (("sub/**/c.py",), ["a.py", "lib/b.py"]),
        ((), ["a.py", "lib/b.py", "sub/lib/c.py"]),
    ],
)
def test_ignore_means_what_it_means_to_git(tmp_path: Path, ignore: tuple[str, ...], kept: list[str]) -> None:
    root = tree(tmp_path, "a.py", "lib/b.py", "sub/lib/c.py")
    assert names(package(function(*ignore), root)) == kept


def test_only_the_path_is_packed(tmp_path: Path) -> None:
    root = tree(tmp_path, "a.py", "functions/f/main.py")
    assert names(package(function(path="functions/f"), root)) == ["main.py"]


def test_nothing_of_this_machine_is_in_it(tmp_path: Path) -> None:
    code = package(function(), tree(tmp_path, "a.py"))
    with tarfile.open(fileobj=io.BytesIO(code)) as tar:
        entry = tar.getmember("a.py")
    assert (entry.uid, entry.gid, entry.uname, entry.gname, entry.mtime) == (0, 0, "", "", 0)
    assert gzip.decompress(code)


def test_links_are_left_out(tmp_path: Path) -> None:
    root = tree(tmp_path, "a.py")
    (root / "b.py").symlink_to(root / "a.py")
    assert names(package(function(), root)) == ["a.py"]


def test_a_forgotten_folder_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(os.urandom(packaging.LARGEST_BYTES + 1))
    with pytest.raises(PackageError, match="ignore"):
        package(function(), tmp_path)


@pytest.mark.parametrize("declared", load_project().functions, ids=lambda function: str(function["$id"]))
def test_what_is_deployed_has_all_it_needs_and_little_else(declared: dict[str, Any]) -> None:
    root = load_project().root
    found = names(package(declared, root))
    assert declared["entrypoint"] in found
    assert "pyproject.toml" in found
    assert "lib/boxoffice/__init__.py" in found
    allowed = ("lib/boxoffice/", "functions/")
    beside = {name for name in found if not name.startswith(allowed)}
    assert beside <= {"LICENSE", "README.md", "appwrite.json", "pyproject.toml", ".gitignore"}
