"""What is demanded of a spec, as text: each limit and who sets it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from modelspec.render.ansi import Paint
from modelspec.render.cells import harmless, pad, width
from modelspec.standing import Standing

__all__ = ["show_standing"]


def show_standing(
    path: str,
    configuration: str | None,
    taken: str,
    advice: str,
    models: Mapping[str, Sequence[Standing]],
    *,
    color: bool = False,
) -> str:
    """Show the configuration of a file, whether a search takes it, which advice is given on it, and for each of its
    models every limit.
    """
    paint = Paint(color)
    above = configuration or "none above it"
    facts = (("file", path), ("configuration", above), ("in a search", taken), ("advice", advice))
    lines = [f"{paint(label.ljust(13), 'dim')}  {harmless(text)}" for label, text in facts]
    for name, standing in models.items():
        lines += ["", paint(harmless(name), "bold")]
        rows = list(standing)
        lines += _draw(rows, paint) if rows else ["no limits"]
    return "\n".join(lines) + "\n"


def _draw(rows: Iterable[Standing], paint: Paint) -> Iterator[str]:
    table = [("Limit", "", "Set by")]
    counts = [True]
    for row in rows:
        what = row.metric if row.scope is None else f"{row.metric} of '{row.scope}'"
        if row.kind == "growth":
            what = f"growth of {row.metric}"
        place = row.place if row.counts else f"{row.place} (without effect: another is tighter)"
        table.append((harmless(what), row.text, harmless(place)))
        counts.append(row.counts)
    widths = [max(width(line[at]) for line in table) for at in range(2)]
    for number, (what, text, place) in enumerate(table):
        line = f"{pad(what, widths[0])}  {pad(text, widths[1])}  {place}"
        yield paint(line, "bold") if not number else line if counts[number] else paint(line, "dim")
