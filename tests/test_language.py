"""Laws of the language: random models against an interpreter that walks their documents the naive way."""

from __future__ import annotations

import copy
import re
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from hypothesis import assume, given, note, settings
from hypothesis import strategies as st

from modelspec import catalogue, road
from modelspec.completion import Incompletable, complete
from modelspec.cost import Cost, count, count_node, count_tensor, is_trainable, size_of
from modelspec.dtype import size_in_bytes
from modelspec.fitting import Fitted, Value, fit
from modelspec.graph import Graph, Part
from modelspec.kinds import Deferred
from modelspec.language import MAX_LAYERS
from modelspec.layer import fields_of
from modelspec.peak import find_peak
from modelspec.rows import list_rows
from modelspec.source import read_mapping
from modelspec.unrolling import Level, Line, Unrolling

ROOT = Path(__file__).resolve().parent.parent
Tree = dict[str, Any]


def follow(tree: Tree) -> road.Followed:
    """The one model of a document, whatever is wrong with it."""
    return road.follow_document(read_mapping(tree, "model.yaml")).models[0]


def follow_sound(tree: Tree) -> Graph:
    outcome = road.follow_document(read_mapping(tree, "model.yaml"))
    assume(outcome.models and outcome.models[0].sound)
    return outcome.models[0].graph


# --- An interpreter that does everything one by one -------------------------------------------------------------------


class Given(NamedTuple):
    """A tensor: what gives it (a record's number, or minus the input's number less one), the result, and its type."""

    origin: int
    result: str | None
    value: Value | None


class Record:
    """A layer as often as it stands there."""

    def __init__(self, path: str, fitted: Fitted, inputs: list[Given], passed: bool) -> None:
        self.path = path
        self.fitted = fitted
        self.inputs = inputs
        self.passed = passed
        self.owners: dict[str, str] = {}


class Held(NamedTuple):
    """What bears a name: what it gives, the records in it, and for a container how it was walked."""

    given: Given | None
    first: int
    last: int
    again: Any = None


class Place(NamedTuple):
    """Where an entry stands: its level and the numbers in it, what is known there, and what holds."""

    prefix: str
    numbers: list[int]
    names: Tree
    known: tuple[dict[str, Held], ...]
    inputs: dict[str, Given]
    trainable: bool
    dtype: str
    passed: bool
    ordinals: list[int] | None = None


CONTAINERS = ("Sequential", "Residual", "Parallel", "MixtureOfExperts")


