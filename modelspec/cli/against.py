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
            return part._replace(unchanged=True)
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
        against = Against(revision=self.snapshot.revision, commit=self.snapshot.commit)
        return add_comparisons(report, [*pairs, *gone]).model_copy(update={"against": against})

    def _list_gone(self, searched: Sequence[str], found: Found) -> Iterator[tuple[str, bytes]]:
        """The specs of the commit in these folders that are there no more."""
        kept = {*self.before.values(), *find_left_out(self.snapshot)}
        for folder in searched:
            place = self.snapshot.locate(folder)
            if place is None or not self.snapshot.is_folder(place):
                continue
            for path in self.snapshot.list_files(place):
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


def _is_spec(path: str) -> bool:
    """Whether a file is there and is a spec, though it was not looked at."""
    try:
        with open(path, "rb") as file:
            return is_marked(file.read())
    except OSError:
        return False
