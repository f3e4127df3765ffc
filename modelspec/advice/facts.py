"""What a document has that rules are about: found out at every check, so it must cost next to nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

from modelspec.diagnostics import Where
from modelspec.entry import Block, Body, Call, Chain, Fork, Mixture, Spoilt, Step, names_of
from modelspec.fitting import Fitted
from modelspec.graph import GONE, Graph, Group, Incoming, Leaf, Part, Source
from modelspec.spec import Input, Spec, Variant
from modelspec.template import Template

__all__ = [
    "Facts",
    "gather",
    "list_parts",
    "list_unused_blocks",
    "list_unused_imports",
    "list_unused_variables",
    "readers_within",
]


class Facts:
    """What the models of a document have.

    `kinds` are the types of their layers, `pairs` those that stand one right after the other, `things` what else there
    is: "unused variables", "unused blocks", "unused imports", "wired" (not everything simply reads what is before it),
    "budget".
    """

    __slots__ = ("kinds", "mixed", "pairs", "things")

    def __init__(self) -> None:
        self.kinds: set[str] = set()
        self.pairs: set[tuple[str, str]] = set()
        self.mixed = False
        """Whether there are containers or references, so that any layer may follow any other."""
        self.things: set[str] = set()


def gather(spec: Spec, graphs: Iterable[Graph]) -> Facts:
    """What the models of a document in which nothing is wrong have."""
    facts = Facts()
    if spec.variables and next(list_unused_variables(spec), None) is not None:
        facts.things.add("unused variables")
    if spec.blocks or spec.libraries:
        if next(list_unused_variables(spec), None) is not None:
            facts.things.add("unused variables")
        if next(list_unused_blocks(spec), None) is not None:
            facts.things.add("unused blocks")
        if next(list_unused_imports(spec), None) is not None:
            facts.things.add("unused imports")
    for graph in graphs:
        if graph.budget is not None or graph.demands:
            facts.things.add("budget")
        if spec.outputs is not None:
            facts.things.add("wired")
        for part in list_parts(graph):
            _add_part(facts, part)
    return facts


def _add_part(facts: Facts, part: Part) -> None:
    kinds: dict[Any, str] = {}
    for done in set(part.steps):
        if done.__class__ is Fitted:
            assert isinstance(done, Fitted)
            kinds[done] = done.layer.type_name()
            if not done.inputs:
                facts.things.add("wired")
        elif isinstance(done, Leaf):
            facts.mixed = True
            facts.kinds.add(done.fitted.layer.type_name())
        elif isinstance(done, Group):
            facts.mixed = True
            facts.kinds.update([run.item.fitted.layer.type_name() for run in done.runs if isinstance(run.item, Leaf)])
    if facts.mixed:
        facts.things.add("wired")
    else:
        steps = part.steps
        facts.pairs.update([(kinds.get(one, ""), kinds.get(other, "")) for one, other in set(pairwise(steps))])
    facts.kinds.update(kinds.values())


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


def readers_within(part: Part, known: dict[int, frozenset[int]] | None = None) -> Counter[int]:
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


# Names


def list_unused_variables(spec: Spec) -> Iterator[Where]:
    """Where the variables stand that nothing reads: those of the file, and those that its blocks compute."""
    own = [block for block in spec.blocks.values() if not block.file]
    used: set[str] = set()
    for value in spec.variables.values():
        used.update(names_of(value))
    for given in spec.inputs.values():
        used.update(names_of(given.shape) if isinstance(given, Input) else ())
    for variant in spec.variants.values():
        if isinstance(variant, Variant):
            for value in variant.variables.values():
                used.update(names_of(value))
    if spec.body is not None:
        used |= _names_in(spec.body)
    for block in own:
        inner = _names_in(block.body) if isinstance(block.body, Body) else set()
        for value in block.variables.values():
            inner |= {*names_of(value)}
        yield from [Where((*block.route, "variables", name), "key") for name in block.variables if name not in inner]
        used |= inner - block.variables.keys() - block.arguments.keys()
        for value in block.arguments.values():
            used.update(names_of(value))
    yield from [Where(("variables", name), "key") for name in spec.variables if name not in used]


def _names_in(body: Body) -> set[str]:
    """The names that entries read, and that the names of layers in them are made of."""
    names = {*body.reads}
    for entry, name in zip(body.entries, body.names, strict=True):
        if isinstance(name, Template):
            names |= name.names
        if isinstance(entry, Step):
            for inner in _list_bodies(entry):
                names |= _names_in(inner)
            merge = entry.what.merge if isinstance(entry.what, Fork) else None
            if merge is not None and isinstance(merge.name, Template):
                names |= merge.name.names
    return names


def _list_bodies(entry: Step) -> Iterator[Body]:
    what = entry.what
    if isinstance(what, (Chain, Mixture)):
        yield what.body
    elif isinstance(what, Fork):
        yield from what.branches
        if what.merge is not None and isinstance(what.merge.entry, Step):
            yield from _list_bodies(what.merge.entry)


def _list_calls(body: Body | Spoilt) -> Iterator[Block]:
    """The blocks that entries call."""
    if not isinstance(body, Body) or body.plain:
        return
    for entry in body.entries:
        if isinstance(entry, Step):
            if isinstance(entry.what, Call):
                yield entry.what.block
            elif isinstance(entry.what, Fork) and entry.what.merge is not None:
                merge = entry.what.merge.entry
                if isinstance(merge, Step) and isinstance(merge.what, Call):
                    yield merge.what.block
            for inner in _list_bodies(entry):
                yield from _list_calls(inner)


def _list_called(spec: Spec) -> set[int]:
    """The blocks that the layers of a file call, by whatever way, or that its own blocks do, by their id."""
    called: set[int] = set()
    waiting = [*_list_calls(spec.body)] if spec.body is not None else []
    if spec.body is None:
        waiting = [block for block in spec.blocks.values() if not block.file]
    while waiting:
        block = waiting.pop()
        if id(block) not in called:
            called.add(id(block))
            waiting += _list_calls(block.body)
    return called


def list_unused_blocks(spec: Spec) -> Iterator[Block]:
    """The blocks of a file with layers that none of these calls, by whatever way. Those of a library are for others."""
    if spec.body is not None:
        called = _list_called(spec)
        yield from [block for block in spec.blocks.values() if not block.file and id(block) not in called]


def list_unused_imports(spec: Spec) -> Iterator[int]:
    """The numbers of the imports of which the file calls no block."""
    tree: Any = spec.document.tree
    texts = tree.get("imports", ())
    if not texts:
        return
    import posixpath

    bodies = [spec.body, *[block.body for block in spec.blocks.values() if not block.file]]
    called = {block.file for body in bodies if body is not None for block in _list_calls(body)}
    folder = posixpath.dirname(spec.document.path.replace("\\", "/"))
    for number, text in enumerate(texts):
        path = posixpath.normpath(posixpath.join(folder, text))
        # One that is named by two ways has the path of the first.
        if path in spec.libraries and path not in called:
            yield number