class Naive:
    """Walks a document entry by entry, round by round, and keeps a record of every layer."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.records: list[Record] = []
        names: Tree = {}
        for name, value in tree.get("variables", {}).items():
            names[name] = self.value(value, names, None)
        inputs = tree["inputs"] if "inputs" in tree else {"input": tree["input"]}
        arriving = {
            name: Given(-1 - number, None, Value(tuple(self.value(size, names, None) for size in shape), "float32"))
            for number, (name, shape) in enumerate(inputs.items())
        }
        first = next(iter(arriving.values()))
        dtype = tree.get("dtype", "float32")
        place = Place("", [0], names, ({},), {"input": first, **arriving}, True, dtype, True)
        result = self.body(tree["layers"], place, first)
        outputs = tree.get("outputs", [])
        self.inputs = list(arriving.values())
        self.outputs = [each for text in outputs for each in self.refer(text, "", place)] or [result]

    def value(self, written: Any, names: Tree, arriving: Given | None) -> Any:
        if isinstance(written, list):
            return [self.value(member, names, arriving) for member in written]
        if not isinstance(written, str):
            return written
        seen = dict(names)
        if arriving is not None and arriving.value is not None:
            seen |= {"in_channels": arriving.value.shape[0], "in_features": arriving.value.shape[-1]}
        return eval(written, {"__builtins__": {}}, seen)

    def text(self, name: Any, names: Tree) -> str:
        return re.sub(r"\{([^}]*)\}", lambda found: str(self.value(found[1], names, None)), str(name))

    # References

    def look_up(self, path: str, at: str, place: Place, tensor: str | None = None) -> tuple[str, Held] | None:
        steps = at.split(".") if at else []
        for length in range(len(steps), -1, -1):
            full = ".".join([*steps[:length], path])
            held = place.known[-1].get(full)
            if held is not None and (tensor is None or self.has_tensor(held, tensor)):
                return full, held
        return None

    def has_tensor(self, held: Held, tensor: str) -> bool:
        return held.last == held.first + 1 and tensor in [t.name for t in self.records[held.first].fitted.tensors]

    def refer(self, text: str, at: str, place: Place) -> list[Given]:
        path, _, result = self.text(text, place.names).partition(":")
        if path == "input":
            return [place.inputs["input"]]
        if ".*" in path:
            head, _, rest = path.partition(".*")
            found = self.look_up(f"{head}.0", at, place)
            assert found is not None
            stem = found[0].removesuffix("0")
            rounds = [stem + str(number) for number in range(1000) if stem + str(number) in place.known[-1]]
            return [g for each in rounds if (g := place.known[-1][each + rest].given) is not None]
        found = self.look_up(path, at, place)
        given = place.inputs[path] if found is None else found[1].given
        assert given is not None
        return [self.choose(given, result or None)]

    def choose(self, given: Given, result: str | None) -> Given:
        if result is None:
            return given
        return Given(given.origin, result, self.records[given.origin].fitted.outputs[result])

    # Entries

    def body(self, entries: list[Any], place: Place, flow: Given) -> Given:
        for written in entries:
            entry = {"type": written} if isinstance(written, str) else written
            flow = self.rounds(entry, place, flow)
        return flow

    def rounds(self, entry: Tree, place: Place, flow: Given) -> Given:
        if "repeat" not in entry:
            return self.once(entry, place, flow, None)
        began, ordinal = place.numbers[0], place.ordinals[0] if place.ordinals else 0
        first = len(self.records)
        earlier = [set(known) for known in place.known]
        size = 0
        for number in range(self.value(entry["repeat"], place.names, flow)):
            shared = entry.get("shared", False)
            names = {name: value for name, value in place.names.items() if name != "index"}
            if not shared:
                names["index"] = number
            elif number:
                # It is the same layer: it reads what the first round read, not that.
                for known, before in zip(place.known, earlier, strict=True):
                    for path in known.keys() - before:
                        del known[path]
                place.numbers[0] = began
                if place.ordinals:
                    place.ordinals[0] = ordinal
            start = len(self.records)
            flow = self.once(entry, place._replace(names=names), flow, None if shared else number)
            if shared and number:
                for own, one in zip(self.records[start:], self.records[first : first + size], strict=True):
                    own.owners = {tensor.name: join(one.path, tensor.name) for tensor in own.fitted.tensors}
            else:
                size = len(self.records) - start
        return flow

    def once(self, entry: Tree, place: Place, flow: Given, index: int | None) -> Given:
        name, kind = entry.get("name"), entry.get("type", "Sequential" if "layers" in entry else None)
        if not self.value(entry.get("when", True), place.names, flow):
            return flow
        label = None if name is None else self.text(name, place.names)
        alias = None
        if index is not None and label is not None and "index" not in str(name):
            alias, label = place.prefix + label, f"{label}.{index}"
        if label is None and place.ordinals is not None:
            label = str(place.ordinals[0])
            place.ordinals[0] += 1
        at = place.prefix + (label or "")
        incoming = [flow]
        if "inputs" in entry:
            written = entry["inputs"] if isinstance(entry["inputs"], list) else [entry["inputs"]]
            incoming = [each for text in written for each in self.refer(text, at.rstrip("."), place)]
        inner = place._replace(
            trainable=place.trainable and entry.get("trainable", True),
            dtype=entry.get("dtype", place.dtype),
            ordinals=None,
        )
        if kind in CONTAINERS or "block" in entry:
            if label is not None:
                inner = inner._replace(prefix=f"{at}.", numbers=[0])
            inner = inner._replace(inputs={**place.inputs, "input": incoming[0]})
        first = len(self.records)
        again = (entry, place)
        if "share" in entry:
            result, again = self.share(entry["share"], inner, label, incoming, at.rstrip("."))
        elif "block" in entry:
            result = self.call(entry, inner, incoming)
        elif kind in CONTAINERS:
            result = self.container(entry, str(kind), inner, incoming)
        else:
            result = self.layer(entry, inner, label, incoming)
        if label is not None:
            held = Held(result, first, len(self.records), again)
            names = [at] if alias is None else [at, alias]
            for known in place.known:
                known.update(dict.fromkeys(names, held))
        return result

    def layer(self, entry: Tree, place: Place, label: str | None, incoming: list[Given]) -> Given:
        layer = catalogue.find("torch", entry["type"])
        assert layer is not None
        if layer.arity[1] == 0:
            incoming = []
        given: Tree = {}
        for name, field in fields_of(layer).items():
            if name in entry:
                written = field.kind.read(entry[name])
                if isinstance(written, Deferred):
                    first = incoming[0] if incoming else None
                    written = written.fill([self.value(e.text, place.names, first) for _, e in written.expressions])
                given[name] = written
        record = self.record(layer, given, place, label, incoming)
        ties = {**entry.get("tie", {})}
        if not self.value(ties.pop("when", True), place.names, None):
            ties = {}
        for tensor, text in ties.items():
            path, _, own = self.text(text, place.names).rpartition(".")
            at = record.path if label else place.prefix.rstrip(".")
            found = self.look_up(path, at, place, own)
            assert found is not None
            record.owners[tensor] = join(self.records[found[1].first].path, own)
        return self.give(record)

    def record(self, layer: Any, given: Tree, place: Place, label: str | None, incoming: list[Given]) -> Record:
        values = tuple(each.value for each in incoming if each.value is not None)
        fitted, broken = fit(layer, given, values, "float32", place.dtype)
        assert fitted is not None
        assert not broken
        fitted.trainable = place.trainable
        place.numbers[0] += 1
        path = place.prefix + (label if label is not None else f"{layer.type_name()}-{place.numbers[0]}")
        record = Record(path, fitted, incoming, place.passed)
        self.records.append(record)
        return record

    def give(self, record: Record) -> Given:
        return Given(self.records.index(record, -1), None, record.fitted.output)

    def container(self, entry: Tree, kind: str, place: Place, incoming: list[Given]) -> Given:
        numbered = entry.get("numbered", False)
        if kind == "Sequential":
            return self.body(entry["layers"], place._replace(ordinals=[0] if numbered else None), incoming[0])
        if kind == "MixtureOfExperts":
            return self.mixture(entry, place, incoming)
        if kind == "Residual":
            shortcut = entry.get("shortcut", [])
            branches = [entry["layers"], shortcut if isinstance(shortcut, list) else [shortcut]]
            given = [
                self.body(branch, place._replace(ordinals=[0] if numbered and not number else None), incoming[0])
                for number, branch in enumerate(branches)
            ]
        else:
            given = [
                self.branch(branch, place, incoming[0], number if numbered else None)
                for number, branch in enumerate(entry["branches"])
            ]
        if kind == "Parallel" and len(given) == 1 and "merge" not in entry:
            return given[0]
        merge = entry.get("merge", "Add")
        merge = {"type": merge} if isinstance(merge, str) else merge
        return self.layer(merge, place, merge.get("name"), given)

    def branch(self, written: Any, place: Place, arriving: Given, number: int | None) -> Given:
        if isinstance(written, list):
            if number is not None:
                place = place._replace(prefix=f"{place.prefix}{number}.", numbers=[0])
            return self.body(written, place, arriving)
        entry = {"type": written} if isinstance(written, str) else written
        return self.body([entry if number is None else {"name": number, **entry}], place, arriving)

    def mixture(self, entry: Tree, place: Place, incoming: list[Given]) -> Given:
        experts, each = (self.value(entry[key], place.names, None) for key in ("experts", "experts_per_token"))
        results = []
        for number in range(experts):
            names = {**place.names, "index": number}
            inner = place._replace(
                prefix=f"{place.prefix}{number}.",
                numbers=[0],
                names=names,
                passed=place.passed and number < each,
                inputs={**place.inputs, "gate": incoming[1]},
            )
            results.append(self.body(entry["layers"], inner, incoming[0]))
        layer = catalogue.find("torch", "MixtureOfExperts") or catalogue.mixture.MixtureOfExperts
        numbers = {"experts": experts, "experts_per_token": each}
        place = place._replace(trainable=True)
        record = self.record(layer, numbers, place, None, [incoming[0], incoming[1], results[-1]])
        record.inputs = [incoming[0], incoming[1], *results[:each]]
        return self.give(record)

    def call(self, entry: Tree, place: Place, incoming: list[Given]) -> Given:
        block = self.tree["blocks"][entry["block"]]
        names = self.file_names()
        arguments = {name: self.value(v, place.names, incoming[0]) for name, v in entry.get("with", {}).items()}
        for name, default in block.get("arguments", {}).items():
            names[name] = arguments[name] if name in arguments else self.value(default, names, None)
        for name, written in block.get("variables", {}).items():
            names[name] = self.value(written, names, incoming[0])
        inputs = dict(zip(block.get("inputs", ["input"]), incoming, strict=True))
        place = place._replace(names=names, known=(*place.known, {}), inputs={**inputs, "input": incoming[0]})
        return self.body(block["layers"], place, incoming[0])

    def file_names(self) -> Tree:
        names: Tree = {}
        for name, written in self.tree.get("variables", {}).items():
            names[name] = self.value(written, names, None)
        return names

    def share(self, text: str, place: Place, label: str | None, incoming: list[Given], at: str) -> tuple[Given, Any]:
        found = self.look_up(self.text(text, place.names), at, place)
        assert found is not None
        held = found[1]
        entry, around = held.again
        first = len(self.records)
        twins = self.records[held.first : held.last]
        if len(twins) == 1 and entry.get("type") not in CONTAINERS and "layers" not in entry and "block" not in entry:
            twin = twins[0].fitted
            arguments = {name: value for name, value in twin.layer.arguments().items() if value is not None}
            own = place._replace(dtype=twin.dtype, trainable=twin.trainable)
            result = self.give(self.record(type(twin.layer), arguments, own, label, incoming))
        else:
            inner = place if label is None else place._replace(prefix=f"{place.prefix}{label}.", numbers=[0])
            inner = inner._replace(
                names=around.names,
                inputs={**place.inputs, "input": incoming[0]},
                trainable=around.trainable and entry.get("trainable", True),
                dtype=entry.get("dtype", around.dtype),
            )
            if "block" in entry:
                result = self.call(entry, inner, incoming)
            else:
                result = self.container(entry, entry.get("type", "Sequential"), inner, incoming)
        for record, one in zip(self.records[first:], twins, strict=True):
            record.owners = {tensor.name: join(one.path, tensor.name) for tensor in record.fitted.tensors}
        return result, held.again


def join(path: str, tensor: str) -> str:
    return f"{path}.{tensor}" if tensor else path


def sum_up(records: list[Record]) -> Cost:
    """What the records cost together, each tensor at its owner, each layer as often as it is passed."""
    sums: Counter[str] = Counter()
    for record in records:
        fitted = record.fitted
        for tensor in fitted.tensors:
            if tensor.name in record.owners:
                continue
            number = count_tensor(tensor)
            assert isinstance(number, int)
            sums["weight_bytes"] += size_in_bytes(number, tensor.dtype or fitted.dtype)  # type: ignore[assignment]
            if tensor.kind == "buffer":
                sums["buffers"] += number
                continue
            sums["parameters"] += number
            sums["trainable_parameters" if is_trainable(tensor, fitted) else "non_trainable_parameters"] += number
            sums["active_parameters"] += number if record.passed else 0
        if record.passed:
            sums["macs"] += fitted.macs  # type: ignore[assignment]
            sums["flops"] += 2 * fitted.macs  # type: ignore[assignment]
            if fitted.layer.result == "new":
                sums["activation_bytes"] += sum(map(weigh, fitted.outputs.values()))
    return Cost(*[sums[name] for name in Cost._fields])


def weigh(value: Value) -> int:
    size = size_of(value)
    assert isinstance(size, int)
    return size


def simulate(naive: Naive) -> int:
    """The most bytes alive at once: at each layer what it reads and makes, and what is read later still."""
    storage: dict[tuple[int, str | None], tuple[Any, int]] = {
        (given.origin, None): (given.origin, weigh(given.value)) for given in naive.inputs if given.value is not None
    }

    def stored(given: Given) -> tuple[Any, int]:
        result = given.result
        if given.origin >= 0 and result is None:
            result = next(iter(naive.records[given.origin].fitted.outputs))
        return storage[given.origin, result]

    passed = [(number, record) for number, record in enumerate(naive.records) if record.passed]
    for number, record in passed:
        for name, value in record.fitted.outputs.items():
            made = {"new": ((number, name), weigh(value)), "held": ((number, name), 0)}.get(record.fitted.layer.result)
            storage[number, name] = made or stored(record.inputs[0])
    most = 0
    later = {stored(given) for given in naive.outputs}
    alive: list[set[tuple[Any, int]]] = []
    for number, record in reversed(passed):
        reads = {stored(given) for given in record.inputs}
        made_here = {storage[number, name] for name in record.fitted.outputs}
        # What is read later and made before: not what later layers make themselves.
        alive.append({each for each in later if made_before(each[0], number)} | reads | made_here)
        later |= reads
    for each in alive:
        most = max(most, sum(size for _, size in each))
    return most


def made_before(storage: Any, number: int) -> bool:
    return isinstance(storage, int) or storage[0] < number


# --- Random models ----------------------------------------------------------------------------------------------------

WIDTHS = (4, 6, 8, 12)
Seen = list[tuple[str, int, Any]]
"""What can be referred to: by which path, how wide it is, and (for layers and containers) on which width it stands."""


class Maker:
    """Draws entries that fit to one another: all that flows is [3, width], or [width, 4, 4]."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.image = draw(st.booleans())
        self.blocks: Tree = {}
        self.plain = 0
        """More than 0 where `index` means nothing."""

    def number(self, most: int, least: int = 0) -> int:
        return self.draw(st.integers(least, most))

    def chance(self, of: int) -> bool:
        return self.number(of - 1) == 0

    def size(self, number: int) -> Any:
        ways = [f"w{number}", f"w{number} * 2 // 2"] if number in WIDTHS else []
        return self.draw(st.sampled_from([number, number, *ways]))

    def name(self, taken: set[str]) -> Tree:
        """A name that is free in its level, or none."""
        free = [name for name in ("a", "b", "c", "d.e", "7", "f", "g.h.i") if name not in taken]
        if not free or self.chance(3):
            return {}
        name = self.draw(st.sampled_from(free))
        taken.add(name)
        return {"name": int(name) if name.isdecimal() else name}

    def weights(self) -> Tree:
        keys: Tree = {}
        if self.chance(8):
            keys["trainable"] = self.draw(st.booleans())
        if self.chance(8):
            keys["dtype"] = self.draw(st.sampled_from(["float16", "int4", "float32"]))
        return keys

    def project(self, width: int) -> Tree:
        if self.image:
            kernel = {"kernel_size": 3, "padding": 1} if self.chance(2) else {"kernel_size": 1}
            return {"type": "Conv2d", "out_channels": self.size(width), **kernel, "bias": self.chance(2)}
        return {"type": "Linear", "out_features": self.size(width), "bias": self.chance(2)}

    def quiet(self) -> Any:
        """A layer that keeps the shape."""
        own = ["BatchNorm2d"] if self.image else ["LayerNorm", "GELU"]
        if not self.image and self.chance(6):
            return {"type": "LSTM", "hidden_size": "in_features", "batch_first": True}
        if self.chance(5):
            axes = {"dim0": 2, "dim1": 3} if self.image else {"dim0": 1, "dim1": 1}
            return {"type": "Transpose", **axes}
        return self.draw(st.sampled_from(["ReLU", "Identity", {"type": "Dropout", "p": 0.1}, *own]))

    def body(self, width: int, depth: int, seen: Seen, taken: set[str], keep: bool) -> tuple[list[Any], int, Seen]:
        entries: list[Any] = []
        named: Seen = []
        current = width
        for _ in range(self.number(3, 1)):
            added, current, more = self.entry(current, depth, [*seen, *named], taken)
            entries += added
            named += more
        if keep and current != width:
            entries.append(self.project(width))
        return entries, width if keep else current, named

    def entry(self, width: int, depth: int, seen: Seen, taken: set[str]) -> tuple[list[Any], int, Seen]:
        simple = [self.layer, self.layer, self.layer, self.join, self.split, self.reuse, self.repeated]
        deep = [self.sequential, self.residual, self.parallel, self.call, self.repeated, self.mixture]
        draw_entry = self.draw(st.sampled_from(simple + deep * 2 if depth else simple))
        entries, after, named = draw_entry(width, depth, seen, taken)
        return entries, after, named

    def layer(self, width: int, depth: int, seen: Seen, taken: set[str]) -> tuple[list[Any], int, Seen]:
        after = width
        if self.chance(2):
            after = self.draw(st.sampled_from(WIDTHS)) if self.chance(2) else width
            entry = {**self.project(after), **self.weights()}
            ties = [path for path, out, on in seen if (out, on) == (after, width) and entry["type"] == "Linear"]
            if ties and self.chance(2):
                condition = {"when": self.draw(st.sampled_from([True, "w4 > 4"]))} if self.chance(3) else {}
                entry["tie"] = {"weight": f"{self.draw(st.sampled_from(ties))}.weight", **condition}
        else:
            quiet = self.quiet()
            if quiet == "Identity" and self.chance(2):
                return [quiet], width, []
            entry = {"type": quiet} if isinstance(quiet, str) else dict(quiet)
        if self.chance(6):
            if after != width or self.chance(2):
                return [{**entry, "when": self.draw(st.sampled_from([False, "w4 > 4"]))}], width, []
            entry["when"] = "in_channels > 0" if self.image else "in_features > 0"
        own = self.name(taken)
        entry = {**own, **entry}
        same = [path for path, out, _ in seen if out == width]
        if same and self.chance(4):
            entry["inputs"] = self.draw(st.sampled_from([*same, "input"] if depth == -1 else same))
        if len(entry) == 1:
            return [entry["type"]], after, []
        return [entry], after, [(str(own["name"]), after, width)] if own else []

    def join(self, width: int, depth: int, seen: Seen, taken: set[str]) -> tuple[list[Any], int, Seen]:
        """What takes several earlier results."""
        same = [path for path, out, _ in seen if out == width]
        if len(same) < 2:
            return self.layer(width, depth, seen, taken)
        inputs = self.draw(st.lists(st.sampled_from(same), min_size=2, max_size=3))
        if self.chance(3):
            dim = 1 if self.image else -1
            return [{"type": "Concat", "dim": dim, "inputs": inputs}, self.project(width)], width, []
        own = self.name(taken)
        kind = self.draw(st.sampled_from(["Add", "Mul"]))
        return [{**own, "type": kind, "inputs": inputs[:2]}], width, [(str(own["name"]), width, None)] if own else []

    def split(self, width: int, depth: int, seen: Seen, taken: set[str]) -> tuple[list[Any], int, Seen]:
        """Layers with several results."""
        own = self.name(taken)
        if not own:
            return self.layer(width, depth, seen, taken)
        name = own["name"]
        if not self.image and self.chance(2):
            entries = [
                {**own, "type": "LSTM", "hidden_size": self.size(width), "batch_first": True},
                {"type": "Add", "inputs": [f"{name}", f"{name}:h_n"]},
            ]
            return entries, width, [(str(name), width, width)]
        dim = {"dim": 1 if self.image else -1}
        first, second = (0, 1) if self.chance(2) else (1, 0)
        entries = [
            {**own, "type": "Split", "split_size_or_sections": width // 2, **dim},
            {"type": "ReLU", "inputs": f"{name}:{first}"},
            {"type": "Concat", **dim, "inputs": [f"{name}:{second}", f"{name}:{first}"]},
        ]
        return entries, width, []

    def reuse(self, width: int, depth: int, seen: Seen, taken: set[str]) -> tuple[list[Any], int, Seen]:
        """The weights of something earlier once more."""
        able = [(path, out) for path, out, on in seen if on == width and "*" not in path]
        if not able:
            return self.layer(width, depth, seen, taken)
        path, after = self.draw(st.sampled_from(able))
        own = self.name(taken)
        return [{**own, "share": path}], after, [(str(own["name"]), after, None)] if own else []

    # Containers

    def wrap(
        self, entry: Tree, inner: Seen, width: int, after: int, own: Tree, seen: Seen
    ) -> tuple[list[Any], int, Seen]:
        """A container under its name, with what can be referred to in it."""
        entry = {**own, **entry}
        same = [path for path, out, _ in seen if out == width]
        if same and self.chance(6):
            entry["inputs"] = self.draw(st.sampled_from(same))
        if not own:
            return [entry], after, inner
        name = str(own["name"])
        # What stands in it under `inputs` may mean something else where its weights are used again.
        on = None if "'inputs'" in str(entry) else width
        return [entry], after, [(name, after, on), *[(f"{name}.{path}", *rest) for path, *rest in inner]]

    def sequential(self, width: int, depth: int, seen: Seen, taken: set[str]) -> tuple[list[Any], int, Seen]:
        own = self.name(taken)
        inner_taken = set() if own else taken
        layers, after, inner = self.body(width, depth - 1, seen, inner_taken, False)
        entry: Tree = {"layers": layers, **self.weights()}
        if self.chance(2):
            entry["type"] = "Sequential"
            if own and self.chance(2):
                entry["numbered"] = True
                inner = [each for each in inner if self.chance(2)]
        return self.wrap(entry, inner, width, after, own, seen)

    def residual(self, width: int, depth: int, seen: Seen, taken: set[str]) -> tuple[list[Any], int, Seen]:
        own = self.name(taken)
        inner_taken = set() if own else taken
        if self.chance(4):
            shape = [width, 4, 4] if self.image else [3, width]
            entry: Tree = {"type": "Residual", "layers": [{"type": "Parameter", "shape": shape}]}
            return self.wrap(entry, [], width, width, own, seen)
        layers, after, inner = self.body(width, depth - 1, seen, inner_taken, False)
        entry = {"type": "Residual", "layers": layers, **self.weights()}
        if after != width or self.chance(4):
            shortcut: Any = self.project(after)
            entry["shortcut"] = self.draw(st.sampled_from([shortcut, [shortcut]]))
        if own and self.chance(4):
            entry["numbered"] = True
        return self.wrap(entry, inner, width, after, own, seen)

    def parallel(self, width: int, depth: int, seen: Seen, taken: set[str]) -> tuple[list[Any], int, Seen]:
        own = self.name(taken)
        inner_taken = set() if own else taken
        branches: list[Any] = []
        inner: Seen = []
        number = self.number(3, 1)
        for _ in range(number):
            if self.chance(4):
                branches.append([])
                continue
            layers, _, more = self.body(width, depth - 1, [*seen, *inner], inner_taken, True)
            inner += more
            branches.append(layers[0] if len(layers) == 1 and self.chance(2) else layers)
        entry: Tree = {"type": "Parallel", "branches": branches, **self.weights()}
        after = width
        merge = self.number(3)
        if merge == 0:
            entry["merge"] = "Mul"
        elif merge == 1 and number * width in WIDTHS:
            entry["merge"] = {"type": "Concat", "dim": 1 if self.image else -1}
            after = number * width
        elif merge == 2:
            entry["merge"] = {"name": "sum", "type": "Add"}
        if own and self.chance(3):
            entry["numbered"] = True
            inner = []
        if number == 1 and merge:
            entry["branches"] = [*branches, []]
            if after == width and isinstance(entry.get("merge"), dict) and entry["merge"]["type"] == "Concat":
                del entry["merge"]
        return self.wrap(entry, inner, width, after, own, seen)

    def call(self, width: int, depth: int, seen: Seen, taken: set[str]) -> tuple[list[Any], int, Seen]:
        own = self.name(taken)
        if not own and self.chance(2):
            return self.layer(width, depth, seen, taken)
        if not self.blocks or self.chance(2):
            self.declare(depth)
        block = self.draw(st.sampled_from(list(self.blocks)))
        after = self.draw(st.sampled_from(WIDTHS))
        entry = {"block": block, "with": {"out": self.size(after)}, **self.weights()}
        given = self.wrap(entry, [("end", after, None)], width, after, own, [])
        if len(self.blocks[block].get("inputs", [""])) > 1:
            other = self.draw(st.sampled_from([path for path, _, _ in seen if "*" not in path] or ["input"]))
            given[0][0]["inputs"] = ["input" if not seen else other, other]
        return given

    def declare(self, depth: int) -> None:
        """A block that takes any width."""
        inner = self.draw(st.sampled_from(WIDTHS))
        self.plain += 1
        layers, _, _ = self.body(inner, depth - 1, [], {"end", "both"}, False)
        self.plain -= 1
        first: list[Any] = [{**self.project(inner)}]
        block: Tree = {"arguments": {"out": None, "deep": 1}, "layers": [*first, *layers]}
        if self.chance(3):
            block["inputs"] = ["x", "skip"]
            more = {**self.project(inner), "name": "both", "inputs": "skip"}
            block["layers"] = [*first, more, {"type": "Add", "inputs": ["both", "both"]}, *layers]
        end = {**self.project(4), "name": "end"}
        end["out_channels" if self.image else "out_features"] = "out"
        if self.chance(2):
            block["variables"] = {"twice": "out * 2", "arrives": "in_channels" if self.image else "in_features"}
            end["out_channels" if self.image else "out_features"] = "twice // 2 + 0 * arrives"
        block["layers"].append(end)
        self.blocks[f"block{len(self.blocks)}"] = block

    def repeated(self, width: int, depth: int, seen: Seen, taken: set[str]) -> tuple[list[Any], int, Seen]:
        own = self.name(taken)
        times = self.number(7 if self.chance(3) else 3, 0 if self.chance(8) else 1)
        entry: Tree = {"repeat": self.draw(st.sampled_from([times, f"{times}"]))}
        shared = bool(own) and self.chance(4)
        out = "out_channels" if self.image else "out_features"
        if not own:
            entry |= self.project(width) if self.chance(2) else {"type": "ReLU"}
            return [entry], width, []
        if shared:
            entry["shared"] = True
        inner: Seen = []
        after = width
        if not depth or self.chance(3):
            entry |= self.project(width)
            if not shared and times and self.chance(2):
                after = 4 + 2 * (times - 1)
                entry[out] = "4 + 2 * index"
        else:
            self.plain += shared
            layers, _, inner = self.body(width, depth - 1, seen, set(), True)
            self.plain -= shared
            if not shared and self.chance(3):
                layers[:0] = [{**self.project(width), out: "4 if index == 0 else 8"}, self.project(width)]
            if not shared and self.chance(4):
                layers.append({**self.project(width), "when": "index % 2 == 0"})
            entry["layers"] = layers
        name = str(own["name"])
        if not times:
            return [{**own, **entry}], width, []
        named: Seen = []
        if shared:
            named = [(name, after, None), *[(f"{name}.{path}", o, None) for path, o, _ in inner]]
        elif self.chance(4) and "." not in name and not name.isdecimal():
            own = {"name": name + "_{index}"}
            named = [(f"{name}_{times - 1}", after, None)]
        else:
            last = self.number(times - 1)
            named = [(name, after, None)]
            if after == width:
                named += [(f"{name}.{last}", after, width)] if "layers" in entry else [(f"{name}.{last}", after, None)]
                named += [(f"{name}.{last}.{path}", o, None) for path, o, _ in inner]
        entries: list[Any] = [{**own, **entry}]
        if not shared and after == width and "_{" not in str(own["name"]) and self.chance(3):
            rest = [f".{path}" for path, o, _ in inner if o == width]
            every = f"{name}.*{self.draw(st.sampled_from(['', *rest]))}"
            entries.append({"type": "Concat", "dim": 1 if self.image else -1, "inputs": [every]})
            entries.append(self.project(width))
        return entries, after, named

    def mixture(self, width: int, depth: int, seen: Seen, taken: set[str]) -> tuple[list[Any], int, Seen]:
        own = self.name(taken)
        if self.image or not own:
            return self.layer(width, depth, seen, taken)
        experts = self.number(9, 2)
        layers, after, _ = self.body(width, depth - 1, seen, set(), False)
        if self.chance(3):
            layers = [
                {"type": "Linear", "out_features": "4 + index"},
                *layers[:0],
                {"type": "Linear", "out_features": after},
            ]
        experts_entry = {
            **({"name": "experts"} if self.chance(2) else {}),
            "type": "MixtureOfExperts",
            "inputs": ["input", "gate"],
            "experts": experts,
            "experts_per_token": self.number(experts, 1),
            "layers": layers,
        }
        gate = {"name": "gate", "type": "Linear", "out_features": experts}
        on = None if "'inputs'" in str(layers) else width
        return [{**own, "layers": [gate, experts_entry]}], after, [(str(own["name"]), after, on)]


@st.composite
def models(draw: st.DrawFn) -> Tree:
    """A model from the language's grammar."""
    maker = Maker(draw)
    width = draw(st.sampled_from(WIDTHS))
    shape = [width, 4, 4] if maker.image else [3, width]
    tree: Tree = {"modelspec": 1, "variables": {f"w{size}": size for size in WIDTHS}}
    first: list[Any] = []
    if draw(st.booleans()):
        tree["input"] = shape
    else:
        tree["inputs"] = {"p": shape, "q": shape} | ({"unread": shape} if draw(st.integers(0, 3)) == 0 else {})
        first = [{"name": "start", "type": draw(st.sampled_from(["Add", "Mul"])), "inputs": ["p", "q"]}]
    if draw(st.integers(0, 5)) == 0:
        tree["dtype"] = "float32"
    layers, _, named = maker.body(width, 2, [("p", width, None)] if first else [], set(), False)
    more, _, others = maker.body(_, 2, named, {path.partition(".")[0] for path, *_ in named}, False)
    if maker.blocks:
        tree["blocks"] = maker.blocks
    tree["layers"] = [*first, *layers, *more]
    if named and draw(st.integers(0, 3)) == 0:
        paths = [path for path, *_ in [*named, *others]]
        tree["outputs"] = draw(st.lists(st.sampled_from(paths), min_size=1, max_size=2))
    return tree


# --- Laws -------------------------------------------------------------------------------------------------------------


def list_lines(level: Level) -> Iterator[Line]:
    """The lines of a model, those of experts in front of their sum."""
    for line in level.lines:
        for body in line.bodies or ():
            yield from list_lines(body)
        yield line


def describe(fitted: Fitted) -> Any:
    """A layer but for what was written and what was inferred."""
    tensors = [(tensor.name, tensor.kind, tensor.axes, tensor.dtype) for tensor in fitted.tensors]
    arguments = {name: value for name, value in fitted.layer.arguments().items() if not isinstance(value, Fitted)}
    weights = (fitted.trainable, fitted.dtype) if tensors else None
    return fitted.layer.type_name(), arguments, fitted.inputs, fitted.outputs, tensors, weights, fitted.macs


def name_read(records: list[Record], inputs: list[str], given: Given) -> str:
    name = inputs[-1 - given.origin] if given.origin < 0 else records[given.origin].path
    return name if given.result is None else f"{name}:{given.result}"


def find_root(naive: Naive, tensor: str) -> str:
    """The tensor that this one is, whichever others say so on the way."""
    owners = {
        join(record.path, name): owner for record in reversed(naive.records) for name, owner in record.owners.items()
    }
    while tensor in owners and owners[tensor] != tensor:
        tensor = owners[tensor]
    return tensor


@given(models())
@settings(max_examples=150, deadline=None)
def test_a_model_is_what_it_says_written_out_by_hand(tree: Tree) -> None:
    graph = follow_sound(tree)
    naive = Naive(tree)
    inputs = list(graph.inputs)
    by_path: dict[str, list[Record]] = {}
    for record in naive.records:
        by_path.setdefault(record.path, []).append(record)
    told: Counter[tuple[str, bool]] = Counter()
    for node in list_rows(graph):
        paths = list(node.paths())
        assert len(paths) == node.repeat
        assert sum(passed for _, passed in paths) == node.times
        told.update(paths)
        for path, _ in paths:
            assert any(describe(record.fitted) == describe(node.fitted) for record in by_path[path]), path
        first = next(record for record in by_path[node.path] if record.fitted.inputs == node.fitted.inputs)
        if first.fitted.layer.type_name() != "MixtureOfExperts":
            assert node.reads(inputs) == tuple(name_read(naive.records, inputs, each) for each in first.inputs)
        if len(by_path[node.path]) == 1:
            owners = {tensor.name: node.owner(tensor.name) for tensor in node.fitted.tensors}
            roots = {name: None if owner is None else find_root(naive, owner) for name, owner in owners.items()}
            assert roots == {
                name: find_root(naive, first.owners[name]) if name in first.owners else None for name in roots
            }
    assert told == Counter((record.path, record.passed) for record in naive.records)
    assert count(graph) == sum_up(naive.records)
    rows = [count_node(node) for node in list_rows(graph)]
    assert count(graph) == tuple(sum(each) for each in zip(Cost(*[0] * len(Cost._fields)), *rows, strict=True))


@given(models())
@settings(max_examples=150, deadline=None)
def test_unrolled_lines_are_the_layers_in_order(tree: Tree) -> None:
    graph = follow_sound(tree)
    naive = Naive(tree)
    lines = list(list_lines(Unrolling(graph).level))
    if any(line.bodies is not None for line in lines):
        paths = {record.path for record in naive.records}
        assert {line.path for line in lines if line.bodies is None} <= paths
        return
    assert [line.path for line in lines] == [record.path for record in naive.records]
    at = {line: number for number, line in enumerate(lines)}
    for line, record in zip(lines, naive.records, strict=True):
        assert describe(line.fitted) == describe(record.fitted)
        reads = [(at[source] if isinstance(source, Line) else -1 - source, result) for source, result, _ in line.reads]
        assert reads == [(given.origin, given.result) for given in record.inputs]


@given(models())
@settings(max_examples=150, deadline=None)
def test_the_peak_is_that_of_a_simulation(tree: Tree) -> None:
    graph = follow_sound(tree)
    naive = Naive(tree)
    peak = find_peak(graph)
    assert peak.bytes == simulate(naive)
    if peak.path is not None:
        assert peak.path in {record.path for record in naive.records}
        assert isinstance(peak.held, int)
        assert isinstance(peak.made, int)
        assert peak.held + peak.made == peak.bytes


def list_owned(graph: Graph) -> Counter[Any]:
    """Every tensor that is its own, by its full name."""
    found: Counter[Any] = Counter()
    for node in list_rows(graph):
        for path in {path for path, _ in node.paths()}:
            for tensor in node.fitted.tensors:
                if node.owner(tensor.name) is None and node.copies:
                    found[join(path, tensor.name), tensor.axes] += 1
    return found


@given(models())
@settings(max_examples=150, deadline=None)
def test_a_model_written_flat_is_the_same_model(tree: Tree) -> None:
    graph = follow_sound(tree)
    try:
        text = complete(graph)
    except Incompletable as refused:
        # In one level, the way to a layer may lead to another one first: that is told, and cannot be written.
        if "would mean another one" not in str(refused):
            raise
        assume(False)
    note(text)
    flat = yaml.safe_load(text)
    assert "blocks" not in flat
    outcome = road.follow(text.encode(), "flat.yaml")
    assert outcome.findings == []
    again = outcome.models[0].graph
    assert count(again) == count(graph)
    assert find_peak(again).bytes == find_peak(graph).bytes
    assert list_owned(again) == list_owned(graph)
    assert complete(again) == text


WRITTEN = sorted([*(ROOT / "specs").rglob("*.yaml"), *(ROOT / "tests" / "cases" / "pass").glob("*.yaml")])


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: str(path.stem))
def test_a_spec_written_flat_is_the_same_model(path: Path) -> None:
    for model in road.follow(path.read_bytes(), path.name).models:
        outcome = road.follow(complete(model.graph).encode(), "flat.yaml")
        assert outcome.findings == []
        (flat,) = outcome.models
        assert flat.graph.variant is None
        assert [v.limit for v in flat.verdicts] == [v.limit for v in model.verdicts]
        assert count(flat.graph) == count(model.graph)
        assert find_peak(flat.graph).bytes == find_peak(model.graph).bytes
        assert list_owned(flat.graph) == list_owned(model.graph)


