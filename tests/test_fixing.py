"""What `check --fix`, `--write-inferred` and `--update-pins` make of each case, and how they treat files.

Each folder of `tests/cases/fix` holds a spec as it was, as it is then, and what is printed; `options.txt` holds the
options where they are others than `--fix`. MODELSPEC_RECORD=1 writes the last two anew.
"""

from __future__ import annotations

import io
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from random import Random
from types import SimpleNamespace

import pytest

import modelspec
from modelspec.__main__ import run
from modelspec.cli import amend

CASES = Path(__file__).resolve().parent / "cases" / "fix"
RECORD = os.environ.get("MODELSPEC_RECORD") == "1"
Streams = pytest.CaptureFixture[str]

WRONG = "modelspec: 1\nname: m  # kept\ninput: [4]\nlayers:\n  - {type: Linaer, out_features: 3}\n"
RIGHT = WRONG.replace("Linaer", "Linear")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("case", sorted(path for path in CASES.iterdir() if path.is_dir()), ids=lambda path: path.name)
def test_case_is_mended_as_recorded(case: Path, folder: Path, capsys: Streams) -> None:
    (before,) = case.glob("before.*")
    options = case / "options.txt"
    call = options.read_text(encoding="utf-8").split() if options.exists() else ["--fix"]
    spec = folder / f"spec{before.suffix}"
    shutil.copyfile(before, spec)
    (folder / "modelspec.toml").write_text("select = []\n", encoding="utf-8")
    shown = run(["check", spec.name, *call, "--diff"])
    told = f"$ modelspec check {' '.join(call)} --diff {spec.name}\n{capsys.readouterr().out}"
    assert spec.read_bytes() == before.read_bytes(), "--diff writes nothing"
    status = run(["check", spec.name, *call])
    told += f"$ modelspec check {' '.join(call)} {spec.name}\n{capsys.readouterr().out}"
    told += f"$ echo $?\n{status}\n"
    after, printed = before.with_name(f"after{before.suffix}"), case / "printed.txt"
    if RECORD:
        after.write_bytes(spec.read_bytes())
        printed.write_bytes(told.encode())
    assert spec.read_bytes() == after.read_bytes()
    assert told == printed.read_bytes().decode()
    assert shown == (before.read_bytes() != after.read_bytes())
    assert run(["check", spec.name, *call, "--diff"]) == 0, "what is done is done in one call"
    assert run(["check", spec.name]) == status


def test_what_a_diff_leaves_is_told(folder: Path, capsys: Streams) -> None:
    (folder / "m.yaml").write_text(WRONG + "  - {type: Add, inputs: [nowhere, input]}\n", encoding="utf-8")
    assert run(["check", "--diff", "m.yaml"]) == 1
    assert "1 problem is left that this does not mend" in capsys.readouterr().err
    (folder / "m.yaml").write_text(WRONG, encoding="utf-8")
    assert run(["check", "--diff", "m.yaml"]) == 1
    assert "left" not in capsys.readouterr().err


def test_a_diff_can_be_applied(folder: Path, capsys: Streams) -> None:
    for case in ("keys", "inferred", "bytes"):
        shutil.copyfile(CASES / case / "before.yaml", folder / f"{case}.yaml")
    run(["check", "--fix", "--write-inferred", "--diff", "."])
    patch = capsys.readouterr().out
    subprocess.run(["git", "apply", "-"], input=patch.encode(), cwd=folder, check=True)
    applied = [path.read_bytes() for path in sorted(folder.iterdir())]
    assert run(["check", "--fix", "--write-inferred", "--diff", "."]) == 0
    for case in ("keys", "inferred", "bytes"):
        shutil.copyfile(CASES / case / "before.yaml", folder / f"{case}.yaml")
    run(["check", "--fix", "--write-inferred", "."])
    assert [path.read_bytes() for path in sorted(folder.iterdir())] == applied


# Files


def test_mode_owner_and_links_stay(folder: Path) -> None:
    (folder / "real").mkdir()
    real = folder / "real" / "spec.yaml"
    real.write_text(WRONG, encoding="utf-8")
    real.chmod(0o640)
    link = folder / "link.yaml"
    link.symlink_to("real/spec.yaml")
    owner = (real.stat().st_uid, real.stat().st_gid)
    if os.geteuid() == 0:
        os.chown(real, 1234, 1235)
        owner = (1234, 1235)
    assert run(["check", "--fix", "link.yaml"]) == 0
    assert link.is_symlink()
    assert real.read_text(encoding="utf-8") == RIGHT
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert (real.stat().st_uid, real.stat().st_gid) == owner
    assert sorted(path.name for path in (folder / "real").iterdir()) == ["spec.yaml"]


