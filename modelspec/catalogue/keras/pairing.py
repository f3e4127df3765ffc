"""What layers of keras.layers with several inputs, or with a layer inside, share."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from modelspec.layer import Broken, Layer, Tensor
from modelspec.shape import Shape, show_dim, show_shape

if TYPE_CHECKING:
    from modelspec.fitting import Fitted

__all__ = ["name_inside", "refuse_axes", "refuse_ranks"]


def name_inside(inside: "Fitted", attribute: str) -> Iterator[Tensor]:
    """The tensors of a layer inside, under the attribute by which the wrapper holds it."""
    for tensor in inside.tensors:
        yield tensor._replace(name=f"{attribute}.{tensor.name}")


def _name_both(layer: Layer, shapes: tuple[Shape, ...], one: int, other: int) -> str:
    first, second = (f"{layer.input_name_at(number)} {show_shape(shapes[number])}" for number in (one, other))
    return f"{first} and {second} do not go together"


def refuse_axes(
    layer: Layer, number: str, shapes: tuple[Shape, ...], here: tuple[int, int], there: tuple[int, int], hint: str
) -> Broken:
    """Two axes that are not equally long, each the number of an input and the place in its sample: MS313.

    `here` is what is pointed at, `there` the other end.
    """
    (one, axis), (other, at) = there, here
    message = (
        f"{_name_both(layer, shapes, one, other)}: axis {axis + 1} is {show_dim(shapes[one][axis])} in the one, "
        f"axis {at + 1} is {show_dim(shapes[other][at])} in the other"
    )
    return Broken(number, message, None, hint, "MS313", at, other, there)


def refuse_ranks(layer: Layer, number: str, shapes: tuple[Shape, ...]) -> Broken | None:
    """The first input that has not as many axes as the one before all: MS313. None if all have."""
    first = shapes[0]
    for at, shape in enumerate(shapes):
        if len(shape) != len(first):
            message = f"{_name_both(layer, shapes, 0, at)}: {len(first)} and {len(shape)} axes"
            hint = "give both as many axes, by a Flatten or a Reshape before"
            # A sample without axes has none to point at.
            return Broken(
                number,
                message,
                hint=hint,
                code="MS313",
                axis=-1 if first and shape else None,
                input=at,
                against=(0, -1) if first and shape else None,
            )
    return None
