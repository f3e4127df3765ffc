"""A model beside its version before: every metric, and which layers are new, gone, changed or moved."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from operator import attrgetter
from typing import Any

from modelspec.limit import LAYER_METRICS, METRICS
from modelspec.matching import match
from modelspec.report import ArgumentChange, Change, Comparison, Layer, LayerChange, Model, TensorType
from modelspec.rounds import Row, cut, join

__all__ = ["MAX_LAYERS", "compare"]

MAX_LAYERS = 20_000
"""Layers of a model that are told one by one: more than anybody reads, and few enough to be held."""

_costs = attrgetter(*LAYER_METRICS)


def compare(old: Model | None, new: Model | None, *, reason: str | None = None) -> Comparison:
    """Compare two versions of a model: the old one is None for a new model, the new one for a model that is gone.

    Of a model that is new or gone only the metrics are told, for all of its layers are. With a `reason` the two are not
    compared; the side that could not be read may be None then. Of very many layers that differ only the first are told,
    and `reason` says so. Growth is not judged here: `growth` is empty, and `ok`
    is whether the new version is well by itself. Raises ValueError if there is no model at all.
    """
    here = new or old
    if here is None:
        raise ValueError("there is no model to compare")
    told: dict[str, Any] = {
        "path": None if new is None else new.path,
        "old_path": None if old is None else old.path,
        "name": here.name,
        "variant": here.variant,
        "reason": reason,
        "ok": new.ok if new is not None else reason is None,
        "growth": [],
    }
    if reason is not None:
        return Comparison(status="not compared", metrics=[], layers=[], **told)
    metrics = [_compare_totals(metric, old, new) for metric in METRICS]
    if old is None or new is None:
        return Comparison(status="added" if old is None else "removed", metrics=metrics, layers=[], **told)
    layers = list(islice(_compare_layers(old, new), MAX_LAYERS + 1))
    if len(layers) > MAX_LAYERS:
        layers.pop()
        told["reason"] = f"more than {MAX_LAYERS:,} layers differ; the first {MAX_LAYERS:,} are told"
    changed = bool(layers) or any(change.old != change.new for change in metrics)
    return Comparison(status="changed" if changed else "unchanged", metrics=metrics, layers=layers, **told)


def _compare_totals(metric: str, old: Model | None, new: Model | None) -> Change:
    if old is None:
        return _add(metric, None if new is None else getattr(new.totals, metric))
    if new is None:
        return _remove(metric, getattr(old.totals, metric))
    return _change(metric, getattr(old.totals, metric), getattr(new.totals, metric))


def _add(metric: str, new: int | None) -> Change:
    return Change(metric=metric, old=None, new=new, difference=new, percent=None)


def _remove(metric: str, old: int | None) -> Change:
    return Change(metric=metric, old=old, new=None, difference=None if old is None else -old, percent=None)


def _change(metric: str, old: int | None, new: int | None) -> Change:
    difference = None if old is None or new is None else new - old
    percent = None if difference is None or not old else _percent(difference, old)
    return Change(metric=metric, old=old, new=new, difference=difference, percent=percent)


MAX_HUNDREDTHS = 10**300
"""A greater part of a per cent than this is no number that JSON's readers take."""


def _percent(difference: int, old: int) -> float | None:
    """The difference in per cent of the old value, to two decimals.

    Rounding makes a change neither nothing nor all: 0.00 and ±100.00 are exact.
    """
    part = abs(difference)
    hundredths = (part * 20_000 + old) // (2 * old)
    if part and not hundredths:
        hundredths = 1
    elif part != old and hundredths == 10_000:
        hundredths = 9_999 if part < old else 10_001
    if hundredths > MAX_HUNDREDTHS:
        return None
    return (hundredths if difference >= 0 else -hundredths) / 100


