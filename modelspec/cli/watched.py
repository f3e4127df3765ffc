"""The specs that are watched: what each came to, and what it was when all was last well with it."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence

from modelspec import config, files, road, stamps
from modelspec.cli.batch import Batch
from modelspec.cli.kept import Kept
from modelspec.comparison import compare
from modelspec.files import Found, Text
from modelspec.record import NamedTuple
from modelspec.render.watching import Change, Round
from modelspec.report import Comparison, Model, Report
from modelspec.road import Choice, Part
from modelspec.stamps import Stamps

__all__ = ["Watched"]

FEW = 3
"""Specs of which it is told by name that they cost what they did."""
Key = tuple[object, ...]
"""What bears on a spec besides its text and what it imports: its name, and the configuration."""


class _Seen(NamedTuple):
    """A spec as it was looked at last; `part` is None if there is nothing to say of it."""

    kept: Kept
    key: Key
    part: Part | None

    def is_well(self) -> bool:
        return self.part is None or self.part.ok


class Watched:
    """The specs of a call, and all files that bear on them.

    What they cost is not worked out before they change: until then it is enough to keep what they say.
    """

    def __init__(self, paths: Sequence[str], choice: Choice | None) -> None:
        self.paths = paths
        self.choice = choice
        self.stamps: Stamps = {}
        """How all that bears on the specs looked before it was read."""
        self._started = False
        self.trouble: list[str] = []
        """What could not be got at."""
        self._further: set[str] = set()
        """Files that bear on the specs and are not among the paths: imports, configurations; also where none is."""
        self._relevant: set[str] = set()
        """Those whose change is told: specs, what they import, and the configurations that hold."""
        self._seen: dict[str, _Seen] = {}
        self._good: dict[str, Kept] = {}
        """Each spec as it was when all was last well with it; what is gone may come back."""
        self._told: list[str] = []
        """What is wrong with the configurations, in words."""

    @property
    def parts(self) -> list[Part]:
        """What there is to say of the specs, in order of the call."""
        return [seen.part for seen in self._seen.values() if seen.part is not None]

    def take_stamps(self) -> Stamps:
        """How all that bears on the specs looks now."""
        folders = [path for path in self.paths if files.is_folder(path)]
        return stamps.take(folders, [*(path for path in self.paths if path not in folders), *self._further])

    def look(self) -> Round | None:
        """Check what is not as it was; None if nothing that bears on a spec has changed."""
        before, first, self._started = self.stamps, not self._started, True
        found, specs = self._read()
        trouble, self.trouble = self.trouble, found.trouble
        told, self._told = self._told, [f"{document.path}: {finding}" for document, finding in found.findings]
        fresh = [path for path, (kept, key) in specs.items() if self._is_new(path, kept, key)]
        gone = self._seen.keys() - specs.keys()
        if not first and not (fresh or gone or trouble != self.trouble or told != self._told):
            return None
        known, relevant = self._seen, self._relevant
        self._relevant = {*specs, *found.list_configurations(), *_list_imported(specs)}
        parts = self._check([specs[path][0].text for path in fresh])
        looked = {path: _Seen(*specs[path], parts.get(specs[path][0].text.path)) for path in fresh}
        self._seen = {path: looked.get(path) or known[path] for path in specs}
        moves: dict[str, str] = {}
        changes: list[Change] = []
        if not first:
            moves = self._find_moves(before, known)
            changed = {path for path in stamps.compare(before, self.stamps) if path in relevant | self._relevant}
            changed.update(gone, self._seen.keys() - known.keys())
            changes += _tell_changes(sorted(changed), before, self.stamps, known, specs, moves)
        comparisons, models = ([], []) if first else self._compare(looked, known, moves)
        self._good |= {path: seen.kept for path, seen in looked.items() if seen.is_well()}
        report = road.join([seen.part for seen in looked.values() if seen.part is not None], found.findings)
        report = report.model_copy(update={"comparisons": comparisons, "models": models})
        return self._tell(changes, report, looked, found)

    def _is_new(self, path: str, kept: Kept, key: Key) -> bool:
        seen = self._seen.get(path)
        return seen is None or seen.key != key or not seen.kept.says_the_same(kept)

    def _read(self) -> tuple[Found, dict[str, tuple[Kept, Key]]]:
        """All specs by their absolute path; stamped before they are read, so that no change is missed.

        What bears on them is known when they have been read: if that is more than was stamped, once again.
        """
        while True:
            self.stamps = self.take_stamps()
            texts: list[Text] = []
            found = files.find(self.paths, take=texts.append)
            specs = {text.absolute: (Kept(text), _make_key(text, found)) for text in texts}
            further = {
                *_list_imported(specs),
                *(os.path.join(folder, name) for folder in found.list_folders() for name in config.NAMES),
            }
            if further <= self._further:
                return found, specs
            self._further = further

    def _check(self, texts: Sequence[Text]) -> dict[str, Part]:
        """What there is to say of these texts, by their path."""
        batch = Batch(models=False, choice=self.choice)
        for text in texts:
            batch.take(text)
        batch.follow()
        return {part.path: part for part in batch.parts}

    def _find_moves(self, before: Stamps, known: Collection[str]) -> dict[str, str]:
        """The specs that are files which had another name, by their new paths."""
        were = {before.get(path): path for path in known if path not in self._seen}
        new = [path for path in self._seen if path not in known]
        moves = {path: were[self.stamps.get(path)] for path in new if self.stamps.get(path) in were}
        for path, was in moves.items():
            if was in self._good:
                self._good[path] = self._good.pop(was)
        return moves

    def _compare(
        self, looked: Mapping[str, _Seen], known: Collection[str], moves: Mapping[str, str]
    ) -> tuple[list[Comparison], list[Model]]:
        """The models of specs beside those that were last well, and the models as they are.

        What is broken now is not compared; nor is what says the same, if that are more than anybody reads.
        """
        comparisons: list[Comparison] = []
        models: list[Model] = []
        for path, seen in looked.items():
            good = self._good.get(path)
            same = good is not None and good.says_the_same(seen.kept) and path not in moves
            if (good is None and path in known) or (same and len(looked) > FEW):
                continue
            new = seen.kept.describe(self.choice)
            if any(model.totals.parameters is None for model in new) or (not new and not seen.is_well()):
                continue
            models += new
            olds = {} if good is None else {model.variant: model for model in good.describe(self.choice)}
            comparisons += [compare(olds.pop(model.variant, None), model) for model in new]
            comparisons += [compare(model, None) for model in olds.values()]
        return comparisons, models

    def _tell(self, changes: Sequence[Change], report: Report, looked: Collection[str], found: Found) -> Round:
        whole = road.join(self.parts, found.findings)
        errors = sum(one.severity == "error" for one in whole.diagnostics)
        wrong = {path: seen.part for path, seen in self._seen.items() if seen.part is not None and not seen.part.ok}
        return Round(
            changes=changes,
            report=report,
            others=[
                (part.path, sum(one.severity == "error" for one in part.diagnostics))
                for path, part in wrong.items()
                if path not in looked
            ],
            checked=len(self._seen),
            failed=len(wrong),
            errors=errors,
            warnings=len(whole.diagnostics) - errors,
        )


def _make_key(text: Text, found: Found) -> Key:
    configuration = found.configuration(os.path.dirname(text.absolute))
    page = configuration.page
    return text.path, configuration.path, page.text if page is not None else None


def _list_imported(specs: Mapping[str, tuple[Kept, Key]]) -> set[str]:
    return {path for kept, _ in specs.values() for path in kept.imported}


def _tell_changes(
    changed: Sequence[str],
    before: Stamps,
    after: Stamps,
    known: Collection[str],
    now: Collection[str],
    moves: Mapping[str, str],
) -> Iterator[Change]:
    gone = set(moves.values())
    for path in changed:
        if path in gone:
            continue
        if path in moves:
            yield Change(_shorten(path), "renamed", _shorten(moves[path]))
        elif after.get(path) is None:
            yield Change(_shorten(path), "deleted")
        elif path in known and path not in now:
            yield Change(_shorten(path), "left out")
        elif before.get(path) is None or (path in now and path not in known):
            yield Change(_shorten(path), "new")
        else:
            yield Change(_shorten(path), "changed")


def _shorten(path: str) -> str:
    """A path as people call it: relative to the working folder, if it is in there."""
    return path.removeprefix(os.path.join(os.getcwd(), ""))
