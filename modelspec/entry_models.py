"""The Pydantic models of what stands under `layers`: layers, containers, calls of blocks, and shared weights.

A model is of one entry alone: what it takes for its layers is told here, and what these say is for their own models.
Each class of the catalogue gives one model for the entries of its type.
"""

from __future__ import annotations

from collections.abc import Mapping
from json import dumps
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, GetJsonSchemaHandler, create_model
from pydantic_core import CoreSchema, core_schema

from modelspec.closed import EXPRESSION, KEY, SHARED, Checked, Closed, Open, read_value
from modelspec.expressions import BUILTINS
from modelspec.glossary import explain
from modelspec.kinds import Literal as LiteralKind
from modelspec.kinds import Text
from modelspec.language import (
    CONDITION,
    CONTAINERS,
    DTYPE,
    EXPERTS,
    FLAG,
    IDENTIFIER,
    NAME,
    REFERENCE,
    REFERENCES,
    REPEAT,
    SPELLING,
    VARIABLE,
)
from modelspec.layer import Field as LayerField
from modelspec.layer import Layer, fields_of
from modelspec.refusal import Refused, name_value
from modelspec.slips import cut_in_mapping, show_name
from modelspec.template import Reference

__all__ = [
    "CONTAINER_MODELS",
    "FLAGGED",
    "Call",
    "Entries",
    "Named",
    "Shared",
    "Step",
    "Tied",
    "Variables",
    "Weighted",
    "entry_model",
    "summarise",
]

FLAGGED = Checked(FLAG, "write true or false")


class Variables(Open):
    """Pydantic's annotation for names that an expression can use, each with its value, which stand under `key`."""

    def __init__(self, key: str) -> None:
        super().__init__("names with their values", "name: value", filled=False)
        self.key = key

    def schema(self) -> dict[str, Any]:
        names = {
            "pattern": IDENTIFIER,
            "errorMessage": SPELLING,
            "doNotSuggest": True,
            "not": {"enum": sorted(BUILTINS)},
        }
        return {"propertyNames": names, "additionalProperties": VARIABLE.schema(EXPRESSION)}

    def hint(self, value: Any) -> str:
        if self.key == "arguments" and isinstance(value, list) and value:
            names = [str(name)[:40] for name in value[:8] if isinstance(name, str)]
            if len(names) == len(value):
                return f"write {{{', '.join(f'{name}: null' for name in names)}}}: null for what must be given"
        return f"{super().hint(value)}, or leave `{self.key}` out"

    def find_cut(self, value: Mapping[str, Any]) -> tuple[Refused, set[str]] | None:
        empty = [name for name, member in value.items() if member is None]
        return cut_in_mapping(value, [name for name in empty if not name.isidentifier()], empty)

    def hold_key(self, name: str, value: Mapping[str, Any]) -> None:
        if name in BUILTINS:
            message = f"'{name}' is a word of the expression language, no name for a variable"
            raise Refused(message, code="MS407", route=(name, KEY), hint="choose another name")
        if not name.isidentifier():
            message = f"{show_name(name)} cannot be used in an expression"
            hint = "a variable's name is made of letters, digits and underscores, and does not begin with a digit"
            raise Refused(message, code="MS407", route=(name, KEY), hint=hint)

    def hold_value(self, name: str, value: Any) -> None:
        read_value(VARIABLE, value, "write a number, a list of numbers, or an expression")


class _TargetKind(LiteralKind):
    """The path of one earlier layer or tensor: neither every round's result, nor one of several results."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.words = f"the path of an earlier {what}"

    def complete(self, value: Any) -> Reference:
        try:
            reference = REFERENCE.complete(value)
        except Refused as refused:
            if refused.message.startswith("expected") and not isinstance(value, str):
                raise self.refuse(value, refused.hint) from None
            raise
        if reference.every:
            raise self.refuse(value, f"'.*' stands for every round: name one {self.what}", code="MS206")
        if reference.result is not None:
            hint = f"leave ':{reference.result[:40]}' out: it is the {self.what} itself that is meant"
            raise self.refuse(value, hint, code="MS206")
        return reference

    def schema(self, expression: Mapping[str, Any]) -> dict[str, Any]:
        several = {"type": "string", "pattern": r"\.\*|:[^{}]*(?![\s\S])"}
        return {"allOf": [REFERENCE.schema(expression)], "not": several}


_LAYER = _TargetKind("layer")
_TENSOR = _TargetKind("tensor")
_PATH = "write a path such as layer1.0.conv1"


class _Ties(Open):
    """Pydantic's annotation for `tie`: tensors with the paths of those that they are, and perhaps a condition."""

    def __init__(self) -> None:
        super().__init__("tensors with the paths of those that they are", "weight: embed.weight")

    def schema(self) -> dict[str, Any]:
        return {
            "properties": {"when": CONDITION.schema(EXPRESSION)},
            "additionalProperties": _TENSOR.schema(EXPRESSION),
            "if": {"required": ["when"]},
            "then": {"minProperties": 2},
        }

    def hint(self, value: Any) -> str:
        return f"write {{weight: {value[:60]}}}" if isinstance(value, str) else super().hint(value)

    def find_cut(self, value: Mapping[str, Any]) -> tuple[Refused, set[str]] | None:
        return cut_in_mapping(value, [name for name, member in value.items() if member is None])

    def hold_value(self, name: str, value: Any) -> None:
        if name == "when":
            read_value(CONDITION, value, "write true, false, or a comparison")
        else:
            read_value(_TENSOR, value, "write a path such as embed.weight")

    def check(self, value: Any) -> Any:
        super().check(value)
        if value.keys() == {"when"}:
            message = "no tensor is tied: there is but a condition"
            raise Refused(message, code="MS204", hint="add `weight: …`, the path of another tensor")
        return value


