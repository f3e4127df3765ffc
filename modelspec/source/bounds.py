"""What a document is made of, and how large it may be."""

from __future__ import annotations

from modelspec.diagnostics import Place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelspec.diagnostics import Finding

__all__ = [
    "MARK",
    "MAX_BYTES",
    "MAX_DEPTH",
    "MAX_DIGITS",
    "MAX_EXPANSION",
    "MAX_FAULTS",
    "MAX_NODES",
    "TOP",
    "Scalar",
    "StopError",
    "Tree",
    "count_separators",
]

Scalar = str | int | float | bool | None
Tree = dict[str, "Tree"] | list["Tree"] | Scalar
"""Plain values, to be read and not changed: what YAML aliases share is one object here too."""

MARK = "modelspec"
"""The top-level key by which a file is known to be a spec."""

MAX_BYTES = 8 * 2**20
"""Bytes of a file: the largest real spec is a hundredth of it, and it is read well within a second."""
MAX_NODES = 1_250_000
"""Keys, values and closing brackets of a file: as many as 200,000 layers of two arguments have; the densest text of
`MAX_BYTES` holds four times as many, which would take seconds."""
MAX_DEPTH = 200
"""Nesting: deep enough for any model, and shallow enough for recursion."""
MAX_EXPANSION = 10
"""How many times larger than the file a tree may become when its aliases are written out."""
MAX_DIGITS = 40
"""Digits of an integer: sizes end at 10^30, and converting digits takes quadratic time."""
MAX_FAULTS = 200
"""Faults told of one text: more than anyone mends in one go."""

TOP = Place(1, 1, 1, 1)


class StopError(Exception):
    """Reading or writing cannot go on, for the reason in `finding`."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


def count_separators(data: bytes) -> int:
    """A bound for a third of the number of nodes: a separator is followed by a container, a key and a value at most.

    0 for a text that is too short to hold `MAX_NODES`.
    """
    if len(data) <= MAX_NODES // 3:
        return 0
    return sum(map(data.count, (b",", b":", b"\n", b"\r", b"-", b"?", b"[", b"{")))
