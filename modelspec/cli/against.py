"""`check --against REV`: each spec beside its version at the merge base, read from git's objects."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence

from modelspec import road
from modelspec.files import ENDINGS, Found, Text
from modelspec.history import Snapshot, find_base, find_left_out, find_renames
from modelspec.report import Against, Report
from modelspec.source import is_marked
from modelspec.versions import Pair, add_comparisons

__all__ = ["Base", "open_base"]


def open_base(revision: str) -> Base:
    """The version that a revision means to be compared with. Raises Trouble, as all questions to it may."""
    return Base(find_base(revision, os.getcwd()))


class Base:
    """The specs of an earlier commit. Paths of texts are as in the call, those of the commit from its top."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.before: dict[str, str] = {}
        """Where in the commit a text is, by its path; not for a new one."""
        self.renamed: dict[str, str] = {}
        """The path that a renamed text had, as it would be called."""

    def prepare(self, texts: Sequence[Text]) -> None:
        """Find where these texts were: by the same name, or by the one that git says they were renamed from."""
        places = {text.path: place for text in texts if (place := self.snapshot.locate(text.absolute)) is not None}
        new = [place for place in places.values() if not self.snapshot.is_file(place)]
        renamed = find_renames(self.snapshot, new) if new else {}
        for path, place in places.items():
            was = renamed.get(place, place)
            if was != place:
                self.renamed[path] = self._shorten(was)
            if was != place or self.snapshot.is_file(was):
                self.before[path] = was

    def look_back(self, text: Text, part: road.Part, choice: road.Choice | None) -> road.Part:
        """The part of a text with what its version before comes to, if there was one."""
        was = self.before.get(text.path)
        data = None if was is None else self.snapshot.read(was)
        if was is None or data is None or not is_marked(data):
            return part
        if data == text.data and b"imports" not in data:
            if text.path not in self.renamed:
                return part._replace(unchanged=True)
            models = [model.model_copy(update={"path": self.renamed[text.path]}) for model in part.models]
            return part._replace(before=part._replace(models=models))
        return part._replace(before=self._follow(was, data, choice))

    def _follow(self, path: str, data: bytes, choice: road.Choice | None) -> road.Part:
        outcome = road.follow(data, self.snapshot.show(path), choice, origin=self.snapshot)
        described = road.describe_part(outcome)
        # In the report a model that was is called by its path alone.
        shown = self._shorten(path)
        models = [model.model_copy(update={"path": shown}) for model in described.models]
        return described._replace(path=shown, models=models)

    def _shorten(self, path: str) -> str:
        return os.path.relpath(os.path.join(self.snapshot.root or "", path)).replace(os.sep, "/")

    def compare(
        self,
        report: Report,
        parts: Iterable[road.Part],
        searched: Sequence[str],
        found: Found,
        choice: road.Choice | None,
    ) -> Report:
        """The report with the comparisons of all that is there, and of what is gone from the searched folders."""
        pairs = [Pair(part, part if part.unchanged else part.before) for part in parts]
        gone = [Pair(None, self._follow(path, data, choice)) for path, data in self._list_gone(searched, found)]
        pairs, gone = _join_by_name(pairs, gone)
        against = Against(revision=self.snapshot.revision, commit=self.snapshot.commit)
        return add_comparisons(report, [*pairs, *gone]).model_copy(update={"against": against})

    def is_gone(self, path: str) -> bool:
        """Whether a path of the call is not there any more, but was: then it names what is gone."""
        if os.path.lexists(path):
            return False
        place = self.snapshot.locate(path)
        return place is not None and (self.snapshot.is_file(place) or self.snapshot.is_folder(place))

    def _list_gone(self, searched: Sequence[str], found: Found) -> Iterator[tuple[str, bytes]]:
        """The specs of the commit in these folders that are there no more."""
        kept = {*self.before.values(), *find_left_out(self.snapshot)}
        for folder in searched:
            place = self.snapshot.locate(folder)
            if place is None:
                continue
            single = [place] if self.snapshot.is_file(place) and self.is_gone(folder) else []
            for path in single or self.snapshot.list_files(place):
                absolute = os.path.join(self.snapshot.root or "", path)
                if path in kept or not path.lower().endswith(ENDINGS) or self._is_hidden(path):
                    continue
                kept.add(path)
                configuration = found.configuration(os.path.dirname(absolute))
                if not configuration.includes(absolute) or configuration.excludes(absolute) or _is_spec(absolute):
                    continue
                data = self.snapshot.read(path)
                if data is not None and is_marked(data):
                    yield path, data

    @staticmethod
    def _is_hidden(path: str) -> bool:
        return any(step.startswith(".") or step == "node_modules" for step in path.split("/")[:-1])


def _join_by_name(pairs: list[Pair], gone: list[Pair]) -> tuple[list[Pair], list[Pair]]:
    """New specs beside those that are gone and named their models the same: what git no longer takes for a rename."""
    olds = {_name(pair.old): pair for pair in gone if pair.old is not None}
    joined = []
    for pair in pairs:
        was = olds.pop(_name(pair.new), None) if pair.old is None and pair.new is not None else None
        joined.append(pair if was is None else Pair(pair.new, was.old))
    left = {id(pair) for pair in olds.values()}
    return joined, [pair for pair in gone if id(pair) in left]


def _name(part: road.Part | None) -> tuple[tuple[str, str | None], ...]:
    """What the models of a spec are called; of one without models, what none is called."""
    names = () if part is None else tuple([(model.name, model.variant) for model in part.models])
    return names or ((str(id(part)), None),)


def _is_spec(path: str) -> bool:
    """Whether a file is there and is a spec, though it was not looked at."""
    try:
        with open(path, "rb") as file:
            return is_marked(file.read())
    except OSError:
        return False
