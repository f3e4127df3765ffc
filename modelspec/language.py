"""The words of the language, version 1: its keys, and the kinds of values that stand under them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from modelspec.diagnostics import Route
from modelspec.dtype import BITS, SAME
from modelspec.kinds import Boolean, Choice, Integer, Kind, ListOf, Literal, Number, Optional, Text, is_sure
from modelspec.limit import BYTE_METRICS, COUNT_METRICS, GrowthKind, LimitKind
from modelspec.refusal import Refused, name_value
from modelspec.shape import UNKNOWN, Unknown
from modelspec.template import Reference, Template, read_name, read_reference

__all__ = [
    "BLOCK_KEYS",
    "BUDGET_KINDS",
    "CONDITION",
    "CONTAINERS",
    "DIALECT",
    "DIALECTS",
    "DTYPE",
    "ENTRY_KEYS",
    "EXPERTS",
    "FLAG",
    "GROWTH_KINDS",
    "IDENTIFIER",
    "INPUT_NAMES",
    "LAYER_BUDGET_KINDS",
    "MAX_LAYERS",
    "MAX_NESTING",
    "NAME",
    "REFERENCE",
    "REFERENCES",
    "REPEAT",
    "SHAPE",
    "STEP_KEYS",
    "TEXT",
    "TOP_KEYS",
    "VARIABLE",
    "VARIANT_KEYS",
    "VERSION",
]

VERSION = 1
MAX_LAYERS = 200_000
"""Distinct resolved layers in one model."""
MAX_NESTING = 64
"""Containers and calls of blocks inside one another."""

DIALECTS = ("torch", "keras")
TOP_KEYS = (
    "modelspec",
    "name",
    "description",
    "metadata",
    "dialect",
    "dtype",
    "activation_dtype",
    "variables",
    "input",
    "inputs",
    "imports",
    "blocks",
    "layers",
    "outputs",
    "variants",
    "budget",
)
ENTRY_KEYS = ("type", "name", "trainable", "dtype")
"""The keys of every layer, wherever it stands."""
STEP_KEYS = ("inputs", "repeat", "shared", "when", "tie")
"""The keys that say how an entry stands among the others."""
CONTAINERS: dict[str, tuple[str, ...]] = {
    "Sequential": ("layers", "numbered"),
    "Residual": ("layers", "shortcut", "numbered"),
    "Parallel": ("branches", "merge", "numbered"),
    "MixtureOfExperts": ("experts", "experts_per_token", "layers"),
}
"""The containers, with their own keys."""
BLOCK_KEYS = ("arguments", "inputs", "variables", "layers")
VARIANT_KEYS = ("variables", "dtype", "activation_dtype", "budget")


class _SizeKind(Integer):
    """A size of an axis, or `null` for one that is not known."""

    def __init__(self) -> None:
        super().__init__(1, words="a positive integer, or null for an unknown size")

    def complete(self, value: Any) -> Any:
        return UNKNOWN if value is None else super().complete(value)

    def schema(self, expression: Mapping[str, Any]) -> dict[str, Any]:
        return {"anyOf": [*super().schema(expression)["anyOf"], {"type": "null"}]}


class _VariableKind(Kind):
    """What a variable may be: a number, a truth value, a list of numbers, an expression over earlier ones, or null."""

    words = "a number, true or false, a list of numbers, an expression, or null"
    _number = Number()
    _list = ListOf(_number)

    def find(self, value: Any) -> Any:
        return self._list.find(value) if isinstance(value, list) else super().find(value)

    def hold_literals(self, value: Any) -> Iterator[Refused]:
        return self._list.hold_literals(value)

    def complete(self, value: Any) -> Any:
        if value is None or value is True or value is False or isinstance(value, Unknown):
            return value
        if isinstance(value, (list, tuple)):
            return self._list.complete(value)
        try:
            return self._number.complete(value)
        except Refused as refused:
            raise self.refuse(value, code=refused.code) from None

    def schema(self, expression: Mapping[str, Any]) -> dict[str, Any]:
        literals = [{"type": "boolean"}, {"type": "null"}]
        return {"anyOf": [*self._list.schema(expression)["anyOf"], {"type": "number"}, *literals]}


class _FlagKind(Boolean):
    """`true` or `false` as a literal: what must be known before anything is resolved."""

    def find(self, value: Any) -> Iterator[tuple[Route, str]]:
        return iter(())

    def schema(self, expression: Mapping[str, Any]) -> dict[str, Any]:
        return {"type": "boolean"}


class _DtypeKind(Choice):
    """A data type by its name, read as the first of its names. Messages do not list them all."""

    _others: Mapping[str, str] = {"fp16": "float16", "fp32": "float32", "fp64": "float64", "fp8": "float8_e4m3fn"}

    def __init__(self) -> None:
        super().__init__(*BITS)
        self.words = "a dtype such as float32, bfloat16 or int8"

    def complete(self, value: Any) -> Any:
        if value.__class__ is str and value in BITS:
            return SAME.get(value, value)
        if not isinstance(value, str) or len(value) > 40:
            raise self.refuse(value, "write its name")
        import difflib

        name = value.lower().rpartition(".")[2]
        near = [self._others[name]] if name in self._others else difflib.get_close_matches(name, self.options, 1)
        hint = f"did you mean '{near[0]}'?" if near else "float32, float16, bfloat16, int8 and all of torch's are known"
        surely = name in self._others or (near and is_sure(name, near[0], self.options))
        raise self.refuse(value, hint, code="MS206", meant=near[0] if surely else None)


_PART = r"([^\s:*{}.\x00-\x1f\x7f-\x9f]|\{[^{}]+\})"
_WORD = rf"{_PART}+( +{_PART}+)*"
_PATH = rf"{_WORD}(\.{_WORD})*"
"""A name as JSON Schema has it. At the end of a pattern `$` would let a line break follow, so another way is taken."""


class _NameKind(Literal):
    """A layer's name: text or a whole number; dots make levels, braces hold expressions."""

    words = "a name"

    def complete(self, value: Any) -> str | Template:
        if value.__class__ is int and value >= 0:
            return str(value)
        if not isinstance(value, str):
            hint = "put quotes around it" if isinstance(value, (int, float)) else "a name is text; it can be left out"
            raise self.refuse(value, hint)
        return read_name(value)

    def schema(self, expression: Mapping[str, Any]) -> dict[str, Any]:
        told = "A name is words with dots between them, without ':' and '*'; braces hold expressions."
        text = {"type": "string", "pattern": rf"^{_PATH}(?![\s\S])", "errorMessage": told}
        return {"anyOf": [text, {"type": "integer", "minimum": 0}]}


