"""The most bytes of activations alive at once: what each layer reads and makes, and what a later one still reads.

Nothing works in place; a view keeps its source alive; the model's inputs count while they are read. Of rounds that are
the same, those are looked at that can differ in what is alive: the first ones, the last ones, and those behind a round
of which something is read later.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from modelspec.cost import size_of
from modelspec.diagnostics import Where
from modelspec.fitting import Fitted
from modelspec.graph import GONE, Graph, Group, Incoming, Inside, Item, Leaf, Of, Part, Run, Source
from modelspec.record import NamedTuple
from modelspec.shape import Count, Unknown
from modelspec.spot import Spot

__all__ = ["Peak", "find_peak"]


class Peak(NamedTuple):
    """The most bytes of activations alive at once, and where.

    `path` and `where` are of the layer at which they are, None where the inputs alone are the most, or nothing is
    known; `held` is what is alive before it, `made` what it newly makes.
    """

    bytes: Count
    path: str | None
    where: Where | None
    held: Count
    made: Count


class _NotKnown(Exception):
    def __init__(self, size: Unknown) -> None:
        super().__init__()
        self.size = size


Position = tuple[int, int, int]
"""A step of a part, a run of it and a round of that: (step, 0, 0) for a layer."""
_END: Position = (1 << 62, 0, 0)


class _Token(NamedTuple):
    """Storage that comes into a part: equal numbers are the same storage. `kept` says whether it outlives the part."""

    number: int
    bytes: int
    kept: bool


_UNREAD = _Token(-1, 0, False)
"""What comes into a part for its weights alone, or is not read in it."""


class _Profile(NamedTuple):
    """What running a part takes: the most alive in it (what comes in included), where, and what is newly made there.

    `results` are the storages of what is read of it later: (True, the number of a token) or (False, a number of its
    own), with the bytes.
    """

    most: int
    way: tuple[Position, ...]
    made: int
    results: dict[Source, tuple[bool, int, int]]


def find_peak(graph: Graph) -> Peak:
    """The most bytes of activations alive at once in a sound graph."""
    part = graph.part
    if part is None:
        return Peak(0, None, None, 0, 0)
    outputs = frozenset([_find(part, source) for source in graph.outputs])
    try:
        sizes = [_bytes(value) for value in graph.inputs.values()]
        tokens = tuple([_Token(number, size, Incoming(number) in outputs) for number, size in enumerate(sizes)])
        wanted = frozenset([source for source in outputs if not isinstance(source, Incoming)])
        profile = _Watch().run(part, tokens, wanted)
    except _NotKnown as unknown:
        return Peak(unknown.size + 0, None, None, unknown.size, unknown.size)
    if profile.most <= sum(sizes) or not profile.way:
        return Peak(profile.most, None, None, profile.most, 0)
    spot = Spot(part)
    *groups, (step, _, _) = profile.way
    for position in groups:
        spot = spot.child(*position)
    held = profile.most - profile.made
    if isinstance(spot.item, Leaf):
        assert spot.parent is not None
        return Peak(profile.most, spot.prefix, spot.parent.part.where(spot.step), held, profile.made)
    return Peak(profile.most, spot.path(step), spot.part.where(step), held, profile.made)


def _bytes(value: Any) -> int:
    size = size_of(value)
    if isinstance(size, Unknown):
        raise _NotKnown(size)
    return size


# Which layer's result a source is: containers that pass on what comes in are looked through


def _find(part: Part, source: Source) -> Source:
    """The layer's result that a source names, by its name, or what comes into the part."""
    while not isinstance(source, Incoming):
        done = part.steps[source.step]
        if isinstance(source, Of):
            if not isinstance(done, Group):
                assert isinstance(done, (Fitted, Leaf))
                return Of(source.step, source.result or _main(done))
            source = Inside(source.step, *_last(done), None, source.result)
        assert isinstance(done, Group)
        assert isinstance(source, Inside)
        run = done.runs[source.run]
        if run.active:
            # An expert that a token does not pass gives what those give that it passes.
            source = source._replace(round=min(source.round, run.active - 1))
        if isinstance(run.item, Leaf):
            return source._replace(source=None, result=source.result or _main(run.item))
        inner = _find_inside(run.item, source)
        if not isinstance(inner, Incoming):
            return source._replace(source=inner, result=None)
        passes_on = source.source is None
        if inner.number == 0 and done.chained and source.round and not passes_on:
            source = Inside(source.step, source.run, source.round - 1)
        else:
            source = run.reads[inner.number]
    return source


