"""A limit as it stands in a budget: `200K`, `4.2B`, `110 MiB`, `{min: 90 MiB, max: 110 MiB}`, `{exactly: 61_706}`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from modelspec.diagnostics import Route
from modelspec.kinds import Kind, Refused, name_value

__all__ = ["BYTE_METRICS", "COUNT_METRICS", "LAYER_METRICS", "METRICS", "Limit", "LimitKind"]

COUNT_METRICS = (
    "parameters",
    "trainable_parameters",
    "non_trainable_parameters",
    "active_parameters",
    "buffers",
    "macs",
    "flops",
)
BYTE_METRICS = ("weight_bytes", "activation_bytes", "peak_activation_bytes")
METRICS = (*COUNT_METRICS, *BYTE_METRICS)
LAYER_METRICS = METRICS[:-1]
"""The metrics that a layer has: a peak is the model's."""

MAX_LIMIT = 10**30

_COUNT_UNITS = {"": 1, "K": 10**3, "M": 10**6, "B": 10**9, "G": 10**9, "T": 10**12}
_BYTE_UNITS = {
    "": 1,
    "B": 1,
    "kB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
    "TiB": 2**40,
}
_KEYS = ("max", "min", "exactly")


class Limit(NamedTuple):
    """What a metric must stay within; None for a side that is open."""

    max: int | None = None
    min: int | None = None
    exactly: int | None = None


class LimitKind(Kind):
    """A limit on a metric: a number with a unit (at most), or a mapping of `max`, `min` and `exactly`."""

    def __init__(self, unit: str) -> None:
        self.units = _COUNT_UNITS if unit == "count" else _BYTE_UNITS
        self.unit = unit
        example = "200K" if unit == "count" else "110 MiB"
        self.words = f"a limit such as {example}, or max, min, exactly"
        self.number_words = f"a number such as 200_000 or {example}"

    def find(self, value: Any) -> Iterator[tuple[Route, str]]:
        return iter(())

    def complete(self, value: Any) -> Limit:
        if not isinstance(value, Mapping):
            return Limit(max=self._number(value))
        sides: dict[str, int] = {}
        refusals: list[Refused] = []
        for key, side in value.items():
            if key not in _KEYS:
                hint = "a limit has max, min and exactly"
                refusals.append(Refused(f"unknown key '{key}'", code="MS203", route=(key,), hint=hint))
                continue
            try:
                sides[key] = self._number(side)
            except Refused as refused:
                refusals.append(refused.under(key))
        if refusals:
            raise refusals[0] if len(refusals) == 1 else Refused("", parts=tuple(refusals))
        if not sides:
            raise Refused("expected a limit, got an empty mapping", code="MS204", hint="give max, min or exactly")
        if "exactly" in sides and len(sides) > 1:
            raise Refused("exactly leaves nothing to max and min", code="MS206", hint="give exactly alone")
        if sides.get("min", 0) > sides.get("max", MAX_LIMIT):
            raise Refused(f"min is {sides['min']:,}, above max, {sides['max']:,}", code="MS206", route=("min",))
        return Limit(**sides)

    def _number(self, value: Any) -> int:
        number: int | None = None
        if isinstance(value, str):
            number = self._parse(value)
        elif value.__class__ is int:
            number = value
        elif value.__class__ is float and abs(value) < 2**53 and value == int(value):
            number = int(value)
        else:
            raise Refused(f"expected {self.number_words}, got {name_value(value)}", hint=self._hint(value))
        if not 0 <= number <= MAX_LIMIT:
            raise Refused(f"expected {self.number_words}, got {name_value(value)}", code="MS206")
        return number

    def _parse(self, text: str) -> int:
        digits = text.strip()
        unit = ""
        while digits and not (digits[-1].isdigit() or digits[-1] in "._"):
            unit = digits[-1] + unit
            digits = digits[:-1]
        whole, point, part = digits.replace("_", "").partition(".")
        good = digits.isascii() and whole.isdigit() and len(digits) <= 40
        if not good or (point and not part.isdigit()) or digits[-1] == "_" or digits[0] == "_":
            raise Refused(f"expected {self.number_words}, got {name_value(text)}", hint=self._hint(text))
        scale = self.units.get(unit.strip())
        if scale is None:
            units = ", ".join(name for name in self.units if name)
            raise Refused(f"{name_value(text)} has an unknown unit", code="MS206", hint=f"units are {units}")
        number, rest = divmod(int(whole + part) * scale, 10 ** len(part))
        if rest:
            raise Refused(f"{name_value(text)} is no whole number of {self.unit}s", code="MS206")
        return number

    def _hint(self, value: Any) -> str | None:
        if isinstance(value, str) and value.strip().endswith("%"):
            return "a share of the whole is not supported yet: write a number"
        return "a budget takes numbers, no expressions" if isinstance(value, str) else None

    def schema(self, expression: Mapping[str, Any]) -> dict[str, Any]:
        units = "|".join(name for name in self.units if name)
        number = {
            "anyOf": [
                {"type": "integer", "minimum": 0, "maximum": MAX_LIMIT},
                {"type": "string", "pattern": rf"^\s*[0-9](([0-9_]*[0-9])?|[0-9_]*\.[0-9_]*[0-9])\s*({units})?\s*$"},
            ]
        }
        sides = {
            "type": "object",
            "properties": {key: number for key in _KEYS},
            "additionalProperties": False,
            "minProperties": 1,
            "if": {"required": ["exactly"]},
            "then": {"maxProperties": 1},
        }
        return {"anyOf": [*number["anyOf"], sides]}