def _compare_layers(old: Model, new: Model) -> Iterator[LayerChange]:
    """Every layer that is not the same in both versions, in the order of the new one."""
    before, after = cut(old.layers, new.layers)
    pairs = match(before, after)
    names = _Names(before, after, pairs)
    origins = {other: one for one, other in pairs.items()}
    added = dict(join([(at, row) for at, row in enumerate(after) if at not in origins]))
    removed = join([(at, row) for at, row in enumerate(before) if at not in pairs])
    places = _place(pairs, len(before))
    gone = iter(sorted([(places[at], at, row) for at, row in removed], key=lambda each: each[:2]))
    next_gone = next(gone, None)
    for at in range(-1, len(after)):
        if at in origins:
            change = _compare_rows(before[origins[at]], after[at], names)
            if change is not None:
                yield change
        elif at in added:
            yield _tell_added(added[at])
        while next_gone is not None and next_gone[0] == at:
            yield _tell_removed(next_gone[2])
            next_gone = next(gone, None)


def _place(pairs: dict[int, int], length: int) -> list[int]:
    """For each row of the old version, the row of the new one behind which it would stand."""
    places = []
    last = -1
    for at in range(length):
        last = pairs.get(at, last)
        places.append(last)
    return places


class _Names:
    """What each layer of the old version is called in the new one: what reads it reads the same as before."""

    def __init__(self, old: Sequence[Row], new: Sequence[Row], pairs: dict[int, int]) -> None:
        taken = set(pairs.values())
        self.paths = {old[one].path: new[other].path for one, other in pairs.items()}
        self.removed = {row.path for at, row in enumerate(old) if at not in pairs} - self.paths.keys()
        self.known = {new[other].path for other in pairs.values()}
        self.added = {row.path for at, row in enumerate(new) if at not in taken} - self.known
        self.rounds: dict[str, set[str]] = {}
        for one, other in pairs.items():
            if old[one].layer.repeat > 1:
                self.rounds.setdefault(_blur(old[one].path), set()).add(_blur(new[other].path))

    def is_same(self, old: str, new: str) -> bool:
        """Whether a reference means what it meant. What is new or gone itself is told by itself, not by its readers."""
        (old, _, old_part), (new, _, new_part) = old.partition(":"), new.partition(":")
        if old_part != new_part:
            return False
        if old in self.removed or new in self.added:
            return True
        called = self.paths.get(old)
        if called is not None and new in self.known:
            return called == new
        if called is None and old == new:
            return True
        # The last round of a repeat stands in the row of the first.
        blurred = _blur(old)
        return _blur(new) in self.rounds.get(blurred, {blurred})

    def is_same_tensor(self, old: str, new: str) -> bool:
        """The same of a tensor by its full name."""
        (old_layer, _, old_name), (new_layer, _, new_name) = old.rpartition("."), new.rpartition(".")
        return (old_name == new_name and self.is_same(old_layer, new_layer)) or self.is_same(old, new)


def _blur(path: str) -> str:
    return re.sub(r"\d+", "0", path)


def _compare_rows(old: Row, new: Row, names: _Names) -> LayerChange | None:
    """How a layer differs, None if it does not."""
    one, other = old.layer, new.layer
    arguments = list(_compare_arguments(old, new, names))
    metrics = [] if old.repeat == new.repeat and _has_same_costs(old, new) else list(_compare_costs(old, new))
    same = (
        not arguments
        and not metrics
        and one.type == other.type
        and old.repeat == new.repeat
        and one.output_shape == other.output_shape
    )
    if same and old.path == new.path:
        return None
    return LayerChange(
        change="moved" if same else "changed",
        path=new.path,
        old_path=old.path,
        type=other.type,
        old_type=one.type,
        line=other.line,
        repeat=new.repeat,
        old_repeat=old.repeat,
        output_shape=other.output_shape,
        old_output_shape=one.output_shape,
        arguments=arguments,
        metrics=metrics,
    )


def _has_same_costs(old: Row, new: Row) -> bool:
    """Whether two rows of equally many rounds cost the same: quickly, for most do."""
    return old.layer.repeat == new.layer.repeat and bool(_costs(old.layer) == _costs(new.layer))


def _compare_costs(old: Row, new: Row) -> Iterator[Change]:
    for metric in LAYER_METRICS:
        before, after = old.measure(metric), new.measure(metric)
        if before != after:
            yield _change(metric, before, after)


