"""The Pydantic models of version 1: what a spec may say, what is wrong with one, and its JSON Schema.

Strict and closed: no value is converted, no key is passed over. The values are read by the same kinds as on the fast
way in `spec`; each class of the catalogue gives one model for the entries of its type.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from json import dumps
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, ValidationInfo, create_model
from pydantic_core import CoreSchema, core_schema

from modelspec import catalogue
from modelspec.catalogue.frameworks import NAMES
from modelspec.closed import EXPRESSION, KEY, SHARED, Checked, Closed, Later, Part, read_value, refuse_later, validate
from modelspec.diagnostics import Finding, Route, Where
from modelspec.expressions import BUILTINS
from modelspec.language import (
    BUDGET_KINDS,
    DIALECT,
    DTYPE,
    ENTRY_KEYS,
    FLAG,
    LATER_ENTRY_KEYS,
    LATER_KEYS,
    LATER_OPERATIONS,
    LATER_TYPES,
    MAX_LAYERS,
    NAME,
    SHAPE,
    TEXT,
    VARIABLE,
)
from modelspec.layer import Field as LayerField
from modelspec.layer import Layer, fields_of
from modelspec.limit import BYTE_METRICS, LAYER_METRICS, METRICS
from modelspec.refusal import Refused, name_value
from modelspec.slips import (
    cut_in_mapping,
    find_other_dialect,
    guess_dialect,
    hint_shape,
    hint_type,
    join_names,
    nearest,
    show_name,
    spell,
)
from modelspec.source import MAX_FAULTS

__all__ = ["Budget", "LayerBudget", "LongShape", "SpecV1", "check", "entry_model", "summarise"]


class Inside:
    """Pydantic's annotation for the layer of a wrapper, of the wrapper's own dialect."""

    def __init__(self, dialect: str, *, optional: bool) -> None:
        self.dialect = dialect
        self.optional = optional

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._check)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        layer = {SHARED: f"{self.dialect}-inside"}
        return {"anyOf": [layer, {"type": "null"}]} if self.optional else layer

    def _check(self, value: Any) -> Any:
        if value is not None or not self.optional:
            _check_entry(value, self.dialect, inside=True)
        return value


_IDENTIFIER = r"^[^\x00-@\[-^`{-\x7f][^\x00-/:-@\[-^`{-\x7f]*(?![\s\S])"
"""As ECMA 262 and Python both read it; beyond ASCII it takes more than Python's identifiers."""


class Variables:
    """Pydantic's annotation for `variables`: names that an expression can use, each with a value."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._check)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        names = {"pattern": _IDENTIFIER, "not": {"enum": sorted(BUILTINS)}}
        return {"type": "object", "propertyNames": names, "additionalProperties": VARIABLE.schema(EXPRESSION)}

    @staticmethod
    def _check(value: Any) -> Any:
        if not isinstance(value, Mapping):
            hint = "write `name: value` under it, or leave `variables` out"
            raise Refused(f"expected names with their values, got {name_value(value)}", hint=hint)
        refusals: list[Refused] = []
        cut = cut_in_mapping(value, [name for name in value if not name.isidentifier()])
        gone: set[str] = set()
        if cut is not None:
            refusals.append(cut[0])
            gone = cut[1]
        for name, written in value.items():
            if name in gone:
                continue
            if len(refusals) >= MAX_FAULTS:
                break
            if name in BUILTINS:
                message = f"'{name}' is a word of the expression language, no name for a variable"
                refusals.append(Refused(message, code="MS407", route=(name, KEY), hint="choose another name"))
            elif not name.isidentifier():
                message = f"{show_name(name)} cannot be used in an expression"
                hint = "a variable's name is made of letters, digits and underscores, and does not begin with a digit"
                refusals.append(Refused(message, code="MS407", route=(name, KEY), hint=hint))
            try:
                read_value(VARIABLE, written, "write a number, a list of numbers, or an expression")
            except Refused as refused:
                refusals.append(refused.under(name))
        if refusals:
            raise Refused("", parts=tuple(refusals))
        return value


_SHAPE = Checked(SHAPE, "write a list of sizes such as [3, 224, 224]", hint_shape)


class LongShape(Closed):
    """An input in full: the shape of one sample, and its dtype."""

    shape: Annotated[Any, _SHAPE] = Field(description="Sizes of one sample's axes, without the batch.")
    dtype: Annotated[str, Checked(DTYPE)] = Field("float32", description="Of the input's elements.")


class InputOf:
    """Pydantic's annotation for `input`: a shape, or a mapping with `shape` and `dtype`."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._check)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [*SHAPE.schema(EXPRESSION)["anyOf"], {SHARED: "long-shape"}]}

    @staticmethod
    def _check(value: Any) -> Any:
        if not isinstance(value, Mapping):
            return _SHAPE.read(value)
        keys = ("shape", "dtype")
        if value and not any(key in value or nearest(key, [*value][:8]) for key in keys):
            message = (
                f"expected a list of sizes, or a mapping with shape and dtype, but its keys are {join_names([*value])}"
            )
            raise Refused(message, hint="write [3, 224, 224], or {shape: [3, 224, 224], dtype: int64}")
        return validate(LongShape, value, hints={"shape": "add `shape: [3, 224, 224]`, without the batch"})


