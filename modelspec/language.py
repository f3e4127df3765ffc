"""The words of the language, version 1: its keys, and the kinds of values that stand under them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from modelspec.diagnostics import Route
from modelspec.dtype import BITS
from modelspec.kinds import Boolean, Choice, Integer, Kind, ListOf, Literal, Number, Optional, Text
from modelspec.limit import BYTE_METRICS, COUNT_METRICS, LimitKind
from modelspec.refusal import Refused
from modelspec.shape import UNKNOWN

__all__ = [
    "BUDGET_KINDS",
    "DIALECT",
    "DIALECTS",
    "DTYPE",
    "ENTRY_KEYS",
    "FLAG",
    "LATER_ENTRY_KEYS",
    "LATER_KEYS",
    "LATER_OPERATIONS",
    "LATER_TYPES",
    "MAX_LAYERS",
    "NAME",
    "SHAPE",
    "TEXT",
    "TOP_KEYS",
    "VARIABLE",
    "VERSION",
]

VERSION = 1
MAX_LAYERS = 200_000
"""Distinct resolved layers in one model."""

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
    "layers",
    "budget",
)
LATER_KEYS = ("inputs", "imports", "blocks", "outputs", "variants")
LATER_ENTRY_KEYS = ("block", "with", "share", "inputs", "repeat", "shared", "when", "tie", "layers", "numbered")
LATER_TYPES = ("Sequential", "Residual", "Parallel", "MixtureOfExperts", "Custom")
# fmt: off
LATER_OPERATIONS = (
    "Add", "Sub", "Mul", "Div", "MatMul", "Concat", "Stack", "Split", "Chunk", "Unbind", "Slice", "Select", "Gather",
    "Reshape", "Permute", "Transpose", "Squeeze", "Unsqueeze", "Expand", "Mean", "Sum", "Pad", "Interpolate",
    "Parameter", "Buffer", "ScaledDotProductAttention",
)
# fmt: on
"""The operations of a forward pass, in the torch dialect."""
ENTRY_KEYS = ("type", "name", "trainable", "dtype")


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

    def complete(self, value: Any) -> Any:
        if value is None or value is True or value is False:
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
    """A data type by its name. Messages do not list them all."""

    _others: Mapping[str, str] = {"fp16": "float16", "fp32": "float32", "fp64": "float64", "fp8": "float8_e4m3fn"}

    def __init__(self) -> None:
        super().__init__(*BITS)
        self.words = "a dtype such as float32, bfloat16 or int8"

    def complete(self, value: Any) -> Any:
        if value.__class__ is str and value in BITS:
            return value
        if not isinstance(value, str) or len(value) > 40:
            raise self.refuse(value, "write its name")
        import difflib

        name = value.lower().rpartition(".")[2]
        near = [self._others[name]] if name in self._others else difflib.get_close_matches(name, self.options, 1)
        hint = f"did you mean '{near[0]}'?" if near else "float32, float16, bfloat16, int8 and all of torch's are known"
        raise self.refuse(value, hint, code="MS206")


class _NameKind(Literal):
    """A layer's name: text or a whole number; dots make levels."""

    words = "a name"

    def complete(self, value: Any) -> str:
        if value.__class__ is int:
            return str(value)
        if not isinstance(value, str):
            hint = "put quotes around it" if isinstance(value, (int, float)) else "a name is text; it can be left out"
            raise self.refuse(value, hint)
        if "{" in value or "}" in value:
            hint = "spell the name out"
            raise Refused("names with expressions in braces are not supported yet", code="MS208", hint=hint)
        if not value or not value.isprintable() or value != value.strip() or ":" in value or "*" in value:
            hint = "a name is printable text without ':' and '*', and does not begin or end with a space"
            raise self.refuse(value, hint, code="MS206")
        return value

    def schema(self, expression: Mapping[str, Any]) -> dict[str, Any]:
        # The last part is the end of the text; `$` would let a line break follow.
        part = r"[^\s:*{}\x00-\x1f\x7f-\x9f]+"
        return {"anyOf": [{"type": "string", "pattern": rf"^{part}( +{part})*(?![\s\S])"}, {"type": "integer"}]}


TEXT = Optional(Text())
NAME = _NameKind()
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
