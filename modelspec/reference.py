"""The catalogue in words: every layer type in a line, or one type in full, all of it from the class."""

from __future__ import annotations

from typing import Any

from modelspec import catalogue
from modelspec.fitting import Fitted, Value, Written, fit
from modelspec.kinds import Deferred, Named
from modelspec.layer import Example, Field, Layer, fields_of, list_constraints
from modelspec.refusal import Refused
from modelspec.shape import show_shape

__all__ = ["describe", "describe_container", "fit_example", "summarize", "summarize_common"]


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
    """One container in full: what it is, and its keys; None if there is none of this name."""
    from modelspec.entry_models import CONTAINER_MODELS
    from modelspec.language import CONTAINERS

    model = CONTAINER_MODELS.get(name)
    if model is None:
        return None
    lines = [f"{name} (both dialects)", f"  {(model.__doc__ or '').strip()}", "", "  Keys"]
    width = max(len(key) for key in CONTAINERS[name])
    for key in CONTAINERS[name]:
        lines.append(f"    {key:<{width}}  {model.model_fields[key].description}")
    lines += ["", "  Example", *(f"    {line}" for line in CONTAINER_EXAMPLES[name].splitlines())]
    return "\n".join(lines) + "\n"


def _first_line(layer: type[Layer]) -> str:
    return (layer.__doc__ or "").strip().partition("\n")[0]


def describe(layer: type[Layer]) -> str:
    """One layer type in full: arguments, constraints by number, tensors, and its examples."""
    dialect = layer.dialect if layer.dialect in catalogue.dialects() else "both dialects"
    lines = [f"{layer.type_name()} ({dialect})", f"  {_first_line(layer)}", "", *_describe_inputs(layer)]
    lines += ["", "  Arguments"]
    rows = [(field.name, _describe_field(field)) for field in fields_of(layer).values() if field.way != "built"]
    width = max((len(name) for name, _ in rows), default=0)
    lines += [f"    {name:<{width}}  {text}" for name, text in rows] or ["    none"]
    constraints = list(list_constraints(layer))
    if constraints:
        lines += ["", "  Constraints"]
        lines += [f"    {number:<3} {text}" for number, text in constraints]
    lines += ["", "  Examples"]
    for example in layer.examples:
        lines += [f"    {line}" for line in _describe_example(layer, example)]
    return "\n".join(lines) + "\n"


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
    width = max(map(len, layer.input_names))
    for number, name in enumerate(layer.input_names):
        may = "" if number < least else ", may be left out"
        rows.append(f"    {name:<{width}}  {layer.takes_at(number).show()}{may}")
    return ["  Inputs", *rows]


def _describe_field(field: Field) -> str:
    if field.way == "inferred":
        return f"{field.kind.words}; inferred from what arrives if left out"
    if field.required:
        return f"{field.kind.words}; must be given"
    default = "none" if isinstance(field.kind, Named) and not field.default else _show(field.default)
    return f"{field.kind.words}; default {default}"


def _describe_example(layer: type[Layer], example: Example) -> list[str]:
    written = ", ".join([f"type: {layer.type_name()}", *(f"{k}: {_show(v)}" for k, v in example.arguments.items())])
    head = f"{{{written}}}" if example.arguments else layer.type_name()
    on = f" on {', '.join(map(show_shape, example.inputs))}" if example.inputs else ""
    try:
        fitted, broken = fit_example(layer, example)
    except Refused as refused:
        # An argument that is refused before anything arrives.
        return [f"{head}{on}", f"  refused: {', '.join([part.message for part in refused.parts or (refused,)])}"]
    if fitted is None or broken:
        number = f" ({broken[0].constraint})" if broken[0].constraint is not None else ""
        return [f"{head}{on}", f"  refused{number}: {broken[0].message}"]
    results = [show_shape(value.shape) for value in fitted.outputs.values()] if layer.chooses else []
    lines = [f"{head}{on} gives {', '.join(results) or show_shape(fitted.output_shape)}"]
    for tensor in fitted.tensors:
        names = " × ".join(name for name, _ in tensor.axes) or "scalar"
        kind = "" if tensor.kind == "parameter" else " (buffer)"
        kind = " (not trainable)" if tensor.kind == "parameter" and not tensor.trainable else kind
        lines.append(f"  {tensor.name}{kind}: {names} = {show_shape([size for _, size in tensor.axes])}")
    return lines


def fit_example(layer: type[Layer], example: Example) -> tuple[Fitted | None, list[Any]]:
    """Fit a class to one of its own examples. Raises Refused for an argument that it does not take at all."""
    given: dict[str, Any] = {}
    for name, value in example.arguments.items():
        field = fields_of(layer)[name]
        given[name] = _read_inside(layer.dialect, value) if field.way == "wrapped" else field.kind.read(_listed(value))
        assert not isinstance(given[name], Deferred)
    return fit(layer, given, tuple(map(Value, example.inputs, example.dtypes)), "float32")


def _read_inside(dialect: str, value: Any) -> Written | None:
    if value is None or isinstance(value, Written):
        return value
    entry = {"type": value} if isinstance(value, str) else dict(value)
    inner = catalogue.find(dialect, entry.pop("type"))
    assert inner is not None
    return Written(inner, {name: fields_of(inner)[name].kind.read(_listed(given)) for name, given in entry.items()})


def _listed(value: Any) -> Any:
    return [_listed(member) for member in value] if isinstance(value, tuple) else value


_MEMBERS = 12
"""Members of a list that are shown."""


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
    return str(value)
