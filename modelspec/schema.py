"""The Pydantic models of version 1: what a spec may say, what is wrong with one, and its JSON Schema.

Strict and closed: no value is converted, no key is passed over. The values are read by the same kinds as on the fast
way in `spec`. The entries of `layers`, however deep they stand, are held against models of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from modelspec.budget_models import Budget, Growth, LayerBudget
from modelspec.closed import EXPRESSION, KEY, SHARED, Checked, Closed, Open, Part, validate
from modelspec.diagnostics import Finding, Where
from modelspec.entry_faults import find_faults
from modelspec.entry_models import Entries, Variables, entry_model, summarise
from modelspec.kinds import Literal as LiteralKind
from modelspec.language import (
    DIALECT,
    DTYPE,
    IDENTIFIER,
    INPUT_NAMES,
    NAME,
    REFERENCES,
    SHAPE,
    SPELLING,
    TEXT,
    TOP_KEYS,
)
from modelspec.refusal import Refused, name_value
from modelspec.slips import guess_dialect, hint_shape, join_names, mean_shape, nearest, show_name
from modelspec.source import MAX_FAULTS

__all__ = [
    "Block",
    "Budget",
    "Growth",
    "LayerBudget",
    "LongShape",
    "SpecV1",
    "Variant",
    "check",
    "entry_model",
    "summarise",
]


# What flows in

_SHAPE = Checked(SHAPE, "write a list of sizes such as [3, 224, 224]", hint_shape, mean_shape)


class LongShape(Closed):
    """An input in full: the shape of one sample, and its dtype."""

    shape: Annotated[Any, _SHAPE] = Field(description="Sizes of one sample's axes, without the batch.")
    dtype: Annotated[str, Checked(DTYPE)] = Field("float32", description="Of the input's elements.")


class _Input:
    """Pydantic's annotation for an input: a shape, or a mapping with `shape` and `dtype`."""

    def __init__(self, hint: str) -> None:
        self.hint = hint

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.check)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [*SHAPE.schema(EXPRESSION)["anyOf"], {SHARED: "long-shape"}]}

    def check(self, value: Any) -> Any:
        """Hold an input against it. Raises Refused."""
        if not isinstance(value, Mapping):
            return _SHAPE.read(value)
        keys = ("shape", "dtype")
        if value and not any(key in value or nearest(key, [*value][:8]) for key in keys):
            message = (
                f"expected a list of sizes, or a mapping with shape and dtype, but its keys are {join_names([*value])}"
            )
            raise Refused(message, hint=self.hint)
        return validate(LongShape, value, hints={"shape": "add `shape: [3, 224, 224]`, without the batch"})


_WAYS = "write [3, 224, 224], or {shape: [3, 224, 224], dtype: int64}"
_ALONE = _Input(f"{_WAYS}; several by name stand under `inputs`")
_AMONG_OTHERS = _Input(_WAYS)


class _Inputs(Open):
    """Pydantic's annotation for `inputs`: shapes by name."""

    def __init__(self) -> None:
        super().__init__("names with the shapes of what arrives", "image: [3, 224, 224]")

    def schema(self) -> dict[str, Any]:
        return {
            "propertyNames": {"pattern": IDENTIFIER, "errorMessage": SPELLING, "doNotSuggest": True},
            "additionalProperties": {SHARED: "input"},
            "if": {"required": ["input"]},
            "then": {"maxProperties": 1},
        }

    def hint(self, value: Any) -> str:
        return "write a single shape under `input`" if isinstance(value, list) else super().hint(value)

    def hold_key(self, name: str, value: Mapping[str, Any]) -> None:
        if not name.isidentifier():
            hint = "an input's name is made of letters, digits and underscores, and does not begin with a digit"
            raise Refused(f"{show_name(name)} cannot be an input's name", code="MS206", route=(name, KEY), hint=hint)
        if name == "input" and len(value) > 1:
            message = "'input' cannot be one of several inputs: in a reference it is what arrives"
            raise Refused(message, code="MS206", route=(name, KEY), hint="choose another name")

    def hold_value(self, name: str, value: Any) -> None:
        _AMONG_OTHERS.check(value)


# What other files bring, and blocks


