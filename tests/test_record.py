"""`NamedTuple` as we make it is that of `typing`."""

from __future__ import annotations

import pickle
import typing

import pytest

from modelspec.record import NamedTuple


class Ours(NamedTuple):
    """Two numbers."""

    first: int
    second: tuple[int, ...] = ()

    @property
    def both(self) -> int:
        """Their sum."""
        return self.first + sum(self.second)


class Theirs(typing.NamedTuple):
    """Two numbers."""

    first: int
    second: tuple[int, ...] = ()

    @property
    def both(self) -> int:
        """Their sum."""
        return self.first + sum(self.second)


SAME = [
    "__doc__",
    "__module__",
    "__match_args__",
    "_fields",
    "_field_defaults",
    "__slots__",
    "__mro__",
]


@pytest.mark.parametrize("name", SAME)
def test_the_class_is_the_same(name: str) -> None:
    ours, theirs = getattr(Ours, name), getattr(Theirs, name)
    assert (ours[1:] == theirs[1:] and ours[0] is Ours) if name == "__mro__" else ours == theirs


def test_its_tuples_are_the_same() -> None:
    for one, other in [(Ours(1), Theirs(1)), (Ours(second=(2,), first=1), Theirs(1, (2,)))]:
        assert one == other
        assert hash(one) == hash(other)
        assert repr(one) == repr(other).replace("Theirs", "Ours")
        assert one.both == other.both
        assert one._replace(first=5) == other._replace(first=5)
        assert type(pickle.loads(pickle.dumps(one))) is Ours
    for wrong in ({}, {"first": 1, "third": 2}):
        with pytest.raises(TypeError):
            Ours(**wrong)