def _hint_limit(metric: str) -> str:
    return f"write {'110 MiB' if metric in BYTE_METRICS else '200K'}, or {{min: …, max: …}}"


class Layers:
    """Pydantic's annotation for `layers`: a list of entries."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(self._check)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "array", "minItems": 1, "maxItems": MAX_LAYERS}

    @staticmethod
    def _check(value: Any, info: ValidationInfo) -> Any:
        if not isinstance(value, list):
            name = f"name: {next(iter(value))[:40]}, " if isinstance(value, Mapping) and value else ""
            hint = f"write each layer as an entry of a list: `- {{{name}type: …}}`"
            raise Refused(f"expected a list of layers, got {name_value(value)}", hint=hint)
        if not value:
            hint = "write each layer as an entry of it: `- ReLU`"
            raise Refused("expected at least one layer, got an empty list", code="MS206", hint=hint)
        if len(value) > MAX_LAYERS:
            message = f"{len(value):,} layers are more than the bound of {MAX_LAYERS:,} in one model"
            raise Refused(message, code="MS310", hint="split the model into several files")
        dialect = (info.context or {})["dialect"]
        refusals: list[Refused] = []
        meant = None if dialect is None else find_other_dialect(value, dialect)
        if meant is not None:
            index, other, argument = meant
            bare = isinstance(value[index], str)
            name = value[index] if bare else value[index]["type"]
            route: Route = (index,) if bare else (index, "type")
            hint = f"these are {other} layers: write `dialect: {other}` at the top"
            if argument is not None:
                message = f"'{argument}' is an argument of {other}'s {name}, and none of {dialect}'s"
                raise Refused(message, code="MS203", route=(index, argument, KEY), hint=hint)
            raise Refused(f"{name_value(name)} is no {dialect} layer", code="MS207", route=route, hint=hint)
        for index, entry in enumerate(value if dialect is not None else ()):
            if len(refusals) >= MAX_FAULTS:
                break
            try:
                _check_entry(entry, dialect, inside=False)
            except Refused as refused:
                refusals.append(refused.under(index))
        if refusals:
            raise Refused("", parts=tuple(refusals))
        return value


_LIMITS = {
    metric: (Annotated[Any, Checked(BUDGET_KINDS[metric], _hint_limit(metric))], Field(None, description=text))
    for metric, text in {
        "parameters": "Every distinct parameter tensor once.",
        "trainable_parameters": "The parameters that training changes.",
        "non_trainable_parameters": "The parameters that training leaves as they are.",
        "active_parameters": "The parameters that one token touches.",
        "buffers": "Elements of the state that is saved and is no parameter.",
        "macs": "Multiply-accumulates of one sample's forward pass.",
        "flops": "Twice the MACs.",
        "weight_bytes": "Bytes of parameters and buffers.",
        "activation_bytes": "Bytes of every tensor that a layer newly makes, for one sample.",
        "peak_activation_bytes": "The most bytes of activations that are alive at once, for one sample.",
    }.items()
}
assert tuple(_LIMITS) == METRICS


class _Limits(Closed):
    """Without a limit there is nothing to judge."""

    model_config = ConfigDict(
        json_schema_extra={"minProperties": 1, "if": {"required": ["each"]}, "then": {"minProperties": 2}}
    )


LayerBudget: type[BaseModel] = create_model(
    "LayerBudget",
    __base__=_Limits,
    __doc__="Limits on the layers that a path pattern matches.",
    each=(
        Annotated[bool, Checked(FLAG, "write true or false")],
        Field(False, description="Judge each layer, not their sum."),
    ),
    **{metric: _LIMITS[metric] for metric in LAYER_METRICS},  # type: ignore[call-overload]
)


class LayerBudgets:
    """Pydantic's annotation for `budget.layers`: limits by path pattern."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._check)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "object", "additionalProperties": {SHARED: "layer-budget"}}

    @staticmethod
    def _check(value: Any) -> Any:
        if not isinstance(value, Mapping):
            hint = 'write `"classifier.*": {parameters: 4M}`'
            raise Refused(f"expected path patterns with their limits, got {name_value(value)}", hint=hint)
        refusals: list[Refused] = []
        for pattern, limits in value.items():
            if len(refusals) >= MAX_FAULTS:
                break
            try:
                validate(LayerBudget, limits, example="parameters: 4M")
                if not limits.keys() - {"each"}:
                    hint = f"one of: {', '.join(LAYER_METRICS)}"
                    raise Refused(f"no limit is given for {show_name(pattern)}", code="MS204", hint=hint)
            except Refused as refused:
                refusals.append(refused.under(pattern))
        if refusals:
            raise Refused("", parts=tuple(refusals))
        return value


