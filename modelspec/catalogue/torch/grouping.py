"""Channels in groups: a number of groups that does not divide them."""

from math import gcd

from modelspec.layer import Broken
from modelspec.shape import Dim

__all__ = ["refuse_groups"]


def refuse_groups(constraint: str, field: str, groups: Dim, axis: int, **channels: Dim) -> Broken | None:
    """Say which of the sizes, given by name, `groups` (the value of `field`) does not divide. None if it divides all.

    The first of them is the size of the axis `axis` of what arrives. Unknown sizes are taken to be divided.
    """
    if not isinstance(groups, int):
        return None
    undivided = {name: f"{name} ({size})" for name, size in channels.items() if isinstance(size, int) and size % groups}
    if not undivided:
        return None
    told = list(undivided.values())
    what = f"divides neither {' nor '.join(told)}" if len(told) == 2 else f"does not divide {told[0]}"
    hint = f"{field} divides {'both ' * (len(channels) == 2)}{' and '.join(channels)}"
    known = [size for size in channels.values() if isinstance(size, int)]
    if len(known) == len(channels):
        most = gcd(*known)
        hint += f"; the largest that does is {most}" if most > 1 else "; here only 1 does"
    message = f"{field} is {groups}, which {what}"
    arrives, *_ = channels
    return Broken(constraint, message, field, hint, axis=axis if arrives in undivided else None)
