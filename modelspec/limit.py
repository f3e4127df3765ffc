"""A limit as it stands in a budget: `200K`, `4.2B`, `110 MiB`, `{min: 90 MiB, max: 110 MiB}`, `{exactly: 61_706}`.

On layers also a share of the whole, `40%`; on growth that, or a number.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelspec.kinds import Literal
from modelspec.record import NamedTuple
from modelspec.refusal import Refused, name_value
from modelspec.shape import Count, Unknown

__all__ = ["BYTE_METRICS", "COUNT_METRICS", "LAYER_METRICS", "METRICS", "GrowthKind", "Limit", "LimitKind", "Share"]

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
MAX_LENGTH = 60
"""Characters of a number with its unit: enough for every digit of the largest, in groups."""

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

_NO_EXPRESSIONS = "a budget takes numbers, no expressions"
_LETTERS = ("K", "M", "B", "G", "T")
_WORDS = {"THOUSAND": "K", "MILLION": "M", "MN": "M", "MIO": "M", "BN": "B", "BILLION": "B", "TRILLION": "T"}


class Share(NamedTuple):
    """A share of a whole: `part` of `base`, in lowest terms or not."""

    part: int
    base: int

    def __str__(self) -> str:
        """`40%`, `12.5%`: in per cent, with all its digits."""
        # The base is a power of ten, 100 at least: the digits behind the point are those beyond two.
        digits = len(str(self.base)) - 3
        whole, rest = divmod(self.part, 10**digits)
        return f"{whole:,}.{rest:0{digits}d}%" if rest else f"{whole:,}%"

    def of(self, whole: int, *, up: bool = False) -> int:
        """So much of a whole number: the largest number within it or, with `up`, the least that holds it."""
        return -(-whole * self.part // self.base) if up else whole * self.part // self.base


class Limit(NamedTuple):
    """What a metric must stay within; None for a side that is open.

    `shares` are the sides that are a share of the whole model, by name: numbers once the whole is known.
    """

    max: int | None = None
    min: int | None = None
    exactly: int | None = None
    shares: tuple[tuple[str, Share], ...] = ()

    def is_open(self) -> bool:
        """Whether a side is a share of what is not known."""
        return any(getattr(self, side) is None for side, _ in self.shares)

    def is_within(self, other: Limit) -> bool:
        """Whether all that this limit allows is allowed by the other, too."""
        if self.is_open() or other.is_open():
            return False
        top = self.max if self.exactly is None else self.exactly
        bottom = self.min if self.exactly is None else self.exactly
        return (
            (other.max is None or (top is not None and top <= other.max))
            and (other.min is None or (bottom is not None and bottom >= other.min))
            and (other.exactly is None or top == bottom == other.exactly)
        )

    def settle(self, whole: Count) -> Limit:
        """The same limit with its shares as numbers: at most the part that a share holds, at least what holds it.

        Of a whole that is not known nothing is known: such a share stays open.
        """
        if isinstance(whole, Unknown):
            return self
        known = dict(self.shares)
        top, bottom = known.get("max"), known.get("min")
        return self._replace(
            max=self.max if top is None else top.of(whole),
            min=self.min if bottom is None else bottom.of(whole, up=True),
        )


class _Amount(Literal):
    """A number with a unit, and (with `shares`) a share."""

    def __init__(self, unit: str, *, shares: bool = False) -> None:
        self.units = _COUNT_UNITS if unit == "count" else _BYTE_UNITS
        self.unit = unit
        self.shares = shares
        self.example = "200K" if unit == "count" else "110 MiB"
        self.number_words = f"a number such as 200_000 or {self.example}"
        if shares:
            self.number_words = f"a number such as {self.example}, or a share such as 40%"

    def read_number(self, value: Any) -> int | Share:
        """Read one number, or share. Raises Refused."""
        number: int
        if isinstance(value, str):
            parsed = self._parse(value)
            if isinstance(parsed, Share):
                return parsed
            number = parsed
        elif value.__class__ is int or (value.__class__ is float and abs(value) < 2**53 and value == int(value)):
            number = int(value)
        elif value.__class__ is float and value - value == 0:
            if abs(value) < 2**53:
                raise self._broken(value, int(value // 1))
            raise self._refused(value, "write it with a unit, or all of its digits")
        else:
            raise self._refused(value, "leave it out for no limit" if value is None else None)
        if not 0 <= number <= MAX_LIMIT:
            hint = _bound(number)
            raise Refused(f"expected {self.number_words}, got {name_value(value)}", code="MS206", hint=hint)
        return number

    def _parse(self, text: str) -> int | Share:
        """Read a number with a unit, in decimal arithmetic. Raises Refused."""
        bare = text.strip()
        if len(text) > MAX_LENGTH:
            raise self._refused(text, None)
        unit = bare.lstrip("0123456789_.")
        digits = bare[: len(bare) - len(unit)]
        whole, point, part = digits.partition(".")
        if not _is_grouped(whole) or (point and not _is_grouped(part)):
            raise self._refused(text, self._mend(digits, unit))
        scale = self.units.get(unit.lstrip())
        if scale is None and self.shares and unit.strip() == "%":
            return self._read_share(whole.replace("_", ""), part.replace("_", ""))
        if scale is None:
            if not unit.strip("% ").isalpha() and unit != "%":
                raise self._refused(text, self._mend(digits, unit))
            told = "is a share, which is no limit of this" if unit == "%" else "has an unknown unit"
            raise Refused(f"{name_value(text)} {told}", code="MS206", hint=self._mend(digits, unit))
        part = part.replace("_", "")
        tens: int = 10 ** len(part)
        number, rest = divmod(int(whole + part) * scale, tens)
        if rest:
            raise self._broken(text, number)
        return number

    def _read_share(self, whole: str, part: str) -> Share:
        return Share(int(whole + part), 10 ** (2 + len(part)))

    def _refused(self, value: Any, hint: str | None) -> Refused:
        hint = hint or f"write a number alone or with its unit, as in {self.example}"
        return Refused(f"expected {self.number_words}, got {name_value(value)}", hint=hint)

    def _broken(self, value: Any, below: int) -> Refused:
        hint = f"write {below:_} or {below + 1:_}" if 0 <= below < MAX_LIMIT else _bound(below)
        what = "no whole number of bytes" if self.unit == "byte" else "no whole number"
        return Refused(f"{name_value(value)} is {what}", code="MS206", hint=hint)

    def _mend(self, digits: str, unit: str) -> str | None:
        """Say how a number that cannot be taken is written: in the words of the nearest slip that people make."""
        unit = unit.strip()
        if unit.startswith(","):
            return "underscores may group the digits: 1_000_000; the decimal point is '.'"
        if unit[:1] in ("e", "E") and unit[1:].lstrip("+").isdecimal():
            return f"write it with a unit, as in {self.example}, or all of its digits"
        if unit == "%":
            return "a share is for layers and for growth; of the whole model, write a number"
        if digits.startswith(".") and _is_grouped(digits[1:]):
            return f"write 0{digits}{unit}"
        if unit.startswith("-") and not digits:
            return "a limit is 0 or more"
        if not unit:
            return None
        if not digits.strip("_."):
            return f"a number is missing before '{unit}'" if unit in self.units else _NO_EXPRESSIONS
        if not unit.isalpha() or not digits[-1].isdigit():
            return _NO_EXPRESSIONS
        offer = _find_unit(unit, self.units)
        if offer is not None:
            kind = "this is a count, not bytes; " if self.unit == "count" and unit.upper().endswith("B") else ""
            between = " " if self.unit == "byte" else ""
            offers = " or ".join(digits + between + each for each in offer.split())
            return f"{kind}did you mean {offers}?"
        if self.shares and _is_percent(unit):
            return f"did you mean {digits}%?"
        if self.unit == "count" and unit in _BYTE_UNITS:
            return "that is a unit of bytes, and this is a count: units are K, M, B, G, T"
        names = ", ".join([*(name for name in self.units if name), *("%" for _ in range(self.shares))])
        return f"units are {names}"

    def _number_schema(self, shares: bool) -> list[dict[str, Any]]:
        units = "|".join(name for name in self.units if name)
        digits = "[0-9]+(_[0-9]+)*"
        pattern = rf"\s*{digits}(\.{digits})?\s*({units})?\s*"
        if shares:
            pattern = rf"({pattern}|\s*{digits}(\.{digits})?\s*%\s*)"
        names = ", ".join([*(name for name in self.units if name), *("%" for _ in range(shares))])
        told = f"Write a number, alone or with one of these units: {names}."
        return [
            # The text first: of alternatives that are all wrong an editor tells what the first has to say.
            {"type": "string", "pattern": f"^{pattern}$", "maxLength": MAX_LENGTH, "errorMessage": told},
            {"type": "integer", "minimum": 0, "maximum": MAX_LIMIT},
        ]


class LimitKind(_Amount):
    """A limit on a metric: a number with a unit (at most), or a mapping of `max`, `min` and `exactly`.

    With `shares`, as for layers, `max` and `min` may be a share of the whole model.
    """

    def __init__(self, unit: str, *, shares: bool = False) -> None:
        super().__init__(unit, shares=shares)
        self.words = f"a limit such as {self.example}, or max, min, exactly"

    def complete(self, value: Any) -> Limit:
        if not isinstance(value, Mapping):
            return _build({"max": self._read_side("max", value)})
        sides: dict[str, int | Share] = {}
        refusals: list[Refused] = []
        for key, side in value.items():
            if key not in _KEYS:
                hint = "a limit has max, min and exactly"
                refusals.append(Refused(f"unknown key '{key}'", code="MS203", route=(key,), hint=hint))
                continue
            try:
                sides[key] = self._read_side(key, side)
            except Refused as refused:
                refusals.append(refused.under(key))
        if refusals:
            raise refusals[0] if len(refusals) == 1 else Refused("", parts=tuple(refusals))
        if not sides:
            raise Refused("expected a limit, got an empty mapping", code="MS204", hint="give max, min or exactly")
        if "exactly" in sides and len(sides) > 1:
            raise Refused("exactly leaves nothing to max and min", code="MS206", hint="give exactly alone")
        if "min" in sides and "max" in sides and _exceeds(sides["min"], sides["max"]):
            raise Refused(
                f"min is {_show(sides['min'])}, above max, {_show(sides['max'])}",
                code="MS206",
                route=("min",),
                hint="exchange the two, or mend one",
            )
        return _build(sides)

    def _read_side(self, side: str, value: Any) -> int | Share:
        number = self.read_number(value)
        if isinstance(number, Share):
            if side == "exactly":
                hint = "give a number, or max and min as shares"
                raise Refused(f"exactly {number} is a share", code="MS206", hint=hint)
            if number.part > number.base:
                raise Refused(f"{number} is more than the whole", code="MS206", hint="a share is at most 100%")
        return number

    def schema(self, expression: Mapping[str, Any]) -> dict[str, Any]:
        number, exact = self._number_schema(self.shares), self._number_schema(shares=False)
        sides = {
            "type": "object",
            "properties": {
                "max": {"description": "At most so much.", "anyOf": number},
                "min": {"description": "At least so much.", "anyOf": number},
                "exactly": {"description": "This number, and no other.", "anyOf": exact},
            },
            "additionalProperties": False,
            "minProperties": 1,
            "if": {"required": ["exactly"]},
            "then": {"maxProperties": 1},
        }
        return {"anyOf": [*number, sides]}


class GrowthKind(_Amount):
    """By how much a metric may grow: a share of what it was, `5%`, or a number with a unit."""

    def __init__(self, unit: str) -> None:
        super().__init__(unit, shares=True)
        self.example = "5%"
        self.words = "growth such as 5% or " + ("100K" if unit == "count" else "2 MiB")
        self.number_words = self.words

    def complete(self, value: Any) -> int | Share:
        return self.read_number(value)

    def schema(self, expression: Mapping[str, Any]) -> dict[str, Any]:
        return {"anyOf": self._number_schema(shares=True)}


def _build(sides: Mapping[str, int | Share]) -> Limit:
    numbers = {side: number for side, number in sides.items() if isinstance(number, int)}
    shares = tuple([(side, number) for side, number in sides.items() if isinstance(number, Share)])
    return Limit(**numbers, shares=shares)


def _exceeds(one: int | Share, other: int | Share) -> bool:
    """Whether a minimum is surely above a maximum: a share and a number cannot be held against one another."""
    if isinstance(one, Share) and isinstance(other, Share):
        return one.part * other.base > other.part * one.base
    return isinstance(one, int) and isinstance(other, int) and one > other


def _show(side: int | Share) -> str:
    return str(side) if isinstance(side, Share) else f"{side:,}"


def _bound(number: int) -> str:
    return "a limit is 0 or more" if number < 0 else "a limit is at most 10^30; leave it out for no limit"


def _is_grouped(digits: str) -> bool:
    """Tell whether these are digits, with single underscores between them at most."""
    return digits.isascii() and digits.replace("_", "").isdigit() and all(digits.split("_"))


def _is_percent(unit: str) -> bool:
    """Whether a unit is a word for per cent."""
    return unit.lower().replace(" ", "").removesuffix("age") in ("percent", "pct", "pc")


def _find_unit(unit: str, units: Mapping[str, int]) -> str | None:
    """Find the unit that may be meant by one that is not known; two, with a blank between, if it may be either."""
    name = unit.upper()
    if "kB" in units:
        if name == "KB" or (name in _LETTERS and name != "B"):
            letter = name[0].replace("K", "k")
            return f"{letter}B {name[0]}iB"
        return next((each for each in units if each.upper() == name), "B" if name in ("BYTE", "BYTES") else None)
    name = name.removesuffix("S")
    for ending in ("PARAM", "PARAMETER", "MAC", "FLOP", "OP", "B", ""):
        letter = name.removesuffix(ending)
        if name.endswith(ending) and letter in _LETTERS:
            return letter
    return _WORDS.get(name)
