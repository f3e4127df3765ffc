"""The catalogue against torch and Keras: their recorded answers always, themselves where they are installed."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from oracle import many
from oracle.asked import ASKED
from oracle.draw import draw
from oracle.exceptions import EXEMPTIONS, LEFT_OUT, LEFT_OUT_OF, OTHER_DEFAULT, Exemption, is_exempt
from oracle.ours import answer, compare
from oracle.outcome import Outcome, Question, list_recorded, path_of, read

from modelspec.catalogue import dialects, find, list_layers, list_names
from modelspec.catalogue.torch.linear import Linear
from modelspec.layer import Broken, Tensor, axes, fields_of, inferred

ROOT = Path(__file__).resolve().parent.parent
NAMES = [f"{dialect}.{name}" for dialect in dialects() for name in list_names(dialect)]
REFUSED_MOST = 0.4


@cache
def compare_recorded(name: str) -> list[tuple[Question, Outcome, Outcome, tuple[str, ...]]]:
    """The recorded questions of a class on which the catalogue answers otherwise."""
    dialect, _, type_name = name.partition(".")
    layer = find(dialect, type_name)
    assert layer is not None
    different = []
    for question, theirs in read(dialect, type_name).lines:
        _, ours = answer(layer, question)
        differences = tuple(compare(layer, ours, theirs))
        if differences:
            different.append((question, ours, theirs, differences))
    return different


@pytest.mark.parametrize("name", NAMES)
def test_every_class_is_recorded(name: str) -> None:
    dialect, _, type_name = name.partition(".")
    command = f"python -m tests.oracle.record {name}"
    assert path_of(dialect, type_name).exists(), f"nothing is recorded: run `{command}` where torch and Keras are"
    lines = read(dialect, type_name).lines
    refused = sum(theirs.refused is not None for _, theirs in lines)
    assert refused <= len(lines) * REFUSED_MOST, f"{refused} of {len(lines)} are refused: draw again by `{command}`"


def test_nothing_else_is_recorded() -> None:
    assert [f"{dialect}.{name}" for dialect in dialects() for name in list_recorded(dialect)] == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_catalogue_answers_as_the_framework_did(name: str) -> None:
    layer = find(*name.split("."))
    assert layer is not None
    wrong = [
        f"{json.dumps(question)}: {'; '.join(differences)}"
        for question, ours, theirs, differences in compare_recorded(name)
        if not is_exempt(layer, question, ours, theirs)
    ]
    assert not wrong, f"{len(wrong)} sets differ\n" + "\n".join(wrong[:20])


@pytest.mark.parametrize("name", [f"{dialect}.{name}" for dialect in dialects() for name in many.read(dialect)])
def test_catalogue_answers_as_the_framework_did_many_times(name: str) -> None:
    dialect, _, type_name = name.partition(".")
    layer, line = find(dialect, type_name), many.read(dialect)[type_name]
    assert layer is not None
    drawn = many.hash_questions(many.list_questions(layer, line.seed, len(line.answers)))
    assert drawn == line.questions, f"other sets are drawn now: run `python -m tests.oracle.many {dialect} {type_name}`"
    wrong = list(many.list_different(layer, line))
    assert not wrong, f"{len(wrong)} sets differ\n" + "\n".join(wrong[:20])


@pytest.mark.parametrize("name", ASKED)
def test_what_is_asked_in_any_case_is_recorded(name: str) -> None:
    recorded = [question for question, _ in read(*name.split(".")).lines]
    missing = [question for question in ASKED[name] if question not in recorded]
    assert not missing, f"run `python -m tests.oracle.record {name}`"


def test_torch_was_asked_ten_thousand_times() -> None:
    lines = many.read("torch")
    assert set(lines) == set(list_names("torch")), "run `python -m tests.oracle.many torch`"
    assert sum(len(line.answers) for line in lines.values()) > 10_000


@pytest.mark.parametrize("exemption", EXEMPTIONS, ids=lambda exemption: exemption.reason)
def test_every_exemption_is_used(exemption: Exemption) -> None:
    for dialect in dialects():
        for layer in list_layers(dialect):
            for question, ours, theirs, _ in compare_recorded(f"{dialect}.{layer.type_name()}"):
                if exemption.covers(layer, question, ours, theirs):
                    return
    pytest.fail("no recorded set needs it any more: take it out")


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_draws_the_same_sets(name: str) -> None:
    layer = find(*name.split("."))
    assert layer is not None
    first, again, other = ([q for q, _ in zip(draw(layer, seed), range(20), strict=False)] for seed in (3, 3, 4))
    assert first == again
    assert first != other


@pytest.mark.parametrize("name", NAMES)
def test_every_argument_of_the_constructor_is_a_field(name: str) -> None:
    """And with the framework's default. The signatures are recorded with the answers."""
    dialect, _, type_name = name.partition(".")
    layer = find(dialect, type_name)
    assert layer is not None
    constructor = read(dialect, type_name).constructor
    fields = {n: field for n, field in fields_of(layer).items() if field.way != "built"}
    assert set(constructor) - LEFT_OUT[dialect] - LEFT_OUT_OF.get(name, frozenset()) == set(fields)
    for argument, field in fields.items():
        if field.way != "argument" or (name, argument) in OTHER_DEFAULT:
            continue
        theirs = constructor[argument]
        if field.required or theirs == "<required>":
            assert field.required and theirs == "<required>", argument  # noqa: PT018 - both, or neither
        else:
            assert field.default == field.kind.complete(theirs), argument


