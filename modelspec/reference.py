"""The catalogue in words: every layer type in a line, or one type in full, all of it from the class."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from textwrap import wrap
from typing import Any

from modelspec import catalogue
from modelspec.catalogue import plugins
from modelspec.fitting import Fitted, Value, Written, fit
from modelspec.formula import Formula, write_formula
from modelspec.kinds import Deferred, Named
from modelspec.layer import Example, Field, Layer, Tensor, fields_of, list_constraints
from modelspec.refusal import Refused
from modelspec.shape import Count, Unknown, show_dim, show_shape

__all__ = ["describe", "describe_container", "fit_example", "summarize", "summarize_brought", "summarize_common"]


def summarize(dialect: str) -> str:
    """A dialect's layer types, a line each: the name and what the layer does."""
    rows = [(layer.type_name(), _first_line(layer)) for layer in catalogue.list_layers(dialect)]
    width = max(len(name) for name, _ in rows)
    lines = [f"{dialect}: {len(rows)} layer types"]
    lines.extend(f"  {name:<{width}}  {text}" for name, text in rows)
    return "\n".join(lines) + "\n"


def summarize_common() -> str:
    """What both dialects have, a line each: the containers, and the way out for what is in no catalogue."""
    from modelspec.entry_models import CONTAINER_MODELS

    rows = [(name, (model.__doc__ or "").strip().partition("\n")[0]) for name, model in CONTAINER_MODELS.items()]
    rows += [(layer.type_name(), _first_line(layer)) for layer in catalogue.list_common()]
    width = max(len(name) for name, _ in rows)
    lines = [f"both: {len(rows)} types", *(f"  {name:<{width}}  {text}" for name, text in rows)]
    return "\n".join(lines) + "\n"


def summarize_brought(dialects: Iterable[str]) -> str:
    """What installed packages bring to these dialects, a line each, with the package; "" if nothing."""
    rows = []
    for each in plugins.list_brought():
        if each.dialect in dialects or each.dialect not in catalogue.dialects():
            layer = plugins.load(each)
            told = f"cannot be used: {layer}" if isinstance(layer, str) else _first_line(layer)
            rows.append((f"{each.dialect} {each.name}".strip(), f"{told} ({each.package})"))
    if not rows:
        return ""
    width = max(len(name) for name, _ in rows)
    lines = [f"from packages: {len(rows)} types", *(f"  {name:<{width}}  {text}" for name, text in rows)]
    return "\n".join(lines) + "\n"


CONTAINER_EXAMPLES = {
    "Sequential": """\
- name: mlp                            # type: Sequential may be left out
  layers:
    - {type: Linear, out_features: 64}
    - ReLU
""",
    "Residual": """\
- type: Residual                       # what arrives, plus what the layers make of it
  layers:
    - {type: Linear, out_features: 64}
    - ReLU
""",
    "Parallel": """\
- type: Parallel                       # every branch on what arrives, then the merge
  branches:
    - {type: Linear, out_features: 64}
    - [{type: Linear, out_features: 64}, Sigmoid]
  merge: Mul
""",
    "MixtureOfExperts": """\
- {name: gate, type: Linear, inputs: norm, out_features: 8}
- name: experts
  type: MixtureOfExperts
  inputs: [norm, gate]                 # what the experts read, and what the router says
  experts: 8
  experts_per_token: 2
  layers:
    - {type: Linear, out_features: 64}
""",
}
"""Each container as it is written."""


def describe_container(name: str) -> str | None:
    """One container in full: what it is, its keys, and what its results are held to; None if there is none so named."""
    from modelspec.entry_models import CONTAINER_MODELS
    from modelspec.language import CONTAINERS

    model = CONTAINER_MODELS.get(name)
    if model is None:
        return None
    rows = [(key, model.model_fields[key].description or "") for key in CONTAINERS[name]]
    lines = [f"{name} (both dialects)", f"  {(model.__doc__ or '').strip()}", "", *_list_rows("Keys", rows)]
    if name == "MixtureOfExperts":
        from modelspec.catalogue.mixture import MixtureOfExperts

        lines += ["", *_list_rows("Constraints", list_constraints(MixtureOfExperts))]
    lines += ["", "  Example", *(f"    {line}" for line in CONTAINER_EXAMPLES[name].splitlines())]
    return "\n".join(lines) + "\n"


def _first_line(layer: type[Layer]) -> str:
    return (layer.__doc__ or "").strip().partition("\n")[0]


_COLUMNS = 112
"""Columns that prose is wrapped to. What can be copied, an entry or a formula, stands on one line."""


def _wrap(text: str, columns: int) -> list[str]:
    return wrap(text, columns, break_long_words=False, break_on_hyphens=False) or [""]


def _list_rows(title: str, rows: Iterable[tuple[str, str]]) -> list[str]:
    """A section of names with what is said of them; no lines if there is none."""
    rows = list(rows)
    width = max((len(name) for name, _ in rows), default=0)
    lines = [f"  {title}"] if rows else []
    for name, text in rows:
        first, *rest = _wrap(text, _COLUMNS - width - 6)
        lines.append(f"    {name:<{width}}  {first}".rstrip())
        lines += [" " * (width + 6) + line for line in rest]
    return lines


