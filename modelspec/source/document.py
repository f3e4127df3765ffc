"""A text that has been read: its tree, and where things stand in it.

Positions are not kept while reading: the first question for a place reads the text once more and indexes it.
"""

from __future__ import annotations

from modelspec.diagnostics import Place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelspec.diagnostics import Finding, Where
    from modelspec.source.bounds import Tree
    from modelspec.source.layout import Layout
    from modelspec.source.places import Index
    from modelspec.source.text import Text

__all__ = ["Document"]

BEGINNING = 1 << 19
"""Characters of a long text that are indexed at first: what is told of one stands mostly there."""


class Document:
    """A text that has been read.

    `path` is as shown to people; `tree` is None if nothing could be read; `findings` are of the text alone (MS1xx);
    `readable` says whether `tree` can be gone on with: a key that stands twice is a finding, and the first one is
    kept, but after a syntax error there is nothing to go on with.
    """

    __slots__ = ("_data", "_index", "_is_json", "_text", "findings", "path", "readable", "tree")

    def __init__(
        self, path: str, data: bytes, tree: Tree, findings: tuple[Finding, ...], *, readable: bool, is_json: bool
    ) -> None:
        self.path = path
        self.tree = tree
        self.findings = findings
        self.readable = readable
        self._data = data
        self._is_json = is_json
        self._text: Text | None = None
        self._index: Index | None = None

    def _read_text(self) -> Text:
        if self._text is None:
            from modelspec.source.text import Text

            self._text = Text(self._data.decode("utf-8", "replace"))
        return self._text

    def _read_index(self, stop: int | None) -> Index:
        text = self._read_text().text
        if self._is_json:
            from modelspec.source.json_places import index_json

            return index_json(text, stop=stop)
        from modelspec.source.yaml_places import index_yaml

        return index_yaml(text, stop=stop)

    def place(self, where: Where | Place) -> Place:
        """Where a value, a key or a stretch of a scalar stands.

        A route that is not in the document gives the place of its nearest parent that is: in block style the first
        key (or entry) of it. A value that is an alias is placed at its anchor, where it has to be mended.
        """
        if isinstance(where, Place):
            return where
        lines = self._read_text()
        if self._index is None:
            self._index = self._read_index(BEGINNING if len(lines.text) > BEGINNING else None)
        found = self._index.locate(where, lines.text)
        if found is None:
            self._index = self._read_index(None)
            found = self._index.locate(where, lines.text)
            assert found is not None
        return lines.place(*found)

    @property
    def has_remark(self) -> bool:
        """Whether the text may hold a comment that ignores advice."""
        data = self._data
        return not self._is_json and (b"modelspec: ignore" in data or b"modelspec:ignore" in data)

    def list_comments(self) -> list[tuple[str, Place]]:
        """The comments of a YAML text, each with its place; a `#` within a scalar begins none."""
        if self._is_json:
            return []
        from modelspec.source.comments import find_comments

        lines = self._read_text()
        if self._index is None or self._index.unfinished:
            self._index = self._read_index(None)
        found = find_comments(lines.text, self._index)
        return [(lines.text[start:end], lines.place(start, end)) for start, end in found]

    def line(self, number: int) -> str:
        """The text of a line, counted from 1, without its line break; empty if there is none."""
        return self._read_text().line(number)

    def lay_out(self) -> Layout:
        """The text with the places of all its parts, to change it there. A byte order mark is not part of it."""
        from modelspec.source.layout import Layout

        return Layout(self._read_text().text, self._read_index(None), is_json=self._is_json)