class Entries:
    """Pydantic's annotation for a list of entries."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._check)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {SHARED: "layers"}

    @staticmethod
    def _check(value: Any) -> Any:
        if not isinstance(value, list):
            first = next(iter(value))[:40] if isinstance(value, Mapping) and value else ""
            name = f"name: {first}, " if first and first not in ("type", "name", "block") else ""
            hint = f"write each layer as an entry of a list: `- {{{name}type: …}}`"
            raise Refused(f"expected a list of layers, got {name_value(value)}", hint=hint)
        if not value:
            hint = "write each layer as an entry of it: `- ReLU`"
            raise Refused("expected at least one layer, got an empty list", code="MS206", hint=hint)
        return value


class _Branches:
    """Pydantic's annotation for `branches`: a list, of which each member is an entry or a list of entries."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._check)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "array", "minItems": 1, "items": {SHARED: "branch"}}

    @staticmethod
    def _check(value: Any) -> Any:
        hint = "write each branch as an entry of it: `- Identity`, or `- [Linear, ReLU]`"
        if not isinstance(value, list):
            raise Refused(f"expected a list of branches, got {name_value(value)}", hint=hint)
        if not value:
            raise Refused("expected at least one branch, got an empty list", code="MS206", hint=hint)
        return value


class _Place:
    """Pydantic's annotation for where an entry stands alone: it is held against the model of its own."""

    def __init__(self, definition: str, *, optional: bool = False) -> None:
        self.definition = definition
        self.optional = optional

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        return core_schema.any_schema()

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        entry = {SHARED: self.definition}
        return {"anyOf": [entry, {"type": "null"}]} if self.optional else entry


# What entries have in common, one model on top of the other.


class Named(Closed):
    """What every entry may say, even the layer of a wrapper."""

    name: Annotated[Any, Checked(NAME)] = Field(None, description="Its name in paths, for its type and number.")


class Step(Named):
    """How an entry stands among the others."""

    model_config = ConfigDict(json_schema_extra={"dependencies": {"shared": ["repeat"]}})

    inputs: Annotated[Any, Checked(REFERENCES, "write the path of an earlier layer, or leave it out")] = Field(
        None, description="What it takes: a reference or several. Default: what comes before."
    )
    repeat: Annotated[Any, Checked(REPEAT, "write a number such as 3, or an expression; 0 leaves it out")] = Field(
        None, description="How many times it stands here. `index` runs from 0."
    )
    shared: Annotated[Any, FLAGGED] = Field(False, description="Whether every round of a repeat is the same layer.")
    when: Annotated[Any, Checked(CONDITION, "write true, false, or a comparison such as index > 0")] = Field(
        True, description="A condition, asked in every round; a false one leaves the entry out."
    )


class Weighted(Step):
    """What holds weights of its own, or entries that do."""

    trainable: Annotated[Any, FLAGGED] = Field(True, description="Whether training changes its parameters.")
    dtype: Annotated[Any, Checked(DTYPE)] = Field(None, description="Of its weights. Default: the model's.")


class Tied(Weighted):
    """A layer."""

    tie: Annotated[Any, _Ties()] = Field(
        None, description="Tensors that are others: `{weight: embed.weight}`, with `when: …` inside if only then."
    )


_NUMBERED = Field(False, description="Whether its unnamed entries are called 0, 1, 2, …")


class _Sequential(Weighted):
    """Entries one after the other."""

    type: Literal["Sequential"] = Field("Sequential", description="Entries one after the other.")
    layers: Annotated[Any, Entries()] = Field(description="The entries, in order.")
    numbered: Annotated[Any, FLAGGED] = _NUMBERED


class _Residual(Weighted):
    """Entries one after the other, and the sum of their result with what arrives."""

    type: Literal["Residual"] = Field(description="Entries, and the sum of their result with what arrives.")
    layers: Annotated[Any, Entries()] = Field(description="The entries, in order.")
    shortcut: Annotated[Any, _Place("branch")] = Field(
        [], description="What the other summand passes: an entry or a list of entries. Default: what arrives."
    )
    numbered: Annotated[Any, FLAGGED] = _NUMBERED


