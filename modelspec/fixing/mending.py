"""Mends a text: as many fixes as go together, each whole, and none that would say anything else than it is to."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence

from modelspec.diagnostics import Edit, Route
from modelspec.fixing.insertion import Change
from modelspec.fixing.patch import apply_changes, overlap, plan
from modelspec.fixing.tree import apply, can_take, is_same, widen
from modelspec.record import NamedTuple
from modelspec.source import Document, read
from modelspec.source.layout import Layout

__all__ = ["Fix", "Mended", "mend"]

Fix = tuple[Edit, ...]
"""Edits that belong together: all of them are made, or none."""


class Mended(NamedTuple):
    """A text as it is mended. Of the fixes, `made` are in it, `impossible` those that cannot be made in their place.

    The others go together with none of those that are made: they are for the next time.
    """

    text: str
    made: tuple[Fix, ...]
    impossible: tuple[Fix, ...]


def mend(document: Document, fixes: Sequence[Fix]) -> Mended:
    """Make fixes in the text of a document, and change not a byte beside them.

    What has come out is read once more: unless it says what the document says with the same edits made in its tree, it
    is not taken.
    """
    layout = document.lay_out()
    taken: list[_Taken] = []
    impossible: list[Fix] = []
    space = _Space()
    for fix in {repr(fix): fix for fix in fixes}.values():
        edits = [widen(document.tree, edit) for edit in fix if can_take(document.tree, edit)]
        changes = plan(layout, edits) if len(edits) == len(fix) else None
        if changes is None:
            impossible.append(fix)
        elif space.take(edits, changes):
            taken.append(_Taken(fix, edits, changes))
    good = _choose(document, layout, taken)
    known = {id(one) for one in good}
    impossible += [one.fix for one in taken if id(one) not in known]
    text = _try(document, layout, good)
    if text is None:
        # Each half is good, and both together are not: the others are for the next time.
        good = good[:1]
        text = _try(document, layout, good)
    assert text is not None
    taken = good
    return Mended(text, tuple([one.fix for one in taken]), tuple(impossible))


class _Taken(NamedTuple):
    """A fix with the changes of the text that make it."""

    fix: Fix
    edits: list[Edit]
    changes: list[Change]


class _Space:
    """What is taken of a document by the fixes so far: stretches of its text, and branches of its tree."""

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self.routes: set[Route] = set()
        self.above: set[Route] = set()

    def take(self, edits: Sequence[Edit], changes: Sequence[Change]) -> bool:
        """Take what a fix changes, if nothing of it is taken already."""
        # With an entry of a list that goes, all that follow change their numbers.
        own = [
            edit.route[:-1] if edit.action == "remove" and isinstance(edit.route[-1], int) else edit.route
            for edit in edits
        ]
        own += [(*edit.route[:-1], edit.value) for edit in edits if edit.action == "rename"]
        if any(route in self.above or not self.routes.isdisjoint(_list_prefixes(route)) for route in own):
            return False
        for change in changes:
            at = bisect_left(self.changes, change)
            if any(overlap(*sorted([change, other])) for other in self.changes[max(0, at - 1) : at + 1]):
                return False
        for change in changes:
            insort(self.changes, change)
        self.routes.update(own)
        self.above.update([prefix for route in own for prefix in _list_prefixes(route)])
        return True


def _list_prefixes(route: Route) -> list[Route]:
    return [route[:length] for length in range(len(route) + 1)]


def _choose(document: Document, layout: Layout, taken: list[_Taken]) -> list[_Taken]:
    """Those of the fixes that come out as they should: all of them, or else what is good of each half."""
    if _try(document, layout, taken) is not None:
        return taken
    if len(taken) == 1:
        return []
    half = len(taken) // 2
    return _choose(document, layout, taken[:half]) + _choose(document, layout, taken[half:])


def _try(document: Document, layout: Layout, taken: Sequence[_Taken]) -> str | None:
    """The text with these changes, if it says what it should."""
    text = apply_changes(layout.text, [change for one in taken for change in one.changes])
    again = read(text.encode(), document.path)
    wanted = apply(document.tree, [edit for one in taken for edit in one.edits])
    faults = [finding.code for finding in document.findings]
    good = again.readable and [finding.code for finding in again.findings] == faults and is_same(again.tree, wanted)
    return text if good else None