def _find_inside(part: Part, source: Inside) -> Source:
    inner = source.source if source.source is not None else part.result
    assert inner is not None
    if source.result is not None and not isinstance(inner, Incoming):
        inner = inner._replace(result=source.result)
    return _find(part, inner)


def _main(done: Fitted | Leaf) -> str:
    """The name of the main result."""
    return next(iter((done.fitted if isinstance(done, Leaf) else done).outputs))


def _last(group: Group) -> tuple[int, int]:
    """The last round that a sample passes, by its run and its number in that."""
    passed = [(number, run.active - 1) for number, run in enumerate(group.runs) if run.active]
    return passed[-1] if passed else group.last


def _result(item: Item) -> Source | None:
    """What a round gives, as it is kept in it; None where it passes on what comes in."""
    if isinstance(item, Leaf):
        return Of(0, _main(item))
    assert item.result is not None
    found = _find(item, item.result)
    return None if isinstance(found, Incoming) else found


def _export(step: int, run: int, turn: int, item: Item, source: Source) -> Inside:
    """What is kept in a round as seen from outside of it."""
    if isinstance(item, Leaf):
        assert isinstance(source, Of)
        return Inside(step, run, turn, None, source.result)
    return Inside(step, run, turn, source)


def _import(source: Inside) -> Source:
    """What is kept in a round under this source."""
    return Of(0, source.result) if source.source is None else source.source


def _is_mixture(part: Part) -> bool:
    """Whether a part holds the experts of a mixture and their sum, which reads every passed expert's result."""
    last = part.steps[-1] if part.steps else None
    return isinstance(last, Leaf) and last.fitted.layer.type_name() == "MixtureOfExperts"


class _Uses:
    """What the steps of a part read: by step and run, and for each source the last position that reads it.

    `incoming` are the numbers of what comes in and is read by a layer in it.
    """

    __slots__ = ("incoming", "last", "reads")

    def __init__(self) -> None:
        self.reads: list[list[tuple[Source | None, ...]]] = []
        self.last: dict[Source, Position] = {}
        self.incoming: frozenset[int] = frozenset()

    def add(self, source: Source, position: Position) -> None:
        self.last[source] = max(self.last.get(source, position), position)


class _Alive:
    """The storages that are alive while the steps of a part run: their bytes, and the last position that reads each."""

    def __init__(self) -> None:
        self.bytes: dict[int, int] = {}
        self.until: dict[int, Position] = {}
        self.ending: dict[Position, list[int]] = {}
        self.total = 0
        self.fresh = 0

    def make(self, size: int, until: Position) -> int:
        """Keep a new storage; return its number."""
        number, self.fresh = self.fresh, self.fresh + 1
        self.bytes[number] = size
        self.total += size
        self.keep(number, until)
        return number

    def keep(self, number: int, until: Position) -> None:
        """Keep a storage at least so long."""
        if number in self.bytes and until > self.until.get(number, (-1, 0, 0)):
            self.until[number] = until
            self.ending.setdefault(until, []).append(number)

    def end(self, position: Position) -> None:
        """Let go of what nothing behind this position reads."""
        for number in self.ending.pop(position, ()):
            if self.until.get(number) == position:
                self.total -= self.bytes.pop(number)
                del self.until[number]


