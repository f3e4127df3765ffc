"""What is not known: it is never taken for a number, nothing is refused for it, and all else stays known."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import pytest
from oracle.ours import list_accepted, read_arguments

from modelspec.catalogue import dialects, list_layers
from modelspec.fitting import Fitted, Value, Written, fit
from modelspec.layer import Layer, fields_of
from modelspec.refusal import Refused
from modelspec.shape import Dim, Shape, Unknown

if TYPE_CHECKING:
    from oracle.outcome import Question

LAYERS = {f"{dialect}.{layer.type_name()}": layer for dialect in dialects() for layer in list_layers(dialect)}
every_class = pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)

Fact = tuple[object, ...]

OTHERS = (2, 3, 7, 60, 2_000)
"""By what a size is multiplied to see what depends on it: up to where no window covers the whole axis any more."""
WINDOW = {
    *("kernel_size", "stride", "strides", "dilation", "dilation_rate", "pool_size", "step"),
    *("frame_step", "frame_length", "fft_length", "sequence_stride", "lambd"),
}
"""Arguments of which the larger ones make no more difference, so that what does not vary may depend on them."""


@every_class
def test_what_is_known_with_an_unknown_axis_is_so_with_any_size(layer: type[Layer]) -> None:
    """And nothing is refused for it, but what needs the size to exist."""
    for question, fitted in islice(list_accepted(layer), 120):
        values = read_arguments(layer, question.arguments)
        for shapes in list_hidden(question.inputs):
            blurred, broken = fit(layer, values, tuple(map(Value, shapes, question.dtypes)), "float32")
            if blurred is None:
                assert {problem.code for problem in broken} == {"MS307"}, (question, shapes, broken)
                continue
            assert not broken, (question, shapes, broken)
            # An unknown size that bears a name is that run-time variable, whatever it is.
            hidden = dict(zip(chain(*shapes), chain(*question.inputs), strict=True))
            hold_known(blurred, fitted, hidden, (question, shapes))


@every_class
def test_what_is_known_with_an_unknown_argument_is_so_with_any(layer: type[Layer]) -> None:
    """And nothing is refused for it, but what needs the argument to exist."""
    for question, fitted in islice(list_accepted(layer), 40):
        values = read_arguments(layer, question.arguments)
        for path, value, true in list_unknown(layer, values):
            name = path.partition(".")[0]
            blurred, broken = fit(
                layer, {**values, name: value}, tuple(map(Value, question.inputs, question.dtypes)), "float32"
            )
            assert {problem.code for problem in broken} <= {"MS307"}, (question, name, broken)
            if blurred is not None:
                hold_known(blurred, fitted, {Unknown("n"): true}, (question, name))


def list_unknown(layer: type[Layer], values: dict[str, Any]) -> Iterator[tuple[str, Any, int]]:
    """Each written number in turn as a variable without a value, where its kind takes one: name, value, true number.

    The name is a path, where the number stands in a layer inside; the value is that of its first part.
    """
    for name, value in values.items():
        if isinstance(value, Written):
            for inner, hidden, true in list_unknown(value.layer, dict(value.arguments)):
                yield (
                    f"{name}.{inner}",
                    value._replace(arguments={**value.arguments, inner.partition(".")[0]: hidden}),
                    true,
                )
            continue
        field, several = fields_of(layer)[name], isinstance(value, tuple)
        for place, member in enumerate(value if several else (value,)):
            # What is known at run time alone is a size, so that it is 1 at least.
            if field.way != "wrapped" and isinstance(member, int) and not isinstance(member, bool) and member >= 1:
                hidden = [*value[:place], Unknown("n"), *value[place + 1 :]] if several else Unknown("n")
                with contextlib.suppress(Refused):
                    yield name, field.kind.complete(hidden), member


def hold_known(blurred: Fitted, fitted: Fitted, hidden: dict[Any, int], where: object) -> None:
    """What is known of a layer of which something is hidden is what is true of it."""
    assert list(blurred.outputs) == list(fitted.outputs)
    pairs = [(blurred.macs, fitted.macs), (len(blurred.tensors), len(fitted.tensors))]
    for one, other in zip(blurred.outputs.values(), fitted.outputs.values(), strict=True):
        assert len(one.shape) == len(other.shape), where
        pairs += zip(one.shape, other.shape, strict=True)
    for mine, theirs in zip(blurred.tensors, fitted.tensors, strict=True):
        assert mine.name == theirs.name
        pairs += [(a.size, b.size) for a, b in zip(mine.axes, theirs.axes, strict=True)]
    for known, true in pairs:
        size = hidden.get(known, true) if isinstance(known, Unknown) and known.name else known
        assert isinstance(size, Unknown) or size == true, where


def list_hidden(shapes: tuple[tuple[int, ...], ...]) -> Iterator[tuple[Shape, ...]]:
    """The shapes with each axis unknown in turn, then with all of them, then with all of one size one unknown."""
    places = [(number, axis) for number, shape in enumerate(shapes) for axis in range(len(shape))]
    for place in places:
        yield hide(shapes, {place: "n"})
    if len(places) > 1:
        yield hide(shapes, {place: f"n{number}" for number, place in enumerate(places)})
    if len(shapes) > 1:
        for size in {shapes[number][axis] for number, axis in places}:
            yield hide(shapes, {place: "n" for place in places if shapes[place[0]][place[1]] == size})


def hide(shapes: tuple[tuple[int, ...], ...], names: dict[tuple[int, int], str]) -> tuple[Shape, ...]:
    """The shapes with an unknown of this name at each of these places: the number of an input, and of its axis."""
    return tuple(
        tuple(Unknown(names[number, axis]) if (number, axis) in names else size for axis, size in enumerate(shape))
        for number, shape in enumerate(shapes)
    )


@every_class
def test_what_an_unknown_axis_does_not_alter_is_known(layer: type[Layer]) -> None:
    """What is one number whatever the size of an axis is that number where the size is not known."""
    for question, fitted in islice(list_accepted(layer), 60):
        values = read_arguments(layer, question.arguments)
        for number, shape in enumerate(question.inputs):
            for axis, size in enumerate(shape):
                place = {(number, axis): Unknown("n")}
                blurred = fit_at(layer, values, question, place)
                unknown = list_unknown_facts(blurred)
                # What is not known says which run-time variable it comes from: the one to be given a value.
                assert blurred is None or all(list_facts(blurred)[name].causes == {"n"} for name in unknown), place
                if blurred is None or unknown:
                    others = [fit_at(layer, values, question, {(number, axis): size * times}) for times in OTHERS]
                    varying = list_varying([fitted, *others])
                    assert unknown <= varying, (question, place)
                    assert blurred is not None or varying, (question, place, "refused, and the size alters nothing")


@every_class
def test_what_an_unknown_argument_does_not_alter_is_known(layer: type[Layer]) -> None:
    for question, fitted in islice(list_accepted(layer), 40):
        values = read_arguments(layer, question.arguments)
        for path, value, true in list_unknown(layer, values):
            name = path.partition(".")[0]
            if path.rpartition(".")[2] in WINDOW:
                continue
            unknown = list_unknown_facts(fit_at(layer, {**values, name: value}, question, {}))
            if unknown:
                written = [{**values, name: put(value, true * times)} for times in OTHERS]
                others = [fit_at(layer, each, question, {}) for each in written]
                assert unknown <= list_varying([fitted, *others]), (question, name)


def put(value: Any, size: Dim) -> Any:
    """A value, or a list with one, in which this size stands for the unknown one."""
    if isinstance(value, Written):
        return value._replace(arguments={name: put(each, size) for name, each in value.arguments.items()})
    if isinstance(value, tuple):
        return tuple(size if isinstance(member, Unknown) else member for member in value)
    return size if isinstance(value, Unknown) else value


def fit_at(
    layer: type[Layer], values: dict[str, Any], question: Question, places: dict[tuple[int, int], Dim]
) -> Fitted | None:
    """What is made of a question with other sizes at these places; None if anything is wrong then."""
    shapes = (
        tuple(places.get((number, axis), size) for axis, size in enumerate(shape))
        for number, shape in enumerate(question.inputs)
    )
    fitted, broken = fit(layer, values, tuple(map(Value, shapes, question.dtypes)), "float32")
    return None if broken else fitted


def list_unknown_facts(fitted: Fitted | None) -> set[Fact]:
    """What is not known of a layer."""
    return set() if fitted is None else {n for n, fact in list_facts(fitted).items() if isinstance(fact, Unknown)}


def list_varying(fitted: list[Fitted | None]) -> set[Fact]:
    """What is not the same in all of these; all that there is, if too few of them are accepted to tell."""
    facts = [list_facts(each) for each in fitted if each is not None]
    names = set().union(*facts)
    if fitted[-1] is None or len(facts) < 3:
        return names
    return {name for name in names if len({each.get(name) for each in facts}) > 1}


def list_facts(fitted: Fitted) -> dict[Fact, object]:
    """All that is a number of a layer, by what it is."""
    facts: dict[Fact, object] = {("results",): len(fitted.outputs), ("macs",): fitted.macs}
    for name, value in fitted.outputs.items():
        facts.update({("output", name, axis): size for axis, size in enumerate(value.shape)})
    for tensor in fitted.tensors:
        facts.update({("tensor", tensor.name, axis): each.size for axis, each in enumerate(tensor.axes)})
    return facts
