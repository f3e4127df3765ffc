"""What is drawn: every number whole, nothing that a user wrote taken for more than text, the caret where it belongs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from unicodedata import category, east_asian_width

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelspec.render import json, markdown, text
from modelspec.render.numbers import show_bytes, show_share
from modelspec.render.summary import show_summary
from modelspec.report import Diagnostic, Model, Report
from modelspec.road import follow, write_report
from tests.drawn import briefly, diagnostics, models, names, nasty

SEEDS = sorted((Path(__file__).resolve().parent.parent / "specs" / "seeds").glob("*.yaml"))
COLOR = re.compile(r"\x1b\[[\d;]*m")


def columns(line: str) -> int:
    return sum(0 if category(c) in ("Mn", "Me") else 2 if east_asian_width(c) in "WF" else 1 for c in line)


def report_of(model: Model, *found: Diagnostic) -> Report:
    return Report(ok=model.ok, models=[model], diagnostics=list(found))


@briefly
@given(models(nasty | names), diagnostics())
def test_what_a_user_wrote_is_no_more_than_text(model: Model, found: Diagnostic) -> None:
    report = report_of(model, found)
    drawn = text.show_report(report)
    assert all(char.isprintable() or char == "\n" for char in drawn)
    assert COLOR.sub("", text.show_report(report, color=True)) == drawn
    assert all(char.isprintable() or char == "\n" for char in markdown.show_report(report))


@briefly
@given(models(), st.integers(70, 120))
def test_no_line_is_wider_than_the_terminal(model: Model, width: int) -> None:
    for line in text.show_report(report_of(model), width=width).splitlines():
        assert columns(line) <= width, line


@briefly
@given(models())
def test_no_digit_is_lost(model: Model) -> None:
    printed = set(re.findall(r"[\d,]+", text.show_report(report_of(model)).replace("\\n", " ")))
    shown = markdown.show_report(report_of(model))
    totals = [] if all(v is None for v in model.totals.model_dump().values()) else model.totals.model_dump().values()
    for count in (*totals, *(n for layer in model.layers for n in (layer.parameters, layer.macs))):
        assert count is None or f"{count:,}" in printed
        assert count is None or f" {count:,} |" in shown
    for line in model.budget:
        for number in (line.actual, *line.limit.model_dump().values()):
            assert number is None or f"{number:,}" in printed


@briefly
@given(models(nasty | names))
def test_markdown_tables_keep_their_columns(model: Model) -> None:
    """A bar that is not escaped would begin a cell, a line break would end the row."""
    lines = markdown.show_report(report_of(model)).splitlines()
    for start, line in enumerate(lines):
        if line.startswith("|") and set(line) <= set("|:-"):
            row = start - 1
            while row < len(lines) and lines[row].startswith("|"):
                assert lines[row].count("|") == line.count("|"), lines[row]
                row += 1
            assert row == len(lines) or lines[row] == ""


@briefly
@given(models(nasty | names), diagnostics())
def test_nothing_is_markup_outside_of_code(model: Model, found: Diagnostic) -> None:
    shown = markdown.show_report(report_of(model, found))
    head, fence, findings = re.split(r"^## Findings\n\n(`+)text\n", shown, maxsplit=1, flags=re.MULTILINE)
    assert findings.rstrip("\n").endswith(f"\n{fence}")
    assert fence not in findings.rstrip("\n").removesuffix(fence)
    bare = re.sub(r"`[^`\n]*`", "", head)
    bare = re.sub(r"</?code>|&#\d+;", "", bare).replace("**not met**", "").replace("**not known**", "")
    assert not set(bare) & set("`<>&*@[]\\~!$"), bare


@briefly
@given(diagnostics())
def test_the_caret_stands_under_its_column(found: Diagnostic) -> None:
    lines = text.show_findings(Report(ok=False, models=[], diagnostics=[found])).splitlines()
    if not found.excerpt.strip():
        return
    shown, caret = lines[1].partition(" | ")[2], lines[2].partition(" | ")[2]
    assert columns(lines[1]) <= 120
    assert set(caret) in ({"^"}, {"^", " "})
    start = found.column - 1
    if start < len(found.excerpt.rstrip()):
        target = found.excerpt[start]
        if target.isprintable() and target != " " and category(target) not in ("Mn", "Me"):
            assert cut_columns(shown, caret.index("^")).startswith(target)


def cut_columns(line: str, start: int) -> str:
    """The rest of the line from a column on, without the marks that combine with what stands before."""
    while start > 0:
        start -= columns(line[0])
        line = line[1:]
    while line and category(line[0]) in ("Mn", "Me"):
        line = line[1:]
    return line


@pytest.mark.parametrize(
    ("excerpt", "column", "end", "caret"),
    [
        ("  - {type: Linear, out: 3}", 20, 23, " " * 19 + "^^^"),
        ("\tkey: 1", 2, 5, "    ^^^"),
        ("層層: 1", 3, 4, "    ^"),
        ("a: \x1b[0m", 4, 5, "   ^^^^"),
        ("k: " + "v" * 97, 90, 92, " " * 89 + "^^"),
        ("k: " + "v" * 197, 4, 201, "   " + "^" * 97),
        ("short", 50, 60, "     ^"),
        ("back", 3, 1, "  ^"),
    ],
)
def test_carets(excerpt: str, column: int, end: int, caret: str) -> None:
    found = Diagnostic(
        code="MS203",
        severity="error",
        message="m",
        hint=None,
        path="p",
        line=1,
        column=column,
        end_line=1,
        end_column=end,
        layer=None,
        models=[],
        related=[],
        excerpt=excerpt,
    )
    lines = text.show_findings(Report(ok=False, models=[], diagnostics=[found])).splitlines()
    assert lines[2] == f"  | {caret}"


@pytest.mark.parametrize("path", SEEDS, ids=lambda path: path.stem)
def test_every_row_of_a_seed_is_in_the_table(path: Path) -> None:
    report = write_report([follow(path.read_bytes(), path.name)])
    (model,) = report.models
    drawn = text.show_report(report)
    start, end = ("(None", ")") if model.dialect == "keras" else ("[-1", "]")
    for layer in model.layers:
        shape = ", ".join([start, *("?" if size is None else str(size) for size in layer.output_shape)]) + end
        macs = "?" if layer.macs is None else f"{layer.macs:,}"
        row = rf"^{re.escape(layer.path)} +{re.escape(shape)} +{layer.parameters:,} +{re.escape(macs)}$"
        assert re.search(row, drawn, re.MULTILINE), (layer.path, drawn)
    assert "1 MAC = 2 FLOPs" in drawn
    assert all(told in drawn.replace("\n  ", " ") for told in model.conventions)


def test_json_is_the_report_itself() -> None:
    report = write_report([follow(path.read_bytes(), path.name) for path in SEEDS])
    assert Report.model_validate_json(json.show_report(report)) == report


@given(st.integers(1, 10**30), st.integers(-9, 9) | st.integers(-(10**30), 10**30))
def test_a_share_hides_no_overrun(whole: int, over: int) -> None:
    part = max(0, whole + over)
    share = float(show_share(part, whole).removesuffix(" %").replace(",", ""))
    assert (share > 100) == (part > whole)
    assert (share < 100) == (part < whole)


@given(st.integers(1024, 2**70))
def test_human_bytes_are_near(count: int) -> None:
    number, unit = show_bytes(count).replace(",", "").split()
    scale = 1024 ** (["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"].index(unit) + 1)
    assert abs(float(number) * scale - count) <= 0.0501 * scale
    assert float(number) < 1024 or unit == "EiB"


@pytest.mark.parametrize(
    ("numbers", "told"),
    [
        ((12, 0, 0, 0), "12 specs checked: all well."),
        ((1, 0, 0, 0), "1 spec checked: all well."),
        ((12, 2, 3, 0), "3 problems in 2 of 12 specs."),
        ((12, 2, 3, 1), "3 problems and 1 warning in 2 of 12 specs."),
        ((12, 0, 0, 2), "12 specs checked: 2 warnings."),
        ((1, 1, 1, 0), "1 spec checked: 1 problem."),
        ((3, 0, 1, 0), "3 specs checked: 1 problem."),
        ((0, 0, 0, 0), "No specs found."),
    ],
)
def test_the_summary_line(numbers: tuple[int, int, int, int], told: str) -> None:
    assert show_summary(*numbers) == told


def test_the_summary_needs_no_report() -> None:
    code = (
        "import sys, modelspec.render.summary; sys.exit('pydantic' in sys.modules or 'modelspec.report' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
