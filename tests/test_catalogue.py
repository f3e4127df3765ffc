"""Laws that every layer class keeps. A new class is held to them by being in the catalogue."""

from __future__ import annotations

import importlib.util
import inspect
import re
from pathlib import Path
from typing import Any, ClassVar, get_origin

import pytest
from oracle.ours import list_accepted, read_arguments
from oracle.outcome import read

from modelspec.catalogue import dialects, list_common, list_layers
from modelspec.catalogue.mixture import MixtureOfExperts
from modelspec.expressions import ExpressionError, parse
from modelspec.fitting import Fitted, Value, fit
from modelspec.kinds import Deferred
from modelspec.language import ENTRY_KEYS, STEP_KEYS
from modelspec.layer import Example, Layer, fields_of, list_constraints
from modelspec.refusal import Refused
from modelspec.shape import Unknown, numel

ROOT = Path(__file__).resolve().parent.parent
LAYERS = {f"{dialect}.{layer.type_name()}": layer for dialect in dialects() for layer in list_layers(dialect)}
EVERY = {**LAYERS, **{layer.type_name(): layer for layer in (*list_common(), MixtureOfExperts)}}
"""The classes that every dialect has, too: of containers there is one class, that of the mixture."""
EXAMPLES = [
    pytest.param(layer, example, id=f"{name}-{number}")
    for name, layer in EVERY.items()
    for number, example in enumerate(layer.examples, 1)
]
every_class = pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)

# A numbered sentence that says what comes out is shown by the examples that are valid; the others can be broken.
PROMISE = re.compile(r"(The|Each|Every) (\w+ )?(output|result)s?\b")


TOGETHER = {"LSTM": {2}, "LSTMCell": {2}}
"""The numbers of inputs that torch.nn does not take in between: h_0 and c_0 are a pair."""


def is_valid(example: Example) -> bool:
    return example.breaks is None and example.code is None


def plain(value: Any) -> Any:
    """As a reader of YAML gives it: lists, no tuples."""
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items()}
    return [plain(member) for member in value] if isinstance(value, (list, tuple)) else value


def try_example(layer: type[Layer], example: Example) -> tuple[Fitted | None, list[tuple[str, str | None, str | None]]]:
    """What is fitted, and the codes, constraints and arguments of what is wrong."""
    try:
        values = read_arguments(layer, plain(example.arguments))
    except Refused as refused:
        return None, [(part.code, None, None) for part in refused.each()]
    fitted, broken = fit(layer, values, tuple(map(Value, example.inputs, example.dtypes)), "float32")
    return fitted, [(problem.code, problem.constraint, problem.field) for problem in broken]


def count_parameters(fitted: Fitted) -> int:
    return sum(numel(a.size for a in tensor.axes) for tensor in fitted.tensors if tensor.kind == "parameter")


@pytest.mark.parametrize(("layer", "example"), [given for given in EXAMPLES if is_valid(given.values[1])])
def test_parameters_are_worked_out_by_hand(layer: type[Layer], example: Example) -> None:
    """Where a class has a formula, each example has one: what is wrapped keeps that of the layer inside."""
    fitted, _ = try_example(layer, example)
    assert fitted is not None
    known = not any(isinstance(size, Unknown) for shape in example.inputs for size in shape)
    if layer.parameters_by_hand is not Layer.parameters_by_hand and known and count_parameters(fitted):
        inside = example.arguments.get("backward_layer")
        assert (fitted.layer.parameters_by_hand() is None) == (inside is not None), "a formula is missing"


@pytest.mark.parametrize(("layer", "example"), EXAMPLES)
def test_example_comes_out_as_it_says(layer: type[Layer], example: Example) -> None:
    fitted, broken = try_example(layer, example)
    if not is_valid(example):
        assert broken, "nothing is wrong with it"
        if example.breaks is not None:
            assert example.breaks in [constraint for _, constraint, _ in broken]
            assert example.breaks in dict(list_constraints(layer))
        if example.code is not None:
            assert example.code in [code for code, *_ in broken]
        if example.field is not None:
            assert example.field in [field for *_, field in broken]
        assert (example.output, example.parameters, example.macs) == (None, None, None)
        return
    assert not broken
    assert fitted is not None
    if example.output is not None:
        assert fitted.output_shape == example.output
    if example.parameters is not None:
        assert count_parameters(fitted) == example.parameters
    if example.macs is not None:
        assert fitted.macs == example.macs


@every_class
def test_every_number_of_inputs_is_shown(layer: type[Layer]) -> None:
    """Each that is taken, by a recorded set that the framework accepts, too; where there is no end, one more."""
    shown = {len(question.inputs) for question, _ in list_accepted(layer)}
    least, most = layer.arity
    if not any(field.every for field in fields_of(layer).values()):  # Else the layer inside says how many.
        taken = set(range(least, (least + 1 if most is None else most) + 1)) - TOGETHER.get(layer.type_name(), set())
        assert taken <= shown
        assert most is None or shown <= taken


