"""What stands under `layers`: layers, containers and calls of blocks as written, not resolved yet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from modelspec.diagnostics import Route
from modelspec.kinds import Deferred
from modelspec.layer import Layer
from modelspec.template import Reference, Template

__all__ = [
    "PASSING",
    "SPOILT",
    "Block",
    "Body",
    "Call",
    "Chain",
    "Entry",
    "Fork",
    "Mixture",
    "Named",
    "Share",
    "Spoilt",
    "Step",
    "Tie",
    "What",
]


class Spoilt:
    """What stands in the place of a part of the document that has been found wrong."""


SPOILT: Final = Spoilt()
PASSING: Final = Spoilt()
"""A wrong entry whose layer passes the shape of what arrives on, whatever its arguments are."""


class Entry:
    """A layer as written: its class, its literal arguments, and those that wait for expressions.

    Entries that say the same are one object within a run, and `memo` keeps what they resolved to on which input.
    """

    __slots__ = ("deferred", "dtype", "given", "layer", "memo", "names", "trainable")

    def __init__(
        self,
        layer: type[Layer],
        given: dict[str, Any],
        deferred: tuple[tuple[tuple[str, ...], Deferred], ...],
        trainable: bool,
        dtype: str | None,
    ) -> None:
        self.layer = layer
        self.given = given
        self.deferred = deferred
        self.trainable = trainable
        self.dtype = dtype
        self.names = frozenset([name for _, waiting in deferred for name in names_of(waiting)])
        self.memo: dict[Any, Any] = {}


def names_of(value: Any) -> Iterator[str]:
    """The names that a value's expressions read; none where it is complete."""
    if isinstance(value, Deferred):
        for _, expression in value.expressions:
            yield from expression.names


class Tie:
    """A tensor that is another one: the reference to that one, and the condition under which it is so."""

    __slots__ = ("tensor", "to", "when")

    def __init__(self, tensor: str, to: Reference, when: Any) -> None:
        self.tensor = tensor
        self.to = to
        self.when = when


class Step:
    """An entry that is more than a layer in its turn: `what` it is, and the keys that say how it stands there.

    `repeat` is None for once; `inputs` is None for what comes before. `reads` are the names that bear on what it
    resolves to, `refers` its references to what stands before it, those inside of it included. `indexed` says whether
    its name holds the index itself, `counts` whether anything in it but names depends on the index of its repeat.
    """

    __slots__ = ("counts", "indexed", "inputs", "reads", "refers", "repeat", "shared", "ties", "what", "when")

    def __init__(
        self,
        what: What,
        *,
        name: str | Template | None,
        inputs: tuple[Reference, ...] | None = None,
        repeat: Any = None,
        shared: bool = False,
        when: Any = True,
        ties: tuple[Tie, ...] = (),
    ) -> None:
        self.what = what
        self.inputs = inputs
        self.repeat = repeat
        self.shared = shared
        self.when = when
        self.ties = ties
        self.indexed = isinstance(name, Template) and "index" in name.names
        own: list[Reference] = [*(inputs or ()), *[tie.to for tie in ties]]
        reads = {*what_reads(what), *names_of(when)}
        for reference in own:
            reads |= reference.names
        for tie in ties:
            reads.update(names_of(tie.when))
        inner_reads, inner_refers = reads, [*own, *what_refers(what)]
        self.counts = "index" in reads
        if repeat is not None and not shared:
            # Inside, `index` is this repeat's own.
            inner_reads = reads - {"index"}
            inner_refers = [reference for reference in inner_refers if "index" not in reference.names]
        self.reads: frozenset[str] = frozenset(inner_reads | {*names_of(repeat)})
        self.refers: tuple[Reference, ...] = tuple(inner_refers)

    @property
    def is_there(self) -> bool:
        """Whether it is surely left in, and stands there once."""
        return self.when is True and self.repeat is None


class Body:
    """Entries one after the other. `route` leads to them; `single` where it leads to the one entry itself.

    `reads` and `refers` are those of all entries together; `file` is that of the document that it stands in ("" for
    the model's own).
    """

    __slots__ = ("_reads", "_refers", "entries", "file", "names", "plain", "route", "single", "templated")

    def __init__(self, route: Route, file: str, *, single: bool = False) -> None:
        self.entries: list[Entry | Step | Spoilt] = []
        self.names: list[str | Template | Spoilt | None] = []
        self.route = route
        self.file = file
        self.single = single
        self.plain = True
        """Whether every entry is a layer in its turn."""
        self.templated = False
        """Whether there is a name that is made of expressions."""
        self._reads: frozenset[str] | None = None
        self._refers: tuple[Reference, ...] = ()

    def route_of(self, index: int) -> Route:
        """The way to an entry."""
        return self.route if self.single else (*self.route, index)

    @property
    def reads(self) -> frozenset[str]:
        """The names that bear on what the entries resolve to. Names of layers are no part of that, but for `index`."""
        if self._reads is None:
            self._gather()
            assert self._reads is not None
        return self._reads

    @property
    def refers(self) -> tuple[Reference, ...]:
        """The references in it that may mean something outside of it."""
        if self._reads is None:
            self._gather()
        return self._refers

    def _gather(self) -> None:
        if self.plain and not self.templated:
            # The entries that are equal are one: most of a long file are.
            layers = {entry for entry in self.entries if entry.__class__ is Entry}
            self._reads = frozenset().union(*[layer.names for layer in layers])
            return
        reads: set[str] = set()
        refers: dict[str, Reference] = {}
        known: set[str | Template] = set()
        """Names that surely stand before the entry, so that they mean nothing outside of the body."""
        for entry, name in zip(self.entries, self.names, strict=True):
            if not isinstance(entry, Spoilt):
                reads |= entry.reads if isinstance(entry, Step) else entry.names
            if isinstance(entry, Step):
                outside = [each for each in entry.refers if each.use == "tensor" or each.path not in known]
                refers.update({f"{reference.use} {reference.text}": reference for reference in outside})
            if isinstance(name, str) and (isinstance(entry, Entry) or (isinstance(entry, Step) and entry.is_there)):
                known.add(name)
            if isinstance(name, Template):
                reads |= name.names - {"index"}
        self._reads = frozenset(reads)
        self._refers = tuple(refers.values())


