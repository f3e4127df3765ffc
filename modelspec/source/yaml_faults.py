"""What is wrong with a YAML text that the parser does not mind, in plain words."""

from __future__ import annotations

from modelspec.diagnostics import Finding, Place, Related
from modelspec.source.events import AliasEvent, MappingStartEvent, ScalarEvent
from modelspec.source.places import skip_properties
from modelspec.source.text import Text, shorten
from modelspec.source.yaml_places import find_tag_directive, index_yaml, place_event
from modelspec.source.yaml_syntax import TAB_HINT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from modelspec.source.places import Index

__all__ = [
    "Repeat",
    "explain_breaks",
    "explain_key",
    "explain_mark",
    "explain_repeat",
    "explain_second",
    "explain_tag_directive",
    "explain_unknown_alias",
    "explain_version",
    "find_tabs",
    "relate_repeats",
]

_STYLED = ("'", '"', "|", ">")
"""What begins a scalar in which a tab is text."""

Repeat = tuple[int, int, int, str]
"""Of a key that stands twice: the finding's number, where its mapping and it begin, and the key."""


def explain_version(event: Any) -> Finding:
    """A %YAML line of another version than 1.2; the event is the start of the document."""
    line, column = event.start_mark.line + 1, event.start_mark.column + 1
    number = ".".join(map(str, event.version))
    return Finding(
        "MS101",
        f"the file asks to be read as YAML {number}; specs are YAML 1.2",
        Place(line, column, line, column + len("%YAML 1.1")),
        "remove the %YAML line, and write true or false for yes and no",
    )


def explain_second(event: Any) -> Finding:
    hint = "a spec is one document: one file for each"
    return Finding("MS106", "a second document begins here", place_event(event), hint)


def explain_tag_directive(data: bytes) -> Finding | None:
    """A %TAG line, if there is one."""
    found = find_tag_directive(data)
    if found is None:
        return None
    message = "a %TAG line: YAML tags are not part of the language"
    return Finding("MS107", message, Text(data.decode()).place(*found), "remove the line")


def explain_unknown_alias(event: Any) -> Finding:
    message = f"the alias '*{shorten(event.anchor)}' has no anchor before it"
    hint = "to YAML a '*' in front of a word refers to an anchor '&' earlier in the file; quote it if it is text"
    return Finding("MS109", message, place_event(event), hint)


def explain_key(event: Any, text: str) -> Finding:
    """A key that is no text."""
    place = place_event(event)
    kind = event.__class__
    if kind is AliasEvent:
        return Finding("MS114", "a key is an alias", place, "write the key out")
    if kind is not ScalarEvent:
        what = "mapping" if kind is MappingStartEvent else "list"
        hint = "a key is a name; quote the text if it is meant as it stands"
        start = event.start_mark.index
        if what == "mapping" and text[start - 1 : start] == "{":
            hint = "braces in braces are a mapping to YAML; if this is a template, render it first, else quote it"
        return Finding("MS114", f"a key is a {what}", place, hint)
    if event.value == "<<":
        hint = "YAML 1.2 has no merge keys: write the keys out, or share values by 'variables'"
        return Finding("MS108", "a merge key '<<'", place, hint)
    if not event.value:
        return Finding("MS114", "a value without a key", place, "write the key before the colon")
    message = f"the key is {event.value}, and a key must be text"
    return Finding("MS114", message, place, f"put quotes around it: '{event.value}':")


def explain_repeat(event: Any) -> Finding:
    """A key that stands in its mapping already."""
    hint = "keep one of the two; the first is what the rest of the check goes by"
    message = f"the key '{shorten(event.value)}' stands twice in one mapping"
    return Finding("MS103", message, place_event(event), hint)


def relate_repeats(repeats: list[Repeat], findings: list[Finding], data: str) -> None:
    """Point each finding of a repeated key to where the key stands first."""
    text = Text(data)
    index = index_yaml(data, stop=repeats[-1][2])
    for number, opening, _, key in repeats:
        first = text.place(*index.find_key(opening, key))
        findings[number] = findings[number]._replace(related=(Related(first, "the key stands here first"),))


def explain_breaks(text: str) -> Finding:
    """The first line break of YAML 1.1 only; there is one."""
    first = min(at for at in map(text.find, "\x85\u2028\u2029") if at >= 0)
    name = {"\x85": "NEL, U+0085", "\u2028": "a line separator, U+2028", "\u2029": "a paragraph separator, U+2029"}
    return Finding(
        "MS105",
        f"an invisible character ({name[text[first]]}) that only YAML 1.1 takes for the end of a line",
        Text(text).place(first, first + 1),
        "delete it here and wherever else it stands, or write it as an escape in double quotes",
    )


def explain_mark(text: str) -> Finding:
    """The first byte order mark inside of a text; there is one."""
    start = text.index("\ufeff")
    place = Text(text).place(start, start + 1)
    return Finding("MS102", "a byte order mark (U+FEFF) in the middle of the text", place, "delete it")


def find_tabs(text: str) -> list[Finding]:
    """The first tab that indents or separates; in quotes, block scalars, comments and at line ends it is harmless."""
    import re
    from bisect import bisect_right

    find_comment = re.compile(r"(?<!\S)#").search
    index: Index | None = None
    indexed = looked = 0
    in_comment = False
    for match in re.finditer(r"\t++(?=[^\s#])", text):
        start = match.start()
        # What stands before the match before this one has been looked at: a line may be long.
        line = max(text.rfind("\n", looked, start), text.rfind("\r", looked, start)) + 1
        in_comment = (in_comment and not line) or find_comment(text, max(line, looked), start) is not None
        looked = start
        if in_comment:
            continue
        if index is None:
            index = index_yaml(text, stop=start)
            indexed = start
        elif indexed < start:
            index = index_yaml(text)
            indexed = len(text)
        node = bisect_right(index.starts, start) - 1
        is_inside = node >= 0 and index.ends[node] > start
        if not (is_inside and text.startswith(_STYLED, skip_properties(text, index.starts[node]))):
            place = Text(text).place(start, match.end())
            return [Finding("MS104", "a tab where YAML wants spaces", place, TAB_HINT)]
    return []
