"""Findings on the page: place, code, message, the line of the file with a caret, and the way out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from modelspec.render.findings import cut_excerpt
from modelspec.render.html.writing import breakable, safe
from modelspec.report import Diagnostic

__all__ = ["show_findings"]

LISTED = 1_000
"""Findings that a page shows."""


def show_findings(found: Sequence[Diagnostic]) -> Iterator[str]:
    """Every finding, in the order of the report."""
    yield '<ol class="findings">'
    for one in found[:LISTED]:
        yield from _show(one)
    yield "</ol>"
    if len(found) > LISTED:
        yield f'<p class="note">{LISTED:,} of {len(found):,} findings are shown: <code>--format json</code> has all'
        yield ".</p>"


def _show(one: Diagnostic) -> Iterator[str]:
    state = "bad" if one.severity == "error" else "warn"
    yield f'<li class="at-{state}"><p><b class="code">{safe(one.code)}</b> <span class="{state}">{one.severity}</span> '
    yield f'<span class="place">{breakable(one.path)}:{one.line}:{one.column}</span></p><p>{safe(one.message)}</p>'
    if one.excerpt.strip():
        text, before, under = cut_excerpt(one)
        gutter = " " * len(str(one.line))
        yield (
            f'<pre tabindex="0" role="group" aria-label="Line {one.line} of the file"><span class="soft">{one.line} |'
            f'</span> {safe(text)}\n<span class="soft">{gutter} |</span> {" " * before}'
            f'<span class="{state}">{"^" * under}</span></pre>'
        )
    if one.hint:
        yield f'<p class="hint"><b>Hint:</b> {safe(one.hint)}</p>'
    if one.variants:
        yield f"<p>In {'variants' if len(one.variants) > 1 else 'variant'} {', '.join(map(safe, one.variants))}.</p>"
    if one.related:
        yield '<ul class="related">'
        for there in one.related:
            place = f"{breakable(there.path)}:{there.line}:{there.column}"
            yield f'<li><span class="place">{place}</span> {safe(there.message)}</li>'
        yield "</ul>"
    yield "</li>"