class Named:
    """An entry with its name, where it stands alone: the `merge` of a fork."""

    __slots__ = ("entry", "name", "route")

    def __init__(self, entry: Entry | Step | Spoilt, name: str | Template | Spoilt | None, route: Route) -> None:
        self.entry = entry
        self.name = name
        self.route = route


class Chain:
    """A `Sequential`: entries one after the other. With `numbered`, unnamed ones are called 0, 1, 2, …"""

    __slots__ = ("body", "dtype", "numbered", "trainable")

    def __init__(self, body: Body, *, numbered: bool, trainable: bool, dtype: str | None) -> None:
        self.body = body
        self.numbered = numbered
        self.trainable = trainable
        self.dtype = dtype


class Fork:
    """A `Residual` or a `Parallel`: branches that all start from what arrives, and what takes their results.

    `merge` is None for the sum.
    """

    __slots__ = ("branches", "dtype", "merge", "numbered", "residual", "trainable")

    def __init__(
        self,
        branches: list[Body],
        merge: Named | None,
        *,
        residual: bool,
        numbered: bool,
        trainable: bool,
        dtype: str | None,
    ) -> None:
        self.branches = branches
        self.merge = merge
        self.residual = residual
        self.numbered = numbered
        self.trainable = trainable
        self.dtype = dtype


class Mixture:
    """A `MixtureOfExperts`: the same entries for each expert, of which a token passes a few."""

    __slots__ = ("body", "dtype", "experts", "experts_per_token", "trainable")

    def __init__(self, body: Body, experts: Any, experts_per_token: Any, *, trainable: bool, dtype: str | None) -> None:
        self.body = body
        self.experts = experts
        self.experts_per_token = experts_per_token
        self.trainable = trainable
        self.dtype = dtype


class Call:
    """The call of a block, with its arguments as written."""

    __slots__ = ("arguments", "block", "dtype", "trainable")

    def __init__(self, block: Block, arguments: Mapping[str, Any], *, trainable: bool, dtype: str | None) -> None:
        self.block = block
        self.arguments = arguments
        self.trainable = trainable
        self.dtype = dtype


class Share:
    """The weights of an earlier layer (or container) once more."""

    __slots__ = ("to",)

    def __init__(self, to: Reference) -> None:
        self.to = to


What = Entry | Chain | Fork | Mixture | Call | Share


class Block:
    """A block as declared. `arguments` are the defaults (None: must be given), `inputs` what a call brings, in order.

    `globals` are the variables of the file that it stands in, where that is not the model's own.
    """

    __slots__ = ("arguments", "body", "file", "inputs", "name", "reads", "route", "variables")

    def __init__(self, name: str, route: Route, file: str) -> None:
        self.name = name
        self.route = route
        self.file = file
        self.arguments: dict[str, Any] = {}
        self.inputs: tuple[str, ...] = ("input",)
        self.variables: dict[str, Any] = {}
        self.body: Body | Spoilt = SPOILT


def what_reads(what: What) -> Iterator[str]:
    """The names that bear on what this resolves to."""
    if isinstance(what, Entry):
        yield from what.names
    elif isinstance(what, Chain):
        yield from what.body.reads
    elif isinstance(what, Fork):
        for branch in what.branches:
            yield from branch.reads
        merge = what.merge
        if merge is not None and not isinstance(merge.entry, Spoilt):
            yield from merge.entry.reads if isinstance(merge.entry, Step) else merge.entry.names
    elif isinstance(what, Mixture):
        yield from what.body.reads
        yield from names_of(what.experts)
        yield from names_of(what.experts_per_token)
    elif isinstance(what, Call):
        # A block sees nothing of the call but its arguments.
        for value in what.arguments.values():
            yield from names_of(value)
    else:
        yield from what.to.names


def what_refers(what: What) -> Iterable[Reference]:
    """The references in it that may mean something outside of it. What stands in a block sees nothing outside."""
    if isinstance(what, (Chain, Mixture)):
        return what.body.refers
    if isinstance(what, Fork):
        found = [reference for branch in what.branches for reference in branch.refers]
        if what.merge is not None and isinstance(what.merge.entry, Step):
            found += what.merge.entry.refers
        return found
    return (what.to,) if isinstance(what, Share) else ()
