"""What `--output` leaves behind: the old file or the new one, whole, whenever the process is killed."""

from __future__ import annotations

import errno
import json
import os
import random
import re
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from modelspec.__main__ import run
from modelspec.cli import console, output

ROOT = Path(__file__).resolve().parent.parent
SPECS = ROOT / "specs" / "zoo"
OLD = b"old\n" * 50_000
Streams = pytest.CaptureFixture[str]

SPEC = "modelspec: 1\nname: m\ninput: [4]\nlayers: [ReLU]\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "m.yaml").write_text(SPEC, encoding="utf-8")
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


RUNS = 40
SECONDS = 5
"""The most that a loop takes: on a slow machine it is done after fewer runs."""

forked = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes cannot be forked here")


def fork(act: Callable[[], object]) -> int:
    """Start a process that does this and ends; its number."""
    process = os.fork()
    if process == 0:
        try:
            act()
        finally:
            os._exit(0)
    return process


def is_killed(process: int) -> bool:
    """Wait for a process; whether it was killed before its end."""
    status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    assert status in (0, -signal.SIGKILL)
    return status != 0


def kill_at_random(act: Callable[[], object], file: Path, new: bytes) -> None:
    """Kill what writes a file at random moments of the time that it takes; afterwards the file is whole every time."""
    start = time.monotonic()
    assert not is_killed(fork(act))
    assert file.read_bytes() == new
    takes = time.monotonic() - start
    moments = random.Random(4)
    killed = 0
    for _ in range(RUNS):
        if time.monotonic() - start > SECONDS:
            break
        file.write_bytes(OLD)
        process = fork(act)
        time.sleep(moments.uniform(0, 1.1 * takes))
        os.kill(process, signal.SIGKILL)
        killed += is_killed(process)
        assert file.read_bytes() in (OLD, new)
    assert killed > 0


@pytest.mark.slow
@forked
def test_a_report_that_is_killed_leaves_the_old_file_or_the_new_one(folder: Path) -> None:
    """The command, at random moments from its start on."""
    specs = [str(path) for path in sorted(SPECS.glob("resnet*.yaml"))]
    assert specs
    file = folder / "out" / "report.json"
    call = ["report", *specs, "--format", "json", "--output"]
    assert run([*call, "new.json"]) == 0
    kill_at_random(lambda: run([*call, str(file)]), file, Path("new.json").read_bytes())
    assert json.loads(Path("new.json").read_bytes())["ok"]


@pytest.mark.slow
@forked
def test_a_long_write_that_is_killed_leaves_the_old_file_or_the_new_one(folder: Path) -> None:
    """Long enough for the moments to lie within the write."""
    file, text = folder / "out" / "long.txt", "new " * 2**22
    kill_at_random(lambda: console.write(text, str(file)), file, text.encode())


