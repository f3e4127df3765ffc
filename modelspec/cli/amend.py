"""`check --fix`, `--write-inferred`, `--update-pins`: specs are mended before they are checked, or it is shown how."""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Sequence

from modelspec.cli import console
from modelspec.cli.output import write_bytes
from modelspec.files import Found, Text
from modelspec.fixing.session import Draft, Wanted, count_left, work
from modelspec.source import MAX_BYTES

__all__ = ["Amendment", "amend", "show"]


class Amendment:
    """Texts as they are once they have been amended, and what is to be said of that.

    `good` tells whether all could be written. With `is_stream` the text is that of standard input.
    """

    def __init__(self, texts: Sequence[Text], wanted: Wanted, *, is_stream: bool = False) -> None:
        self.drafts = work(texts, wanted)
        self.wanted = wanted
        self.is_stream = is_stream
        self.good = True

    @property
    def texts(self) -> list[Text]:
        """The texts as they are amended, or as they were, where that could not be written."""
        return [draft.text._replace(data=draft.data) for draft in self.drafts]

    def tell(self, *, done: bool = True) -> list[str]:
        """What has been done (or would be), each as a sentence, and what has been left."""
        words = (
            ("mended", "mend", "{} problem"),
            ("wrote", "write", "what is inferred for {} layer"),
            ("updated", "update", "{} pin"),
        )
        totals = [sum(numbers) for numbers in zip(*[draft.counts for draft in self.drafts], strict=True)]
        parts = [
            f"{was if done else is_} {what.format(f'{total:,}')}{'s' * (total != 1)}"
            for (was, is_, what), total in zip(words, totals, strict=False)
            if total
        ]
        if not parts:
            return self._tell_left()
        files = _count(sum(draft.is_changed for draft in self.drafts), "file")
        told = f"{'' if done else 'would '}{', '.join(parts)} in {files}."
        return [told[:1].upper() + told[1:], *self._tell_left()]

    def _tell_left(self) -> list[str]:
        told = []
        if unmended := sum(draft.unmended for draft in self.drafts):
            told.append(f"{_count(unmended, 'problem')} could not be mended in place.")
        reasons: dict[str, int] = {}
        for draft in self.drafts:
            for reason, count in draft.unwritten.items():
                reasons[reason] = reasons.get(reason, 0) + count
        told += [f"Left {_count(count, 'argument')} to be inferred: {reason}." for reason, count in reasons.items()]
        if unpinned := sum(draft.unpinned for draft in self.drafts):
            told.append(f"Left {_count(unpinned, 'pin')}: no one count fits all that a pin is for.")
        return told


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"


def amend(texts: Sequence[Text], wanted: Wanted, output: str | None, *, is_stream: bool) -> Amendment:
    """Amend the files of these texts. What cannot be written is told, and stays as it was: whole.

    The text of a stream is written to standard output, or to what `output` names.
    """
    amendment = Amendment(texts, wanted, is_stream=is_stream)
    if is_stream:
        # What is no spec, or more than is read, goes through as it is: the text of an editor must not get lost.
        rest = getattr(sys.stdin, "buffer", io.BytesIO()).read()
        data = b"".join([*[draft.data for draft in amendment.drafts], rest])
        amendment.good = console.write_bytes(data, output)
        return amendment
    for draft in amendment.drafts:
        problem = _write(draft) if draft.is_changed else None
        if problem is not None:
            console.complain(f"cannot write '{draft.text.path}': {problem}")
            draft.reset()
            amendment.good = False
    return amendment


def _write(draft: Draft) -> str | None:
    """Write a text into its file; why that cannot be done, if it cannot."""
    path = draft.text.absolute
    try:
        if not os.path.isfile(path):
            return "it is no file that could be replaced"
        with open(path, "rb") as file:
            if file.read(MAX_BYTES + 1) != draft.text.data:
                return "it has changed since it was read; call again"
        write_bytes(draft.data, path)
    except OSError as error:
        return error.strerror or str(error)
    return None


def show(found: Found, wanted: Wanted, output: str | None, *, quiet: bool) -> int:
    """Show what would be changed; return the exit status, which is 1 if anything would."""
    amendment = Amendment(found.texts, wanted)
    written = console.write(_show_changes(amendment.drafts, color=console.has_color(output)), output)
    if not quiet:
        for told in amendment.tell(done=False):
            console.remark(told)
        if left := count_left(amendment.drafts):
            verb = "is" if left == 1 else "are"
            console.remark(f"{_count(left, 'problem')} {verb} left that this does not mend: see `modelspec check`.")
    for trouble in found.trouble:
        console.complain(trouble)
    if found.trouble or not written:
        return console.USAGE
    return console.FOUND if any(draft.is_changed for draft in amendment.drafts) else console.WELL


def _show_changes(drafts: Sequence[Draft], *, color: bool) -> str:
    """The changes as a unified diff, which `git apply` and `patch` take."""
    from difflib import unified_diff

    from modelspec.render.ansi import Paint

    paint = Paint(color)
    styles = {"-": "red", "+": "green", "@": "cyan"}
    told = []
    for draft in drafts:
        if not draft.is_changed:
            continue
        name = draft.text.path.lstrip("/")
        before, after = (_split(data) for data in (draft.text.data, draft.data))
        for line in unified_diff(before, after, f"a/{name}", f"b/{name}"):
            text, end = (line[:-1], "\n") if line.endswith("\n") else (line, "\n\\ No newline at end of file\n")
            style = styles.get(text[:1])
            told.append((paint(text, style) if style else text) + end)
    return "".join(told)


def _split(data: bytes) -> list[str]:
    """The lines of a text as a diff has them: each with its line feed, if it has one."""
    return re.findall("[^\n]*\n|[^\n]+", data.decode("utf-8", "replace"))
