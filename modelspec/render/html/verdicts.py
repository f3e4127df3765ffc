"""Verdicts first: whether each model is well, its totals, and its budget with a bar for each limit."""

from __future__ import annotations

from collections.abc import Iterator

from modelspec.limit import Limit
from modelspec.record import NamedTuple
from modelspec.render.gauge import BudgetRow, list_sides
from modelspec.render.html.writing import bar, count_cell, name_model, safe, table
from modelspec.render.numbers import show_bytes, show_count, show_share
from modelspec.report import BudgetLine, Model

__all__ = ["Verdict", "find_verdict", "pill", "show_budget", "show_totals"]

_TOTALS = (
    ("Trainable parameters", "trainable_parameters"),
    ("Non-trainable parameters", "non_trainable_parameters"),
    ("Active parameters", "active_parameters"),
    ("Buffers", "buffers"),
    ("FLOPs", "flops"),
    ("Activation bytes", "activation_bytes"),
)
_FIGURES = (
    ("Parameters", "parameters"),
    ("MACs", "macs"),
    ("Weights", "weight_bytes"),
    ("Peak of activations", "peak_activation_bytes"),
)


class Verdict(NamedTuple):
    """A word, the state that gives it its look (`good`, `bad`, `none`), and a sentence."""

    word: str
    state: str
    reason: str


def find_verdict(model: Model) -> Verdict:
    """What the report says of a model, in a word and a sentence."""
    limits = [line for line in model.budget if line.ok is not None]
    broken = [told for line in limits if not line.ok for told in _tell_broken(line)]
    if model.totals.parameters is None and not model.ok:
        return Verdict("Has errors", "bad", "Nothing is added up or judged: see the findings.")
    if model.ok and broken:
        return Verdict("Accepted", "none", f"{_join(broken)}; the baseline accepts it.")
    if model.ok:
        number = "The limit holds." if len(limits) == 1 else f"All {len(limits):,} limits hold."
        number = "Both limits hold." if len(limits) == 2 else number
        return Verdict("Met", "good", number) if limits else Verdict("Well", "good", "There is no budget.")
    if broken:
        return Verdict("Not met", "bad", f"{_join(broken)}.")
    return Verdict("Not well", "bad", "See the findings.")


def _join(broken: list[str]) -> str:
    more = f"; and {len(broken) - 3:,} more" if len(broken) > 3 else ""
    return "; ".join(broken[:3]) + more


def _tell_broken(line: BudgetLine) -> Iterator[str]:
    what = line.metric.replace("_", " ").replace("macs", "MACs").replace("flops", "FLOPs")
    what = what if line.scope is None else f"{what} of {line.scope}"
    for sign, bound, ok, _ in list_sides(_row(line)):
        if ok is not False:
            continue
        if line.actual is None or bound is None:
            yield f"{what}: not known"
        else:
            over = abs(line.actual - bound)
            word = {"≤": "over", "≥": "under"}.get(sign, "off")
            share = show_share(over, bound)
            yield f"{what} {over:,} {word} {sign} {bound:,}{f' ({share})' if share else ''}"


def _row(line: BudgetLine) -> BudgetRow:
    limit = Limit(line.limit.max, line.limit.min, line.limit.exactly)
    return BudgetRow(line.metric, line.scope, limit, line.actual, line.ok, line.shares, line.set_by)


def pill(verdict: Verdict) -> str:
    """The word of a verdict, with a sign that needs no colour."""
    sign = {"good": "✓", "bad": "✕", "none": "–"}[verdict.state]
    return f'<span class="pill {verdict.state}"><span aria-hidden="true">{sign}</span> {verdict.word}</span>'


def show_totals(model: Model) -> Iterator[str]:
    """The four numbers that matter most, then the others."""
    yield '<dl class="figures">'
    for label, metric in _FIGURES:
        count = getattr(model.totals, metric)
        human = show_bytes(count) if metric.endswith("bytes") else ""
        exact = f'<span class="soft">{show_count(count)} bytes</span>' if human else ""
        unit = '<span class="soft">bytes</span>' if metric.endswith("bytes") and not human and count is not None else ""
        shown = human or show_count(count).replace(",", ",<wbr>")
        yield f"<div><dt>{label}</dt><dd>{shown} {exact}{unit}</dd></div>"
    yield '</dl><dl class="totals">'
    for label, metric in _TOTALS:
        yield f"<div><dt>{label}</dt><dd>{count_cell(getattr(model.totals, metric), metric)}</dd></div>"
    yield "</dl>"
    if model.open_sizes and None in model.totals.model_dump().values():
        names = ", ".join(map(safe, model.open_sizes))
        settings = " ".join(f"--set {safe(name)}=…" for name in model.open_sizes)
        yield (
            f'<p class="note">? depends on {names}, known only when the model runs: '
            f"<code>{settings}</code> gives a size.</p>"
        )


def show_budget(model: Model) -> Iterator[str]:
    """Each limit with a bar: how much of it is used, and what is beyond it."""
    rows = []
    for line in model.budget:
        what = safe(line.metric) if line.scope is None else f"{safe(line.metric)} of <code>{safe(line.scope)}</code>"
        for sign, bound, ok, note in list_sides(_row(line)):
            rows.append(
                (
                    what,
                    show_count(line.actual),
                    f"{sign} {show_count(bound)}",
                    "" if bound is None else show_share(line.actual, bound),
                    bar(line.actual, bound, "bad" if ok is False else "good") if ok is not None else "",
                    _judge(line, sign, bound, ok) + (f' <span class="soft">{safe(note)}</span>' if note else ""),
                )
            )
    unseen = '<span class="unseen">Bar</span>'
    head = (("Limit on", ""), ("Used", "n"), ("Limit", "n"), ("Share", "n"), (unseen, "wide"), ("Verdict", ""))
    yield from table(f"Budget of {safe(name_model(model))}", head, rows, "budget")


def _judge(line: BudgetLine, sign: str, bound: int | None, ok: bool | None) -> str:
    if ok is None:
        return '<span class="soft">not judged</span>'
    if ok:
        return '<span class="good">✓ met</span>'
    if line.actual is None or bound is None:
        return '<b class="bad">✕ not known</b>'
    over = abs(line.actual - bound)
    word = {"≤": "over", "≥": "under"}.get(sign, "off")
    return f'<b class="bad">✕ {over:,} {word}</b>'