Budget: type[BaseModel] = create_model(
    "Budget",
    __base__=Closed,
    __doc__="What the model may cost.",
    layers=(Annotated[Any, LayerBudgets()], Field(None, description="Limits on layers, by path pattern.")),
    **_LIMITS,  # type: ignore[call-overload]
)


_WRITE_OUT = "write the layers out under `layers`, one after the other"
_WITHOUT = {
    "inputs": "leave it out: a layer reads what comes before it",
    "repeat": "write the layer out so many times",
    "shared": "leave it out",
    "when": "leave it out, or leave the layer out",
    "tie": "leave it out: this version counts every tensor as its own",
}


class SpecV1(Closed):
    """A model's architecture, and what it may cost."""

    modelspec: Literal[1] = Field(description="The version of the language. Also the mark of a spec.")
    name: Annotated[str | None, Checked(TEXT, "write a text; longer things belong under `metadata`")] = Field(
        None, description="The model's name, for people."
    )
    description: Annotated[str | None, Checked(TEXT, "write a text; longer things belong under `metadata`")] = Field(
        None, description="What the model is, for people."
    )
    metadata: Any = Field(None, description="Free-form: whatever you want to keep with the model.")
    dialect: Annotated[str, Checked(DIALECT, "write torch or keras, or leave it out for torch")] = Field(
        "torch", description="Whose layer names, arguments, axis order and counting rules hold."
    )
    dtype: Annotated[str, Checked(DTYPE)] = Field("float32", description="Of the weights.")
    activation_dtype: Annotated[str, Checked(DTYPE)] = Field(
        "float32", description="Of what flows between layers. Default: the weights', where that is a float."
    )
    variables: Annotated[dict[str, Any], Variables()] = Field(
        {}, description="Names for numbers, to be used in expressions."
    )
    input: Annotated[Any, InputOf()] = Field(description="The shape of one sample, without the batch.")
    layers: Annotated[list[Any], Layers()] = Field(
        description="The layers, in order. An entry is a type name, or a mapping with `type` and its arguments."
    )
    budget: Annotated[Any, Part(Budget, "budget", "parameters: 200K")] = Field(
        None, description="What the model may cost."
    )
    inputs: Annotated[Any, Later("this version reads a model of one input: write its shape under `input`")] = None
    imports: Annotated[Any, Later(_WRITE_OUT)] = None
    blocks: Annotated[Any, Later(_WRITE_OUT)] = None
    outputs: Annotated[Any, Later("leave it out: the result is the last layer's")] = None
    variants: Annotated[Any, Later("write a file for each size")] = None