def test_what_cannot_be_written_is_told_and_stays_whole(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Streams
) -> None:
    (folder / "a.yaml").write_text(WRONG, encoding="utf-8")
    (folder / "b.yaml").write_text(WRONG, encoding="utf-8")
    monkeypatch.setattr(os, "access", lambda path, _: not str(path).endswith("a.yaml"))
    assert run(["check", "--fix", "a.yaml", "b.yaml"]) == 2
    told, trouble = capsys.readouterr()
    assert trouble == "modelspec: cannot write 'a.yaml': it is read-only\n"
    assert "a.yaml:5:12: MS207" in told, "what is not mended is still wrong"
    assert "Mended 1 problem in 1 file.\n1 problem in 1 of 2 specs." in told
    assert (folder / "a.yaml").read_text(encoding="utf-8") == WRONG
    assert (folder / "b.yaml").read_text(encoding="utf-8") == RIGHT


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_is_read_only_is_told(folder: Path, capsys: Streams) -> None:
    (folder / "in").mkdir()
    (folder / "in" / "a.yaml").write_text(WRONG, encoding="utf-8")
    (folder / "in").chmod(0o555)
    try:
        assert run(["check", "--fix", "in/a.yaml"]) == 2
    finally:
        (folder / "in").chmod(0o755)
    assert "cannot write 'in/a.yaml': Permission denied" in capsys.readouterr().err
    assert (folder / "in" / "a.yaml").read_text(encoding="utf-8") == WRONG


