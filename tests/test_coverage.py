"""What the frameworks have is known, or refused with a reason; and the page on it says so."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest
from write_coverage import SUPPORTED, UNKNOWN, judge, write

import modelspec
from modelspec.catalogue import list_names, refusals
from modelspec.catalogue.frameworks import NAMES

ROOT = Path(__file__).resolve().parent.parent


def test_page_is_fresh() -> None:
    for path, text in write().items():
        assert path.read_text(encoding="utf-8") == text, "run `python tools/write_coverage.py`"


def test_all_of_torch_is_known_or_refused() -> None:
    assert [name for name in NAMES["torch"] if judge("torch", name)[0] == UNKNOWN] == []


REASONS = [(dialect, name) for dialect in NAMES for name in sorted(NAMES[dialect]) if refusals.find(dialect, name)]


@pytest.mark.parametrize(("dialect", "name"), REASONS)
def test_refusal_says_why_and_what_to_write(dialect: str, name: str) -> None:
    assert name not in list_names(dialect)
    spec = {"modelspec": 1, "dialect": dialect, "input": [8, 8], "layers": [name]}
    (told,) = modelspec.check(spec).diagnostics
    reason = refusals.find(dialect, name)
    assert reason is not None
    assert (told.code, told.hint) == ("MS208", reason.hint)
    assert told.message == f'"{name}" {reason.why}'


@pytest.mark.parametrize("name", [name for _, name in REASONS if name.startswith("Lazy")])
def test_lazy_layer_is_one_that_infers(name: str) -> None:
    assert judge("torch", name.removeprefix("Lazy"))[0] == SUPPORTED


def test_every_reason_is_for_a_class_of_the_framework() -> None:
    for dialect, reasons in refusals.REASONS.items():
        assert set(reasons) <= NAMES[dialect]


@pytest.mark.parametrize("dialect", NAMES)
def test_names_are_those_of_the_installed_framework(dialect: str) -> None:
    needed = {"torch": ["torch"], "keras": ["keras", "torch"]}[dialect]
    missing = [name for name in needed if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"{' and '.join(missing)} not installed (extra `oracle`)")
    command = [sys.executable, "-W", "ignore", "-c", "from tests.oracle import names; names.print_names()", dialect]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert run.returncode == 0, run.stderr[-2_000:]
    installed = set(json.loads(run.stdout))
    assert installed == NAMES[dialect], "new classes: run `python -m tests.oracle.names`"
