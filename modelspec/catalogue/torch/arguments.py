"""Arguments of torch's functions: a list, one value, and the difference between them."""

from typing import Annotated, Any

from modelspec.kinds import Integer, Kind, ListOf
from modelspec.layer import Broken
from modelspec.shape import Unknown

__all__ = ["AxisIndices", "SizesOrRest", "one_or_each", "refuse_unknown"]


class _OneOrEach(ListOf):
    def complete(self, value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return super().complete(value)
        return self.item.complete(value)


def one_or_each(item: Kind) -> Kind:
    """One value, which stays one, or a list: what one value alone stands for depends on what arrives."""
    return _OneOrEach(item, minimum=1, single=True)


AxisIndices = Annotated[
    tuple[int, ...], ListOf(Integer(), minimum=1, single=True, words="the number of an axis or a list of such")
]
SizesOrRest = Annotated[
    tuple[int, ...], ListOf(Integer(-1, words="a positive integer or -1"), single=True, words="a list of sizes")
]
"""Sizes without the batch, where -1 stands for what follows from the others."""


def refuse_unknown(field: str, value: Unknown) -> Broken:
    """Say that the value of `field` must be known: MS307."""
    cause = value.name or ", ".join(sorted(value.causes)) or "it"
    message = f"{field} is not known before the model runs"
    return Broken(None, message, field, f"give {cause} a value in `variables`", "MS307")