class _FilesKind(LiteralKind):
    """Paths of files, each once."""

    words = "a list of files"

    def complete(self, value: Any) -> Any:
        if not isinstance(value, list):
            if isinstance(value, str) and value:
                raise self.refuse(value, f"write [{value[:60]}]", meant=[value])
            raise self.refuse(value, "write [blocks.yaml]")
        if not value:
            raise self.refuse(value, "name a file with blocks, or leave `imports` out", code="MS206")
        seen: set[str] = set()
        refusals = []
        for index, text in enumerate(value):
            if not isinstance(text, str) or not text:
                message = f"expected the path of a file, got {name_value(text)}"
                code = "MS206" if isinstance(text, str) else "MS205"
                refusals.append(Refused(message, code=code, route=(index,), hint="write a path such as blocks.yaml"))
            elif text in seen:
                message = f"{name_value(text)} is imported already"
                refusals.append(Refused(message, code="MS206", route=(index,), hint="leave one of them out"))
            else:
                seen.add(text)
            if len(refusals) >= MAX_FAULTS:
                break
        if refusals:
            raise Refused("", parts=tuple(refusals))
        return value

    def schema(self, expression: Mapping[str, Any]) -> dict[str, Any]:
        return {"type": "array", "minItems": 1, "uniqueItems": True, "items": {"type": "string", "minLength": 1}}


class Block(Closed):
    """A block: layers that can be called from several places, each time with arguments of their own."""

    arguments: Annotated[Any, Variables("arguments")] = Field(
        {}, description="Names of the arguments with their defaults; null for what must be given."
    )
    inputs: Annotated[Any, Checked(INPUT_NAMES, "write a list of names such as [x, skip]")] = Field(
        ["input"], description="Names of what a call brings, in order."
    )
    variables: Annotated[Any, Variables("variables")] = Field(
        {}, description="Computed from the arguments and from what arrives."
    )
    layers: Annotated[Any, Entries()] = Field(description="The layers, in order.")


class _Blocks(Open):
    """Pydantic's annotation for `blocks`: blocks by name."""

    def __init__(self) -> None:
        super().__init__("blocks by name", "name: {layers: […]}")

    def schema(self) -> dict[str, Any]:
        (name,) = (each for each in NAME.schema(EXPRESSION)["anyOf"] if each["type"] == "string")
        return {
            "propertyNames": {**name, "doNotSuggest": True, "not": {"pattern": "[{}]"}},
            "additionalProperties": {SHARED: "block"},
        }

    def hold_key(self, name: str, value: Mapping[str, Any]) -> None:
        try:
            read = NAME.read(name)
        except Refused as refused:
            raise Refused(refused.message, code=refused.code, route=(name, KEY), hint=refused.hint) from None
        if not isinstance(read, str):
            message = f"{show_name(name)} cannot be the name of a block: it holds an expression"
            raise Refused(message, code="MS206", route=(name, KEY), hint="spell the name out")

    def hold_value(self, name: str, value: Any) -> None:
        if isinstance(value, list):
            raise Refused(f"expected a block, got {name_value(value)}", hint="write the list under `layers:`")
        if not isinstance(value, Mapping):
            raise Refused(f"expected a block, got {name_value(value)}", hint="write `layers: […]` under it")
        validate(Block, value, hints={"layers": "add `layers:`, a list with an entry for each layer"})


# Variants


class Variant(Closed):
    """The same model in another size: what it sets otherwise."""

    variables: Annotated[Any, Variables("variables")] = Field({}, description="Variables of the file, set otherwise.")
    dtype: Annotated[Any, Checked(DTYPE)] = Field(None, description="Of the weights.")
    activation_dtype: Annotated[Any, Checked(DTYPE)] = Field(None, description="Of what flows between layers.")
    budget: Annotated[Any, Part(Budget, "budget", "parameters: 200K")] = Field(
        None, description="What this variant may cost."
    )


class _Variants(Open):
    """Pydantic's annotation for `variants`: variants by name."""

    def __init__(self) -> None:
        super().__init__("variants by name", "small: {variables: {…}}")

    def schema(self) -> dict[str, Any]:
        names: dict[str, Any] = {"pattern": r"^[^\s/\x00-\x1f\x7f-\x9f]+( +[^\s/\x00-\x1f\x7f-\x9f]+)*(?![\s\S])"}
        told = "A variant's name is printable text without '/', with no space at its ends."
        return {
            "propertyNames": {**names, "errorMessage": told, "doNotSuggest": True},
            "additionalProperties": {SHARED: "variant"},
        }

    def hold_key(self, name: str, value: Mapping[str, Any]) -> None:
        if not name or not name.isprintable() or name != name.strip() or "/" in name:
            message = f"{show_name(name)} cannot be the name of a variant"
            hint = "a variant's name is printable text without '/', with no space at its ends"
            raise Refused(message, code="MS206", route=(name, KEY), hint=hint)

    def hold_value(self, name: str, value: Any) -> None:
        if value is None:
            hint = f"write {{}}: `{name[:40]}: {{}}` is the file as it stands"
            raise Refused("expected what the variant sets otherwise, got null", hint=hint)
        hints = dict.fromkeys(TOP_KEYS, "a variant sets variables, dtype, activation_dtype and budget alone")
        declared = dict.fromkeys(value, "variables stand under `variables`") if isinstance(value, Mapping) else {}
        validate(Variant, value, example="variables: {…}", hints={**declared, **hints})