WRONG = {
    "one too many": ("outputs", {"output_shape": lambda self, x: (*x[:-1], self.out_features + 1)}),
    "no bias": ("parameters", {"list_tensors": lambda self: list(Linear.list_tensors(self))[:1]}),
    "bias first": ("parameters", {"list_tensors": lambda self: list(Linear.list_tensors(self))[::-1]}),
    "axes swapped": (
        "parameters",
        {"list_tensors": lambda self: [t._replace(axes=t.axes[::-1]) for t in Linear.list_tensors(self)]},
    ),
    "frozen": (
        "parameters",
        {"list_tensors": lambda self: [t._replace(trainable=False) for t in Linear.list_tensors(self)]},
    ),
    "misnamed": (
        "parameters",
        {"list_tensors": lambda self: [t._replace(name="kernel") for t in Linear.list_tensors(self)]},
    ),
    "a buffer of its own": (
        "buffers",
        {"list_tensors": lambda self: [*Linear.list_tensors(self), Tensor("mean", axes(n=1), "buffer")]},
    ),
    "rows forgotten": ("macs", {"count_macs": lambda self, *_: self.in_features * self.out_features}),
    "first axis": ("refused", {"in_features": inferred(axis=0)}),
    "all refused": ("refused", {"constrain": lambda *_: [Broken("C1", "no")]}),
    "nothing refused": ("accepted", {"in_features": inferred(take=lambda x: x[-1])}),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_comparison_sees_a_wrong_class(wrong: str) -> None:
    word, body = WRONG[wrong]
    annotations = {name: Linear.__annotations__[name] for name in body if name in Linear.__annotations__}
    broken = type("Linear", (Linear,), {"__annotations__": annotations, **body})
    found = [
        difference
        for question, theirs in read("torch", "Linear").lines
        for difference in compare(broken, answer(broken, question)[1], theirs)
    ]
    assert any(difference.startswith(word) for difference in found)


NEEDS = [("torch", ["torch", "torchvision", "transformers"]), ("keras", ["keras", "torch"])]


@pytest.mark.parametrize(("dialect", "needs"), NEEDS)
def test_catalogue_answers_as_the_framework_does(dialect: str, needs: list[str]) -> None:
    missing = [name for name in needs if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"{' and '.join(missing)} not installed: the recorded answers stand for it (extra `oracle`)")
    command = [sys.executable, "-W", "ignore", "-m", "tests.oracle.live", dialect]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert run.returncode == 0, (run.stdout + run.stderr)[-6_000:]
    assert "sets compared" in run.stderr
