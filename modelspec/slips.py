"""Slips of the pen: what an author surely meant. Only what is wrong in a document comes here."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice, takewhile
from typing import Any

from modelspec import catalogue
from modelspec.catalogue import plugins
from modelspec.diagnostics import Edit, Route
from modelspec.expressions import MAX_LENGTH, ExpressionError, parse
from modelspec.language import CONTAINERS, ENTRY_KEYS, STEP_KEYS
from modelspec.layer import Layer, fields_of
from modelspec.refusal import Refused
from modelspec.source import MAX_FAULTS
from modelspec.spelling import find_meant

__all__ = [
    "cut_in_list",
    "cut_in_mapping",
    "find_other_dialect",
    "guess_dialect",
    "hint_shape",
    "hint_type",
    "hint_value",
    "join_names",
    "mean_shape",
    "mean_type",
    "mean_value",
    "nearest",
    "show_name",
    "spell",
]

_CUT = "YAML ends this value at the comma: inside {} an expression with commas wants quotes"
_LONGEST = 40
"""Characters of a name as it is shown, and of one that is still compared with others."""
_FRAMEWORKS = {"tensorflow": "keras", "tf": "keras", "tf.keras": "keras", "pytorch": "torch"}


def show_name(name: str) -> str:
    """A key as its author may recognise it, cut where it is long."""
    return f"'{name}'" if len(name) <= _LONGEST else f"'{name[: _LONGEST - 1]}…'"


def join_names(names: Sequence[str]) -> str:
    """`'a', 'b' and 'c'`; a long list is cut."""
    quoted = [show_name(name) for name in names[:8]]
    if len(quoted) < len(names):
        return f"{', '.join(quoted)} and {len(names) - len(quoted)} more"
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is meant by one that is not: nearly the same, or the only one that begins with it."""
    if len(name) > _LONGEST:
        return None
    folded = {other.lower(): other for other in known}
    near = difflib.get_close_matches(name.lower(), folded, 1, 0.7)
    if near:
        return folded[near[0]]
    longer = [other for key, other in folded.items() if len(name) > 2 and key.startswith(name.lower())]
    return longer[0] if len(longer) == 1 else None


def guess_dialect(tree: Mapping[str, Any]) -> str | None:
    """The dialect that a document is written in, or that is meant by what it says; None if nobody can tell."""
    key = "dialect" if "dialect" in tree else nearest("dialect", [*tree][:32])
    written = "torch" if key is None else tree[key]
    if written in catalogue.dialects():
        return str(written)
    if not isinstance(written, str):
        return None
    return _FRAMEWORKS.get(written.lower()) or nearest(written, catalogue.dialects())


def find_other_dialect(entries: Sequence[tuple[Route, Any]], dialect: str) -> tuple[Route, str, str | None] | None:
    """The dialect that has every type and argument of a model's layers, where its own has not.

    `entries` are the layers with the ways to them. With the dialect goes the way to the first entry that tells so, and
    the argument that does (None: its type).
    """
    for other in catalogue.dialects():
        if other == dialect:
            continue
        first: tuple[Route, str, str | None] | None = None
        for route, entry in entries:
            if _find_strange(entry, other) is not None:
                break
            strange = _find_strange(entry, dialect) if first is None else None
            if strange is not None:
                first = (route, other, strange or None)
        else:
            if first is not None:
                return first
    return None


def _find_strange(entry: Any, dialect: str) -> str | None:
    """What of an entry a dialect does not have: "" for its type, else an argument; None if it has all."""
    name = entry.get("type") if isinstance(entry, Mapping) else entry
    layer = catalogue.find(dialect, name) if isinstance(name, str) else None
    if layer is None:
        return ""
    fields = fields_of(layer)
    keys = entry if isinstance(entry, Mapping) else ()
    return next((key for key in keys if key not in fields and key not in ENTRY_KEYS and key not in STEP_KEYS), None)


