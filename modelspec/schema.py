"""The Pydantic models of version 1: what a spec may say, what is wrong with one, and its JSON Schema.

Strict and closed: no value is converted, no key is passed over. The values are read by the same kinds as on the fast
way in `spec`; each class of the catalogue gives one model for the entries of its type.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, ValidationError, ValidationInfo, create_model
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from modelspec import catalogue
from modelspec.diagnostics import Finding, Route, Where
from modelspec.expressions import BUILTINS, MAX_LENGTH
from modelspec.kinds import Kind, Refused, name_value
from modelspec.layer import Field as LayerField
from modelspec.layer import Layer, fields_of
from modelspec.limit import LAYER_METRICS, METRICS
from modelspec.language import (
    BUDGET_KINDS,
    DIALECT,
    DTYPE,
    FLAG,
    LATER_ENTRY_KEYS,
    LATER_KEYS,
    MAX_LAYERS,
    NAME,
    SHAPE,
    TEXT,
    VARIABLE,
    VERSION,
)

__all__ = ["SHARED", "SpecV1", "check", "entry_model"]

SHARED = "x-definition"
"""The key of what stands for a definition by its name. Pydantic follows every `$ref`, so `json_schema` puts them in."""
EXPRESSION = {SHARED: "expression"}

_KEY = "\0key"
"""The last step of a route that means the key itself, not its value."""


class Checked:
    """Pydantic's annotation for a kind: `Annotated[int, Checked(Integer(1))]`."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.kind.read)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return self.kind.schema(EXPRESSION)


class Later:
    """A key that the language has and this version of the tool does not read."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(self._refuse)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"not": {}}

    @staticmethod
    def _refuse(value: Any, info: ValidationInfo) -> Any:
        message = f"'{info.field_name}' is part of the language, but this version of modelspec does not read it yet"
        hint = "write the layers out one after the other, without it"
        raise Refused(message, code="MS208", route=(_KEY,), hint=hint)


class EntryOf:
    """Pydantic's annotation for a layer: an entry of `layers`, or (`inside`) the layer of a wrapper.

    Without a `dialect` it is the document's, which stands in the validation's context.
    """

    def __init__(self, dialect: str | None = None, *, inside: bool = False, optional: bool = False) -> None:
        self.dialect = dialect
        self.inside = inside
        self.optional = optional

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(self._check)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        if self.dialect is None:
            return {}
        layer = {SHARED: f"{self.dialect}-inside" if self.inside else f"{self.dialect}-entry"}
        return {"anyOf": [layer, {"type": "null"}]} if self.optional else layer

    def _check(self, value: Any, info: ValidationInfo) -> Any:
        if value is None and self.optional:
            return value
        dialect = self.dialect or (info.context or {}).get("dialect", "torch")
        _check_entry(value, dialect, self.inside)
        return value


class Variables:
    """Pydantic's annotation for `variables`: names that an expression can use, each with a value."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._check)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        names = {"pattern": r"^[^\W\d]\w*$", "not": {"enum": sorted(BUILTINS)}}
        return {"type": "object", "propertyNames": names, "additionalProperties": VARIABLE.schema(EXPRESSION)}

    @staticmethod
    def _check(value: Any) -> Any:
        if not isinstance(value, Mapping):
            raise Refused(f"expected names with their values, got {name_value(value)}", hint="write `name: value`")
        refusals = []
        for name, written in value.items():
            if name in BUILTINS:
                message = f"'{name}' is a word of the expression language, no name for a variable"
                refusals.append(Refused(message, code="MS407", route=(name, _KEY), hint="choose another name"))
            elif not name.isidentifier():
                message = f"'{name}' cannot be used in an expression"
                hint = "a variable's name is made of letters, digits and underscores, and does not begin with a digit"
                refusals.append(Refused(message, code="MS407", route=(name, _KEY), hint=hint))
            try:
                VARIABLE.read(written)
            except Refused as refused:
                refusals.append(refused.under(name))
        if refusals:
            raise Refused("", parts=tuple(refusals))
        return value


class Closed(BaseModel):
    """A mapping with known keys and no others."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class LongShape(Closed):
    """An input in full: the shape of one sample, and its dtype."""

    shape: Annotated[Any, Checked(SHAPE)] = Field(description="Sizes of one sample's axes, without the batch.")
    dtype: Annotated[str, Checked(DTYPE)] = Field("float32", description="Of the input's elements.")


class InputOf:
    """Pydantic's annotation for `input`: a shape, or a mapping with `shape` and `dtype`."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._check)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [*SHAPE.schema(EXPRESSION)["anyOf"], {SHARED: "long-shape"}]}

    @staticmethod
    def _check(value: Any) -> Any:
        if isinstance(value, Mapping):
            return _validate(LongShape, value)
        return SHAPE.read(value)


