"""Which rules may find something in a document: found out at every check, so it must cost next to nothing."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from modelspec.advice.index import RULES, Ending, Layers, Pair
from modelspec.fitting import Fitted
from modelspec.graph import Graph, Group, Incoming, Leaf, Of, Part

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from modelspec.layer import Layer
    from modelspec.spec import Spec

__all__ = ["THINGS", "list_parts", "list_wanted"]

THINGS = ("unused variables", "unused blocks", "unused imports", "wires", "budget")
"""What rules are about that is no layer. There are "wires" where not every layer reads what is before it, or the last
one is not the result."""


class Watch:
    """The rules that are about a layer, by their codes: wherever it stands, as the first of a pair, as the second."""

    __slots__ = ("alone", "first", "second")

    def __init__(self, alone: frozenset[str], first: frozenset[str], second: frozenset[str]) -> None:
        self.alone = alone
        self.first = first
        self.second = second


ABOUT = {thing: [code for code, entry in RULES.items() if thing in entry.about] for thing in THINGS}
"""The rules about each of the things."""
ENDINGS = [(code, about) for code, entry in RULES.items() for about in entry.about if isinstance(about, Ending)]
KINDS: dict[type[Layer], tuple[list[tuple[str, Layers]], list[tuple[str, Pair]], frozenset[str]]] = {}
"""The rules about a class of layers that has been met, in the order of `Watch`."""
WATCHES: dict[tuple[frozenset[str], ...], Watch] = {}
"""One for all layers that the same rules are about."""


def list_wanted(spec: Spec, graphs: Iterable[Graph], codes: AbstractSet[str]) -> list[str]:
    """The rules among `codes` that may find something in the models of a document in which nothing is wrong."""
    wanted: set[str] = set()
    parts: list[Part] = []
    for graph in graphs:
        if graph.budget is not None or graph.demands:
            wanted.update(ABOUT["budget"])
        own = list_parts(graph)
        wanted.update(_list_about_ending(graph, own))
        parts += own
    for thing in _list_things(spec):
        wanted.update(ABOUT[thing])
    met: set[Watch] = set()
    if all({Fitted}.issuperset(map(type, part.steps)) for part in parts):
        pairs: set[tuple[Watch, Watch]] = set()
        for part in parts:
            layers: list[Any] = part.steps
            watches = [layer.watch or _watch(layer) for layer in layers]
            met.update(watches)
            pairs.update(pairwise(watches))
        for one, other in pairs:
            wanted |= one.first & other.second
    else:
        # With containers and references, any layer may follow any other.
        steps = {done for part in parts for done in part.steps}
        met.update([layer.watch or _watch(layer) for layer in _list_layers(steps)])
        first = {code for watch in met for code in watch.first}
        wanted.update([code for watch in met for code in watch.second if code in first])
    for watch in met:
        wanted |= watch.alone
    return [code for code in RULES if code in wanted and code in codes]


def _watch(layer: Fitted) -> Watch:
    """The rules that are about a layer."""
    kind = layer.layer.__class__
    if kind not in KINDS:
        rules = [(code, about) for code, entry in RULES.items() for about in entry.about]
        name = kind.type_name()
        KINDS[kind] = (
            [(code, about) for code, about in rules if isinstance(about, Layers) and about.takes(kind)],
            [(code, about) for code, about in rules if isinstance(about, Pair) and name in about.first],
            frozenset([code for code, about in rules if isinstance(about, Pair) and name in about.second]),
        )
    alone, first, second = KINDS[kind]
    codes = (
        frozenset([code for code, about in alone if about.holds is None or about.holds(layer)]),
        frozenset([code for code, about in first if about.holds is None or about.holds(layer)]),
        second,
    )
    layer.watch = watch = WATCHES.get(codes) or WATCHES.setdefault(codes, Watch(*codes))
    return watch


def _list_about_ending(graph: Graph, parts: Iterable[Part]) -> Iterator[str]:
    """The rules about what gives the results of a model: where that is not plain, any of its layers may."""
    kinds: set[str] | None = set()
    for source in graph.outputs:
        done = None if isinstance(source, Incoming) or graph.part is None else graph.part.steps[source.step]
        layer = done.fitted if isinstance(done, Leaf) else done
        if isinstance(layer, Fitted) and isinstance(source, Of) and kinds is not None:
            kinds.add(layer.layer.type_name())
        else:
            kinds = None
    if kinds is None:
        kinds = {layer.layer.type_name() for part in parts for layer in _list_layers(set(part.steps))}
    for code, about in ENDINGS:
        if not about.kinds.isdisjoint(kinds):
            yield code


def _list_things(spec: Spec) -> Iterator[str]:
    if spec.variables or spec.blocks or spec.libraries:
        from modelspec.advice.names import list_unused

        yield from list_unused(spec)
    if spec.refers or spec.outputs is not None:
        yield "wires"


def _list_layers(steps: Iterable[Any]) -> Iterator[Fitted]:
    """The layers among distinct steps."""
    for done in steps:
        if isinstance(done, Fitted):
            yield done
        elif isinstance(done, Leaf):
            yield done.fitted
        elif isinstance(done, Group):
            yield from [run.item.fitted for run in done.runs if isinstance(run.item, Leaf)]


def list_parts(graph: Graph) -> Sequence[Part]:
    """Every distinct part of a model."""
    if graph.part is None:
        return ()
    parts = [graph.part]
    seen = {id(graph.part)}
    for part in parts:
        for done in part.steps:
            if done.__class__ is Group:
                for run in done.runs:
                    if isinstance(run.item, Part) and id(run.item) not in seen:
                        seen.add(id(run.item))
                        parts.append(run.item)
    return parts