def spell(layer: type[Layer], names: Iterable[str] = ()) -> str:
    """How an entry of this type is written, with the names given, or else with the arguments that it needs."""
    arguments = list(names) or [field.name for field in fields_of(layer).values() if field.required]
    if not arguments:
        return f"write `{layer.type_name()}`"
    return f"write {{type: {layer.type_name()}, {', '.join(f'{name}: …' for name in arguments)}}}"


_SAME = {
    "Linear": "Dense",
    "Concat": "Concatenate",
    "Mul": "Multiply",
    "Sub": "Subtract",
    "LayerNorm": "LayerNormalization",
    "BatchNorm1d": "BatchNormalization",
    "BatchNorm2d": "BatchNormalization",
    "GroupNorm": "GroupNormalization",
    "RMSNorm": "RMSNormalization",
    "AvgPool2d": "AveragePooling2D",
    "MaxPool2d": "MaxPooling2D",
    "ConvTranspose2d": "Conv2DTranspose",
    "Upsample": "UpSampling2D",
    "RNN": "SimpleRNN",
    "MultiheadAttention": "MultiHeadAttention",
}
"""What torch's layers are called in Keras, where the name is another."""


def _list_types(dialect: str) -> tuple[str, ...]:
    brought = [each.name for each in plugins.list_brought() if each.dialect == dialect]
    return (*catalogue.list_names(dialect), *CONTAINERS, *brought)


def mean_type(name: str, dialect: str) -> str | None:
    """The type of a dialect that is surely meant by one that it does not have: `conv2d`, `nn.Linear`, `Linaer`."""
    module, _, bare = name.rpartition(".")
    if module not in ("", "nn", "torch.nn", "layers", "keras.layers", "tf.keras.layers"):
        return None
    names = _list_types(dialect)
    meant = find_meant(bare, names)
    if bare not in names and any(bare in catalogue.list_names(other) for other in catalogue.dialects()):
        # It may be the dialect that is wrong, unless the two differ in nothing but case.
        return meant if meant is not None and meant.lower() == bare.lower() else None
    return meant


def hint_type(name: str, dialect: str) -> str:
    """The way out for a type that the dialect does not have."""
    names = _list_types(dialect)
    bare = name.partition("(")[0].rpartition(".")[2]
    folded = {known.lower(): known for known in names}
    called = catalogue.find(dialect, folded.get(bare.lower(), "")) if "(" in name else None
    if called is not None:
        # Python's call, as it stands in a model's code.
        return f"{spell(called)}: arguments stand beside the type, each with its name"
    if bare.lower() in folded:
        return f"did you mean '{folded[bare.lower()]}'?"
    for other in catalogue.dialects():
        if other != dialect and bare in catalogue.list_names(other):
            own = _SAME.get(bare) or {theirs: ours for ours, theirs in _SAME.items()}.get(bare)
            own = own if own in names else None
            way = f"write {own}" if own is not None else f"use {dialect}'s name for it"
            return f"{bare} is a {other} layer: {way}, or `dialect: {other}` at the top"
    near = difflib.get_close_matches(bare.lower(), folded, 1) if len(bare) <= _LONGEST else []
    if near:
        return f"did you mean '{folded[near[0]]}'?"
    return "`modelspec layers` lists all types; `Custom` describes a layer that is not among them"


def hint_value(value: Any, hint: str | None) -> str | None:
    """The way out for a value that is of the wrong kind: `hint`, where the value itself tells none."""
    if (
        isinstance(value, str)
        and value.endswith("%")
        and len(value) <= _LONGEST
        and value[:-1].replace(".", "", 1).isdecimal()
    ):
        return f"write {float(value[:-1]) / 100:g}"
    return hint


def mean_value(value: Any) -> Any:
    """What is meant by a value of the wrong kind; None where nobody can tell."""
    if hint_value(value, None) is None:
        return None
    number = float(value[:-1]) / 100
    return float(f"{number:g}")


