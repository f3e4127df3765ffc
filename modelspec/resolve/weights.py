"""What weights a container has, equal ones as one object: blocks that call blocks have more than can be listed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from modelspec.fitting import Fitted
from modelspec.graph import Group, Item, Leaf
from modelspec.layer import Tensor

__all__ = ["Scales", "Weights", "compare", "show_sizes", "sizes_of"]


class Weights:
    """Those of a layer (`kind`, `tensors`), or of what is `inside`, so many times. Equal ones are one object."""

    __slots__ = ("inside", "kind", "length", "tensors")

    def __init__(
        self, kind: str, tensors: tuple[tuple[str, tuple[Any, ...]], ...], inside: tuple[Weights, ...], length: int
    ) -> None:
        self.kind = kind
        self.tensors = tensors
        self.inside = inside
        self.length = length


class Scales:
    """Gives the weights of layers and parts, each looked at once."""

    def __init__(self) -> None:
        self.weighed: dict[Item | Fitted, Weights] = {}
        self.known: dict[Any, Weights] = {}

    def weigh(self, item: Item | Fitted) -> Weights:
        """The weights of a layer or part. What an error has spoilt has none."""
        found = self.weighed.get(item)
        if found is None:
            found = self.weighed[item] = self._weigh(item)
        return found

    def _weigh(self, item: Item | Fitted) -> Weights:
        if isinstance(item, Leaf):
            return self.weigh(item.fitted)
        if isinstance(item, Fitted):
            tensors = tuple([(tensor.name, sizes_of(tensor)) for tensor in item.tensors])
            return self._keep(item.layer.type_name(), tensors, (), 1)
        inside: list[Weights] = []
        for done in item.steps:
            if isinstance(done, Group):
                inside += self._weigh_rounds(done)
            elif isinstance(done, (Fitted, Leaf)):
                inside.append(self.weigh(done))
        return self._keep("", (), tuple(inside), 1)

    def _weigh_rounds(self, group: Group) -> Iterator[Weights]:
        """The weights of a group's rounds, those together that have the same, whatever arrives at them."""
        weights: Weights | None = None
        length = 0
        for run in group.runs:
            more = self.weigh(run.item)
            if weights is not None and more is not weights:
                yield self._keep("", (), (weights,), length)
                length = 0
            weights = more
            length = 1 if group.shared else length + run.length
        if weights is not None:
            yield self._keep("", (), (weights,), length)

    def _keep(
        self, kind: str, tensors: tuple[tuple[str, tuple[Any, ...]], ...], inside: tuple[Weights, ...], length: int
    ) -> Weights:
        key = (kind, tensors, inside, length)
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = Weights(*key)
        return found


def compare(one: Weights, other: Weights, there: str, place: str) -> str | None:
    """In what the weights of two containers differ, in words; `there` and `place` are where they stand."""
    if one is other:
        return None
    if one.kind and other.kind and one.kind != other.kind:
        return f"what is a {one.kind} {there} would be a {other.kind} {place}"
    for (name, sizes), (_, here) in zip(one.tensors, other.tensors, strict=False):
        if sizes != here:
            return f"the {name} of a {one.kind} is {show_sizes(sizes)} {there}, and would be {show_sizes(here)} {place}"
    for mine, theirs in zip(one.inside, other.inside, strict=False):
        difference = compare(mine, theirs, there, place)
        if difference is not None:
            return difference
    return f"other layers are left in {place} than {there}"


def sizes_of(tensor: Tensor) -> tuple[Any, ...]:
    """The sizes of a tensor's axes."""
    return tuple([size for _, size in tensor.axes])


def show_sizes(sizes: Sequence[Any]) -> str:
    """`8 × 8`."""
    return " × ".join(map(str, sizes)) or "a single number"
