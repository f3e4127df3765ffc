"""Who reads what within a part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from modelspec.fitting import Fitted
from modelspec.graph import GONE, Group, Incoming, Leaf, Part, Source

__all__ = ["count_readers"]


def count_readers(part: Part, known: dict[int, frozenset[int]] | None = None) -> Counter[int]:
    """How many steps of a part read each of its steps, or use its weights; all that comes in has the number -1.

    A repeat does not count as a reader of itself.
    """
    known = {} if known is None else known
    counts: Counter[int] = Counter()
    before = -1
    for step, done in enumerate(part.steps):
        if done is GONE:
            continue
        if done.__class__ is Fitted:
            if done.inputs:
                counts[before] += 1
        elif done is not None:
            for source in _list_read(done, known):
                at = -1 if isinstance(source, Incoming) else source.step
                if at != step:
                    counts[at] += 1
        before = step
    return counts


def _list_read(done: Any, known: dict[int, frozenset[int]]) -> Iterator[Source]:
    """What a step reads that says so, and what it uses the weights of."""
    if isinstance(done, Leaf):
        yield from done.reads
        yield from {source for source, _ in done.owners.values()}
    elif isinstance(done, Group):
        for run in done.runs:
            item = run.item
            if isinstance(item, Leaf):
                yield from run.reads
                yield from [source for source, _ in item.owners.values() if not isinstance(source, Incoming)]
            else:
                read = _find_read(item, known)
                yield from [source for number, source in enumerate(run.reads) if number in read]
        if done.share is not None:
            yield done.share


def _find_read(part: Part, known: dict[int, frozenset[int]]) -> frozenset[int]:
    """The numbers of what comes into a part and is read in it, or flows out of it."""
    found = known.get(id(part))
    if found is None:
        read: set[int] = set()
        first = next((done for done in part.steps if done is not GONE), None)
        if isinstance(first, Fitted) and first.inputs:
            read.add(0)
        if isinstance(part.result, Incoming):
            read.add(part.result.number)
        for done in set(part.steps):
            read.update([source.number for source in _list_read(done, known) if isinstance(source, Incoming)])
        found = known[id(part)] = frozenset(read)
    return found
