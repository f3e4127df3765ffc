"""The specs that are watched: what each came to, and what it was when all was last well with it."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from modelspec import config, files, road, stamps
from modelspec.cli.batch import Batch
from modelspec.comparison import compare
from modelspec.files import Found, Text
from modelspec.importers import list_imports
from modelspec.imports import Disk
from modelspec.render.watching import Change, Round
from modelspec.report import Comparison, Model
from modelspec.road import Choice, Part
from modelspec.source import MAX_BYTES
from modelspec.stamps import Stamps

__all__ = ["Watched"]

Key = tuple[object, ...]
"""All that what a spec comes to depends on: its bytes, those of what it imports, and of the configuration."""


class _Seen(NamedTuple):
    """A spec as it was looked at last."""

    key: Key
    part: Part


class Watched:
    """The specs of a call, and all files that bear on them. `parts` are what they came to."""

    def __init__(self, paths: Sequence[str], choice: Choice | None) -> None:
        self.paths = paths
        self.choice = choice
        self.stamps: Stamps = {}
        """How all that bears on the specs looked before it was read."""
        self.trouble: list[str] = []
        """What could not be got at."""
        self._further: set[str] = set()
        """Files that bear on the specs and are not among the paths: imports, configurations; also where none is."""
        self._relevant: set[str] = set()
        """Those whose change is told: specs, what they import, and the configurations that hold."""
        self._seen: dict[str, _Seen] = {}
        self._good: dict[str, Part] = {}
        """Each spec as it was when all was last well with it; what is gone may come back."""
        self._told: list[str] = []
        """What is wrong with the configurations, in words."""

    @property
    def parts(self) -> list[Part]:
        """What all specs came to, in order of the call."""
        return [seen.part for seen in self._seen.values()]

    def take_stamps(self) -> Stamps:
        """How all that bears on the specs looks now."""
        folders = [path for path in self.paths if files.is_folder(path)]
        return stamps.take(folders, [*(path for path in self.paths if path not in folders), *self._further])

    def look(self) -> Round | None:
        """Check what is not as it was; None if nothing that bears on a spec has changed."""
        before, first = self.stamps, not self.stamps
        texts, found, keys = self._read()
        trouble, self.trouble = self.trouble, found.trouble
        told, self._told = self._told, [f"{document.path}: {finding}" for document, finding in found.findings]
        fresh = [path for path, text in texts.items() if path not in self._seen or self._seen[path].key != keys[path]]
        gone = self._seen.keys() - texts.keys()
        if not first and not (fresh or gone or trouble != self.trouble or told != self._told):
            return None
        known, relevant = set(self._seen), self._relevant
        looked = dict(zip(fresh, self._check([texts[path] for path in fresh]), strict=True))
        self._seen = {path: _Seen(keys[path], looked[path]) if path in looked else self._seen[path] for path in texts}
        self._relevant = self._list_relevant(keys, found)
        changed = {path for path in stamps.compare(before, self.stamps) if path in relevant | self._relevant}
        changed.update(gone, self._seen.keys() - known)
        moves = {} if first else self._find_moves(before, known)
        changes = list(_tell_changes(sorted(changed), before, self.stamps, known, texts.keys(), moves))
        comparisons = (
            [] if first else [comparison for path in fresh for comparison in self._compare(path, known, moves)]
        )
        self._good |= {path: part for path, part in looked.items() if _is_well(part)}
        report = road.join(looked.values(), found.findings).model_copy(update={"comparisons": comparisons})
        whole = road.join(self.parts, found.findings)
        errors = sum(one.severity == "error" for one in whole.diagnostics)
        return Round(
            changes=() if first else tuple(changes),
            report=report,
            others=[
                (part.path, sum(one.severity == "error" for one in part.diagnostics))
                for path, (_, part) in self._seen.items()
                if path not in looked and not part.ok
            ],
            checked=len(self._seen),
            failed=sum(not part.ok for part in self.parts),
            errors=errors,
            warnings=len(whole.diagnostics) - errors,
        )

    def _read(self) -> tuple[dict[str, Text], Found, dict[str, Key]]:
        """All specs by their absolute path, and their keys; stamped before they are read, so that no change is missed.

        What bears on them is known when they have been read: if that is more than was stamped, once again.
        """
        while True:
            self.stamps = self.take_stamps()
            texts: dict[str, Text] = {}

            def take(text: Text, texts: dict[str, Text] = texts) -> None:
                texts[text.absolute] = text

            found = files.find(self.paths, take=take)
            keys = {path: _make_key(text, found) for path, text in texts.items()}
            further = {
                *(path for key in keys.values() for path, _ in _list_imported(key)),
                *(os.path.join(folder, name) for folder in found.list_folders() for name in config.NAMES),
            }
            if further <= self._further:
                return texts, found, keys
            self._further = further

    def _list_relevant(self, keys: dict[str, Key], found: Found) -> set[str]:
        imported = {path for key in keys.values() for path, _ in _list_imported(key)}
        return {*keys, *imported, *found.list_configurations()}

    def _check(self, texts: Sequence[Text]) -> list[Part]:
        batch = Batch(models=True, choice=self.choice)
        for text in texts:
            batch.take(text)
        batch.follow()
        return batch.parts

    def _find_moves(self, before: Stamps, known: Collection[str]) -> dict[str, str]:
        """The specs that are files which had another name, by their new paths."""
        were = {before.get(path): path for path in known if path not in self._seen}
        new = [path for path in self._seen if path not in known]
        moves = {path: were[self.stamps.get(path)] for path in new if self.stamps.get(path) in were}
        for path, was in moves.items():
            if was in self._good:
                self._good[path] = self._good.pop(was)
        return moves

    def _compare(self, path: str, known: Collection[str], moves: dict[str, str]) -> Iterator[Comparison]:
        """Each model of a spec beside the one that was last well. What is broken now is not compared."""
        part, good = self._seen[path].part, self._good.get(path)
        if any(model.totals.parameters is None for model in part.models) or (not part.models and not part.ok):
            return
        if good is None:
            if path not in known and path not in moves:
                yield from (compare(None, model) for model in part.models)
            return
        # A spec that is not moved is called as it is now; that it was read by another name is nobody's concern.
        olds: dict[str | None, Model] = {model.variant: model for model in good.models}
        for model in part.models:
            yield compare(olds.pop(model.variant, None), model)
        yield from (compare(model, None) for model in olds.values())


def _is_well(part: Part) -> bool:
    return part.ok and bool(part.models) and all(model.totals.parameters is not None for model in part.models)


def _make_key(text: Text, found: Found) -> Key:
    configuration = found.configuration(os.path.dirname(text.absolute))
    page = configuration.page
    imported = tuple(_follow_imports(text)) if b"imports" in text.data else ()
    return text.path, text.data, imported, configuration.path, page.text if page is not None else None


def _list_imported(key: Key) -> tuple[tuple[str, bytes | None], ...]:
    imported = key[2]
    assert isinstance(imported, tuple)
    return imported


def _follow_imports(text: Text) -> Iterator[tuple[str, bytes | None]]:
    """The files that a spec imports, directly or by another: their paths and bytes, None for what cannot be read."""
    disk, met, waiting = Disk(), {os.path.realpath(text.absolute)}, [text]
    while waiting:
        importing = waiting.pop()
        for path in list_imports(importing):
            if path in met:
                continue
            met.add(path)
            data = None
            if os.path.isfile(path) and not disk.leads_out(importing.path, path):
                try:
                    with open(path, "rb") as file:
                        data = file.read(MAX_BYTES + 1)
                except OSError:
                    pass
            yield path, data
            if data is not None and b"imports" in data:
                waiting.append(Text(path, data))


def _tell_changes(
    changed: Sequence[str],
    before: Stamps,
    after: Stamps,
    known: Collection[str],
    now: Collection[str],
    moves: dict[str, str],
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
