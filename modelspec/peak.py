"""The most bytes of activations alive at once: what each layer reads and makes, and what a later one still reads.

Nothing works in place; a view keeps its source alive; the model's inputs count while they are read. Rounds that are the
same are looked at once: the first, the second, which reads what the first gave, and the last.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from modelspec.cost import size_of
from modelspec.diagnostics import Where
from modelspec.fitting import Fitted
from modelspec.graph import GONE, Graph, Group, Incoming, Inside, Leaf, Of, Part, Run, Source
from modelspec.shape import Count, Unknown

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


class _Token(NamedTuple):
    """Storage that comes into a part: equal numbers are the same storage. `kept` says whether it outlives the part."""

    number: int
    bytes: int
    kept: bool


class _Profile(NamedTuple):
    """What running a part takes: the most alive in it (what comes in included), where, and what is newly made there.

    `results` are the storages of its result and of what is referred to from outside: (True, the number of a token) or
    (False, a number of its own), with the bytes.
    """

    most: int
    way: tuple[tuple[int, int, int], ...]
    made: int
    results: dict[Source | None, tuple[bool, int, int]]


_END = 1 << 62


def find_peak(graph: Graph) -> Peak:
    """The most bytes of activations alive at once in a sound graph."""
    try:
        tokens = tuple([_Token(number, _bytes(value), False) for number, value in enumerate(graph.inputs.values())])
        if graph.part is None:
            return Peak(0, None, None, 0, 0)
        profile = _Watch().read_part(graph.part, tokens, frozenset(graph.outputs))
    except _NotKnown as unknown:
        return Peak(unknown.size + 0, None, None, unknown.size, unknown.size)
    inputs = sum(token.bytes for token in tokens)
    if profile.most <= inputs or not profile.way:
        return Peak(max(inputs, profile.most), None, None, inputs, 0)
    spot = graph.top
    *groups, (step, _, _) = profile.way
    for at, run, turn in groups:
        spot = spot.child(at, run, turn)
    alone = isinstance(spot.item, Leaf)
    path = spot.prefix if alone else spot.path(step)
    where = spot.parent.part.where(spot.step) if alone and spot.parent is not None else spot.part.where(step)
    return Peak(profile.most, path, where, profile.most - profile.made, profile.made)


def _bytes(value: Any) -> int:
    size = size_of(value)
    if isinstance(size, Unknown):
        raise _NotKnown(size)
    return size


class _Alive:
    """The storages that are alive while the steps of a part run: bytes by number, and the last step that reads each."""

    def __init__(self) -> None:
        self.bytes: dict[int, int] = {}
        self.until: dict[int, int] = {}
        self.total = 0
        self.ending: dict[int, list[int]] = {}

    def keep(self, number: int, size: int, until: int) -> None:
        """Keep a storage, at least so long."""
        if number not in self.bytes:
            self.bytes[number] = size
            self.total += size
        if until > self.until.get(number, -1):
            self.until[number] = until
            self.ending.setdefault(until, []).append(number)

    def end(self, step: int) -> None:
        """Let go of what no later step reads."""
        for number in self.ending.pop(step, ()):
            if self.until.get(number) == step:
                self.total -= self.bytes.pop(number)
                del self.until[number]


class _Watch:
    def __init__(self) -> None:
        self.known: dict[Any, _Profile] = {}

    def read_part(self, part: Part, tokens: tuple[_Token, ...], wanted: frozenset[Source]) -> _Profile:
        """Run a part on what comes in. `wanted` are the sources in it that are read after it."""
        key = (id(part), tokens, wanted)
        known = self.known.get(key)
        if known is None:
            known = self.known[key] = self._run(part, tokens, wanted)
        return known

    def _run(self, part: Part, tokens: tuple[_Token, ...], wanted: frozenset[Source]) -> _Profile:
        last, inside = _list_uses(part, wanted)
        alive = _Alive()
        stored: dict[Source, int] = {}
        fresh = max([token.number for token in tokens], default=-1) + 1
        for number, token in enumerate(tokens):
            source = Incoming(number)
            stored[source] = token.number
            alive.keep(token.number, token.bytes, _END if token.kept else last.get(source, -1))
        most, way, made_there = alive.total, (), 0
        alive.end(-1)
        for step, done in enumerate(part.steps):
            if isinstance(done, (Fitted, Leaf)):
                fitted = done if isinstance(done, Fitted) else done.fitted
                reads = done.reads if isinstance(done, Leaf) else _read_before(part, step, fitted)
                made = 0
                for name, value in fitted.outputs.items():
                    source = Of(step, name)
                    until = max(last.get(source, step), last.get(Of(step), step) if value is fitted.output else step)
                    if fitted.layer.result == "view":
                        number = stored[reads[0]]
                        alive.keep(number, 0, until)
                    else:
                        number, fresh = fresh, fresh + 1
                        size = _bytes(value) if fitted.layer.result == "new" else 0
                        made += size
                        alive.keep(number, size, until)
                    stored[source] = number
                    if value is fitted.output:
                        stored[Of(step)] = number
                if alive.total > most:
                    most, way, made_there = alive.total, ((step, 0, 0),), made
            elif isinstance(done, Group):
                fresh, high = self._run_group(part, step, done, alive, stored, last, inside.get(step, ()), fresh)
                if high.most > most:
                    most, way, made_there = high.most, high.way, high.made
            alive.end(step)
        results: dict[Source | None, tuple[bool, int, int]] = {}
        incoming = {token.number for token in tokens}
        for source in wanted:
            number = stored[_plain(part, source)]
            results[source] = (number in incoming, number, alive.bytes.get(number, 0))
        return _Profile(most, way, made_there, results)

    def _run_group(
        self,
        part: Part,
        step: int,
        group: Group,
        alive: _Alive,
        stored: dict[Source, int],
        last: dict[Source, int],
        inside: Iterable[Inside],
        fresh: int,
    ) -> tuple[int, _Profile]:
        """The rounds of a group, one after the other, those in between that are the same left out."""
        wanted: dict[tuple[int, int], set[Source | None]] = {}
        for source in inside:
            wanted.setdefault((source.run, source.round), set()).add(source.source)
        final = group.last
        wanted.setdefault(final, set()).add(None)
        high = _Profile(0, (), 0, {})
        previous: tuple[int, int] | None = None
        for number, run in enumerate(group.runs):
            turns = {0, min(1, run.length - 1), run.length - 1}
            turns |= {turn for at, turn in wanted if at == number}
            for turn in sorted(turns):
                here = {*wanted.get((number, turn), ()), *({None} if group.chained else ())}
                sources = run.reads
                numbers = [stored[_plain(part, source)] if not _is_own(source, step) else -1 for source in sources]
                for at, source in enumerate(sources):
                    if _is_own(source, step):
                        numbers[at] = stored[source] if source in stored else (previous or (0, 0))[0]
                if group.chained and previous is not None and numbers:
                    numbers[0] = previous[0]
                ends = (number, turn) == final
                tokens = tuple(
                    _Token(n, alive.bytes.get(n, 0), self._is_kept(alive, n, step, ends, at, group))
                    for at, n in enumerate(numbers)
                )
                profile, renumbered = self._run_round(run, tokens, frozenset(here))
                own = {token.number: token.bytes for token in tokens}
                base = alive.total - sum(own.values())
                if base + profile.most > high.most:
                    high = _Profile(base + profile.most, ((step, number, turn), *profile.way), profile.made, {})
                for source in here:
                    is_incoming, old, size = profile.results[source]
                    kept = old if is_incoming else None
                    if is_incoming:
                        kept = renumbered[old]
                    else:
                        kept, fresh = fresh, fresh + 1
                    exported = Inside(step, number, turn, source)
                    until = max(last.get(exported, step), last.get(Of(step), step) if ends and source is None else step)
                    passes_on = group.chained and source is None and not ends
                    alive.keep(kept, size, step if passes_on and exported not in last else until)
                    stored[exported] = kept
                    if source is None:
                        if previous is not None and previous[0] != kept and previous[1] == step:
                            self._drop(alive, previous[0], step)
                        previous = (kept, alive.until.get(kept, step))
                        if ends:
                            stored[Of(step)] = kept
        return fresh, high

    @staticmethod
    def _drop(alive: _Alive, number: int, step: int) -> None:
        """Let go of what a round gave to the next one alone."""
        if alive.until.get(number) == step and number in alive.bytes:
            alive.total -= alive.bytes.pop(number)
            del alive.until[number]

    @staticmethod
    def _is_kept(alive: _Alive, number: int, step: int, ends: bool, at: int, group: Group) -> bool:
        """Whether what comes into a round is read after it."""
        if alive.until.get(number, -1) > step:
            return True
        return not ends and not (group.chained and at == 0)

    def _run_round(
        self, run: Run, tokens: tuple[_Token, ...], wanted: frozenset[Source | None]
    ) -> tuple[_Profile, dict[int, int]]:
        """One round, with its storages numbered from 0, so that equal rounds are known; and the numbers outside."""
        order: dict[int, int] = {}
        for token in tokens:
            order.setdefault(token.number, len(order))
        back = {inner: outer for outer, inner in order.items()}
        inner = tuple([token._replace(number=order[token.number]) for token in tokens])
        item = run.item
        if isinstance(item, Part):
            within = frozenset([item.result if source is None else source for source in wanted]) - {None}
            profile = self.read_part(item, inner, within)  # type: ignore[arg-type]
            results = {source: profile.results[item.result if source is None else source] for source in wanted}
            return profile._replace(results=results), back
        fitted = item.fitted
        held = sum({token.number: token.bytes for token in inner}.values())
        if fitted.layer.result == "view":
            return _Profile(held, ((0, 0, 0),), 0, {None: (True, inner[0].number, inner[0].bytes)}), back
        made = sum(map(_bytes, fitted.outputs.values())) if fitted.layer.result == "new" else 0
        size = _bytes(fitted.output) if made else 0
        return _Profile(held + made, ((0, 0, 0),), made, {None: (False, len(order), size)}), back


def _is_own(source: Source, step: int) -> bool:
    return isinstance(source, Inside) and source.step == step


def _plain(part: Part, source: Source) -> Source:
    """A source as what it names is kept under: results of groups have no names of their own."""
    if isinstance(source, Of) and source.result is not None and isinstance(part.steps[source.step], Group):
        return Of(source.step)
    return source._replace(result=None) if isinstance(source, Inside) and source.result is not None else source


def _read_before(part: Part, step: int, fitted: Fitted) -> tuple[Source, ...]:
    before = part.before(step)
    return () if before is None or not fitted.inputs else (before,)


def _list_uses(part: Part, wanted: frozenset[Source]) -> tuple[dict[Source, int], dict[int, set[Inside]]]:
    """The last step that reads each source, and what is read out of groups."""
    last: dict[Source, int] = {}
    inside: dict[int, set[Inside]] = {}

    def use(source: Source, step: int) -> None:
        plain = _plain(part, source)
        last[plain] = max(last.get(plain, -1), step)
        if isinstance(plain, Inside) and plain.step != step:
            inside.setdefault(plain.step, set()).add(plain)

    for step, done in enumerate(part.steps):
        if done is GONE:
            continue
        reads: Iterable[Source] = ()
        if isinstance(done, Fitted):
            reads = _read_before(part, step, done)
        elif isinstance(done, Leaf):
            reads = done.reads
        elif isinstance(done, Group):
            reads = [source for run in done.runs for source in run.reads]
        for source in reads:
            use(source, step)
    for source in wanted:
        use(source, _END)
    return last, inside