assert {*LATER_KEYS} <= {*SpecV1.model_fields}


_MODELS: dict[tuple[type[Layer], bool], type[BaseModel]] = {}


def entry_model(layer: type[Layer], inside: bool = False) -> type[BaseModel]:
    """The model of an entry of this type: its arguments, and the keys that every entry has."""
    known = _MODELS.get((layer, inside))
    if known is not None:
        return known
    members: dict[str, Any] = {
        "type": (Literal[layer.type_name()], Field(description=summarise(layer))),
        "name": (Annotated[Any, Checked(NAME)], Field(None, description="Its name in paths, for its type and number.")),
    }
    if not inside:
        trainable = Field(True, description="Whether training changes its parameters.")
        members["trainable"] = (Annotated[bool, Checked(FLAG, "write true or false")], trainable)
        dtype = Field(None, description="Of its weights. Default: the model's.")
        members["dtype"] = (Annotated[str, Checked(DTYPE)], dtype)
    for key in LATER_ENTRY_KEYS:
        members[key] = (Annotated[Any, Later(_WITHOUT.get(key, _WRITE_OUT))], None)
    for field in fields_of(layer).values():
        if field.way == "built":
            continue
        annotation: Any = Annotated[Any, Checked(field.kind, _hint_field(layer, field))]
        if field.way == "wrapped":
            annotation = Annotated[Any, Inside(layer.dialect, optional=not field.required)]
        default = ... if field.required else _show_default(field.default)
        members[field.name] = (annotation, Field(default, description=_describe(field)))
    model: type[BaseModel] = create_model(layer.type_name(), __base__=Closed, __doc__=layer.__doc__, **members)
    _MODELS[layer, inside] = model
    return model


def summarise(layer: type[Layer]) -> str:
    """What a layer is, in a line: the first of its docstring."""
    return (layer.__doc__ or "").strip().partition("\n")[0]


def _describe(field: LayerField) -> str:
    words = f"Takes {field.kind.words}."
    return f"{words} Inferred from what arrives if it is left out." if field.way == "inferred" else words


def _hint_field(layer: type[Layer], field: LayerField) -> str:
    if field.required:
        return f"`modelspec layers {layer.type_name()}` shows what it takes"
    if field.way == "inferred":
        return "leave it out: it is inferred from what arrives"
    default = _show_default(field.default)
    shown = default if isinstance(default, str) else dumps(default)
    return f"leave it out for the default, {shown}"


def _show_default(value: Any) -> Any:
    """A default as an author would write it: one value where it holds for every axis."""
    return value[0] if isinstance(value, tuple) and len(set(value)) == 1 else value


_ADD = {
    "input": "add `input: [3, 224, 224]`, the shape of one sample without the batch",
    "layers": "add `layers:`, a list with an entry for each layer",
}


def check(tree: Mapping[str, Any]) -> list[Finding]:
    """What is wrong with a document that has the right version. Routes lead into `tree`."""
    # Of a dialect that nobody can guess no layer is known, and none is to blame.
    dialect = guess_dialect(tree)
    try:
        validate(SpecV1, tree, context={"dialect": dialect}, hints=_ADD)
    except Refused as refused:
        told = [_find(part, tree) for part in islice(refused.each(), MAX_FAULTS)]
        if len(told) == MAX_FAULTS:
            told[-1] = told[-1]._replace(hint=f"{told[-1].hint}; checking has stopped here, after {MAX_FAULTS} faults")
        return told
    return []


def _find(refused: Refused, tree: Any) -> Finding:
    route = refused.route
    part: Literal["value", "key"] = "value"
    if route and route[-1] is KEY:
        route, part = route[:-1], "key"
    elif refused.code == "MS203":
        part = "key"
    return Finding(
        refused.code, refused.message, Where(route, part, refused.span), refused.hint, _layer_at(tree, route)
    )


def _layer_at(tree: Any, route: Route) -> str | None:
    """The name that the layer at the beginning of this route was given."""
    if len(route) < 2 or route[0] != "layers":
        return None
    entry = tree["layers"][route[1]]
    name = entry.get("name") if isinstance(entry, Mapping) else None
    return str(name) if isinstance(name, (str, int)) and not isinstance(name, bool) else None