def describe(layer: type[Layer]) -> str:
    """One layer type in full: arguments, constraints by number, tensors, formulas, and its examples."""
    dialect = layer.dialect if layer.dialect in catalogue.dialects() else "both dialects"
    examples = [(example, *_try_example(layer, example)) for example in layer.examples]
    valid = [fitted for _, fitted, _ in examples if fitted is not None]
    sections = [
        [f"{layer.type_name()} ({dialect})", *_list_prose(layer)],
        _describe_inputs(layer),
        _describe_arguments(layer),
        _list_rows("Constraints", list_constraints(layer)),
        _list_rows("Tensors", _list_tensors(valid)),
        _list_rows("Formulas", _list_formulas(valid)),
        _list_conventions(valid),
        ["  Examples", *(f"    {line}" for told in examples for line in _describe_example(layer, *told))],
    ]
    return "\n".join(line for section in sections if section for line in ("", *section)).removeprefix("\n") + "\n"


def _list_prose(layer: type[Layer]) -> Iterator[str]:
    """What the docstring says, but for the constraints."""
    import inspect

    for number, paragraph in enumerate(inspect.cleandoc(layer.__doc__ or "").split("\n\n")):
        if not re.match(r"C\d+  ", paragraph):
            yield from ([""] if number else [])
            yield from (f"  {line}" for line in _wrap(" ".join(paragraph.split()), _COLUMNS - 2))


def _describe_inputs(layer: type[Layer]) -> list[str]:
    """What it takes: a line for all inputs, or one for each where they differ."""
    if not isinstance(layer.takes, tuple):
        least, most = layer.arity
        if (least, most) == (1, 1):
            return [f"  Takes {layer.takes.show()}."]
        if most == 0:
            return ["  Takes no input."]
        count = f"{least} or more" if most is None else f"{least}" if least == most else f"{least} to {most}"
        names = f" ({', '.join(layer.input_names)})" if most is not None else ""
        each = "" if layer.takes.layouts == (("*",),) else f", each {layer.takes.show()}"
        return [f"  Takes {count} inputs{names}{each}."]
    least = layer.arity[0]
    rows = []
    for number, name in enumerate(layer.input_names):
        may = "" if number < least else ", may be left out"
        rows.append((name, f"{layer.takes_at(number).show()}{may}"))
    return _list_rows("Inputs", rows)


def _describe_arguments(layer: type[Layer]) -> list[str]:
    fields = fields_of(layer).values()
    rows = [(field.name, _describe_field(field)) for field in fields if field.way != "built"]
    built = [(field.name, f"{field.kind.words}: {_name_origin(field)}") for field in fields if field.way == "built"]
    lines = _list_rows("Arguments", rows) or ["  Arguments", "    none"]
    return [*lines, *(["", *_list_rows("Taken from what arrives, never written", built)] if built else [])]


def _describe_field(field: Field) -> str:
    if field.way == "inferred":
        return f"{field.kind.words}; inferred if left out: {_name_origin(field)}"
    if field.required:
        return f"{field.kind.words}; must be given"
    default = "none" if isinstance(field.kind, Named) and not field.default else _show(field.default)
    return f"{field.kind.words}; default {default}"


def _name_origin(field: Field) -> str:
    """From where in what arrives a size is taken."""
    if field.axis is None:
        return "from the shape of what arrives"
    axis = {-1: "the last axis", 0: "the first axis"}.get(field.axis, f"axis {field.axis}")
    return f"{axis} of {'what arrives' if not field.input else f'input {field.input + 1}'}"


def _list_tensors(valid: list[Fitted]) -> Iterator[tuple[str, str]]:
    """Every tensor that an example holds, by the names of its axes; more than one form where they differ."""
    forms: dict[str, dict[str, None]] = {}
    held = [{tensor.name for tensor in fitted.tensors} for fitted in valid]
    for fitted in valid:
        for tensor in fitted.tensors:
            forms.setdefault(tensor.name, {}).setdefault(f"{_name_axes(tensor)}{_name_kind(tensor)}")
    for name, told in forms.items():
        always = all(name in names for names in held)
        yield name or "the layer itself", " or ".join(told) + ("" if always else "; with some arguments only")


def _name_axes(tensor: Tensor) -> str:
    return " × ".join(name for name, _ in tensor.axes) or "scalar"


def _name_kind(tensor: Tensor) -> str:
    if tensor.kind == "buffer":
        return " (buffer)"
    return "" if tensor.trainable else " (not trainable)"


def _list_formulas(valid: list[Fitted]) -> Iterator[tuple[str, str]]:
    """How sizes and counts come about: of each the first form that an example shows, with names alone."""
    told: dict[str, str] = {}
    for fitted in valid:
        for name, formula in _derive(fitted):
            if formula.names != formula.numbers:
                told.setdefault(name, formula.names)
    yield from sorted(told.items(), key=lambda row: (*_COUNTS, row[0]).index(row[0]) if row[0] in _COUNTS else -1)


