"""Which advice is asked for: what a configuration selects and ignores, and what a call does."""

from __future__ import annotations

from modelspec.advice.index import DEFAULT, RULES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["PREFIX", "Selection", "refuse_code"]

PREFIX = "MS6"
"""What the code of all advice begins with."""


class Selection:
    """What is selected and ignored, each a list of codes or beginnings of codes (`MS6`, `MS60`, `MS601`).

    `select` is None for the usual. `silenced` is what is ignored in this file, whatever is selected.
    """

    __slots__ = ("ignore", "select", "silenced")

    def __init__(
        self,
        select: tuple[str, ...] | None = None,
        ignore: tuple[str, ...] = (),
        silenced: tuple[str, ...] = (),
    ) -> None:
        self.select = select
        self.ignore = ignore
        self.silenced = silenced

    @property
    def codes(self) -> frozenset[str]:
        """The codes that are selected. Of a selection and an exception to it the longer one holds."""
        if self.select is None and not self.ignore and not self.silenced:
            return DEFAULT
        return frozenset([code for code in RULES if self._selects(code) and not _measure(code, self.silenced)])

    def _selects(self, code: str) -> bool:
        chosen = int(code in DEFAULT) if self.select is None else _measure(code, self.select)
        return chosen > _measure(code, self.ignore)

    def over(self, select: Iterable[str] | None, ignore: Iterable[str]) -> Selection:
        """The selection with what a call says: a list of its own takes the place of what the configuration has."""
        if select is not None:
            return Selection(tuple(select), tuple(ignore), self.silenced)
        return Selection(self.select, (*self.ignore, *ignore), self.silenced)


def _measure(code: str, beginnings: Iterable[str]) -> int:
    """The length of the longest of these that a code begins with; 0 if it begins with none."""
    return max([len(each) for each in beginnings if code.startswith(each)], default=0)


def refuse_code(text: str, known: Iterable[str]) -> tuple[str, str] | None:
    """Why this selects no advice, and the way out; None if it does. `known` are all codes."""
    if text.startswith(PREFIX) and any(code.startswith(text) for code in RULES):
        return None
    if text.startswith("MS") and any(code.startswith(text) for code in known):
        message = f"'{text}' is not advice: errors are always looked for, and never ignored"
        return message, "advice begins with MS6; what is wrong today, a baseline can accept"
    codes = [*RULES]
    return f"there is no advice '{text}'", f"write {codes[0]} to {codes[-1]}, or MS6 for all of it"