def _check_entry(value: Any, dialect: str, inside: bool) -> None:
    if isinstance(value, str):
        _check_bare(value, dialect)
        return
    if not isinstance(value, Mapping):
        hint = "an entry is a type name, or a mapping with `type` and its arguments"
        raise Refused(f"expected a layer, got {name_value(value)}", hint=hint)
    if "type" not in value:
        raise _refuse_untyped(value, dialect)
    name = value["type"]
    if not isinstance(name, str):
        hint = "write a type such as " + ("Linear" if dialect == "torch" else "Dense")
        raise Refused(f"expected the name of a layer type, got {name_value(name)}", route=("type",), hint=hint)
    layer = _find_type(name, dialect, ("type",))
    _refuse_foreign(value, layer)
    hints = (
        dict.fromkeys(("trainable", "dtype"), "write it beside the wrapper, for it and what is inside")
        if inside
        else {}
    )
    validate(entry_model(layer, inside), value, hints=hints)


def _refuse_foreign(value: Mapping[str, Any], layer: type[Layer]) -> None:
    """Refuse arguments that the other dialect's layer of the same name has, in one message."""
    strange = [key for key in value if key not in fields_of(layer) and key not in (*ENTRY_KEYS, *LATER_ENTRY_KEYS)]
    for dialect in catalogue.dialects():
        other = catalogue.find(dialect, layer.type_name()) if dialect != layer.dialect else None
        if strange and other is not None and all(key in fields_of(other) for key in strange):
            are = "are arguments" if len(strange) > 1 else "is an argument"
            message = f"{join_names(strange)} {are} of {dialect}'s {layer.type_name()}, not of {layer.dialect}'s"
            own = [name for name, field in fields_of(layer).items() if field.way != "built"]
            hint = f"{layer.dialect}'s are {', '.join(own[:6])}{', …' * (len(own) > 6)}"
            raise Refused(message, code="MS203", route=(strange[0], KEY), hint=hint)


def _check_bare(name: str, dialect: str) -> None:
    layer = _find_type(name, dialect, ())
    needed = [field.name for field in fields_of(layer).values() if field.required]
    if needed:
        # A bare word has no keys to point at: what it lacks is told at the word itself.
        raise Refused(f"{name} needs {join_names(needed)}", code="MS204", hint=spell(layer))


def _find_type(name: str, dialect: str, route: Route) -> type[Layer]:
    layer = catalogue.find(dialect, name)
    if layer is not None:
        return layer
    if name in LATER_TYPES or (dialect == "torch" and name in LATER_OPERATIONS):
        raise refuse_later(name, route, _WRITE_OUT)
    if name in NAMES[dialect]:
        message = f"{name_value(name)} is a {dialect} layer that this version of modelspec does not know yet"
        raise Refused(message, code="MS208", route=route, hint="`modelspec layers` lists those that it knows")
    raise Refused(f"{name_value(name)} is no {dialect} layer", code="MS207", route=route, hint=hint_type(name, dialect))


def _refuse_untyped(value: Mapping[str, Any], dialect: str) -> Refused:
    for key in ("block", "share", "layers"):
        if key in value:
            return refuse_later(key, (key, KEY), _WRITE_OUT)
    if len(value) == 1:
        ((only, arguments),) = value.items()
        layer = catalogue.find(dialect, only)
        if layer is not None:
            hint = spell(layer, arguments if isinstance(arguments, Mapping) else ())
            return Refused("'type' is missing", code="MS204", route=(only, KEY), hint=hint)
    for key in [*value][:32]:
        if key.startswith("type:"):
            message = f"'type' is missing: YAML takes {show_name(key)} for a key"
            return Refused(message, code="MS204", route=(key, KEY), hint="a space is missing behind 'type:'")
        if nearest(key, ("type", "name")) == "type":
            return Refused(f"unknown key '{key}'", code="MS203", route=(key, KEY), hint="did you mean 'type'?")
    example = "Linear" if dialect == "torch" else "Dense"
    return Refused("'type' is missing", code="MS204", hint=f"say which layer this is: `type: {example}`")
