"""How torch stretches axes of 1 where the samples of two inputs go together, and where they do not.

Samples are aligned at their last axes, whatever the number of their axes is. For tensors without a batch (a
`Parameter`, a `Buffer`) that is what torch does; a shorter sample that has the batch in front needs an `Unsqueeze`.
"""

from collections.abc import Callable

from modelspec.layer import Broken
from modelspec.shape import Dim, Shape, Unknown, broadcast_differs, show_dim, show_shape, surely_same, total

__all__ = ["End", "agree", "broadcast", "find_clash", "name_input", "refuse", "refuse_clash"]

End = tuple[int, int]
"""An axis of what arrives: the number of the input, and of its sample's axis."""


def _stretch(a: Dim, b: Dim) -> Dim:
    if surely_same(a, b):
        return a
    if isinstance(a, Unknown) and isinstance(b, Unknown):
        # The one that is not 1: neither, and what either depends on.
        return total((a, b))
    if isinstance(a, Unknown):
        return a if b == 1 else b
    return b if a == 1 else a


def broadcast(*shapes: Shape) -> Shape:
    """Give the shape of the result; a known size other than 1 holds, for a size that is not known is it or is 1."""
    result: Shape = ()
    for shape in shapes:
        shorter, longer = sorted((shape, result), key=len)
        new = len(longer) - len(shorter)
        result = (*longer[:new], *(_stretch(a, b) for a, b in zip(longer[new:], shorter, strict=True)))
    return result


def agree(a: Dim, b: Dim) -> Dim:
    """Give the size of an axis that must be the same in both: the known one, if there is one."""
    return b if isinstance(a, Unknown) and isinstance(b, int) else a


def name_input(number: int) -> str:
    """Name an input of those that any number of may arrive: `input 1` is the first."""
    return f"input {number + 1}"


def find_clash(shapes: tuple[Shape, ...]) -> tuple[End, End] | None:
    """Find two axes that cannot be stretched to one size: of a later shape, and of an earlier one."""
    # The first known size other than 1 of each axis, counted from the end: the others are held against that.
    first: dict[int, tuple[Dim, End]] = {}
    for number, shape in enumerate(shapes):
        for back in range(1, len(shape) + 1):
            size, here = shape[-back], (number, len(shape) - back)
            if isinstance(size, Unknown) or size == 1:
                continue
            known, there = first.setdefault(back, (size, here))
            if broadcast_differs(size, known):
                return here, there
    return None


def refuse(constraint: str, names: Callable[[int], str], shapes: tuple[Shape, ...]) -> Broken | None:
    """Say which two of the samples cannot be stretched to one shape: MS313. None if all can."""
    clash = find_clash(shapes)
    if clash is None:
        return None
    ranks = {len(shapes[number]) for number, _ in clash}
    told = "; an Unsqueeze puts an axis of 1 where one is missing" if len(ranks) > 1 else ""
    hint = f"counted from the last axis, the sizes are equal or one of them is 1{told}"
    return refuse_clash(constraint, names, shapes, *clash, hint)


def refuse_clash(
    constraint: str, names: Callable[[int], str], shapes: tuple[Shape, ...], here: End, there: End, hint: str
) -> Broken:
    """Say that two axes of two inputs do not go together: MS313. `names` are those of the inputs, by number."""
    earlier, later = shapes[there[0]], shapes[here[0]]
    again = f" axis {here[1] + 1} is" if here[1] != there[1] else ""
    message = (
        f"{names(there[0])} {show_shape(earlier)} and {names(here[0])} {show_shape(later)} do not go together: "
        f"axis {there[1] + 1} is {show_dim(earlier[there[1]])} in the one,{again} {show_dim(later[here[1]])} "
        f"in the other"
    )
    return Broken(constraint, message, None, hint, "MS313", here[1], here[0], there)
