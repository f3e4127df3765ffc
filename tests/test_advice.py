"""Advice: what each rule finds and is silent on, how it is selected, and how it is ignored."""

from __future__ import annotations

import re

import pytest

from modelspec.advice import DEFAULT, RULES, Selection
from modelspec.advice.running import load
from modelspec.diagnostics import Place
from modelspec.road import describe_part, follow

MARK = re.compile("«([^»]*)»")
VALID = [(code, number) for code in RULES for number in range(len(load(code).VALID))]
INVALID = [(code, number) for code in RULES for number in range(len(load(code).INVALID))]


def advise(text: str, *codes: str) -> list[tuple[str, Place]]:
    """What of this advice there is about a spec: the code and the place of each."""
    part = describe_part(follow(text.encode(), "spec.yaml", advice=Selection(codes)))
    return [(told.code, Place(told.line, told.column, told.end_line, told.end_column)) for told in part.diagnostics]


def find_mark(text: str) -> tuple[str, Place]:
    """The text without its mark, and where the mark is."""
    match = MARK.search(text)
    assert match is not None
    bare = text[: match.start()] + match[1] + text[match.end() :]
    line = text.count("\n", 0, match.start()) + 1
    column = match.start() - text.rfind("\n", 0, match.start())
    assert "«" not in bare
    return bare, Place(line, column, line, column + len(match[1]))


@pytest.mark.parametrize(("code", "number"), VALID)
def test_a_rule_is_silent_on_what_is_valid(code: str, number: int) -> None:
    assert advise(load(code).VALID[number], *DEFAULT, code) == []


@pytest.mark.parametrize(("code", "number"), INVALID)
def test_a_rule_finds_what_is_invalid_once_and_there(code: str, number: int) -> None:
    text, place = find_mark(load(code).INVALID[number])
    # A comment that ignores nothing can be told only beside what it would ignore.
    asked = ("MS6",) if code == "MS614" else (code,)
    assert advise(text, *asked) == [(code, place)]