# --- What is the same costs nothing -----------------------------------------------------------------------------------


def stack(rounds: int, width: int) -> Tree:
    """A transformer of so many equal blocks; `width` sets it apart from others that are kept from earlier."""
    linear = {"type": "Linear", "out_features": width}
    attention = {
        "type": "Parallel",
        "branches": [{"name": name, **linear} for name in "qkv"],
        "merge": {"type": "ScaledDotProductAttention", "num_heads": 2},
    }
    feed = [{"type": "Linear", "out_features": 4 * width}, "GELU", {"name": "out", **linear}]
    block = [
        {"type": "Residual", "layers": ["LayerNorm", attention, linear]},
        {"type": "Residual", "layers": ["LayerNorm", *feed]},
    ]
    repeated = {"name": "blocks", "repeat": rounds, "layers": block}
    return {"modelspec": 1, "input": [5, width], "layers": [linear, repeated, "LayerNorm"]}


def work(monkeypatch: pytest.MonkeyPatch, tree: Tree) -> tuple[dict[str, int], Graph]:
    """What resolving, counting and describing a model takes: calls, parts, rows, and kilobytes of memory."""
    counts: Counter[str] = Counter()
    real_fit, real_part = fit, Part.__init__

    def fit_counted(*args: Any, **keys: Any) -> Any:
        counts["fits"] += 1
        return real_fit(*args, **keys)

    def part_counted(self: Part, *args: Any, **keys: Any) -> None:
        counts["parts"] += 1
        real_part(self, *args, **keys)

    with monkeypatch.context() as patch:
        patch.setattr("modelspec.resolve.walk.fit", fit_counted)
        patch.setattr("modelspec.resolve.containers.fit", fit_counted)
        patch.setattr(Part, "__init__", part_counted)
        tracemalloc.start()
        try:
            graph = follow(tree).graph
            count(graph)
            find_peak(graph)
            counts["rows"] = len(list_rows(graph))
            counts["kilobytes"] = tracemalloc.get_traced_memory()[1] // 1024
        finally:
            tracemalloc.stop()
    return dict(counts), graph


