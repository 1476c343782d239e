"""Deployed code is unpacked into its folder, and nowhere else."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from emulator.functions.build_folder import BrokenCodeError, unpack


def entry(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", mode: int = 0o644) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname, made.mode = kind, link, mode
    made.uid = made.gid = 4_321
    return made


def pack(folder: Path, *entries: tarfile.TarInfo) -> Path:
    """An archive of these entries; each file holds its own name."""
    path = folder / "code.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for made in entries:
            content = made.name.encode() if made.isfile() else b""
            made.size = len(content)
            archive.addfile(made, io.BytesIO(content))
    return path


def test_files_folders_and_links_within_are_there(tmp_path: Path) -> None:
    code = pack(
        tmp_path,
        entry("./lib/one.py"),
        entry("run", mode=0o4777),
        entry("lib/again.py", tarfile.SYMTYPE, "../lib/one.py"),
        entry("same.py", tarfile.LNKTYPE, "lib/one.py"),
    )
    unpack(code, tmp_path / "out")
    for name in ("lib/one.py", "lib/again.py", "same.py"):
        assert (tmp_path / "out" / name).read_text() == "./lib/one.py"
    run = (tmp_path / "out" / "run").stat()
    assert (run.st_mode & 0o7777, run.st_uid) == (0o755, (tmp_path / "out").stat().st_uid)


@pytest.mark.parametrize(
    "harmful",
    [
        [entry("../outside")],
        [entry("lib/../../outside")],
        [entry("link", tarfile.SYMTYPE, "../outside")],
        [entry("link", tarfile.SYMTYPE, "/etc/passwd")],
        [entry("link", tarfile.LNKTYPE, "../outside")],
        [entry("here", tarfile.SYMTYPE, "."), entry("here/up", tarfile.SYMTYPE, ".."), entry("up/outside")],
        [entry("device", tarfile.CHRTYPE)],
        [entry("pipe", tarfile.FIFOTYPE)],
    ],
    ids=lambda entries: f"{entries[-1].name} {entries[-1].linkname}",
)
def test_what_leads_out_is_left_out(tmp_path: Path, harmful: list[tarfile.TarInfo]) -> None:
    (tmp_path / "outside").write_text("old")
    unpack(pack(tmp_path, entry("main.py"), *harmful), tmp_path / "out")
    out = tmp_path / "out"
    assert (tmp_path / "outside").read_text() == "old"
    assert all(path.resolve().is_relative_to(out) for path in out.rglob("*"))
    assert not any(path.is_char_device() or path.is_fifo() for path in out.rglob("*"))
    assert (out / "main.py").is_file()


def test_an_absolute_name_is_left_out(tmp_path: Path) -> None:
    unpack(pack(tmp_path, entry("main.py"), entry(str(tmp_path / "outside"))), tmp_path / "out")
    assert not (tmp_path / "outside").exists()


def test_code_of_which_nothing_is_left_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BrokenCodeError, match="empty"):
        unpack(pack(tmp_path, entry("../outside")), tmp_path / "out")