class _Watch:
    """Runs parts, each once for what comes in alike."""

    def __init__(self) -> None:
        self.known: dict[Any, _Profile] = {}
        self.uses: dict[int, _Uses] = {}

    def run(self, part: Part, tokens: tuple[_Token, ...], wanted: frozenset[Source]) -> _Profile:
        """Run a part on what comes in. `wanted` are the results of its layers that are read after it."""
        key = (id(part), tokens, wanted)
        known = self.known.get(key)
        if known is None:
            known = self.known[key] = _Course(self, part, tokens, wanted).run()
        return known

    def list_uses(self, part: Part) -> _Uses:
        """What the steps of a part read."""
        known = self.uses.get(id(part))
        if known is None:
            known = self.uses[id(part)] = self._list_uses(part)
        return known

    def _list_uses(self, part: Part) -> _Uses:
        uses = _Uses()
        for step, done in enumerate(part.steps):
            reads: list[tuple[Source | None, ...]] = []
            if isinstance(done, Group):
                reads = [self._list_run(part, uses, (step, number, 0), run) for number, run in enumerate(done.runs)]
            elif done is not GONE:
                found = tuple([_find(part, source) for source in _read_by(part, step)])
                reads = [found]
                for source in found:
                    uses.add(source, (step, 0, 0))
            uses.reads.append(reads)
        uses.incoming = frozenset([source.number for source in uses.last if isinstance(source, Incoming)])
        return uses

    def _list_run(self, part: Part, uses: _Uses, first: Position, run: Run) -> tuple[Source | None, ...]:
        """What the rounds of a run read; None for what comes in, and no layer in them reads."""
        group = part.steps[first[0]]
        assert isinstance(group, Group)
        incoming = self.list_uses(run.item).incoming if isinstance(run.item, Part) else range(len(run.reads))
        reads = tuple([_find(part, source) if n in incoming else None for n, source in enumerate(run.reads)])
        for number, source in enumerate(reads):
            if source is None or not run.active:
                continue
            once = group.chained and number == 0 and _result(run.item) is not None
            uses.add(source, first if once else (*first[:2], run.active - 1))
        return reads