def _list_conventions(valid: list[Fitted]) -> list[str]:
    told = dict.fromkeys(text for fitted in valid for text in fitted.layer.conventions())
    return [*(["  Counting"] if told else []), *(f"    {line}" for text in told for line in _wrap(text, _COLUMNS - 4))]


_COUNTS = ("parameters", "MACs")


def _derive(fitted: Fitted) -> Iterator[tuple[str, Formula]]:
    """The formulas of one example: of axes of the result by their names, of its parameters and MACs."""
    layer, output = fitted.layer, fitted.output_shape
    shapes = tuple(value.shape for value in fitted.inputs)
    names = {**layer.names(), **{layer.input_name_at(n): shape for n, shape in enumerate(shapes)}, "output": output}
    texts: list[tuple[str, str | None]] = [*layer.output_by_hand(*shapes).items()]
    texts += zip(_COUNTS, (layer.parameters_by_hand(), layer.macs_by_hand(*shapes, output)), strict=True)
    for name, text in texts:
        if text is not None:
            yield name, write_formula(text, names)


def _try_example(layer: type[Layer], example: Example) -> tuple[Fitted | None, list[str]]:
    """What an example is fitted to; else what is printed of it."""
    try:
        fitted, broken = fit_example(layer, example)
    except Refused as refused:
        # An argument that is refused before anything arrives.
        return None, [line for part in refused.each() for line in _tell(part.code, None, part.message, part.hint)]
    # A layer inside has constraints of its own.
    inside = {f"{name}." for name, field in fields_of(layer).items() if field.way == "wrapped"}
    own = [each._replace(constraint=None) if (each.field or "").startswith((*inside,)) else each for each in broken]
    told = [line for each in own for line in _tell(each.code, each.constraint, each.message, each.hint)]
    return (None if broken else fitted), told


def _tell(code: str, constraint: str | None, message: str, hint: str | None) -> Iterator[str]:
    number = f" ({constraint})" if constraint is not None else ""
    yield f"  {code} error{number}: {message}"
    if hint is not None:
        yield f"    hint: {hint}"


def _describe_example(layer: type[Layer], example: Example, fitted: Fitted | None, told: list[str]) -> list[str]:
    written = ", ".join([f"type: {layer.type_name()}", *(f"{k}: {_show(v)}" for k, v in example.arguments.items())])
    head = f"{{{written}}}" if example.arguments else layer.type_name()
    on = f" on {', '.join(map(show_shape, example.inputs))}" if example.inputs else ""
    if fitted is None:
        return [f"{head}{on}", *told]
    results = [f"{name} {show_shape(value.shape)}" for name, value in fitted.outputs.items()]
    if not layer.chooses:
        results[0] = show_shape(fitted.output_shape)
    results[_MEMBERS:] = ["…"] * (len(results) > _MEMBERS)
    lines = [f"{head}{on} gives {', '.join(results)}"]
    # A tensor with its sizes is not broken.
    held = [
        f"{tensor.name} {show_shape([n for _, n in tensor.axes])}".lstrip().replace(" ", "\0")
        for tensor in fitted.tensors
    ]
    told = _wrap(f"tensors: {', '.join(held)}", _COLUMNS - 6) if held else []
    lines += [f"  {line}".replace("\0", " ") for line in told]
    for name, formula in _derive(fitted):
        numbers = "" if formula.numbers == str(formula.result) else f"{formula.numbers} = "
        lines.append(f"  {name}: {numbers}{_show_count(formula.result)}")
    return lines


def _show_count(count: Count) -> str:
    return show_dim(count) if isinstance(count, Unknown) else f"{count:,}"


def fit_example(layer: type[Layer], example: Example) -> tuple[Fitted | None, list[Any]]:
    """Fit a class to one of its own examples. Raises Refused for an argument that it does not take at all."""
    given = _read_arguments(layer, example.arguments)
    return fit(layer, given, tuple(map(Value, example.inputs, example.dtypes)), "float32")


def _read_arguments(layer: type[Layer], written: Mapping[str, Any]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for name, value in written.items():
        field = fields_of(layer)[name]
        given[name] = _read_inside(layer.dialect, value) if field.way == "wrapped" else field.kind.read(_listed(value))
        assert not isinstance(given[name], Deferred)
    return given


def _read_inside(dialect: str, value: Any) -> Written | None:
    """A layer inside, which may hold one itself."""
    if value is None or isinstance(value, Written):
        return value
    entry = {"type": value} if isinstance(value, str) else dict(value)
    inner = catalogue.find(dialect, entry.pop("type"))
    assert inner is not None
    return Written(inner, _read_arguments(inner, entry))


def _listed(value: Any) -> Any:
    return [_listed(member) for member in value] if isinstance(value, tuple) else value


_MEMBERS = 12
"""Members of a list, and results of a layer, that are shown."""


def _show(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        members = [*map(_show, value[:_MEMBERS]), *["…"] * (len(value) > _MEMBERS)]
        return "[" + ", ".join(members) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_show(member)}" for key, member in value.items()) + "}"
    return show_dim(value) if isinstance(value, Unknown) else str(value)