def _compare_arguments(old: Row, new: Row, names: _Names) -> Iterator[ArgumentChange]:
    """The layer's own arguments, then the keys of an entry that say something else now, then results by `:name`."""
    one, other = old.layer, new.layer
    if one.arguments != other.arguments or one.type != other.type:
        for name in {**one.arguments, **other.arguments}:
            before, after = one.arguments.get(name), other.arguments.get(name)
            if repr(before) != repr(after) or (name in one.arguments) != (name in other.arguments):
                yield ArgumentChange(name=name, old=before, new=after)
    if one.tensors != other.tensors:
        yield from _compare_tensors(one, other, names)
    # Of a piece that begins with a later round it is not known what that round reads.
    if not old.start and not new.start and not _read_same(one.inputs, other.inputs, names):
        yield ArgumentChange(name="inputs", old=one.inputs, new=other.inputs)
    if one.outputs != other.outputs:
        yield from _compare_outputs(one.outputs, other.outputs)


def _read_same(old: Sequence[str], new: Sequence[str], names: _Names) -> bool:
    return len(old) == len(new) and all(map(names.is_same, old, new))


def _compare_tensors(old: Layer, new: Layer, names: _Names) -> Iterator[ArgumentChange]:
    before, after = _list_dtypes(old), _list_dtypes(new)
    if before and after and before != after:
        yield ArgumentChange(name="dtype", old=_unwrap(before), new=_unwrap(after))
    kept, keeps = _is_trainable(old), _is_trainable(new)
    if kept is not None and keeps is not None and kept != keeps:
        yield ArgumentChange(name="trainable", old=kept, new=keeps)
    owned, owns = _list_ties(old), _list_ties(new)
    if owned.keys() != owns.keys() or not all(names.is_same_tensor(owned[name], owns[name]) for name in owns):
        yield ArgumentChange(name="tie", old=owned or None, new=owns or None)


def _list_dtypes(layer: Layer) -> list[str]:
    return list(dict.fromkeys(tensor.dtype for tensor in layer.tensors))


def _unwrap(names: list[str]) -> str | list[str]:
    return names[0] if len(names) == 1 else names


def _is_trainable(layer: Layer) -> bool | None:
    told = [tensor.trainable for tensor in layer.tensors if tensor.kind == "parameter"]
    return any(told) if told else None


def _list_ties(layer: Layer) -> dict[str, str]:
    return {tensor.name: tensor.owner for tensor in layer.tensors if tensor.owner is not None}


def _compare_outputs(old: dict[str, TensorType], new: dict[str, TensorType]) -> Iterator[ArgumentChange]:
    first, now = next(iter(old.values())), next(iter(new.values()))
    if first.dtype != now.dtype:
        yield ArgumentChange(name="output_dtype", old=first.dtype, new=now.dtype)
    for name in [*{**old, **new}][1:]:
        before, after = old.get(name), new.get(name)
        if before is not first and after is not now and before != after:
            yield ArgumentChange(
                name=f":{name}",
                old=None if before is None else before.shape,
                new=None if after is None else after.shape,
            )


def _tell_added(row: Row) -> LayerChange:
    return LayerChange(
        change="added",
        path=row.path,
        old_path=None,
        type=row.layer.type,
        old_type=None,
        line=row.layer.line,
        repeat=row.repeat,
        old_repeat=None,
        output_shape=row.layer.output_shape,
        old_output_shape=None,
        arguments=[],
        metrics=[_add(metric, value) for metric in LAYER_METRICS if (value := row.measure(metric)) != 0],
    )


def _tell_removed(row: Row) -> LayerChange:
    return LayerChange(
        change="removed",
        path=None,
        old_path=row.path,
        type=None,
        old_type=row.layer.type,
        line=None,
        repeat=None,
        old_repeat=row.repeat,
        output_shape=None,
        old_output_shape=row.layer.output_shape,
        arguments=[],
        metrics=[_remove(metric, value) for metric in LAYER_METRICS if (value := row.measure(metric)) != 0],
    )