class _Course:
    """One run of a part: what is alive, and the most that ever was."""

    def __init__(self, watch: _Watch, part: Part, tokens: tuple[_Token, ...], wanted: frozenset[Source]) -> None:
        self.watch = watch
        self.part = part
        self.uses = watch.list_uses(part)
        self.last = {**self.uses.last, **dict.fromkeys(wanted, _END)}
        self.wanted = wanted
        self.tokens = tokens
        self.alive = _Alive()
        self.stored: dict[Source, int] = {}
        """The storage of each layer's result."""
        self.most = 0
        self.way: tuple[Position, ...] = ()
        self.made = 0
        self.inside: dict[int, list[Inside]] = {}
        for source in self.last:
            if isinstance(source, Inside):
                self.inside.setdefault(source.step, []).append(source)

    def run(self) -> _Profile:
        alive = self.alive
        alive.fresh = len(self.tokens)
        for number, token in enumerate(self.tokens):
            source = Incoming(number)
            if token is _UNREAD or not (token.kept or source in self.last):
                continue
            self.stored[source] = token.number
            if token.number not in alive.bytes:
                alive.bytes[token.number] = token.bytes
                alive.total += token.bytes
            alive.keep(token.number, _END if token.kept else self.last[source])
        for step, done in enumerate(self.part.steps):
            if isinstance(done, Group):
                for number in range(len(done.runs)):
                    self._run_rounds(step, done, number)
            elif isinstance(done, (Fitted, Leaf)):
                reads = [self.stored[source] for source in self.uses.reads[step][0] if source is not None]
                fitted = done.fitted if isinstance(done, Leaf) else done
                position = (step, 0, 0)
                made = self._make(fitted, reads, position, {name: Of(step, name) for name in fitted.outputs})
                self._note(alive.total, (position,), made)
                alive.end(position)
        tokens = {token.number for token in self.tokens}
        numbers = {source: self.stored[source] for source in self.wanted}
        results = {source: (number in tokens, number, alive.bytes[number]) for source, number in numbers.items()}
        return _Profile(self.most, self.way, self.made, results)

    def _note(self, total: int, way: tuple[Position, ...], made: int) -> None:
        if total > self.most or not self.way:
            self.most, self.way, self.made = total, way, made

    def _make(self, fitted: Fitted, reads: list[int], position: Position, names: dict[str, Source]) -> int:
        """Store what a layer gives; return the bytes that are new."""
        made = 0
        for name, value in fitted.outputs.items():
            until = self.last.get(names[name], position)
            if fitted.layer.result == "view":
                self.stored[names[name]] = reads[0]
                self.alive.keep(reads[0], until)
            else:
                size = _bytes(value) if fitted.layer.result == "new" else 0
                made += size
                self.stored[names[name]] = self.alive.make(size, until)
        return made

    def _run_rounds(self, step: int, group: Group, number: int) -> None:
        """The rounds of a run, those in between that are the same left out."""
        run, alive = group.runs[number], self.alive
        wanted: dict[int, set[Source]] = {}
        for source in self.inside.get(step, ()):
            if source.run == number:
                wanted.setdefault(source.round, set()).add(_import(source))
        result = _result(run.item)
        come_in = self.uses.reads[step][number]
        flows = group.chained and result is not None and bool(come_in) and come_in[0] is not None
        sums = result is not None and _is_mixture(self.part)
        before = -1
        for turn in _list_rounds(run, wanted):
            position = (step, number, turn)
            if flows and turn > before + 1:
                assert result is not None
                given = self.stored[_export(step, number, before, run.item, result)]
                self.stored[_export(step, number, turn - 1, run.item, result)] = given
                alive.keep(given, position)
            elif sums and turn > before + 1 and before >= 0:
                # The results of those that are left out are kept for the sum.
                given = self.stored[_export(step, number, before, run.item, result)]  # type: ignore[arg-type]
                if given >= len(self.tokens):
                    alive.make(alive.bytes[given] * (turn - before - 1), (step + 1, 0, 0))
            here = wanted.get(turn, set())
            if result is not None and ((flows and turn + 1 < run.length) or sums):
                here = here | {result}
            reads = list(come_in)
            if turn and flows:
                assert result is not None
                reads[0] = _export(step, number, turn - 1, run.item, result)
            self._run_round(position, run.item, reads, here, result if flows else None, sums)
            alive.end(position)
            before = turn

    def _run_round(
        self,
        position: Position,
        item: Item,
        reads: list[Source | None],
        wanted: set[Source],
        flows: Source | None,
        sums: bool,
    ) -> None:
        """One round. `wanted` are its results that are read after it, `flows` the one that the next round reads."""
        step, number, turn = position
        alive = self.alive
        numbers = [-1 if source is None else self.stored[source] for source in reads]
        until = {source: self.last.get(_export(*position, item, source), position) for source in wanted}
        if flows in until:
            until[flows] = max(until[flows], (step, number, turn + 1))
        if sums:
            until = {source: max(last, (step + 1, 0, 0)) for source, last in until.items()}
        if isinstance(item, Leaf):
            self.last.update({_export(*position, item, source): last for source, last in until.items()})
            names: dict[str, Source] = {name: Inside(*position, None, name) for name in item.fitted.outputs}
            made = self._make(item.fitted, numbers, position, names)
            self._note(alive.total, (position, (0, 0, 0)), made)
            return
        # Numbered from 0, so that equal rounds are known.
        order: dict[int, int] = {}
        for each in numbers:
            if each >= 0:
                order.setdefault(each, len(order))
        tokens = tuple(
            [_UNREAD if n < 0 else _Token(order[n], alive.bytes[n], alive.until[n] > position) for n in numbers]
        )
        profile = self.watch.run(item, tokens, frozenset(wanted))
        around = alive.total - sum(alive.bytes[each] for each in order)
        if profile.way:
            self._note(around + profile.most, (position, *profile.way), profile.made)
        outer = {inner: each for each, inner in order.items()}
        for source, (comes_in, inner, size) in profile.results.items():
            if not comes_in and inner not in outer:
                outer[inner] = alive.make(size, until[source])
            self.stored[_export(*position, item, source)] = outer[inner]
            alive.keep(outer[inner], until[source])


def _list_rounds(run: Run, wanted: Iterable[int]) -> Iterator[int]:
    """The rounds of a run that can differ in what is alive, in order.

    The first one reads what comes from outside, and the next what that one gave; the last one may be the last to read
    something, and the one before it is the last of those that are like it. A round that something is read of later is
    as a first one.
    """
    marks = {0, *wanted} if run.active else {*wanted}
    rounds = {mark + further for mark in marks for further in (0, 1, 2)} | {run.active - 2, run.active - 1}
    return iter(sorted(turn for turn in rounds if 0 <= turn < run.active or turn in marks))


def _read_by(part: Part, step: int) -> tuple[Source, ...]:
    """What a layer reads."""
    done = part.steps[step]
    if isinstance(done, Leaf):
        return done.reads
    before = part.before(step)
    return () if before is None or not isinstance(done, Fitted) or not done.inputs else (before,)
