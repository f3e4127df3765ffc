"""The texts that users read, held to the letter: what `check` says of each spec, and what `report` shows.

`tests/cases/fail` and `tests/cases/pass` hold specs (or folders of files) with the expected text beside them, and
`tests/snapshots` what `check` says of each in the other formats. With MODELSPEC_RECORD=1 in the environment all of
it is written anew: read the difference before it is committed.
"""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import modelspec
from modelspec.__main__ import run
from modelspec.cli.app import Format
from modelspec.cli.check import check
from modelspec.cli.report import report
from modelspec.diagnostics import CODES
from modelspec.version import VERSION

ROOT = Path(__file__).resolve().parent.parent
CASES = ROOT / "tests" / "cases"
SNAPSHOTS = ROOT / "tests" / "snapshots"
RECORD = os.environ.get("MODELSPEC_RECORD") == "1"

FORMATS = {
    "json": "json",
    "jsonl": "jsonl",
    "markdown": "md",
    "github": "txt",
    "gitlab": "json",
    "junit": "xml",
    "sarif": "sarif",
    "csv": "csv",
    "mermaid": "mmd",
}
"""Every format but text and html, with the ending of its snapshots."""

PAGES = [("pass", "rows.yaml"), ("fail", "misspelt-key.yaml")]
"""Cases whose page is kept: pages are large, and tests/test_html.py has their laws."""

GENERATED = {"MS110", "MS310", "MS506"}
"""Codes of files that are too large to be kept; `tools/write_pages.py` makes them."""

BASELINE = {"MS509", "MS705"}
"""Codes of what `check --baseline` finds: tests/test_baseline.py has their cases."""


COMPARED = {"MS507", "MS508"}
"""Codes of two versions of a spec: `tests/cases/diff` holds them."""

RETIRED = {"MS703"}
"""Codes that this version tells of nothing."""


def list_cases(kind: str) -> list[Path]:
    return sorted(path for path in (CASES / kind).iterdir() if path.suffix not in (".txt", ".toml"))


def compare(path: Path, text: str) -> None:
    expected = path.with_name(path.name + ".txt")
    if RECORD:
        expected.write_bytes(text.encode())
    assert expected.exists(), f"no text is recorded for {path.name}: {text}"
    assert text == expected.read_bytes().decode()


@pytest.mark.parametrize("path", list_cases("fail"), ids=lambda path: path.name)
def test_fault_is_told(path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path if path.is_dir() else path.parent)
    status = run(["check", "." if path.is_dir() else path.name])
    told, trouble = capsys.readouterr()
    assert (status, trouble) == (1, "")
    compare(path, told)


@pytest.mark.parametrize("path", list_cases("advice"), ids=lambda path: path.name)
def test_advice_is_given(path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path if path.is_dir() else path.parent)
    status = run(["check", "." if path.is_dir() else path.name])
    told, trouble = capsys.readouterr()
    assert (status, trouble) == (1 if " error: " in told else 0, "")
    compare(path, told)


