"""The errors of the YAML parser in plain words: what each means, where it begins, and what to do."""

from __future__ import annotations

from itertools import islice

from modelspec.diagnostics import Finding, Place, Related
from modelspec.source.bounds import TOP
from modelspec.source.events import MarkedYAMLError, YAMLError
from modelspec.source.faults import find_control
from modelspec.source.text import Text, shorten
from modelspec.source.yaml_places import match_properties

__all__ = ["TAB_HINT", "explain_yaml", "find_depth"]

TAB_HINT = "replace the tabs by spaces; most editors can do so on saving"

_MAX_ABOVE = 10_000
"""Lines that are looked at for the last one with something in it: one text may hold millions of blank lines."""


def find_depth(error: YAMLError) -> int | None:
    """Where the parser has met its own bound on nesting, which libyaml has from 0.2.6 on; None for other errors."""
    if isinstance(error, MarkedYAMLError) and error.problem_mark is not None and "nesting" in (error.problem or ""):
        index: int = error.problem_mark.index
        return index
    return None


def explain_yaml(error: YAMLError, text: str) -> Finding:
    """A parser's error as a finding: what it means, where it begins, and what to do."""
    if not isinstance(error, MarkedYAMLError) or error.problem_mark is None:
        control = find_control(text)
        return control or Finding("MS101", "the text cannot be read as YAML", TOP, "save the file anew as UTF-8 text")
    lines = Text(text)
    at = min(error.problem_mark.index, len(text))
    opened = at if error.context_mark is None else min(error.context_mark.index, at)
    problem, char = error.problem or "", text[at : at + 1]
    if char == "\t" or "tab" in problem.split():
        return Finding("MS104", "a tab where YAML wants spaces", lines.place(at, at + 1), TAB_HINT)
    if "mapping values are not allowed" in problem:
        return _explain_colon(at, lines)
    if "<document start>" in problem or ("document indicator" in problem and opened == at):
        return _explain_rest(text, at, lines)
    if "',' or" in problem:
        return _explain_bracket(text, opened, at, lines)
    if "end of stream" in problem or "document indicator" in problem:
        message = f"the quote {text[opened]} that opens here is not closed"
        return Finding("MS101", message, lines.place(opened, opened + 1), "close it; in single quotes, '' is a quote")
    if "could not find expected ':'" in problem:
        line = lines.place(opened).line
        if found := _find_tight_colon(line, lines):
            return found
        end = opened + len(lines.line(line)) - lines.place(opened).column + 1
        message = "a line that is neither a key with a colon nor an entry of a list"
        hint = "write 'key: value', with a space behind the colon, or indent it if it goes on with the line before"
        if text.startswith("-", opened) and not text.startswith("--", opened):
            hint = "a space is missing behind the '-'"
        return Finding("MS101", message, lines.place(opened, end), hint)
    if "undefined tag handle" in problem or (error.context or "").endswith(("a tag", "a tag directive")):
        start, end = [*match_properties(text, opened), (at, at + 1)][0]
        message = f"the YAML tag '{shorten(text[start:end])}' is not part of the language"
        return Finding("MS107", message, lines.place(start, end), "put quotes around it if it is text, else remove it")
    message, hint = _explain_token(error, text, at, opened, lines)
    return Finding("MS101", message, lines.place(at, min(at + 1, len(text))), hint)


def _explain_colon(at: int, lines: Text) -> Finding:
    """A colon where a value is already there: a colon in the value, none behind the key, or a wrong indentation."""
    import re

    place = lines.place(at, at + 1)
    line = lines.line(place.line)
    if re.search(r":\s", line[: place.column - 1]):
        hint = "put quotes around the value if the colon belongs to it"
        if re.search(r",\s*\w+$", line[: place.column - 1]):
            hint = "several keys in one line want braces: {type: …, …}"
        return Finding("MS101", "a second colon in one line", place, hint)
    above = islice(lines.lines_above(at), _MAX_ABOVE)
    number = next((number for number, text in above if text.strip()), 0)
    if found := _find_tight_colon(number, lines):
        return found
    start = len(line) - len(line.lstrip()) + 1
    message = "a key where none can stand: the line before has a value already, or is none"
    key = Place(place.line, start, place.line, place.column)
    return Finding("MS101", message, key, "indent it like the keys that it belongs to")


