"""`modelspec diff`: what has changed in structure and in cost between two versions of specs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence

from modelspec import files, road
from modelspec.cli import console
from modelspec.cli.choice import check_met, choose
from modelspec.files import ENDINGS, Text
from modelspec.history import Snapshot, Trouble, find_renames, open_revision, split_revision
from modelspec.record import NamedTuple
from modelspec.report import Against
from modelspec.source import is_marked
from modelspec.versions import Pair, add_comparisons

__all__ = ["diff"]


class _Side(NamedTuple):
    """One side of a comparison: its specs by the path inside of the folder that was named ("" for a single file).

    `snapshot` is the commit that they are read from, None for the disk.
    """

    texts: dict[str, Text]
    snapshot: Snapshot | None
    is_folder: bool


def diff(
    old: str,
    new: str,
    *,
    format: str = "text",
    output: str | None = None,
    variant: str | None = None,
    settings: Sequence[str] = (),
) -> int:
    """Compare two versions, each a file, a folder or `REV:PATH`; return the exit status, which is that of `check`."""
    choice = choose(variant, settings)
    if choice is None:
        return console.USAGE
    try:
        before, after = _read(old), _read(new)
        if before is None or after is None:
            return console.USAGE
        if before.is_folder is not after.is_folder:
            console.complain("a file and a folder cannot be compared: name two files, or two folders")
            return console.USAGE
        olds = {key: _follow(text, before, choice) for key, text in before.texts.items()}
        news = {key: _follow(text, after, choice, format in console.DERIVED) for key, text in after.texts.items()}
        if not check_met(choice, [*olds.values(), *news.values()]):
            return console.USAGE
        renamed = _find_renames(before, after)
    except Trouble as trouble:
        console.complain(str(trouble))
        return console.USAGE
    report = add_comparisons(road.join(news.values()), _pair(news, olds, renamed))
    if before.snapshot is not None:
        against = Against(revision=before.snapshot.revision, commit=before.snapshot.commit)
        report = report.model_copy(update={"against": against})
    if not console.show(report, format, output):
        return console.USAGE
    return console.judge(report)


def _find_renames(before: _Side, after: _Side) -> dict[str, str]:
    """The specs of a folder that git takes for others of the same folder before, by their new names. Raises Trouble."""
    if before.snapshot is None or after.snapshot is not None or not before.is_folder:
        return {}
    places = {
        key: before.snapshot.locate(text.absolute) for key, text in after.texts.items() if key not in before.texts
    }
    known = {place: key for key, place in places.items() if place is not None}
    renamed = find_renames(before.snapshot, known)
    were = {text.path: key for key, text in before.texts.items()}
    return {known[new]: were[old] for new, old in renamed.items() if old in were}


def _pair(news: Mapping[str, road.Part], olds: Mapping[str, road.Part], renamed: Mapping[str, str]) -> Iterator[Pair]:
    """Each spec beside the one that it was. What has the same place on both sides is called by its new path."""
    for key, new in news.items():
        old = olds.get(renamed.get(key, key))
        if old is not None and key not in renamed:
            old = old._replace(models=[model.model_copy(update={"path": new.path}) for model in old.models])
        yield Pair(new, old)
    gone = olds.keys() - news.keys() - set(renamed.values())
    yield from (Pair(None, old) for key, old in olds.items() if key in gone)


def _read(path: str) -> _Side | None:
    """The specs of one side; None if there are none, which is told. Raises Trouble."""
    revision = split_revision(path)
    if revision is not None:
        snapshot = open_revision(revision[0], os.getcwd())
        return _read_snapshot(snapshot, snapshot.find(revision[1]))
    found = files.find([path])
    for trouble in found.trouble:
        hint = "" if os.path.lexists(path) else "; a version of git is named REV:PATH, such as main:configs"
        console.complain(f"{trouble}{hint}")
    if found.trouble:
        return None
    if not files.is_folder(path):
        return _Side({"": found.texts[0]}, None, False)
    return _Side({os.path.relpath(text.path, path).replace(os.sep, "/"): text for text in found.texts}, None, True)


def _read_snapshot(snapshot: Snapshot, place: str) -> _Side:
    if not snapshot.is_folder(place):
        return _Side({"": Text(place, snapshot.read(place) or b"")}, snapshot, False)
    texts = {}
    for path in snapshot.list_files(place):
        data = snapshot.read(path) if path.lower().endswith(ENDINGS) else None
        if data is not None and is_marked(data):
            texts[os.path.relpath(path, place or ".").replace(os.sep, "/")] = Text(path, data)
    return _Side(texts, snapshot, True)


def _follow(text: Text, side: _Side, choice: road.Choice, derivations: bool = False) -> road.Part:
    if side.snapshot is None:
        outcome = road.follow(text.data, text.path, choice, text.demands)
    else:
        outcome = road.follow(text.data, side.snapshot.show(text.path), choice, origin=side.snapshot)
    return road.describe_part(outcome, derivations=derivations)
