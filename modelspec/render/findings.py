"""Findings as text: place, code and message, the line of the file with a caret, and the way out."""

from __future__ import annotations

from modelspec.render.ansi import Paint
from modelspec.render.cells import harmless, width
from modelspec.report import Diagnostic, Report

__all__ = ["cut_excerpt", "show_findings"]

_EXCERPT = 100
"""Columns of a line of the file that are shown; of a longer one, those around the caret."""
_TAB = "    "


def show_findings(report: Report, *, color: bool = False) -> str:
    """Every finding of a report; empty if there is none."""
    paint = Paint(color)
    return "\n".join(_show(diagnostic, paint) for diagnostic in report.diagnostics)


def _show(diagnostic: Diagnostic, paint: Paint) -> str:
    style = "bold red" if diagnostic.severity == "error" else "bold yellow"
    place = f"{harmless(diagnostic.path)}:{diagnostic.line}:{diagnostic.column}:"
    head = paint(f"{diagnostic.code} {diagnostic.severity}", style)
    lines = [f"{paint(place, 'bold')} {head}: {harmless(diagnostic.message)}"]
    gutter = " " * len(str(diagnostic.line))
    bar = paint("|", "blue")
    if diagnostic.excerpt.strip():
        text, before, under = cut_excerpt(diagnostic)
        lines.append(f"{paint(str(diagnostic.line), 'blue')} {bar} {text}".rstrip())
        lines.append(f"{gutter} {bar} {' ' * before}{paint('^' * under, style)}")
    if diagnostic.hint:
        lines.append(f"{gutter} {paint('= hint:', 'cyan')} {harmless(diagnostic.hint)}")
    if diagnostic.variants:
        these = "in the variants" if len(diagnostic.variants) > 1 else "in the variant"
        lines.append(f"{gutter} {paint(f'= {these}:', 'cyan')} {harmless(', '.join(diagnostic.variants))}")
    for related in diagnostic.related:
        there = f"{harmless(related.path)}:{related.line}:{related.column}:"
        lines.append(f"{gutter} {paint('-->', 'blue')} {there} {harmless(related.message)}")
    return "\n".join(lines) + "\n"


def cut_excerpt(diagnostic: Diagnostic) -> tuple[str, int, int]:
    """Return the text to show, the columns before the caret, and the columns that it underlines (at least one)."""
    line = diagnostic.excerpt.rstrip()
    start = min(max(diagnostic.column - 1, 0), len(diagnostic.excerpt))
    one_line = diagnostic.end_line == diagnostic.line
    end = min(max(diagnostic.end_column - 1 if one_line else len(line), start), len(line))
    # Enough characters around the caret; the rest of a long line is not even looked at.
    first = max(0, start - _EXCERPT)
    cells = [_cell(char) for char in line[first : start + _EXCERPT]]
    widths = [width(cell) for cell in cells]
    left, caret = 0, start - first
    before = sum(widths[:caret])
    fits = first == 0 and len(line) == len(cells) and sum(widths) <= _EXCERPT
    while before > _EXCERPT * 2 // 3 and not fits:
        before -= widths[left]
        left += 1
    right, room = left, _EXCERPT
    while right < len(cells) and widths[right] <= room:
        room -= widths[right]
        right += 1
    under = sum(widths[caret : max(caret, min(end - first, right))])
    cut_left, cut_right = first + left > 0, first + right < len(line)
    text = "…" * cut_left + "".join(cells[left:right]) + "…" * cut_right
    return text, before + cut_left + max(0, caret - len(cells)), max(under, 1)


def _cell(char: str) -> str:
    return _TAB if char == "\t" else harmless(char)