@pytest.mark.parametrize("layer", EVERY.values(), ids=EVERY)
def test_examples_show_every_constraint(layer: type[Layer]) -> None:
    valid = [example for example in layer.examples if is_valid(example)]
    assert any(example.output is not None and example.parameters is not None for example in valid)
    shown = {constraint for example in layer.examples for _, constraint, _ in try_example(layer, example)[1]}
    numbered = list(list_constraints(layer))
    assert [int(number[1:]) for number, _ in numbered] == list(range(1, len(numbered) + 1))
    constraints = dict(numbered)
    unbroken = {number for number, text in constraints.items() if number not in shown and not PROMISE.match(text)}
    assert not unbroken, "no example breaks them"


@every_class
def test_constraints_that_are_named_are_written_down(layer: type[Layer]) -> None:
    """In the fields and layouts; those of `constrain` are held by the recorded refusals."""
    takes = layer.takes if isinstance(layer.takes, tuple) else (layer.takes,)
    named = {*(each.constraint for each in takes), *(field.constraint for field in fields_of(layer).values())} - {None}
    for question, _ in read(layer.dialect, layer.type_name()).lines:
        try:
            values = read_arguments(layer, question.arguments)
        except Refused:
            continue
        _, broken = fit(layer, values, tuple(map(Value, question.inputs, question.dtypes)), "float32")
        # What is wrong inside of a wrapped layer bears that layer's own number.
        named |= {p.constraint for p in broken if p.constraint and (p.field is None or "." not in p.field)}
    if not any(field.way == "wrapped" for field in fields_of(layer).values()):
        assert named <= set(dict(list_constraints(layer)))


@every_class
def test_docstring_has_its_source(layer: type[Layer]) -> None:
    assert layer.__doc__ is not None
    assert re.search(r"^Source: \S", inspect.cleandoc(layer.__doc__), re.MULTILINE)
    assert layer.__doc__.partition("\n")[0].endswith(".")


@every_class
def test_fields_say_what_they_take(layer: type[Layer]) -> None:
    for base in layer.__mro__:
        if base.__module__.startswith("modelspec.catalogue"):
            own = {n for n, a in inspect.get_annotations(base).items() if get_origin(a) is not ClassVar}
            assert own <= set(fields_of(layer)), "an annotation without a kind is no field"
    for field in fields_of(layer).values():
        assert field.kind.words.strip()
        if field.way == "argument" and not field.required:
            assert not isinstance(field.default, Deferred)
            assert field.kind.complete(field.default) == field.default, "a default that is not of its own kind"
        if field.way in ("inferred", "built"):
            assert (field.axis is None) != (field.take is None)


@every_class
def test_fields_are_no_keys_of_an_entry(layer: type[Layer]) -> None:
    assert not set(fields_of(layer)) & {*ENTRY_KEYS, *STEP_KEYS}


@every_class
def test_numbers_by_hand_are_the_counted_ones(layer: type[Layer]) -> None:
    wraps = any(field.way == "wrapped" for field in fields_of(layer).values())
    for question, fitted in list_accepted(layer):
        instance, shapes, y = fitted.layer, question.inputs, fitted.output_shape
        inputs = {layer.input_name_at(number): shape for number, shape in enumerate(shapes)}
        names = {**instance.names(), **inputs, "output": y}
        parameters = instance.parameters_by_hand()
        if parameters is not None:
            assert parse(parameters).evaluate(names) == count_parameters(fitted), (question, parameters)
        else:
            assert wraps or not count_parameters(fitted), (question, "no word of how its parameters come about")
        macs = instance.macs_by_hand(*shapes, y)
        if macs is not None:
            assert parse(macs).evaluate(names) == fitted.macs, (question, macs)
        else:
            assert wraps or not fitted.macs, (question, "no word of how its MACs come about")
        by_hand = [parse(text).evaluate(names) for text in instance.output_by_hand(*shapes).values()]
        sizes = iter(y)
        assert all(value in sizes for value in by_hand), (question, instance.output_by_hand(*shapes), y)


@every_class
def test_axes_of_tensors_are_as_long_as_their_names_say(layer: type[Layer]) -> None:
    """A name that is worked out of the arguments, as `out_channels / groups`, comes to the size of its axis."""
    for question, fitted in list_accepted(layer):
        names = fitted.layer.names()
        for tensor in fitted.tensors:
            for name, size in tensor.axes:
                try:
                    told = parse(name.replace("×", "*").replace("−", "-").replace(" / ", " // ")).evaluate(names)
                except ExpressionError:
                    continue  # It is in words.
                # The lengths that weight_norm keeps stand along axes of 1, called by what they are taken over.
                kept = size == 1 and tensor.name.endswith(".original0")
                assert told in (size, (size,)) or kept, (question, tensor.name, name)


def test_index_is_fresh() -> None:
    spec = importlib.util.spec_from_file_location("write_index", ROOT / "tools" / "write_index.py")
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    for path, text in tool.write().items():
        assert path.read_text(encoding="utf-8") == text, "run `python tools/write_index.py`"
