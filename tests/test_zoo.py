"""The files of specs/zoo against their models as frameworks build them: as written down, and live where they are."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from oracle import reference
from oracle.reference import list_recorded, read
from oracle.zoo import BUILDERS

import modelspec
from modelspec.report import Model

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "specs" / "zoo"
FILES = sorted(path.stem for path in FOLDER.glob("*.yaml"))
MODELS = [(file, variant) for file in list_recorded() for variant in read(file)]

Shape = tuple[int | None, ...]


@cache
def follow(file: str) -> dict[str, Model]:
    """The models of a file by their variant, the empty name where it has none."""
    report = modelspec.check(FOLDER / f"{file}.yaml")
    assert not report.diagnostics, "\n".join(f"{d.line}: {d.code} {d.message}" for d in report.diagnostics)
    return {model.variant or "": model for model in report.models}


@cache
def follow_at(file: str, variant: str) -> Model:
    """A model whose open sizes are those at which its reference was run."""
    at = read(file)[variant].at
    if not at:
        return follow(file)[variant]
    document: dict[str, Any] = yaml.safe_load((FOLDER / f"{file}.yaml").read_text(encoding="utf-8"))
    report = modelspec.check({**document, "variables": {**document["variables"], **at}})
    return next(model for model in report.models if (model.variant or "") == variant)


def list_tensors(file: str, variant: str, kind: str) -> dict[str, Shape]:
    """The shapes of a model's own tensors by name, repeats written out."""
    tensors: dict[str, Shape] = {}
    for layer in follow(file)[variant].layers:
        for path in layer.paths:
            for tensor in layer.tensors:
                if tensor.kind == kind and tensor.owner is None:
                    bare = layer.type in ("Parameter", "Buffer")
                    name = path if bare else f"{path}.{tensor.name}"
                    assert name not in tensors, name
                    tensors[name] = tuple(axis.size for axis in tensor.axes)
    return tensors


def test_every_file_has_its_reference() -> None:
    assert FILES == list_recorded() == sorted(BUILDERS)


@pytest.mark.parametrize("file", FILES)
def test_every_variant_has_its_reference(file: str) -> None:
    assert list(follow(file)) == list(read(file)) == list(BUILDERS[file])


@pytest.mark.parametrize(("file", "variant"), MODELS)
def test_model_is_within_its_budget_and_pins_its_parameters(file: str, variant: str) -> None:
    model = follow(file)[variant]
    assert model.ok
    pinned = {line.metric: line.limit.exactly for line in model.budget if line.scope is None}
    assert pinned["parameters"] == model.totals.parameters == read(file)[variant].total


@pytest.mark.parametrize(("file", "variant"), MODELS)
def test_tensors_bear_the_names_and_shapes_of_the_checkpoint(file: str, variant: str) -> None:
    """Their order is not compared: a framework lists them as its constructor makes them, a spec as they are used."""
    theirs = read(file)[variant]
    assert list_tensors(file, variant, "parameter") == theirs.parameters
    assert list_tensors(file, variant, "buffer") == theirs.buffers


@pytest.mark.parametrize(("file", "variant"), MODELS)
def test_tied_tensors_name_their_owner(file: str, variant: str) -> None:
    tied = {
        f"{layer.path}.{tensor.name}": tensor.owner
        for layer in follow(file)[variant].layers
        for tensor in layer.tensors
        if tensor.owner is not None
    }
    assert tied == read(file)[variant].tied


@pytest.mark.parametrize(
    ("file", "variant"), [(file, variant) for file, variant in MODELS if read(file)[variant].macs is not None]
)
def test_macs_are_those_of_the_flop_counter(file: str, variant: str) -> None:
    assert follow_at(file, variant).totals.macs == read(file)[variant].macs


@pytest.mark.parametrize("file", FILES)
def test_a_reference_reads_as_it_was_written(file: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Folded names unfold to what they were, whichever numbers are in them."""
    before = read(file)
    monkeypatch.setattr(reference, "FOLDER", tmp_path)
    reference.path_of(file).write_text(reference.write(before), encoding="utf-8")
    assert read(file) == before


def test_frameworks_build_what_is_written_down() -> None:
    needs = ("torch", "torchvision", "transformers", "keras")
    missing = [name for name in needs if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"{' and '.join(missing)} not installed: what is written down stands for it (extra `oracle`)")
    command = [sys.executable, "-W", "ignore", "-m", "tests.oracle.zoo", "--compare"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert run.returncode == 0, (run.stdout + run.stderr)[-6_000:]
    assert "models compared, 0 differences" in run.stderr