_LIMITS = {
    metric: (Annotated[Any, Checked(BUDGET_KINDS[metric])], Field(None, description=text))
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

LayerBudget: type[BaseModel] = create_model(
    "LayerBudget",
    __base__=Closed,
    __doc__="Limits on the layers that a path pattern matches.",
    each=(Annotated[bool, Checked(FLAG)], Field(False, description="Judge each layer, not their sum.")),
    **{metric: _LIMITS[metric] for metric in LAYER_METRICS},  # type: ignore[call-overload]
)


class LayerBudgets:
    """Pydantic's annotation for `budget.layers`: limits by path pattern."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._check)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "object", "additionalProperties": {SHARED: "layer-budget"}}

    @staticmethod
    def _check(value: Any) -> Any:
        if not isinstance(value, Mapping):
            hint = 'write `"classifier.*": {parameters: 4M}`'
            raise Refused(f"expected path patterns with their limits, got {name_value(value)}", hint=hint)
        refusals = []
        for pattern, limits in value.items():
            try:
                _validate(LayerBudget, limits)
                if not limits.keys() - {"each"}:
                    hint = f"one of: {', '.join(LAYER_METRICS)}"
                    raise Refused(f"no limit is given for '{pattern}'", code="MS204", hint=hint)
            except Refused as refused:
                refusals.append(refused.under(pattern))
        if refusals:
            raise Refused("", parts=tuple(refusals))
        return value


BudgetV1: type[BaseModel] = create_model(
    "BudgetV1",
    __base__=Closed,
    __doc__="What the model may cost.",
    layers=(Annotated[Any, LayerBudgets()], Field(None, description="Limits on layers, by path pattern.")),
    **_LIMITS,  # type: ignore[call-overload]
)


class SpecV1(Closed):
    """A model's architecture, and what it may cost."""

    modelspec: Literal[1] = Field(description="The version of the language. Also the mark of a spec.")
    name: Annotated[str | None, Checked(TEXT)] = Field(None, description="For people.")
    description: Annotated[str | None, Checked(TEXT)] = Field(None, description="For people.")
    metadata: Any = Field(None, description="Free-form: whatever you want to keep with the model.")
    dialect: Annotated[str, Checked(DIALECT)] = Field(
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
    layers: Annotated[list[Annotated[Any, EntryOf()]], Field(min_length=1, max_length=MAX_LAYERS)] = Field(
        description="The layers, in order. An entry is a type name, or a mapping with `type` and its arguments."
    )
    budget: BudgetV1 = Field(None, description="What the model may cost.")  # type: ignore[valid-type, assignment]
    inputs: Annotated[Any, Later()] = None
    imports: Annotated[Any, Later()] = None
    blocks: Annotated[Any, Later()] = None
    outputs: Annotated[Any, Later()] = None
    variants: Annotated[Any, Later()] = None


assert {*LATER_KEYS} <= {*SpecV1.model_fields}


@cache
def entry_model(layer: type[Layer], inside: bool = False) -> type[BaseModel]:
    """The model of an entry of this type: its arguments, and the keys that every entry has."""
    members: dict[str, Any] = {
        "type": (Literal[layer.type_name()], Field(description="Which layer this is.")),
        "name": (Annotated[Any, Checked(NAME)], Field(None, description="Its name in paths, for its type and number.")),
    }
    if not inside:
        trainable = Field(True, description="Whether training changes its parameters.")
        members["trainable"] = (Annotated[bool, Checked(FLAG)], trainable)
        dtype = Field(None, description="Of its weights. Default: the model's.")
        members["dtype"] = (Annotated[str, Checked(DTYPE)], dtype)
    for key in LATER_ENTRY_KEYS:
        members[key] = (Annotated[Any, Later()], None)
    for field in fields_of(layer).values():
        if field.way == "built":
            continue
        annotation: Any = Annotated[Any, Checked(field.kind)]
        if field.way == "wrapped":
            annotation = Annotated[Any, EntryOf(layer.dialect, inside=True, optional=not field.required)]
        default = ... if field.required else _show_default(field.default)
        members[field.name] = (annotation, Field(default, description=_describe(field)))
    model: type[BaseModel] = create_model(layer.type_name(), __base__=Closed, __doc__=layer.__doc__, **members)
    return model


def _describe(field: LayerField) -> str:
    words = field.kind.words[:1].upper() + field.kind.words[1:]
    return f"{words}. Inferred from what arrives if it is left out." if field.way == "inferred" else f"{words}."


def _show_default(value: Any) -> Any:
    """A default as an author would write it: one value where it holds for every axis."""
    return value[0] if isinstance(value, tuple) and len(set(value)) == 1 else value


def check(tree: Mapping[str, Any]) -> list[Finding]:
    """What is wrong with a document that has the right version. Routes lead into `tree`."""
    dialect = tree.get("dialect")
    context = {"dialect": dialect if dialect in catalogue.dialects() else "torch"}
    try:
        _validate(SpecV1, tree, context)
    except Refused as refused:
        return [_find(part, tree) for part in refused.each()]
    return []


def _find(refused: Refused, tree: Any) -> Finding:
    route = refused.route
    if route and route[-1] is _KEY:
        return Finding(refused.code, refused.message, Where(route[:-1], "key"), refused.hint)
    return Finding(refused.code, refused.message, Where(route, span=refused.span), refused.hint, _layer_at(tree, route))


def _layer_at(tree: Any, route: Route) -> str | None:
    """The name that the layer at the beginning of this route was given."""
    if len(route) < 2 or route[0] != "layers":
        return None
    entry = tree["layers"][route[1]]
    return str(entry["name"]) if isinstance(entry, Mapping) and isinstance(entry.get("name"), (str, int)) else None


def _validate(model: type[BaseModel], value: Any, context: Mapping[str, Any] | None = None) -> None:
    """Hold a value against a model. Raises Refused, one part for each mistake."""
    if not isinstance(value, Mapping):
        raise Refused(f"expected a mapping, got {name_value(value)}", hint="write `key: value`")
    try:
        model.model_validate(value, context=dict(context or {}))
    except ValidationError as error:
        keys = [name for name, field in model.model_fields.items() if not _is_later(field.metadata)]
        raise Refused("", parts=tuple(_explain(error, value, keys))) from None


def _is_later(metadata: Iterable[Any]) -> bool:
    return any(isinstance(extra, Later) for extra in metadata)


def _explain(error: ValidationError, value: Mapping[str, Any], keys: list[str]) -> list[Refused]:
    """Pydantic's errors in our words: one for each mistake."""
    problems = error.errors(include_url=False)
    cut = _find_cut(value, [str(problem["loc"][0]) for problem in problems if problem["type"] == "extra_forbidden"])
    if cut is not None:
        culprit, fragments = cut
        hint = f'put quotes around it: {culprit}: "{_join_cut(value, culprit, fragments)}"'
        message = "YAML ends this value at the comma: inside { } an expression with commas wants quotes"
        told = [Refused(message, code="MS209", route=(culprit,), hint=hint)]
        gone = {culprit, *fragments}
        problems = [problem for problem in problems if str(problem["loc"][0]) not in gone]
    else:
        told = []
    missing = [str(problem["loc"][-1]) for problem in problems if problem["type"] == "missing"]
    meant: set[str] = set()
    for problem in problems:
        route = tuple(problem["loc"])
        if problem["type"] == "extra_forbidden":
            name = str(route[-1])
            near = _nearest(name, [key for key in keys if key not in value], missing)
            if near is not None:
                meant.add(near)
                hint = f"did you mean '{near}'?"
            else:
                hint = f"known here: {', '.join(keys)}"
            told.append(Refused(f"unknown key '{name}'", code="MS203", route=(*route, _KEY), hint=hint))
        elif problem["type"] != "missing":
            told.extend(_translate(problem, route))
    for name in missing:
        if name not in meant:
            told.append(Refused(f"'{name}' is missing", code="MS204", hint=f"add `{name}: …`"))
    return told


def _translate(problem: Any, route: Route) -> Iterable[Refused]:
    inner = problem.get("ctx", {}).get("error")
    if isinstance(inner, Refused):
        for part in inner.each():
            for step in reversed(route):
                part = part.under(step)
            yield part
        return
    value = problem["input"]
    if problem["type"] == "too_short":
        yield Refused("expected at least one layer, got an empty list", code="MS206", route=route)
    elif problem["type"] == "too_long":
        message = f"{len(value):,} layers are more than the bound of {MAX_LAYERS:,} in one model"
        yield Refused(message, code="MS310", route=route)
    elif problem["type"] in ("model_type", "model_attributes_type", "dict_type"):
        yield Refused(f"expected a mapping, got {name_value(value)}", route=route, hint="write `key: value`")
    elif problem["type"] == "list_type":
        hint = "write each layer as an entry of a list: `- Linear`"
        yield Refused(f"expected a list of layers, got {name_value(value)}", route=route, hint=hint)
    else:
        yield Refused(f"{name_value(value)} is not accepted here: {problem['msg']}", route=route)


def _nearest(name: str, keys: list[str], missing: list[str]) -> str | None:
    """The key that was surely meant: a missing one first, for it explains both."""
    for candidates, cutoff in ((missing, 0.5), (keys, 0.7)):
        near = difflib.get_close_matches(name, candidates, 1, cutoff)
        if near:
            return near[0]
    return None


def _find_cut(value: Mapping[str, Any], extra: list[str]) -> tuple[str, list[str]] | None:
    """An expression that YAML has cut at its commas: the key it began under, and the keys that its rest became."""
    order = list(value)
    for key in order:
        text = value[key]
        if not isinstance(text, str) or text.count("(") + text.count("[") <= text.count(")") + text.count("]"):
            continue
        fragments = []
        for other in order[order.index(key) + 1 :]:
            if value[other] is not None or other not in extra:
                break
            fragments.append(other)
        if fragments:
            return key, fragments
    return None


def _join_cut(value: Mapping[str, Any], culprit: str, fragments: list[str]) -> str:
    return ", ".join([value[culprit], *fragments])


def _check_entry(value: Any, dialect: str, inside: bool) -> None:
    if isinstance(value, str):
        value = {"type": value}
        bare = True
    elif isinstance(value, Mapping):
        bare = False
    else:
        hint = "an entry is a type name, or a mapping with `type` and its arguments"
        raise Refused(f"expected a layer, got {name_value(value)}", hint=hint)
    if "type" not in value:
        raise _refuse_untyped(value)
    name = value["type"]
    step: Route = () if bare else ("type",)
    if not isinstance(name, str):
        raise Refused(f"expected the name of a layer type, got {name_value(name)}", route=step)
    layer = catalogue.find(dialect, name)
    if layer is None:
        raise Refused(f"{name_value(name)} is no {dialect} layer", code="MS207", route=step, hint=_hint(name, dialect))
    try:
        _validate(entry_model(layer, inside), value)
    except Refused as refused:
        if not bare:
            raise
        # A bare word has no keys to point at: what it lacks is told at the word itself.
        parts = [
            Refused(f"{name} needs {part.message.replace(' is missing', '')}", code=part.code, hint=_spell(layer))
            for part in refused.each()
        ]
        raise Refused("", parts=tuple(parts)) from None


def _spell(layer: type[Layer]) -> str:
    needed = ", ".join(f"{field.name}: …" for field in fields_of(layer).values() if field.required)
    return f"write {{type: {layer.type_name()}, {needed}}}"


def _refuse_untyped(value: Mapping[str, Any]) -> Refused:
    later = [key for key in value if key in ("block", "share", "layers")]
    if later:
        message = f"'{later[0]}' is part of the language, but this version of modelspec does not read it yet"
        return Refused(message, code="MS208", route=(later[0], _KEY), hint="write the layers out, one after the other")
    near = _nearest("type", [], [key for key in value if isinstance(key, str)])
    if len(value) == 1:
        (only,) = value
        if isinstance(only, str) and only[:1].isupper():
            hint = f"write {{type: {only}, …}}, with the arguments beside it"
            return Refused("'type' is missing", code="MS204", hint=hint)
    if near is not None:
        return Refused(f"unknown key '{near}'", code="MS203", route=(near, _KEY), hint="did you mean 'type'?")
    return Refused("'type' is missing", code="MS204", hint="say which layer this is: `type: Linear`")


def _hint(name: str, dialect: str) -> str | None:
    names = catalogue.list_names(dialect)
    folded = {known.lower(): known for known in names}
    if name.lower() in folded:
        return f"did you mean '{folded[name.lower()]}'?"
    for other in catalogue.dialects():
        if other != dialect and name in catalogue.list_names(other):
            return f"{name} is a {other} layer: write `dialect: {other}` at the top, or use {dialect}'s name for it"
    near = difflib.get_close_matches(name, names, 1)
    return f"did you mean '{near[0]}'?" if near else "`modelspec layers` lists all types"
