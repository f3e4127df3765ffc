"""Specs mended until nothing is left that can be: round after round, for one mistake may hide another."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from modelspec import road
from modelspec.advice import Selection
from modelspec.diagnostics import Where
from modelspec.files import Text
from modelspec.fixing.inferred import FIXED, find_inferred
from modelspec.fixing.mending import Fix, mend
from modelspec.fixing.pins import find_stale
from modelspec.imports import Disk
from modelspec.record import NamedTuple
from modelspec.source import BOM, read

__all__ = ["Draft", "Wanted", "count_left", "work"]

MAX_ROUNDS = 100
"""Rounds of mending and checking: as many as ruff takes."""


class Wanted(NamedTuple):
    """What is to be written: `fix` what is certain, `inferred` the arguments that are inferred, `pins` stale counts."""

    fix: bool = False
    inferred: bool = False
    pins: bool = False


class Draft:
    """A text on its way: `data` is what it has become, and the numbers say what has been done and what has not."""

    def __init__(self, text: Text) -> None:
        self.text = text
        self.reset()

    def reset(self) -> None:
        """Take the text as it was: nothing has been done."""
        self.data = self.text.data
        self._seen = {hash(self.data)}
        self.mended = 0
        self.written = 0
        self.pinned = 0
        self.unmended = 0
        """Problems that cannot be mended in their place."""
        self.unwritten: dict[str, int] = {}
        """Inferred arguments that are not written, by the reason."""
        self.unpinned = 0
        """Stale counts that hold for several models that differ."""

    @property
    def counts(self) -> tuple[int, int, int]:
        """Problems that are mended, entries whose inferred arguments are written, and pins that are updated."""
        return self.mended, self.written, self.pinned

    @property
    def is_changed(self) -> bool:
        """Whether anything has been done."""
        return self.data != self.text.data

    def is_new(self) -> bool:
        """Tell whether the text has never been what it is now, and keep it in mind."""
        before = len(self._seen)
        self._seen.add(hash(self.data))
        return len(self._seen) > before

    def make(self, fixes: Sequence[Fix]) -> tuple[int, int]:
        """Make as many of these fixes as go together; how many that are, and in how many places none can be made."""
        document = read(self.data, self.text.path)
        done = mend(document, fixes)
        if done.made:
            bom = BOM if self.data.startswith(BOM) else b""
            self.data = bom + done.text.encode()
        # What stands in two places of the tree by an alias is wrong in one place of the text.
        return len(done.made), len({document.place(Where(fix[0].route)) for fix in done.impossible})


def count_left(drafts: Sequence[Draft]) -> int:
    """How many problems there are in texts as they have become."""
    desk = _Desk({os.path.realpath(draft.text.absolute): draft for draft in drafts})
    found = [finding for draft in drafts for finding in _follow(draft, desk).findings]
    return sum(finding.severity == "error" for finding in found)


class _Desk(Disk):
    """The disk as it will be: what the drafts say, in the place of their files."""

    def __init__(self, drafts: dict[str, Draft]) -> None:
        self.drafts = drafts

    def read_whole(self, path: str) -> bytes:
        """The bytes of a file (one more than the bound at most). Raises OSError."""
        draft = self.drafts.get(os.path.realpath(path))
        return super().read_whole(path) if draft is None else draft.data


def work(texts: Iterable[Text], wanted: Wanted) -> list[Draft]:
    """Mend texts in memory, in their order; what they import is mended only if it is among them."""
    drafts = [Draft(text) for text in texts]
    desk = _Desk({os.path.realpath(draft.text.absolute): draft for draft in drafts})
    if wanted.fix:
        _mend_all(drafts, desk)
    for draft in drafts:
        if wanted.inferred:
            _write_inferred(draft, desk)
        if wanted.pins:
            _update_pins(draft, desk)
    return drafts


def _follow(draft: Draft, desk: _Desk, advice: Selection | None = None) -> road.Outcome:
    return road.follow(draft.data, draft.text.path, None, draft.text.demands, desk, advice)


def _mend_all(drafts: list[Draft], desk: _Desk) -> None:
    waiting = drafts
    for _ in range(MAX_ROUNDS):
        wanted: dict[int, list[Fix]] = {}
        for draft in waiting:
            outcome = _follow(draft, desk, draft.text.advice)
            for finding in outcome.findings:
                for home in {edit.file for edit in finding.fix}:
                    path = os.path.realpath(outcome.documents[home].path) if home else draft.text.absolute
                    target = desk.drafts.get(os.path.realpath(path))
                    if target is not None:
                        own = tuple([edit._replace(file="") for edit in finding.fix if edit.file == home])
                        wanted.setdefault(drafts.index(target), []).append(own)
        changed = []
        for number, fixes in wanted.items():
            draft = drafts[number]
            made, draft.unmended = draft.make(fixes)
            draft.mended += made
            # Two fixes that undo each other would go on for ever.
            if made and draft.is_new():
                changed.append(draft)
        if not changed:
            return
        # What imports from a file that has changed may be right now, or have something else wrong with it.
        waiting = [draft for draft in drafts if draft in changed or b"imports" in draft.data]


def _write_inferred(draft: Draft, desk: _Desk) -> None:
    for _ in range(MAX_ROUNDS):
        fixes, draft.unwritten = find_inferred(_follow(draft, desk))
        if not fixes:
            return
        made, impossible = draft.make(fixes)
        draft.written += made
        if impossible:
            draft.unwritten[FIXED] = impossible
        if not made:
            return


def _update_pins(draft: Draft, desk: _Desk) -> None:
    fixes, draft.unpinned = find_stale(_follow(draft, desk))
    if fixes:
        draft.pinned, impossible = draft.make(fixes)
        draft.unpinned += impossible
