"""Every public layer class of the frameworks is a type, another name of one, or refused with a reason."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import modelspec
from modelspec.catalogue import ALIASES, find, list_names, refusals
from modelspec.catalogue.frameworks import NAMES
from modelspec.layer import fields_of

ROOT = Path(__file__).resolve().parent.parent


def load_tool(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    return tool


def test_page_is_fresh() -> None:
    for path, text in load_tool("write_coverage").write().items():
        assert path.read_text(encoding="utf-8") == text, "run `python tools/write_coverage.py`"


def test_every_class_of_keras_is_known_or_refused() -> None:
    known = {*list_names("keras"), *ALIASES["keras"]}
    refused = set(refusals.list_names("keras"))
    assert NAMES["keras"] <= known | refused
    assert not known & refused
    assert refused <= NAMES["keras"]


@pytest.mark.parametrize("name", sorted(refusals.list_names("keras")))
def test_refusal_says_why_and_what_to_write(name: str) -> None:
    text = f"modelspec: 1\ndialect: keras\ninput: [4]\nlayers: [{name}]\n"
    (told,) = modelspec.check_text(text).diagnostics
    reason = refusals.find("keras", name)
    assert reason is not None
    assert (told.code, told.hint) == ("MS208", reason.hint)
    assert told.message.endswith(reason.why)


@pytest.mark.parametrize("name", sorted(ALIASES["keras"]))
def test_another_name_is_the_same_type(name: str) -> None:
    layer = find("keras", name)
    assert layer is not None
    assert layer is find("keras", ALIASES["keras"][name])
    entry = {"type": name, **{field.name: 2 for field in fields_of(layer).values() if field.required}}
    shape = [8] * (len(layer.takes_at(0).layouts[0]) - 1)
    inputs = {f"x{number}": [*shape, 3] for number in range(layer.arity[0])}
    spec = {"modelspec": 1, "dialect": "keras", "inputs": inputs, "layers": [{**entry, "inputs": list(inputs)}]}
    report = modelspec.check_text(json.dumps(spec))
    assert report.diagnostics == []
    assert [row.type for row in report.models[0].layers] == [ALIASES["keras"][name]]


def test_frameworks_have_no_other_classes() -> None:
    """A new release shows here what is new."""
    missing = [name for name in ("torch", "keras") if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"{' and '.join(missing)} not installed (extra `oracle`)")
    code = "import json; from tests.oracle.names import list_names; print(json.dumps(list_names()))"
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": "torch"},
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    names = json.loads(run.stdout.splitlines()[-1])
    assert {dialect: set(found) for dialect, found in names.items()} == NAMES
