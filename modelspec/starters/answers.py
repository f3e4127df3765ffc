"""What is chosen of a starting point, from the words in which people say it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from modelspec.limit import LimitKind, Share
from modelspec.refusal import Refused

__all__ = ["MAX_AXES", "MAX_SIZE", "Shape", "Size", "read_budget", "read_number", "read_shape", "show_shape"]

MAX_SIZE = 10**9
"""The largest size of an axis, vocabulary or output that can be asked for."""
MAX_AXES = 8

Size = int | None
Shape = tuple[Size, ...]


def read_shape(text: str) -> Shape:
    """Read the shape of an input: `3x32x32`, `[3, 32, 32]`, `3 32 32`; `null` or `?` is a size that is not known.

    Raises Refused.
    """
    inside = text.strip()
    if inside.startswith("[") and inside.endswith("]"):
        inside = inside[1:-1]
    steps = re.split(r"\s*[x×,*]\s*|\s+", inside.strip(), flags=re.IGNORECASE)
    if len(steps) > MAX_AXES:
        raise Refused(f"an input of at most {MAX_AXES} axes is expected, but got {len(steps)}")
    try:
        return tuple(None if step.lower() in ("null", "?") else read_number(step) for step in steps)
    except Refused as refused:
        raise Refused(f"the sizes of one sample are expected, such as 3x32x32, but got '{text}'") from refused


def show_shape(shape: Sequence[Size]) -> str:
    """`[3, 32, 32]`, as a spec has it."""
    return f"[{', '.join('null' if size is None else str(size) for size in shape)}]"


def read_number(text: str) -> int:
    """Read a number from 1 to `MAX_SIZE`: `10`, `10_000`, `10,000`. Raises Refused."""
    digits = text.strip().replace("_", "").replace(",", "")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 20 and 1 <= int(digits) <= MAX_SIZE):
        raise Refused(f"a number from 1 to {MAX_SIZE:,} is expected, but got '{text}'")
    return int(digits)


def read_budget(text: str) -> Share | str:
    """Read a budget for the parameters: a limit such as `60K`, or what it leaves above what there is, `10%`.

    Raises Refused.
    """
    percent = re.fullmatch(r"\s*\+?(\d{1,4})\s*%\s*", text, re.ASCII)
    if percent is not None:
        return Share(int(percent[1]), 100)
    number = text.strip()
    value = int(number) if number.isascii() and number.isdigit() and len(number) <= 30 else number
    LimitKind("count").read(value)
    return number
