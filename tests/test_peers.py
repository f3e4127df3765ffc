"""The comparison with other tools: what is recorded is what happens, as far as the tools are here."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import write_comparison
from compare import TOOLS, find_version, lay_out, observe
from judges import JUDGES, Outcome

ROOT = Path(__file__).resolve().parent.parent
RECORD = json.loads((ROOT / "benchmarks" / "comparison.json").read_text(encoding="utf-8"))["tools"]


def tell(seen: dict[str, dict[str, Any]]) -> dict[str, str]:
    """The answers alone: the words of another tool are its own, and change with its version."""
    return {task: entry["answer"] for task, entry in seen.items()}


def test_every_tool_has_every_task() -> None:
    assert list(RECORD) == list(TOOLS)
    assert {*write_comparison.TASKS} == {*JUDGES, "framework"}
    for name, tool in TOOLS.items():
        assert {*tool["tasks"]} == {*JUDGES}, name
        assert {*RECORD[name]["tasks"]} == {*JUDGES, "framework"}, name


def test_column_of_modelspec_is_what_happens() -> None:
    assert observe("modelspec", sys.executable) == RECORD["modelspec"]["tasks"], "run compare.py --only modelspec"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["check-jsonschema", "torchinfo", "keras"])
def test_column_of_another_tool_is_what_happens(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if find_version(name, sys.executable) is None:
        pytest.skip(f"{name} is not installed")
    # Transformers' model takes half a minute by itself.
    monkeypatch.setitem(TOOLS[name]["tasks"], "mixtral", "not here")
    seen, recorded = tell(observe(name, sys.executable)), tell(RECORD[name]["tasks"])
    assert {**seen, "mixtral": recorded["mixtral"]} == recorded


@pytest.mark.parametrize("name", TOOLS)
def test_files_of_a_tool_lie_there(name: str, tmp_path: Path) -> None:
    for number, (task, given) in enumerate(TOOLS[name]["tasks"].items()):
        if isinstance(given, dict):
            folder = tmp_path / str(number)
            folder.mkdir()
            text = lay_out(TOOLS[name], given, folder).read_text(encoding="utf-8")
            assert all(text.count(old) == 1 for old in given.get("put", ())), task


FOUND = {"named": [r"\b99\b", r"\b77\b"], "right": "Linear"}
TOOL = {"total": r"total ([\d,]+)", "shape": r"shape (.*)"}


@pytest.mark.parametrize(
    ("task", "status", "output", "answer"),
    [
        ("mlp", 0, "total 109,386", "exact"),
        ("mlp", 0, "total 109387", "says 109,387"),
        ("mlp", 0, "fine", "tells none"),
        ("mlp", 1, "ValueError: no", "fails"),
        ("no_features", 0, "total 109,386", "inferred"),
        ("no_features", 1, "total 109,386", "no"),
        ("no_features", 0, "total 9", "says 9"),
        ("wrong_size", 0, "a.py:7: 99 is wrong", "passes"),
        ("wrong_size", 1, "a.py:7: 98 is wrong", "fails, and does not name it"),
        ("wrong_size", 1, "a.py:7: 99 is wrong", "found: line"),
        ("wrong_size", 1, 'File "a.py", line 7\nTypeError: 99', "found: line"),
        ("wrong_size", 1, "a.py:71: 99 is wrong", "found"),
        ("misspelt", 1, "99? Linear", "found: right word"),
        ("misspelt", 1, "a.py:7: 99? Linear", "found: line, right word"),
        ("two_sizes", 1, "99 and 77", "both"),
        ("two_sizes", 1, "99", "one"),
        ("two_sizes", 1, "no", "fails, and names neither"),
        ("two_sizes", 0, "99 and 77", "passes"),
        ("over_budget", 1, "99", "fails the run"),
        ("over_budget", 0, "99", "passes"),
        ("open", 0, "shape [8, ?, ?]", "unknown, and says so"),
        ("open", 0, "shape (8, '(H-3)/2+1')", "a right formula"),
        ("open", 0, "shape [8, 'H']", "says H: of 28 that is 28, not 13"),
        ("open", 0, "shape [8, 'H W']", "says H W"),
        ("open", 1, "TypeError: no", "refused"),
        ("module", 0, "output (1, 10)", "yes"),
        ("module", 1, "ImportError: no", "no"),
    ],
)
def test_an_answer_is_read_off_the_output(task: str, status: int, output: str, answer: str) -> None:
    tool = TOOL if task != "wrong_size" else {}
    given = {**FOUND, "height": 1} if task != "wrong_size" else {"named": FOUND["named"]}
    assert JUDGES[task](Outcome(tool, given, task, "a.py", [7], status, output)).told == answer


def test_readme_is_filled_between_its_marks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "README.md"
    monkeypatch.setattr(write_comparison, "README", page)
    page.write_text("# Before\n", encoding="utf-8")
    assert page not in write_comparison.write()
    page.write_text("# Before\n\n<!-- comparison -->\nold\n<!-- /comparison -->\nafter\n", encoding="utf-8")
    text = write_comparison.write()[page]
    assert text.startswith("# Before\n\n<!-- comparison -->\n\n| ")
    assert text.endswith(" |\n\n<!-- /comparison -->\nafter\n")
    assert text.count("\n| ") <= 8
    page.write_text(text, encoding="utf-8")
    assert write_comparison.write()[page] == text