def hint_shape(value: Any, hint: str | None) -> str | None:
    """The way out for what is no shape, or no size in one."""
    if value.__class__ is int and value > 0:
        return f"write [{value}]"
    if isinstance(value, str) and "," in value and len(value) <= _LONGEST and value.strip("()[] "):
        return f"write [{value.strip('()[] ')}]"
    if value in ("None", "?", "none") or value == -1:
        return "an axis of unknown size is null, and the batch is left out"
    return hint


def mean_shape(value: Any) -> Any:
    """The shape that is meant by what is none; None where nobody can tell."""
    if value.__class__ is int and value > 0:
        return [value]
    if not isinstance(value, str) or hint_shape(value, None) is None:
        return None
    members = [member.strip() for member in value.strip("()[] ").split(",")]
    if not all(member.isdecimal() or member.isidentifier() for member in members):
        return None
    return [int(member) if member.isdecimal() else member for member in members]


def cut_in_mapping(
    value: Mapping[str, Any], strange: Iterable[str], perhaps: Iterable[str] = ()
) -> tuple[Refused, set[str]] | None:
    """An expression that YAML has cut at its commas inside of { }, and the keys that it became.

    `strange` are the keys that are not known. Those in `perhaps` may stand there in their own right, and belong to a
    cut expression only if its brackets close.
    """
    strange = set(strange)
    taken = strange.union(perhaps)
    order = list(value)
    for at, key in enumerate(order):
        text = value[key]
        if not isinstance(text, str) or _count_open(text) <= 0:
            continue
        pieces: list[str] = []
        still_open = _count_open(text)
        for other in order[at + 1 :]:
            if value[other] is not None or other not in taken or len(pieces) == MAX_LENGTH or still_open <= 0:
                break
            pieces.append(other)
            still_open += _count_open(other)
        if still_open > 0:
            pieces = list(takewhile(strange.__contains__, pieces))
        if pieces and sum(map(len, pieces)) + len(text) <= MAX_LENGTH:
            whole = ", ".join([text, *pieces])
            hint = f'put quotes around it: {key}: "{whole}"'
            fix = (Edit("set", (key,), whole), *[Edit("remove", (piece,)) for piece in pieces])
            refused = Refused(_CUT, code="MS209", route=(key,), hint=hint, fix=fix if _can_parse(whole) else ())
            return refused, {key, *pieces}
    return None


def cut_in_list(value: Any, refused: Refused) -> Refused:
    """The same refusal, but where YAML has cut an expression at its commas inside of [ ]: then that is what is told."""
    if not isinstance(value, list) or all(part.code != "MS401" for part in refused.each()):
        return refused
    gone: set[str | int] = set()
    told = []
    for at, end in _find_cuts(value):
        text = ", ".join(str(member) for member in value[at : end + 1])
        if at not in gone and _can_parse(text):
            gone.update(range(at, end + 1))
            message = _CUT.replace("{}", "[]")
            hint = f'put quotes around it: "{text}"'
            fix = (Edit("set", (at,), text), *[Edit("remove", (number,)) for number in range(at + 1, end + 1)])
            told.append(Refused(message, code="MS209", route=(at,), hint=hint, fix=fix))
    told.extend(part for part in refused.each() if not part.route or part.route[0] not in gone)
    return Refused("", parts=tuple(told))


def _find_cuts(members: list[Any]) -> Iterator[tuple[int, int]]:
    """Each text with an open bracket, and the member that closes it. The first ones are enough."""
    unclosed = ((at, text) for at, text in enumerate(members) if isinstance(text, str) and _count_open(text) > 0)
    for at, member in islice(unclosed, MAX_FAULTS):
        still_open, end, length = _count_open(member), at, 0
        while still_open > 0 and end + 1 < len(members) and length <= MAX_LENGTH:
            end += 1
            text = str(members[end]) if isinstance(members[end], (str, int, float)) else ""
            still_open += _count_open(text)
            length += len(text) + 1
        if end > at and still_open == 0:
            yield at, end


def _count_open(text: str) -> int:
    return text.count("(") + text.count("[") - text.count(")") - text.count("]")


def _can_parse(text: str) -> bool:
    try:
        parse(text)
    except ExpressionError:
        return False
    return True