class _Parallel(Weighted):
    """Branches that all start from what arrives, and an entry that takes their results."""

    type: Literal["Parallel"] = Field(description="Branches that all start from what arrives, and their merge.")
    branches: Annotated[Any, _Branches()] = Field(description="Each an entry or a list of entries.")
    merge: Annotated[Any, _Place("merge")] = Field(
        "Add", description="The entry that takes the branches' results, in order. Default: their sum."
    )
    numbered: Annotated[Any, FLAGGED] = _NUMBERED


_COUNT = Checked(EXPERTS, "write a positive integer, or an expression")


class _MixtureOfExperts(Weighted):
    """The same entries for each expert, of which a token passes a few."""

    type: Literal["MixtureOfExperts"] = Field(description="Experts, of which each token passes a few.")
    experts: Annotated[Any, _COUNT] = Field(description="How many experts there are.")
    experts_per_token: Annotated[Any, _COUNT] = Field(description="How many of them a token passes.")
    layers: Annotated[Any, Entries()] = Field(description="One expert's entries, in order.")


CONTAINER_MODELS: dict[str, type[Closed]] = {
    "Sequential": _Sequential,
    "Residual": _Residual,
    "Parallel": _Parallel,
    "MixtureOfExperts": _MixtureOfExperts,
}
assert {name: {*keys, "type", *Weighted.model_fields} for name, keys in CONTAINERS.items()} == {
    name: {*model.model_fields} for name, model in CONTAINER_MODELS.items()
}


class _BlockNameKind(Text):
    """The name of a block. Whether there is one is not asked here."""

    words = "the name of a block"


# `with` is a word of Python, and no name for an attribute of a class.
Call: type[Closed] = create_model(
    "Call",
    __base__=Weighted,
    __doc__="The call of a block.",
    **{  # type: ignore[call-overload]
        "block": (
            Annotated[Any, Checked(_BlockNameKind(), "write the name of one")],
            Field(description="The block's name."),
        ),
        "with": (Annotated[Any, Variables("with")], Field({}, description="The block's arguments by name.")),
    },
)


class Shared(Step):
    """The weights of an earlier layer once more."""

    share: Annotated[Any, Checked(_LAYER, _PATH)] = Field(description="The path of the layer, or container.")


# Layers

_MODELS: dict[tuple[type[Layer], bool], type[Closed]] = {}


def entry_model(layer: type[Layer], inside: bool = False) -> type[Closed]:
    """The model of an entry of this type: its arguments, and the keys that every entry has.

    `inside` is for the layer of a wrapper.
    """
    known = _MODELS.get((layer, inside))
    if known is not None:
        return known
    members: dict[str, Any] = {"type": (Literal[layer.type_name()], Field(description=summarise(layer)))}
    for field in fields_of(layer).values():
        if field.way == "built":
            continue
        annotation: Any = Annotated[Any, Checked(field.kind, _hint_field(layer, field))]
        if field.way == "wrapped":
            annotation = Annotated[Any, _Place("inside", optional=not field.required)]
        default = ... if field.required else _show_default(field)
        members[field.name] = (annotation, Field(default, description=_describe(layer, field)))
    base = Named if inside else Tied
    model: type[Closed] = create_model(layer.type_name(), __base__=base, __doc__=layer.__doc__, **members)
    _MODELS[layer, inside] = model
    return model


def summarise(layer: type[Layer]) -> str:
    """What a layer is, in a line: the first of its docstring."""
    return (layer.__doc__ or "").strip().partition("\n")[0]


def _describe(layer: type[Layer], field: LayerField) -> str:
    """What an editor shows of a field: what it means, what it takes, and what it is if it is left out."""
    words = f"Takes {field.kind.words}"
    if next(iter(field.kind.find("name")), None) is not None:
        words += ", or an expression"
    default = _show_default(field)
    if field.required:
        without = "Required."
    elif field.way == "inferred":
        without = "Inferred from what arrives if it is left out."
    else:
        without = f"Default: {default if isinstance(default, str) else dumps(default)}."
    meaning = explain(layer.type_name(), field.name)
    return " ".join(part for part in (meaning, f"{words}.", without) if part)


def _hint_field(layer: type[Layer], field: LayerField) -> str:
    if field.required:
        return f"`modelspec layers {layer.type_name()}` shows what it takes"
    if field.way == "inferred":
        return "leave it out: it is inferred from what arrives"
    default = _show_default(field)
    shown = default if isinstance(default, str) else dumps(default)
    return f"leave it out for the default, {shown}"


def _show_default(field: LayerField) -> Any:
    """A default as an author would write it: one value where it holds for every axis, if the field takes one."""
    value = single = field.default
    while isinstance(single, tuple) and len(set(single)) == 1:
        single = single[0]
    if isinstance(value, tuple) and not isinstance(single, tuple):
        try:
            field.kind.read(single)
        except Refused:
            return value
    return value if isinstance(single, tuple) else single