class _ReferenceKind(Literal):
    """The path of something earlier, perhaps with one of its results: `layer1.0.conv1`, `lstm:h_n`, `stages.*`."""

    words = "the path of an earlier layer"

    def complete(self, value: Any) -> Reference:
        if value.__class__ is int and value >= 0:
            return read_reference(str(value))
        if not isinstance(value, str):
            hint = "put quotes around it" if isinstance(value, float) else None
            raise self.refuse(value, hint)
        return read_reference(value)

    def schema(self, expression: Mapping[str, Any]) -> dict[str, Any]:
        pattern = rf"^{_PATH}(\.\*(\.{_PATH})?)?(:{_PATH})?(?![\s\S])"
        told = "Write the path of something earlier, such as layer1.0.conv1, lstm:h_n or stages.*."
        text = {"type": "string", "pattern": pattern, "errorMessage": told}
        return {"anyOf": [text, {"type": "integer", "minimum": 0}]}


class _ReferencesKind(Literal):
    """One reference or several."""

    words = "the path of an earlier layer, or a list of such"

    def complete(self, value: Any) -> tuple[Reference, ...]:
        if not isinstance(value, list):
            return (REFERENCE.complete(value),)
        if not value:
            raise self.refuse(value, "leave it out for what comes before, or name something", code="MS206")
        found, refusals = [], []
        for index, member in enumerate(value):
            try:
                found.append(REFERENCE.complete(member))
            except Refused as refused:
                if isinstance(member, Mapping) and len(member) == 1:
                    ((layer, result),) = member.items()
                    refused.hint = f'put quotes around it: "{layer}:{result}"'
                refusals.append(refused.under(index))
        if refusals:
            raise refusals[0] if len(refusals) == 1 else Refused("", parts=tuple(refusals))
        return tuple(found)

    def schema(self, expression: Mapping[str, Any]) -> dict[str, Any]:
        single = REFERENCE.schema(expression)
        return {"anyOf": [*single["anyOf"], {"type": "array", "minItems": 1, "items": single}]}


