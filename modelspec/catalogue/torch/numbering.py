"""How torch numbers axes: 0 is the batch, the sample's own begin at 1, and negative numbers count from the end."""

from modelspec.layer import Broken
from modelspec.shape import Dim, Shape, Unknown, show_shape

__all__ = ["find", "refuse", "refuse_new"]


def find(dim: int, x: Shape) -> int:
    """Give the axis of the sample that `dim` means; there is none for what `refuse` refuses."""
    return dim - 1 if dim >= 0 else len(x) + dim


def refuse(constraint: str, field: str, dim: Dim, x: Shape) -> Broken | None:
    """Say what is wrong with `dim`, the value of `field`: MS309, or MS307 for an unknown one. None if nothing is."""
    if isinstance(dim, Unknown):
        cause = dim.name or "the variable"
        message = f"{field} is not known before the model runs"
        return Broken(None, message, field, f"give {cause} a value in `variables`", "MS307")
    rank = len(x)
    if 0 <= find(dim, x) < rank:
        return None
    if rank == 0:
        return Broken(constraint, f"{field} is {dim}, but [] arrives, which has no axes", field, None, "MS309")
    hint = "the axis is 1, or -1" if rank == 1 else f"the axes are 1 to {rank}, or -1 to -{rank} from the end"
    if dim in (0, -rank - 1):
        message = f"{field} is {dim}, which is the batch: {show_shape(x)} arrives for each sample"
    else:
        message = f"{field} is {dim}, but {show_shape(x)} has no such axis"
    return Broken(constraint, message, field, f"{hint}; 0 is the batch", "MS309")


def refuse_new(constraint: str, field: str, dim: Dim, x: Shape) -> Broken | None:
    """Say what is wrong with `dim` as the number of a new axis: as `refuse`, for a result with one axis more than x."""
    broken = refuse(constraint, field, dim, (1, *x))
    if broken is None or broken.code != "MS309":
        return broken
    batch = f"{field} is {dim}, which is the batch: a new axis stands behind it"
    beyond = f"{field} is {dim}, but the result of {show_shape(x)} has no axis of this number"
    return broken._replace(message=batch if dim in (0, -len(x) - 2) else beyond)
