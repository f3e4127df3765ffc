"""The frameworks' classes against the catalogue: each is there, or is refused for a reason, or does not apply."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest
import write_coverage

from modelspec import check
from modelspec.catalogue import dialects, refusals
from modelspec.catalogue.frameworks import ALIASES, HOMES, NAMES
from modelspec.catalogue.index import TYPES

ROOT = Path(__file__).resolve().parent.parent
CLASSES = [(dialect, name) for dialect in dialects() for name in sorted(NAMES[dialect])]
REFUSED = [(dialect, name) for dialect in dialects() for name in refusals.list_refused(dialect)]


@pytest.mark.parametrize("dialect", dialects())
def test_every_class_has_one_state(dialect: str) -> None:
    states = {name: write_coverage.list_states(dialect, name) for name in NAMES[dialect]}
    twice = sorted(name for name, told in states.items() if len(told) != 1)
    assert not twice, "a type of the catalogue that is refused, too: take its reason out of refusals.py"


@pytest.mark.parametrize("dialect", dialects())
def test_what_is_refused_is_a_class_of_the_framework(dialect: str) -> None:
    names = refusals.list_refused(dialect)
    assert len(set(names)) == len(names)
    assert set(names) <= NAMES[dialect]


def test_page_holds_every_class_once_a_module() -> None:
    (page,) = write_coverage.write().values()
    rows = [line.split(" | ") for line in page.partition("\n## ")[2].splitlines() if line.startswith(("| [`", "| `"))]
    assert len(rows) == sum(len(names) for homes in HOMES.values() for names in homes.values())
    assert {row[1] for row in rows} <= set(write_coverage.STATES)


@pytest.mark.parametrize(("dialect", "name"), REFUSED)
def test_check_says_what_the_page_says(dialect: str, name: str) -> None:
    reason = refusals.find(dialect, name)
    assert reason is not None
    report = check({"modelspec": 1, "dialect": dialect, "input": [8, 8], "layers": [name]})
    (found,) = report.diagnostics
    assert (found.code, found.message, found.hint) == ("MS208", f'"{name}" {reason.why}', reason.hint)
    assert f"| `{name}` | " in (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("dialect", dialects())
def test_second_names_lead_to_a_type(dialect: str) -> None:
    assert set(ALIASES[dialect].values()) <= set(TYPES[dialect])


@pytest.mark.parametrize("dialect", dialects())
def test_a_class_that_is_not_there_yet_is_no_unknown_type(dialect: str) -> None:
    others = {name for other in dialects() if other != dialect for name in TYPES[other]}
    for name in NAMES[dialect] - others:
        if write_coverage.list_states(dialect, name) == ["not yet"]:
            report = check({"modelspec": 1, "dialect": dialect, "input": [8, 8], "layers": [name]})
            assert [found.code for found in report.diagnostics] == ["MS208"]


def test_recorded_names_are_those_of_the_installed_frameworks() -> None:
    missing = [name for name in ("keras", "torch", "torchvision") if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"{' and '.join(missing)} not installed: the recorded names stand for it (extra `oracle`)")
    command = [sys.executable, "-W", "ignore", "-m", "tests.oracle.names", "--list"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert run.returncode == 0, run.stderr[-3_000:]
    for dialect, homes in json.loads(run.stdout).items():
        for module, names in homes.items():
            new, gone = set(names) - HOMES[dialect][module], HOMES[dialect][module] - set(names)
            told = f"{module} has {sorted(new)} and no more {sorted(gone)}: run `python -m tests.oracle.names`"
            assert not new, told
            assert not gone, told
