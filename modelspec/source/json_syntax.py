"""The errors of the JSON parser in plain words: what each means, where it begins, and what to do."""

from __future__ import annotations

from modelspec.diagnostics import Finding
from modelspec.source.faults import find_control
from modelspec.source.text import Text

__all__ = ["explain_json"]


def explain_json(message: str, at: int, text: str) -> Finding:
    """A JSON parser's error as a finding."""
    lines = Text(text)
    char = text[at : at + 1]

    def find(what: str, hint: str, start: int = at, code: str = "MS101") -> Finding:
        return Finding(code, what, lines.place(start, min(start + 1, len(text))), hint)

    if char not in ("\t", "\n", "\r") and (control := find_control(char)):
        return control._replace(where=lines.place(at, at + 1))
    if message.startswith("Unterminated string"):
        return find("the quote that opens here is not closed", 'close it; a quote inside is written \\"')
    if message.startswith("Invalid control character"):
        return find("a line break or a tab inside of a string", "write \\n or \\t, or close the string before")
    if "escape" in message:
        return find("an escape that JSON does not have", "write \\\\ for a backslash")
    if message == "Extra data":
        if char in "{[":
            return find("a second document begins here", "a spec is one document: one file for each", code="MS106")
        return find("text behind the end of the document", "remove it, or look for a bracket that closes too early")
    if char in ("/", "#"):
        return find("JSON has no comments", "remove it, or make it a YAML file, which is the same language with them")
    if char == "'":
        return find("JSON has no single quotes", 'write "…"')
    before = text[:at].rstrip(" \t\r\n")
    if "trailing comma" in message or (char and char in "]}" and before.endswith(",")):
        comma = at if char == "," else len(before) - 1
        return find("a comma behind the last entry", "remove it: JSON does not allow it", comma)
    if not char:
        return find("the text ends before everything is closed", "look for a bracket that is not closed")
    if "delimiter" in message:
        mark = ":" if "':'" in message else ","
        return find(f"a '{mark}' is missing before this", f"add the '{mark}', or the bracket that should close before")
    if "property name" in message:
        return find("a key in double quotes is expected here", 'write "key": value')
    if char in ",]}":
        return find("a value is missing before this", "fill it in")
    hint = "text stands in double quotes; the words of JSON are true, false and null"
    return find("not a value of JSON", hint)
