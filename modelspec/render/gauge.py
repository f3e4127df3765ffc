"""A budget as a table: used, limit, share and a bar for each limit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from modelspec.limit import Limit
from modelspec.record import NamedTuple
from modelspec.render.ansi import Paint
from modelspec.render.cells import harmless, pad, width, wrap
from modelspec.render.numbers import show_count, show_share

__all__ = ["BudgetRow", "draw_budget", "list_sides"]

_BAR = 20
_LEAST_BAR = 8


class BudgetRow(NamedTuple):
    """One limit on a metric of the model, or of the layers in `scope`; `ok` is None where nothing was judged.

    `shares` are the sides that are given as a share of the whole, `set_by` is the configuration that sets the limit.
    """

    metric: str
    scope: str | None
    limit: Limit
    actual: int | None
    ok: bool | None
    shares: Mapping[str, str] = {}
    set_by: str | None = None


class _Side(NamedTuple):
    label: str
    used: str
    limit: str
    share: str
    bar: tuple[int, int] | None
    """Used and limit, where a bar says something: of a limit that use can fill."""
    verdict: str
    note: str = ""


def list_sides(row: BudgetRow) -> Iterator[tuple[str, int | None, bool | None, str]]:
    """List a limit's sides: `≤`, `≥` or `=`, the number, whether that side holds (None: not judged), and a note.

    The number of a share is None where the whole is not known. The note says of what share it is, and who sets it.
    """
    sides = (("≤", "max", row.limit.max), ("≥", "min", row.limit.min), ("=", "exactly", row.limit.exactly))
    for sign, side, bound in sides:
        if bound is None and side not in row.shares:
            continue
        share = f"{row.shares[side]} of the model" if side in row.shares else ""
        note = ", ".join(filter(None, (share, row.set_by)))
        if row.ok is None or row.actual is None or bound is None:
            yield sign, bound, row.ok, note
        else:
            held = {"≤": row.actual <= bound, "≥": row.actual >= bound, "=": row.actual == bound}[sign]
            yield sign, bound, held, note


def draw_budget(rows: Iterable[BudgetRow], columns: int, paint: Paint) -> list[str]:
    """Return the lines of the table, of at most so many columns. Numbers keep all their digits."""
    groups = [(scope, list(group)) for scope, group in groupby(rows, key=lambda row: row.scope)]
    sides = [[side for row in group for side in _read(row, scope is not None)] for scope, group in groups]
    flat = [side for group in sides for side in group]
    header = _Side("Budget", "used", "limit", "share", None, "")
    cells = [(side.label, side.used, side.limit, side.share) for side in (header, *flat)]
    widths = [max(map(width, column)) for column in zip(*cells, strict=True)]
    verdict = max(width(side.verdict) for side in flat)
    # Two columns of space between cells; the bar takes what is left.
    bar = min(_BAR, columns - sum(widths) - verdict - 10)
    if bar < -2:
        return _stack(groups, sides, columns, paint)
    bar = bar if bar >= _LEAST_BAR and any(side.bar for side in flat) else 0
    lines = [paint(_line(header, widths, "", ""), "bold")]
    for (scope, _), group in zip(groups, sides, strict=True):
        if scope is not None:
            lines.extend(paint(part, "bold") for part in wrap(harmless(scope), columns, " .*"))
        for side in group:
            style = _style(side)
            drawn = paint(_draw_bar(side, bar), style) if bar else ""
            line = _line(side, widths, drawn, paint(side.verdict, style))
            room = columns - sum(widths) - 6 - (bar + 2 if bar else 0) - width(side.verdict) - 4
            note = f"  {paint(side.note, 'dim')}" if side.note and width(side.note) <= room else ""
            lines.append(f"{line}{note}")
            if side.note and not note:
                lines += [f"    {paint(part, 'dim')}" for part in wrap(side.note, columns - 4, " /")]
    return lines


def _read(row: BudgetRow, scoped: bool) -> Iterator[_Side]:
    for sign, bound, ok, note in list_sides(row):
        share = "" if bound is None else show_share(row.actual, bound)
        verdict = "not judged" if ok is None else "OK" if ok else "?" if row.actual is None else _blame(sign)
        part = None if row.actual is None or bound is None or ok is None or sign != "≤" else (row.actual, bound)
        label = f"  {row.metric}" if scoped else row.metric
        yield _Side(label, show_count(row.actual), f"{sign} {show_count(bound)}", share, part, verdict, harmless(note))


def _blame(sign: str) -> str:
    return {"≤": "OVER", "≥": "UNDER", "=": "DIFFERS"}[sign]


def _style(side: _Side) -> str:
    return {"OK": "green", "not judged": "dim"}.get(side.verdict, "bold red")


def _line(side: _Side, widths: list[int], bar: str, verdict: str) -> str:
    cells = [
        pad(side.label, widths[0]),
        pad(side.used, widths[1], right=True),
        pad(side.limit, widths[2], right=True),
        pad(side.share, widths[3], right=True),
        *filter(None, (bar, verdict)),
    ]
    return "  ".join(cells).rstrip()


def _draw_bar(side: _Side, columns: int) -> str:
    if side.bar is None:
        return " " * columns
    part, whole = side.bar
    full = columns if part >= whole else part * columns // whole
    return "█" * full + "░" * (columns - full)


def _stack(
    groups: list[tuple[str | None, list[BudgetRow]]], sides: list[list[_Side]], columns: int, paint: Paint
) -> list[str]:
    """For numbers that are too long to stand beside one another."""
    lines = [paint("Budget", "bold")]
    for (scope, _), group in zip(groups, sides, strict=True):
        if scope is not None:
            lines.extend(paint(part, "bold") for part in wrap(harmless(scope), columns, " .*"))
        for side in group:
            lines.append(f"{side.label}  {paint(side.verdict, _style(side))}")
            lines.append(f"    used   {side.used}")
            lines.append(f"    limit  {side.limit}")
            # A share of more than 1,000 times the limit says less than the two numbers.
            if side.share and width(side.share) <= 20:
                lines.append(f"    share  {side.share}")
            lines += [f"    {part}" for part in (wrap(side.note, columns - 4, " /") if side.note else ())]
    return lines