def test_equal_blocks_cost_what_ten_of_them_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    work(monkeypatch, stack(3, 32))
    few, small = work(monkeypatch, stack(10, 48))
    many, large = work(monkeypatch, stack(100_000, 64))
    assert many.pop("kilobytes") <= few.pop("kilobytes") + 64
    assert many == few
    assert few["fits"] > 5
    assert [node.repeat for node in list_rows(large)] == [1, *[100_000] * 12, 1]
    one, two = (count(follow(stack(rounds, 64)).graph).macs for rounds in (1, 2))
    assert count(large).macs == one + 99_999 * (two - one)
    same = follow(stack(10, 64)).graph
    assert find_peak(large).bytes == find_peak(same).bytes
    assert count(small).parameters == count(follow(stack(10, 48)).graph).parameters


def test_what_is_too_long_to_be_written_out_is_refused() -> None:
    rounds = MAX_LAYERS // 12
    with pytest.raises(Incompletable, match="layers"):
        complete(follow(stack(rounds + 1, 32)).graph)


# --- One mistake, one message -----------------------------------------------------------------------------------------


def list_entries(entries: list[Any]) -> Iterator[tuple[list[Any], int]]:
    """Every entry of a body and of those inside of it, by its list and number."""
    for number, entry in enumerate(entries):
        yield entries, number
        if isinstance(entry, dict):
            for body in [entry.get("layers", []), *entry.get("branches", []), entry.get("shortcut", [])]:
                yield from list_entries(body if isinstance(body, list) else [])


