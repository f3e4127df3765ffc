"""What a document has that rules are about: found out at every check, so it must cost next to nothing."""

from __future__ import annotations

from itertools import pairwise

from modelspec.fitting import Fitted
from modelspec.graph import Graph, Group, Incoming, Leaf, Of, Part

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator

    from modelspec.spec import Spec

__all__ = ["Facts", "gather", "list_parts"]


class Facts:
    """What the models of a document have.

    `layers` are the distinct layers, `pairs` those that stand one right after the other; with `mixed` there are
    containers or references, so that any may follow any. `last` are those that give the results, as far as that is
    plain. `things` is what else there is: see `gather`.
    """

    __slots__ = ("_kinds", "_successions", "last", "layers", "mixed", "pairs", "things")

    def __init__(self) -> None:
        self.layers: set[Fitted] = set()
        self.pairs: set[tuple[Fitted, Fitted]] = set()
        self.last: set[Fitted] | None = set()
        self.mixed = False
        self.things: set[str] = set()
        self._kinds: dict[Fitted, str] = {}
        self._successions: set[tuple[str, str]] = set()

    def sort(self) -> None:
        """Note the types, once all layers are known: there are fewer of them."""
        kinds = self._kinds = {layer: layer.layer.type_name() for layer in self.layers}
        self._successions = set() if self.mixed else {(kinds[one], kinds[other]) for one, other in self.pairs}

    def has(self, kinds: Container[str], holds: Callable[[Fitted], bool] | None = None) -> bool:
        """Whether there is a layer of these types of which this holds."""
        return any(kind in kinds and (holds is None or holds(layer)) for layer, kind in self._kinds.items())

    def has_pair(
        self, first: Container[str], second: Container[str], holds: Callable[[Fitted], bool] | None = None
    ) -> bool:
        """Whether there may be a layer of the second types right after one of the first, of which this holds."""
        if self.mixed:
            return self.has(second) and self.has(first, holds)
        found = {pair for pair in self._successions if pair[0] in first and pair[1] in second}
        if not found or holds is None:
            return bool(found)
        kinds = self._kinds
        return any((kinds[one], kinds[other]) in found and holds(one) for one, other in self.pairs)

    def ends_in(self, kinds: Container[str]) -> bool:
        """Whether a layer of these types may give a result of a model."""
        return self.has(kinds) if self.last is None else any(self._kinds[layer] in kinds for layer in self.last)


def gather(spec: Spec, graphs: Iterable[Graph]) -> Facts:
    """What the models of a document in which nothing is wrong have.

    The things are: "unused variables", "unused blocks", "unused imports", "budget", and "wired" where not every layer
    reads what is before it, or not the last one is the result.
    """
    facts = Facts()
    things = facts.things
    if spec.variables or spec.blocks or spec.libraries:
        from modelspec.advice.names import list_unused

        things.update(list_unused(spec))
    if spec.refers or spec.outputs is not None:
        things.add("wired")
    for graph in graphs:
        if graph.budget is not None or graph.demands:
            things.add("budget")
        for part in list_parts(graph):
            _add_part(facts, part)
        for source in graph.outputs:
            done = None if isinstance(source, Incoming) or graph.part is None else graph.part.steps[source.step]
            if isinstance(done, (Fitted, Leaf)) and isinstance(source, Of) and facts.last is not None:
                facts.last.add(done.fitted if isinstance(done, Leaf) else done)
            else:
                facts.last = None
    facts.sort()
    return facts


def _add_part(facts: Facts, part: Part) -> None:
    mixed = False
    for done in set(part.steps):
        if done.__class__ is Fitted:
            assert isinstance(done, Fitted)
            facts.layers.add(done)
            if not done.inputs:
                facts.things.add("wired")
        elif isinstance(done, Leaf):
            mixed = True
            facts.layers.add(done.fitted)
        elif isinstance(done, Group):
            mixed = True
            facts.layers.update([run.item.fitted for run in done.runs if isinstance(run.item, Leaf)])
    facts.mixed = facts.mixed or mixed
    if not facts.mixed:
        facts.pairs.update(pairwise(part.steps))  # type: ignore[arg-type]


def list_parts(graph: Graph) -> Iterator[Part]:
    """Every distinct part of a model."""
    waiting = [] if graph.part is None else [graph.part]
    seen: set[int] = set()
    while waiting:
        part = waiting.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        yield part
        for done in set(part.steps):
            if isinstance(done, Group):
                waiting += [run.item for run in done.runs if isinstance(run.item, Part)]