# The whole


class SpecV1(Closed):
    """A model's architecture, and what it may cost."""

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"required": ["blocks"], "not": {"required": ["layers"]}},
            "then": {"properties": dict.fromkeys(("input", "inputs", "outputs", "variants", "budget"), False)},
            "else": {"required": ["layers"], "oneOf": [{"required": ["input"]}, {"required": ["inputs"]}]},
        }
    )

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
    variables: Annotated[Any, Variables("variables")] = Field(
        {}, description="Names for numbers, to be used in expressions."
    )
    input: Annotated[Any, _ALONE] = Field(None, description="The shape of one sample, without the batch.")
    inputs: Annotated[Any, _Inputs()] = Field(None, description="Several inputs by name, each as `input`.")
    imports: Annotated[Any, Checked(_FilesKind())] = Field(
        None, description="Other files whose blocks are used here: paths relative to this file."
    )
    blocks: Annotated[Any, _Blocks()] = Field(
        None, description="Blocks by name. A file with blocks and no layers is a library, for others to import."
    )
    layers: Annotated[Any, Entries()] = Field(
        None, description="The layers, in order. An entry is a type name, or a mapping with `type` and its arguments."
    )
    outputs: Annotated[Any, Checked(REFERENCES, "write the path of a layer, or leave it out for the last one")] = Field(
        None, description="What the model gives: a reference or several. Default: the last layer's result."
    )
    variants: Annotated[Any, _Variants()] = Field(None, description="The same model in several sizes, by name.")
    budget: Annotated[Any, Part(Budget, "budget", "parameters: 200K")] = Field(
        None, description="What the model may cost."
    )


assert {*SpecV1.model_fields} == {*TOP_KEYS}

_MODEL_KEYS = ("input", "inputs", "outputs", "variants", "budget")
"""What only a model has, and no library."""
_ADD = {
    "input": "add `input: [3, 224, 224]`, the shape of one sample without the batch",
    "layers": "add `layers:`, a list with an entry for each layer",
}


def check(tree: Mapping[str, Any]) -> list[Finding]:
    """What is wrong with a document that has the right version. Routes lead into `tree`."""
    told = list(islice(_find_all(tree), MAX_FAULTS))
    if len(told) == MAX_FAULTS:
        told[-1] = told[-1]._replace(hint=f"{told[-1].hint}; checking has stopped here, after {MAX_FAULTS} faults")
    return told


def _find_all(tree: Mapping[str, Any]) -> Iterator[Finding]:
    missing, hints = _list_missing(tree)
    try:
        validate(SpecV1, tree, hints=hints, missing=missing)
    except Refused as refused:
        yield from (_find(part, None) for part in refused.each())
    if "input" in tree and tree.get("inputs") and isinstance(tree["inputs"], Mapping):
        hint = "name all of them under `inputs`, or leave one of the two out"
        message = "'input' and 'inputs' are both given"
        yield _find(Refused(message, code="MS203", route=("inputs", KEY), hint=hint), None)
    dialect = guess_dialect(tree)
    if dialect is not None:
        # Of a dialect that nobody can guess no layer is known, and none is to blame.
        yield from (_find(part, layer) for part, layer in find_faults(tree, dialect))


def _list_missing(tree: Mapping[str, Any]) -> tuple[list[str], dict[str, str]]:
    """The keys that are missing from a document, and how to do with each."""
    hints = dict(_ADD)
    # What is misspelt is told as such, and is not missing.
    strange = [key for key in tree if key not in TOP_KEYS][:MAX_FAULTS]
    present = {*tree, *[nearest(key, TOP_KEYS) for key in strange]}
    if "blocks" in present and "layers" not in present:
        beside = [key for key in _MODEL_KEYS if key in tree]
        if not beside:
            return [], hints
        hints["layers"] += f"; a file of blocks alone is a library, which has no {' and no '.join(beside)}"
        return ["layers"], hints
    missing = [] if present & {"input", "inputs"} else ["input"]
    return [*missing, *(["layers"] if "layers" not in present else [])], hints


def _find(refused: Refused, layer: str | None) -> Finding:
    route = refused.route
    part: Literal["value", "key"] = "value"
    if route and route[-1] is KEY:
        route, part = route[:-1], "key"
    elif refused.code == "MS203":
        part = "key"
    return Finding(
        refused.code, refused.message, Where(route, part, refused.span), refused.hint, layer, fix=refused.fix
    )