class _ConditionKind(Boolean):
    """`true` or `false`, or an expression; a number is a condition, too: 0 is false."""

    words = "a condition"

    def complete(self, value: Any) -> bool | Unknown:
        if value is True or value is False or isinstance(value, Unknown):
            return value
        if value.__class__ in (int, float):
            return bool(value)
        raise self.refuse(value, "write true, false, or a comparison such as stride != 1")

    def schema(self, expression: Mapping[str, Any]) -> dict[str, Any]:
        return {"anyOf": [*super().schema(expression)["anyOf"], {"type": "number"}]}


class _InputNamesKind(Literal):
    """The names of a block's inputs, in order."""

    words = "a list of names"

    def complete(self, value: Any) -> tuple[str, ...]:
        if not isinstance(value, list):
            name = value if isinstance(value, str) else None
            meant = [name] if name is not None and name.isidentifier() else None
            raise self.refuse(value, None if name is None else f"write [{name}]", meant=meant)
        if not value:
            raise self.refuse(value, "leave it out for one input", code="MS206")
        seen: set[str] = set()
        for index, name in enumerate(value):
            if not isinstance(name, str) or not name.isidentifier():
                message = f"expected a name, got {name_value(name)}"
                raise Refused(message, route=(index,), hint="a name is made of letters, digits and underscores")
            if name in seen:
                raise Refused(f"'{name}' is there already", code="MS206", route=(index,), hint="rename one of them")
            seen.add(name)
        return tuple(value)

    def schema(self, expression: Mapping[str, Any]) -> dict[str, Any]:
        names = {"type": "string", "pattern": IDENTIFIER, "errorMessage": SPELLING}
        return {"type": "array", "minItems": 1, "uniqueItems": True, "items": names}


IDENTIFIER = r"^[^\x00-@\[-^`{-\x7f][^\x00-/:-@\[-^`{-\x7f]*(?![\s\S])"
"""As ECMA 262 and Python both read it; beyond ASCII it takes more than Python's identifiers."""
SPELLING = "Such a name is made of letters, digits and underscores, and does not begin with a digit."
"""What an editor says of one that is not."""
TEXT = Optional(Text())
NAME = _NameKind()
REFERENCE = _ReferenceKind()
REFERENCES = _ReferencesKind()
CONDITION = _ConditionKind()
REPEAT = Integer(0, words="how many times, 0 or more")
EXPERTS = Integer(1)
INPUT_NAMES = _InputNamesKind()
FLAG = _FlagKind()
DTYPE = _DtypeKind()
DIALECT = Choice(*DIALECTS)
MAX_AXES = 64
"""Axes of a tensor: as many as torch has."""
SHAPE = ListOf(_SizeKind(), maximum=MAX_AXES, words="a list of sizes: the shape of one sample, without the batch")
VARIABLE = _VariableKind()
BUDGET_KINDS: dict[str, LimitKind] = {
    **dict.fromkeys(COUNT_METRICS, LimitKind("count")),
    **dict.fromkeys(BYTE_METRICS, LimitKind("byte")),
}
LAYER_BUDGET_KINDS: dict[str, LimitKind] = {
    **dict.fromkeys(COUNT_METRICS, LimitKind("count", shares=True)),
    **dict.fromkeys(BYTE_METRICS, LimitKind("byte", shares=True)),
}
GROWTH_KINDS: dict[str, GrowthKind] = {
    **dict.fromkeys(COUNT_METRICS, GrowthKind("count")),
    **dict.fromkeys(BYTE_METRICS, GrowthKind("byte")),
}