def test_a_file_that_changed_meanwhile_is_not_overwritten(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Streams
) -> None:
    spec = folder / "a.yaml"
    spec.write_text(WRONG, encoding="utf-8")
    work = amend.work

    def edit_meanwhile(*given: object) -> object:
        spec.write_text("# saved by an editor\n" + WRONG, encoding="utf-8")
        return work(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(amend, "work", edit_meanwhile)
    assert run(["check", "--fix", "a.yaml"]) == 2
    assert "it has changed since it was read" in capsys.readouterr().err
    assert spec.read_text(encoding="utf-8") == "# saved by an editor\n" + WRONG


def test_what_is_right_is_not_written(folder: Path, capsys: Streams) -> None:
    spec = folder / "a.yaml"
    spec.write_text(RIGHT, encoding="utf-8")
    spec.chmod(0o444)
    before = spec.stat()
    assert run(["check", "--fix", "--update-pins", "a.yaml"]) == 0
    assert capsys.readouterr() == ("1 spec checked: all well.\n", "")
    assert (spec.stat().st_mtime_ns, spec.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes cannot be forked here")
@pytest.mark.slow
def test_killed_at_any_moment_it_leaves_the_old_file_or_the_new_one(folder: Path) -> None:
    spec = folder / "a.yaml"
    more = "  - {type: Linaer, out_features: 3}\n" * 200
    old, new = (WRONG + more).encode(), (WRONG + more).replace("Linaer", "Linear").encode()

    def fix(after: float) -> bool:
        spec.write_bytes(old)
        process = os.fork()
        if process == 0:
            sys.stdout = sys.stderr = io.StringIO()
            run(["check", "--fix", "a.yaml"])
            os._exit(0)
        time.sleep(after)
        os.kill(process, signal.SIGKILL)
        killed = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == -signal.SIGKILL
        assert spec.read_bytes() in (old, new)
        return killed

    start = time.monotonic()
    assert run(["check", "--fix", "--diff", "a.yaml"]) == 2
    spec.write_bytes(old)
    assert run(["check", "--fix", "a.yaml"]) == 0
    takes = time.monotonic() - start
    moments = Random(6)
    killed = [fix(moments.uniform(0, 1.2 * takes)) for _ in range(20)]
    assert any(killed)


# Calls


def feed(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))


def test_standard_input_is_mended_to_standard_output(
    monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    text = (CASES / "bytes" / "before.yaml").read_bytes()
    feed(monkeypatch, text)
    assert run(["check", "--fix", "-"]) == 0
    told, beside = capsysbinary.readouterr()
    assert told == text.replace(b"out_featurs", b"out_features")
    assert beside == b"Mended 1 problem in 1 file.\n1 spec checked: all well.\n"
    feed(monkeypatch, text.replace(b"[8]", b"[w]"))
    assert run(["check", "--fix", "-", "--stdin-filename", "m.yaml"]) == 1
    told, beside = capsysbinary.readouterr()
    assert b"out_features" in told
    assert b"m.yaml:3:9: MS402" in beside


def test_what_is_not_mended_goes_through_as_it_is(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """An editor puts what comes out in the place of what it gave."""
    (folder / "modelspec.toml").write_text('exclude = ["out/**"]\n', encoding="utf-8")
    feed(monkeypatch, WRONG.encode())
    assert run(["check", "--fix", "-", "--stdin-filename", "out/m.yaml", "--force-exclude"]) == 0
    assert capsysbinary.readouterr().out == WRONG.encode()
    long = WRONG.encode() + b"# much more\n" * 2**20
    for text, status in ((b"a: [1\n", 1), (b"\xff\xfe", 1), (long, 1)):
        feed(monkeypatch, text)
        assert run(["check", "--fix", "-"]) == status
        assert capsysbinary.readouterr().out == text


@pytest.mark.parametrize(
    "options", [["--set", "w=1"], ["--variant", "a"], ["-"], ["--skip-unmarked", "-"]], ids=lambda each: each[0]
)
def test_calls_that_make_no_sense(folder: Path, options: list[str], capsys: Streams) -> None:
    (folder / "a.yaml").write_text(WRONG, encoding="utf-8")
    paths = [] if "--skip-unmarked" in options else ["a.yaml"]
    for wanted in ("--fix", "--diff", "--write-inferred", "--update-pins"):
        assert run(["check", wanted, *paths, *options]) == 2
        assert capsys.readouterr().err.startswith("modelspec: ")
    assert (folder / "a.yaml").read_text(encoding="utf-8") == WRONG


def test_other_formats_tell_beside_themselves(folder: Path, capsys: Streams) -> None:
    (folder / "a.yaml").write_text(WRONG, encoding="utf-8")
    assert run(["check", "--fix", "--format", "json", "a.yaml"]) == 0
    told, beside = capsys.readouterr()
    assert '"ok": true' in told
    assert beside == "Mended 1 problem in 1 file.\n"


def test_a_problem_says_whether_it_can_be_mended(folder: Path, capsys: Streams) -> None:
    (folder / "a.yaml").write_text(WRONG.replace("[4]", "[w]"), encoding="utf-8")
    report = modelspec.check(folder / "a.yaml")
    assert {told.code: told.fixable for told in report.diagnostics} == {"MS207": True, "MS402": False}
    assert report.to_json().count('"fixable": true') == 1
    assert '"fixable": false' not in report.to_json()
    assert run(["check", "a.yaml"]) == 1
    assert capsys.readouterr().out.endswith("1 spec checked: 2 problems. `--fix` can mend 1 of them.\n")


LIBRARY = "modelspec: 1\nblocks: {mlp: {layers: [{type: Linear, in_features: 5, out_featurs: 3}]}}\n"
USER = "modelspec: 1\nimports: [lib.yaml]\ninput: [4]\nlayers: [{block: mlp}]\n"


def test_an_imported_file_is_mended_only_if_it_is_named(folder: Path, capsys: Streams) -> None:
    lib, user = folder / "lib.yaml", folder / "user.yaml"
    lib.write_text(LIBRARY, encoding="utf-8")
    user.write_text(USER, encoding="utf-8")
    assert run(["check", "--fix", "user.yaml"]) == 1
    assert "lib.yaml:2:" in capsys.readouterr().out
    assert lib.read_text(encoding="utf-8") == LIBRARY
    # What is wrong with its size shows only where it is called.
    assert run(["check", "--fix", "user.yaml", "lib.yaml"]) == 0
    assert lib.read_text(encoding="utf-8") == LIBRARY.replace("in_features: 5, ", "").replace("featurs", "features")
    assert user.read_text(encoding="utf-8") == USER
    assert run(["check", "--write-inferred", "user.yaml", "lib.yaml"]) == 0
    assert "Left 1 argument to be inferred: in an imported file." in capsys.readouterr().out