@pytest.mark.parametrize("path", list_cases("pass"), ids=lambda path: path.name)
def test_report_is_shown(path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    assert run(["check", path.name]) == 0
    assert capsys.readouterr() == ("1 spec checked: all well.\n", "")
    assert report([path.name]) == 0
    told, trouble = capsys.readouterr()
    assert trouble == ""
    compare(path, told)


EVERY = [(kind, path) for kind in ("fail", "pass") for path in list_cases(kind)]


def find_snapshot(format: str, kind: str, path: Path) -> Path:
    return SNAPSHOTS / format / kind / f"{path.name}.{FORMATS[format]}"


@pytest.mark.parametrize(("kind", "path"), EVERY, ids=lambda part: part if isinstance(part, str) else part.name)
def test_every_format_is_as_recorded(
    kind: str, path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(path if path.is_dir() else path.parent)
    wrong = []
    for name in FORMATS:
        status = check(["." if path.is_dir() else path.name], format=name)
        told, trouble = capsys.readouterr()
        assert (status, trouble) == (1 if kind == "fail" else 0, "")
        # A release changes no snapshot.
        written = told.replace(f'"{VERSION}"', '"VERSION"').encode()
        snapshot = find_snapshot(name, kind, path)
        if RECORD:
            snapshot.parent.mkdir(parents=True, exist_ok=True)
            snapshot.write_bytes(written)
        if not snapshot.exists() or snapshot.read_bytes() != written:
            wrong.append(snapshot.relative_to(ROOT))
    assert wrong == [], "MODELSPEC_RECORD=1 writes them anew: read the difference"


@pytest.mark.parametrize(("kind", "name"), PAGES)
def test_pages_are_as_recorded(
    kind: str, name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(CASES / kind)
    check([name], format="html")
    told = capsys.readouterr().out.replace(f"modelspec {VERSION}", "modelspec VERSION")
    # What every page has, and the hashes of it.
    told = re.sub(r"(<style>|<script>).*?(</style>|</script>)", r"\1\2", told, flags=re.DOTALL)
    written = re.sub(r"sha256-[^']*", "sha256-HASH", told).encode()
    snapshot = SNAPSHOTS / "html" / kind / f"{name}.html"
    if RECORD:
        snapshot.parent.mkdir(parents=True, exist_ok=True)
        snapshot.write_bytes(written)
    assert snapshot.read_bytes() == written, "MODELSPEC_RECORD=1 writes them anew: read the difference"


def test_every_snapshot_has_a_case() -> None:
    wanted = {find_snapshot(name, kind, path) for name in FORMATS for kind, path in EVERY}
    wanted |= {SNAPSHOTS / "html" / kind / f"{name}.html" for kind, name in PAGES}
    there = {path for path in SNAPSHOTS.rglob("*") if path.is_file()} - {SNAPSHOTS / ".gitattributes"}
    if RECORD:
        for path in there - wanted:
            path.unlink()
    else:
        assert there == wanted


def test_every_format_has_snapshots() -> None:
    assert {member.value for member in Format} == {"text", "html", *FORMATS}


def diagnose() -> Iterator[tuple[str, modelspec.report.Diagnostic]]:
    for path in (*list_cases("fail"), *list_cases("advice")):
        for told in modelspec.check(path).diagnostics:
            yield path.name, told


def test_every_code_has_a_case_and_every_finding_a_way_out() -> None:
    seen: dict[tuple[object, ...], str] = {}
    lonely = []
    for name, told in diagnose():
        if not told.hint:
            lonely.append(f"{name}: {told.message}")
        assert told.line >= 1
        assert told.column >= 1
        assert (told.end_line, told.end_column) >= (told.line, told.column)
        # Limits of a configuration have no place of their own in the spec.
        limit = told.measure and (told.measure.metric, told.measure.scope)
        place = (name, told.path, told.code, told.line, told.column, told.layer, limit)
        assert place not in seen, f"{name}: '{told.message}' and '{seen[place]}' are told at one place"
        seen[place] = told.message
    assert lonely == [], "what is wrong is told, and not what to do"
    assert {code for _, _, code, *_ in seen} | GENERATED | BASELINE | COMPARED | RETIRED == set(CODES)


def test_no_such_file(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong call is 2, on standard error, and outranks what was found in the other files."""
    monkeypatch.chdir(CASES)
    assert run(["check", "fail/no-such-file.yaml", "pass/rows.yaml"]) == 2
    assert capsys.readouterr() == (
        "1 spec checked: all well.\n",
        "modelspec: no such file or folder: 'fail/no-such-file.yaml'\n",
    )
    assert run(["check", "fail/misspelt-key.yaml", "fail/no-such-file.yaml"]) == 2
    assert "MS203" in capsys.readouterr().out
    assert run(["check", "--no-such-option"]) == 2
    assert "No such option: --no-such-option" in capsys.readouterr().err


def load_writer() -> ModuleType:
    where = importlib.util.spec_from_file_location("write_pages", ROOT / "tools" / "write_pages.py")
    assert where is not None
    assert where.loader is not None
    module = importlib.util.module_from_spec(where)
    where.loader.exec_module(module)
    return module


def test_pages_are_as_the_tool_writes_them() -> None:
    for path, text in load_writer().write().items():
        assert path.read_text(encoding="utf-8") == text, "run tools/write_pages.py"


@pytest.mark.parametrize("code", CODES)
def test_page_shows_its_code(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", code.lower()]) == 0
    page = capsys.readouterr().out
    assert page.startswith(f"# {code}: {CODES[code]}\n")
    assert "## How to mend it\n" in page
    if code in load_writer().RETIRED:
        return
    shown = re.search(r"^```text\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    assert shown is not None
    assert re.search(rf" {code} (error|warning): ", shown[1]), "the example is one of something else"
    assert len(re.findall(r"^\S+:\d+:\d+: MS", shown[1], re.MULTILINE)) == 1, "a page is about one mistake"


def test_there_is_no_page_for_other_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "MS999"]) == 2
    assert "there is no code MS999" in capsys.readouterr().err
    assert {path.stem for path in (ROOT / "modelspec" / "pages").iterdir()} == set(CODES)
