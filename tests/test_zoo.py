"""The files of specs/zoo against their models as frameworks build them: as written down, and live where they are."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from functools import cache
from pathlib import Path

import planting
import pytest
from oracle import reference
from oracle.reference import list_recorded, read
from oracle.zoo import BUILDERS

import modelspec
from modelspec.report import Diagnostic, Model

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


def follow_at(file: str, variant: str) -> Model:
    """A model whose open sizes are those at which its reference was run."""
    at = read(file)[variant].at
    if not at:
        return follow(file)[variant]
    (model,) = modelspec.check(FOLDER / f"{file}.yaml", variant=variant or None, settings=at).models
    return model


def list_tensors(file: str, variant: str, kind: str) -> dict[str, Shape]:
    """The shapes of a model's own tensors by name, repeats written out."""
    tensors: dict[str, Shape] = {}
    for layer in follow(file)[variant].layers:
        for path in layer.paths():
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
    model, theirs = follow(file)[variant], read(file)[variant]
    assert model.ok
    pinned = {line.metric: line.limit.exactly for line in model.budget if line.scope is None}
    assert pinned["parameters"] == model.totals.parameters == theirs.total
    if theirs.framework.startswith("torchvision"):
        assert pinned["macs"] == model.totals.macs == theirs.macs


@pytest.mark.parametrize(("file", "variant"), MODELS)
def test_tensors_bear_the_names_and_shapes_of_the_checkpoint(file: str, variant: str) -> None:
    """Their order is not compared: a framework lists them as its constructor makes them, a spec as they are used."""
    theirs = read(file)[variant]
    assert list_tensors(file, variant, "parameter") == theirs.parameters
    assert list_tensors(file, variant, "buffer") == theirs.buffers


@pytest.mark.parametrize(("file", "variant"), MODELS)
def test_tied_tensors_name_their_owner_and_count_for_nothing(file: str, variant: str) -> None:
    tied = [
        (f"{layer.path}.{tensor.name}", tensor)
        for layer in follow(file)[variant].layers
        for tensor in layer.tensors
        if tensor.owner is not None
    ]
    assert {name: tensor.owner for name, tensor in tied} == read(file)[variant].tied
    assert all(tensor.count == 0 for _, tensor in tied)


def test_an_embedding_that_is_not_tied_counts_twice_and_costs_the_same() -> None:
    tied = follow("gpt2")["small"]
    text = (FOLDER / "gpt2.yaml").read_text(encoding="utf-8")
    loose = text.replace(", tie: {weight: transformer.wte.weight}", "")
    assert loose != text
    loose = loose.replace("{parameters: {exactly: 124_439_808}}", "{parameters: {exactly: 163_037_184}}")
    report = modelspec.check_text(loose, variant="small")
    assert not report.diagnostics
    assert report.models[0].totals.parameters == 163_037_184
    assert tied.totals.parameters == 124_439_808
    assert report.models[0].totals.macs == tied.totals.macs


@pytest.mark.parametrize(
    ("file", "variant"), [(file, variant) for file, variant in MODELS if read(file)[variant].macs is not None]
)
def test_macs_are_those_of_the_flop_counter(file: str, variant: str) -> None:
    assert follow_at(file, variant).totals.macs == read(file)[variant].macs


def list_errors(text: str, file: str) -> list[Diagnostic]:
    """What is wrong; advice is not asked for."""
    return [told for told in modelspec.check_text(text, f"{file}.yaml").diagnostics if told.severity == "error"]


@pytest.mark.parametrize("file", FILES)
def test_wrong_size_is_found_where_it_is_written(file: str) -> None:
    """A size that a layer would infer is written into each layer in turn, and is another."""
    planted = list(planting.list_contradicted((FOLDER / f"{file}.yaml").read_text(encoding="utf-8"), 9_973))
    # Keras's layers are not told what arrives.
    assert planted or all(model.dialect == "keras" for model in follow(file).values())
    for what, entry, text in planted:
        (told,) = list_errors(text, file)
        assert (told.code, told.line) == ("MS304", entry.at), what
        assert "9973" in told.message, what
        assert told.related, what
        assert sorted(told.models) == sorted(name_models(file)), what


@pytest.mark.parametrize("file", FILES)
def test_changed_size_is_found_or_breaks_the_budget(file: str) -> None:
    """The size that a layer gives is changed in each in turn: something later may say otherwise, or just grows."""
    changed = list(planting.list_changed((FOLDER / f"{file}.yaml").read_text(encoding="utf-8"), 9_973))
    assert changed
    for what, entry, text in changed:
        found = list_errors(text, file)
        assert found, what
        contradictions = [told for told in found if not told.code.startswith("MS5")]
        models = [model for told in contradictions for model in told.models]
        assert len(models) == len(set(models)), what
        for told in contradictions:
            assert told.related, what
            assert f"{file} {entry.type}" in DIVIDED or any(line in entry.lines for line in list_lines(told)), what


DIVIDED = {"gpt2 Conv1D"}
"""What gives a size that is divided before it is met: the end that is told is where it was divided."""


def list_lines(told: Diagnostic) -> list[int]:
    """The lines that a finding names."""
    return [told.line, *(place.line for place in told.related)]


def name_models(file: str) -> list[str]:
    """What findings call the models of a file."""
    return [model.name + (f"/{variant}" if variant else "") for variant, model in follow(file).items()]


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