def _find_tight_colon(number: int, lines: Text) -> Finding | None:
    """A line that is meant as a key and its value, and lacks the space between them."""
    import re

    line = lines.line(number)
    match = re.match(r"\s*(?:-\s+)*[\w.-]+(:)\S", line)
    if match is None or re.search(r":(?:\s|$)", line):
        return None
    place = Place(number, match.start(1) + 1, number, match.end(1) + 1)
    return Finding("MS101", "no space behind the colon", place, "YAML wants 'key: value', with a space")


def _explain_rest(text: str, at: int, lines: Text) -> Finding:
    """Text where the document is over: behind '...', behind a closing bracket, or left of the first key."""
    place = lines.place(at, min(at + 1, len(text)))
    above = islice(lines.lines_above(at), _MAX_ABOVE)
    words = next((words for _, line in above if (words := line.split()) and words[0][0] != "#"), [""])
    if words[0] == "...":
        return Finding("MS106", "more text behind the end of the document, '...'", place, "one document a file")
    char = text[at : at + 1]
    if char in ("}", "]"):
        return Finding(
            "MS101", f"a '{char}' that closes nothing", place, "remove it, or add the bracket that it closes"
        )
    message = "the document is complete before this, so it belongs to nothing"
    hint = "look at the indentation (the first key sets it for all) and at brackets and quotes that close too early"
    return Finding("MS101", message, place, hint)


def _explain_bracket(text: str, opened: int, at: int, lines: Text) -> Finding:
    """Something between brackets that is neither a comma nor the end."""
    bracket, char = text[opened : opened + 1], text[at : at + 1]
    closing = {"[": "]", "{": "}"}.get(bracket, "the closing bracket")
    here, there = lines.place(opened, opened + 1), lines.place(at, min(at + 1, len(text)))
    if char and char in "]}":
        related = (Related(here, "opened here"),)
        hint = f"close it by '{closing}'"
        return Finding("MS101", f"a '{char}' closes what a '{bracket}' has opened", there, hint, related=related)
    if not char or there.line > here.line:
        unclosed = Finding(
            "MS101", f"the '{bracket}' that opens here is not closed", here, f"add the missing '{closing}'"
        )
        return unclosed._replace(related=(Related(there, "this does not belong between the brackets"),) if char else ())
    hint = "put commas between entries, and quotes around a text that holds , [ ] { } or ': '"
    return Finding("MS101", f"a comma or '{closing}' is missing before this", there, hint)


def _explain_token(error: MarkedYAMLError, text: str, at: int, opened: int, lines: Text) -> tuple[str, str]:
    """What is wrong with the token at an offset, and what to do."""
    problem, context, char = error.problem or "", error.context or "", text[at : at + 1]
    quote = "put quotes around it if it is text"
    if "cannot start any token" in problem:
        return f"a value cannot begin with '{char}'", "put quotes around the value"
    if "an alias" in context or "an anchor" in context:
        return f"to YAML a '{text[opened]}' begins the name of an anchor, and this is none", quote
    if "escape" in problem or "hexdecimal" in problem:
        return "an escape that YAML does not have", "write \\\\ for a backslash, or use single quotes"
    if "block scalar" in context:
        return f"to YAML a '{text[opened]}' begins a text of several lines, on the next line", quote
    if "directive" in context or "incompatible" in problem or "directive" in problem:
        return (
            "to YAML a line that begins with '%' is a directive, and this is none that is known here",
            "remove the line",
        )
    if "sequence entries are not allowed" in problem:
        return "a list cannot begin in the line of its key", "put '- ' on a line of its own, or write [a, b]"
    if "node content" in problem:
        if char and char in "]}":
            return f"a '{char}' where a value is expected", "remove it, or add what is missing before it"
        return "a value is missing here", "fill it in, or remove the comma too much"
    start = lines.place(opened)
    if "expected '-' indicator" in problem or "block collection" in context:
        return (
            f"not an entry of the list that begins in line {start.line}",
            "begin it with '- ', or indent it differently",
        )
    if "block mapping" in context:
        here = lines.place(at)
        before = lines.line(here.line)[: here.column - 1].rstrip()
        if before.endswith(("'", '"')):
            return "text behind a closing quote", "put all of the value into the quotes"
        if char == "-" and here.column == start.column:
            return f"an entry of a list among the keys of the mapping in line {start.line}", "indent it under its key"
        hint = f"this is column {here.column}; the mapping around it begins in line {start.line}, column {start.column}"
        return "the indentation of this line fits nothing above it", hint
    return f"the text cannot be read on from here ({problem})", "look at indentation, colons, quotes and brackets"