MISTAKES: dict[str, Tree] = {
    "MS304": {"type": "Linear", "in_features": 997, "out_features": "in_features"},
    "MS309": {"type": "Softmax", "dim": 9},
    "MS302": {"type": "ReLU", "inputs": "nowhere"},
    "MS402": {"type": "Dropout", "p": "nothing / 2"},
    "MS303": {"type": "Conv3d", "out_channels": 4, "kernel_size": 1},
}


@given(models(), st.sampled_from(sorted(MISTAKES)), st.data())
@settings(max_examples=200, deadline=None)
def test_nothing_downstream_of_a_mistake_is_blamed(tree: Tree, code: str, data: st.DataObject) -> None:
    follow_sound(tree)
    wrong = copy.deepcopy(tree)
    bodies = [wrong["layers"], *[block["layers"] for block in wrong.get("blocks", {}).values()]]
    entries, number = data.draw(st.sampled_from([each for body in bodies for each in list_entries(body)]))
    # Of several inputs, the first entry has to say which it reads.
    first = entries is wrong["layers"] and number == 0
    at = number + (1 if first else data.draw(st.integers(0, 1)))
    before = entries[at - 1] if at else {}
    assume(not (isinstance(before, dict) and before.get("type") == "Split"))
    entries.insert(at, dict(MISTAKES[code]))
    outcome = road.follow_document(read_mapping(wrong, "model.yaml"))
    places = {finding.where for finding in outcome.findings}
    # Where it is left out, in a body that is not walked, nothing is wrong.
    assert {finding.code for finding in outcome.findings} <= {code}, outcome.findings
    assert len(places) <= 1
