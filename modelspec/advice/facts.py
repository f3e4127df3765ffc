"""What a document has that rules are about: found out at every check, so it must cost next to nothing."""

from __future__ import annotations

from itertools import pairwise

from modelspec.fitting import Fitted
from modelspec.graph import Graph, Group, Incoming, Leaf, Of, Part

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from collections.abc import Set as AbstractSet

    from modelspec.spec import Spec

__all__ = ["Facts", "gather", "list_parts"]


class Facts:
    """What the models of a document have.

    `kinds` are the types of their layers, `successions` those that stand one right after the other; with `mixed` there
    are containers or references, so that any may follow any. `last` are the types that give the results, None where
    that is not plain. `things` is what else there is: see `gather`.
    """

    __slots__ = ("_parts", "kinds", "last", "mixed", "successions", "things")

    def __init__(self) -> None:
        self.kinds: set[str] = set()
        self.successions: set[tuple[str, str]] = set()
        self.mixed = False
        self.last: set[str] | None = set()
        self.things: set[str] = set()
        self._parts: list[Part] = []

    def take(self, part: Part) -> None:
        """Take down what stands in a part."""
        self._parts.append(part)
        classes = [done.layer.__class__ for done in part.steps if done.__class__ is Fitted]
        names = {each: each.type_name() for each in set(classes)}
        self.kinds.update(names.values())
        if any(each.arity[1] == 0 for each in names):
            self.things.add("wired")
        if len(classes) == len(part.steps):
            self.successions.update([(names[one], names[other]) for one, other in set(pairwise(classes))])
            return
        self.mixed = True
        self.kinds.update([layer.layer.type_name() for layer in _list_layers(part)])

    def has(self, kinds: AbstractSet[str], holds: Callable[[Fitted], bool] | None = None) -> bool:
        """Whether there is a layer of these types of which this holds."""
        found = kinds & self.kinds
        if not found or holds is None:
            return bool(found)
        layers = [layer for part in self._parts for layer in _list_layers(part)]
        return any(layer.layer.type_name() in found and holds(layer) for layer in layers)

    def has_pair(
        self, first: AbstractSet[str], second: AbstractSet[str], holds: Callable[[Fitted], bool] | None = None
    ) -> bool:
        """Whether there may be a layer of the second types right after one of the first, of which this holds."""
        if self.mixed:
            return self.has(second) and self.has(first, holds)
        found = {one for one, other in self.successions if one in first and other in second}
        if not found or holds is None:
            return bool(found)
        for part in self._parts:
            # Every step is a layer here. Classes are asked for their names once each.
            layers: list[Fitted] = part.steps  # type: ignore[assignment]
            names = {each: each.type_name() for each in {layer.layer.__class__ for layer in layers}}
            before = {each for each, name in names.items() if name in found}
            behind = {each for each, name in names.items() if name in second}
            pairs = pairwise(layers)
            held = {one for one, other in pairs if one.layer.__class__ in before and other.layer.__class__ in behind}
            if any(map(holds, held)):
                return True
        return False

    def ends_in(self, kinds: AbstractSet[str]) -> bool:
        """Whether a layer of these types may give a result of a model."""
        return not kinds.isdisjoint(self.kinds if self.last is None else self.last)


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
            facts.take(part)
        for source in graph.outputs:
            done = None if isinstance(source, Incoming) or graph.part is None else graph.part.steps[source.step]
            layer = done.fitted if isinstance(done, Leaf) else done
            if isinstance(layer, Fitted) and isinstance(source, Of) and facts.last is not None:
                facts.last.add(layer.layer.type_name())
            else:
                facts.last = None
    return facts


def _list_layers(part: Part) -> Iterator[Fitted]:
    """The distinct layers of a part."""
    for done in set(part.steps):
        if isinstance(done, Fitted):
            yield done
        elif isinstance(done, Leaf):
            yield done.fitted
        elif isinstance(done, Group):
            yield from [run.item.fitted for run in done.runs if isinstance(run.item, Leaf)]


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
        for done in part.steps:
            if done.__class__ is Group:
                waiting += [run.item for run in done.runs if isinstance(run.item, Part)]