WAYS = ["with unnamed files", "without unnamed files"]


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Linux with its files that have no name yet, and systems without."""
    if request.param == WAYS[1]:
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    return str(request.param)


@pytest.mark.slow
@forked
@pytest.mark.parametrize("old", [OLD, None], ids=["there is a file", "there is none"])
def test_killed_at_any_call_it_leaves_the_old_file_or_the_new_one(folder: Path, way: str, old: bytes | None) -> None:
    """Before each call of a function that is written in C, one after the other: nothing happens in between."""
    file, new = folder / "out" / "out.txt", b"new"
    seen, left = set(), []

    def write(number: int) -> None:
        sys.setprofile(count_down(number))
        output.write_file(new.decode(), str(file))
        sys.setprofile(None)

    for number in range(2_000):
        file.unlink(missing_ok=True)
        if old is not None:
            file.write_bytes(old)
        killed = is_killed(fork(lambda number=number: write(number)))
        there = file.read_bytes() if file.exists() else None
        assert there in (old, new)
        seen.add(there)
        for path in file.parent.iterdir():
            if path != file:
                left.append(path.read_bytes())
                assert re.fullmatch(r"\.out\.txt\.[0-9a-f]{12}\.tmp", path.name)
                path.unlink()
        if not killed:
            break
    assert number > 20, "it has not been killed at all"
    assert not killed
    assert seen == {old, new}
    if way == WAYS[0] and has_unnamed_files(folder):
        assert set(left) == {new}, "what is left has its name only once it is whole"
        assert len(left) < 10


def count_down(number: int) -> Callable[..., None]:
    """What kills its own process at so many calls from now."""
    left = [number]

    def act(_: object, event: str, __: object) -> None:
        left[0] -= event == "c_call"
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    return act


def has_unnamed_files(folder: Path) -> bool:
    if not hasattr(os, "O_TMPFILE"):
        return False
    try:
        os.close(os.open(folder, os.O_TMPFILE | os.O_WRONLY))
    except OSError:
        return False
    return True


def list_names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.usefixtures("way")
def test_nothing_else_is_left(folder: Path) -> None:
    for _ in range(2):
        assert run(["layers", "ReLU", "--output", "out/new.txt"]) == 0
        assert list_names(folder / "out") == ["new.txt"]
    assert "ReLU (torch)" in (folder / "out" / "new.txt").read_text(encoding="utf-8")


@pytest.mark.usefixtures("way")
def test_mode_and_links_stay(folder: Path) -> None:
    (folder / "elsewhere").mkdir()
    old = folder / "elsewhere" / "old.txt"
    old.write_bytes(OLD)
    old.chmod(0o640)
    (folder / "out" / "link").symlink_to("../elsewhere/old.txt")
    (folder / "out" / "dangling").symlink_to("../elsewhere/new.txt")
    for name in ("link", "dangling"):
        assert console.write("text", f"out/{name}")
        assert (folder / "out" / name).is_symlink()
        assert (folder / "out" / name).read_text(encoding="utf-8") == "text"
    assert stat.S_IMODE(old.stat().st_mode) == 0o640
    assert list_names(folder / "out") == ["dangling", "link"]
    assert list_names(folder / "elsewhere") == ["new.txt", "old.txt"]


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_a_new_file_has_the_usual_mode(folder: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        assert console.write("text", "out/new.txt")
    finally:
        os.umask(before)
    assert stat.S_IMODE((folder / "out" / "new.txt").stat().st_mode) == 0o666 & ~mask


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("name", ["fsync", "replace"])
def test_a_disk_that_is_full_keeps_the_old_file(
    folder: Path, name: str, monkeypatch: pytest.MonkeyPatch, capsys: Streams
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    file = folder / "out" / "old.txt"
    file.write_bytes(OLD)
    monkeypatch.setattr(os, name, fail)
    assert not console.write("new", str(file))
    assert capsys.readouterr().err == f"modelspec: cannot write '{file}': {os.strerror(errno.ENOSPC)}\n"
    assert file.read_bytes() == OLD
    assert list_names(file.parent) == ["old.txt"]


@pytest.mark.usefixtures("way")
def test_an_interrupt_leaves_the_old_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    (folder / "out" / "old.txt").write_bytes(OLD)
    monkeypatch.setattr(os, "fsync", interrupt)
    assert run(["layers", "ReLU", "--output", "out/old.txt"]) == 130
    assert (folder / "out" / "old.txt").read_bytes() == OLD
    assert list_names(folder / "out") == ["old.txt"]


def test_where_a_file_system_cannot_link_it_is_written_all_the_same(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", refuse)
    assert console.write("text", "out/new.txt")
    assert (folder / "out" / "new.txt").read_text(encoding="utf-8") == "text"
    assert list_names(folder / "out") == ["new.txt"]


WRONG = [  # a path, and what is said of it
    ("out", "cannot write 'out': Is a directory"),
    ("", "cannot write '': Is a directory"),
    ("nowhere/new.txt", "cannot write 'nowhere/new.txt': No such file or directory"),
    ("m.yaml/new.txt", "cannot write 'm.yaml/new.txt': Not a directory"),
    ("a\0b", r"cannot write 'a\x00b': embedded null byte"),
    ("x" * 300, "File name too long"),
    ("loop", "Too many levels of symbolic links"),
    ("/dev/fd/987", "cannot write '/dev/fd/987': Bad file descriptor"),
    ("/dev/full", "cannot write '/dev/full': No space left on device"),
]


@pytest.mark.parametrize(("path", "told"), WRONG, ids=[repr(path[:20]) for path, _ in WRONG])
def test_what_cannot_be_written_is_told(folder: Path, path: str, told: str, capsys: Streams) -> None:
    if path == "/dev/full" and not Path(path).exists():
        pytest.skip("there is no such device")
    (folder / "loop").symlink_to("loop")
    assert run(["layers", "ReLU", "--output", path]) == 2
    printed, trouble = capsys.readouterr()
    assert (printed, trouble.count("\n")) == ("", 1)
    assert told in trouble
    assert list_names(folder) == ["loop", "m.yaml", "out"]


def test_a_file_that_is_read_only_is_no_place_to_write(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Streams
) -> None:
    (folder / "out" / "old.txt").write_bytes(OLD)
    # To root, nothing is read-only.
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert not console.write("new", "out/old.txt")
    assert capsys.readouterr().err == "modelspec: cannot write 'out/old.txt': it is read-only\n"
    assert (folder / "out" / "old.txt").read_bytes() == OLD


def call(path: str, **streams: object) -> bytes:
    """What `modelspec layers ReLU --output PATH` writes to standard output, called from a shell."""
    command = [sys.executable, "-m", "modelspec", "layers", "ReLU", "--output", path]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, check=True, **{"stdout": subprocess.PIPE, **streams})  # type: ignore[call-overload]
    return done.stdout or b""


@pytest.mark.skipif(not Path("/dev/stdout").exists(), reason="there are no such names")
def test_devices_are_written_to(folder: Path) -> None:
    shown = call("-")
    assert shown.startswith(b"ReLU (torch)\n")
    assert call("/dev/stdout") == call("/dev/fd/1") == shown
    assert call("/dev/null") == b""
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
    # What others have written to the file that standard output is stays.
    with (folder / "log").open("wb") as log:
        log.write(b"before\n")
        log.flush()
        call("/dev/stdout", stdout=log)
        log.write(b"after\n")
    assert (folder / "log").read_bytes() in (b"before\n" + shown + b"after\n",)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
def test_a_pipe_is_written_to() -> None:
    os.mkfifo("pipe")
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(Path("pipe").read_text(encoding="utf-8")))
    reader.start()
    text = "long " * 100_000
    assert console.write(text, "pipe")
    reader.join()
    assert read == [text]
    assert stat.S_ISFIFO(Path("pipe").stat().st_mode)


def test_what_is_no_utf_8_is_written_as_an_escape(folder: Path) -> None:
    assert console.write("a\udcffb", "out/new.txt")
    assert (folder / "out" / "new.txt").read_bytes() == rb"a\udcffb"
