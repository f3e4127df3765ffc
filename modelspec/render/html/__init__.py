"""The report as one HTML file that loads nothing: a verdict, charts, and every number with how it comes about.

A Content-Security-Policy holds the page to that: only its own style and script are allowed, by their hashes.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from itertools import zip_longest

from modelspec.render.changes import LABELS, list_broken, tell_status, tell_statuses, tell_verdict
from modelspec.render.changes import name_model as name_comparison
from modelspec.render.html.comparing import Sides, find_marks, judge, show_comparison
from modelspec.render.html.faults import show_findings
from modelspec.render.html.graph import show_graph
from modelspec.render.html.layers import show_layers
from modelspec.render.html.parts import show_map, show_parts
from modelspec.render.html.verdicts import Verdict, find_verdict, pill, show_budget, show_totals
from modelspec.render.html.writing import Page, breakable, name_model, safe, table
from modelspec.render.notes import COUNTED, NOTES
from modelspec.render.numbers import show_count, show_difference, show_shape
from modelspec.report import Comparison, Model, Report

__all__ = ["show_report"]

FEW = 8
"""Models whose sections a browser lays out at once; of more, each as it is come to."""


def show_report(report: Report) -> str:
    """The page: verdicts, findings, what changed, then each model. It stands for itself, on any machine."""
    style, script = _read("style.css"), _read("script.js")
    policy = (
        f"default-src 'none'; style-src 'sha256-{_hash(style)}'; script-src 'sha256-{_hash(script)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    title = _name_page(report)
    head = (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">'
        f"<title>{safe(title)} – modelspec</title><style>{style}</style></head>\n<body>"
    )
    body = "\n".join(_show_body(report, title))
    return f"{head}\n{body}\n<script>{script}</script></body></html>\n"


def _read(name: str) -> str:
    return files(__name__).joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _name_page(report: Report) -> str:
    if report.comparisons is not None:
        told = report.comparisons
        return name_comparison(told[0]) if len(told) == 1 else f"{len(told):,} models compared"
    names = [name_model(model) for model in report.models]
    return names[0] if len(names) == 1 else f"{len(names):,} models" if names else "No models"


def _show_body(report: Report, title: str) -> Iterator[str]:
    models = list(report.models)
    page = Page([*models, *(old for old, _ in report.sides if old is not None)])
    verdict = tell_verdict(report)
    state = "good" if report.ok else "bad"
    yield '<a class="skip" href="#main">Skip to the report</a><header class="top"><div class="wrap"><div>'
    yield f'<p class="brand">modelspec {"comparison" if report.comparisons is not None else "report"}</p>'
    yield f"<h1>{breakable(title)}</h1></div>"
    yield '<button type="button" id="theme" hidden>Theme: auto</button></div></header>'
    yield f'<main id="main" class="wrap{" many" if len(models) > FEW else ""}">'
    alone = len(models) == 1 and report.comparisons is None
    reason = f' <span class="reason">{safe(find_verdict(models[0]).reason)}</span>' if alone else ""
    yield f'<section aria-label="Verdict"><p class="verdict {state}"><span aria-hidden="true">'
    yield f"{'✓' if report.ok else '✕'}</span> {verdict[0].upper()}{verdict[1:]}.{reason}</p>"
    if report.comparisons is not None:
        yield f"<p>{tell_statuses(report, safe)}</p>"
    if report.baseline is not None and report.baseline.accepted:
        accepted = report.baseline.accepted
        yield f"<p>The baseline accepts {accepted:,} problem{'s' * (accepted != 1)}.</p>"
    yield "</section>"
    if report.comparisons is not None and len(report.comparisons) > 1:
        yield from _show_compared(report)
    elif len(models) > 1:
        yield from _show_index(models)
    if report.diagnostics:
        yield '<section aria-labelledby="found"><h2 id="found">Findings</h2>'
        yield from show_findings(report.diagnostics)
        yield "</section>"
    marks: dict[tuple[str | None, str, str | None], Mapping[int, str]] = {}
    broken = list_broken(report)
    for number, (comparison, sides) in enumerate(zip_longest(report.comparisons or (), report.sides)):
        sides = sides or (None, None)
        key = comparison.path, comparison.name, comparison.variant
        marks[key] = find_marks(comparison, sides)[1]
        yield from _show_one(number, comparison, sides, broken[key], page, alone=len(report.comparisons or ()) == 1)
    for number, model in enumerate(models):
        changed = marks.get((model.path, model.name, model.variant), {})
        yield from _show_model(f"m{number}", model, page, changed, alone=alone)
    yield f'</main><footer class="wrap">{"".join(f"<p>{safe(note)}</p>" for note in NOTES)}'
    yield f"<p>Written by modelspec {safe(report.tool_version)}. This page loads nothing.</p></footer>"


def _show_index(models: list[Model]) -> Iterator[str]:
    yield '<nav aria-labelledby="index"><h2 id="index">Models</h2>'
    order = sorted(range(len(models)), key=lambda number: models[number].ok)
    rows = []
    for number in order:
        model = models[number]
        verdict = find_verdict(model)
        rows.append(
            (
                f'<a href="#m{number}">{breakable(name_model(model))}</a>',
                f'{pill(verdict)} <span class="soft">{safe(_tell_briefly(verdict))}</span>',
                show_count(model.totals.parameters),
                show_count(model.totals.macs),
                show_count(model.totals.weight_bytes),
                breakable(model.path),
            )
        )
    head = (("Model", ""), ("Verdict", ""), ("Parameters", "n"), ("MACs", "n"), ("Weight bytes", "n"), ("File", ""))
    yield from table("Models, those that are not well first", head, rows, "index")
    yield "</nav>"


def _tell_briefly(verdict: Verdict) -> str:
    """What the index says beside the word: what is not met, and by how much."""
    return verdict.reason if verdict.word in ("Not met", "Accepted") else ""


def _show_compared(report: Report) -> Iterator[str]:
    yield '<nav aria-labelledby="index"><h2 id="index">Models</h2>'
    comparisons = report.comparisons or []
    broken = list_broken(report)
    rows = []
    for number in sorted(range(len(comparisons)), key=lambda number: comparisons[number].ok):
        comparison = comparisons[number]
        verdict = judge(comparison, broken[comparison.path, comparison.name, comparison.variant])
        changes = {change.metric: change for change in comparison.metrics}
        told = [changes.get(metric) for metric in ("parameters", "macs")]
        both = comparison.status in ("changed", "unchanged")
        rows.append(
            (
                f'<a href="#c{number}">{breakable(name_comparison(comparison))}</a>',
                pill(verdict),
                tell_status(comparison, safe),
                *(
                    show_difference(change.difference, change.percent) if change is not None and both else ""
                    for change in told
                ),
            )
        )
    head = (("Model", ""), ("Verdict", ""), ("Status", ""), (LABELS["parameters"], "n"), (LABELS["macs"], "n"))
    yield from table("Models compared, those that are not well first", head, rows, "index")
    yield "</nav>"


def _show_one(
    number: int, comparison: Comparison, sides: Sides, broken: set[str], page: Page, *, alone: bool
) -> Iterator[str]:
    own = f"c{number}"
    verdict = judge(comparison, broken)
    name = "Old and new" if alone else breakable(name_comparison(comparison))
    yield f'<section class="model" id="{own}" aria-labelledby="{own}-h"><h2 id="{own}-h">{name} {pill(verdict)}</h2>'
    yield from show_comparison(own, comparison, sides, broken, page)
    yield "</section>"


def _show_model(own: str, model: Model, page: Page, marks: Mapping[int, str], *, alone: bool) -> Iterator[str]:
    """A model's section. Where it is alone on the page, its name and verdict stand at the top already."""
    verdict = find_verdict(model)
    name = breakable(name_model(model))
    if alone:
        yield f'<section class="model alone" id="{own}" aria-label="{safe(name_model(model))}">'
    else:
        yield f'<section class="model" id="{own}" aria-labelledby="{own}-h">'
        yield f'<h2 id="{own}-h">{name} {pill(verdict)}</h2><p class="reason">{safe(verdict.reason)}</p>'
    level = 2 if alone else 3
    yield '<dl class="about">'
    yield f"<div><dt>File</dt><dd>{breakable(model.path)}</dd></div><div><dt>Dialect</dt><dd>{model.dialect}</dd></div>"
    for given, value in model.inputs.items():
        label = f"{safe(given)} " if len(model.inputs) > 1 else ""
        yield f"<div><dt>Input</dt><dd>{label}{safe(show_shape(value.sizes, model.dialect))} {value.dtype}</dd></div>"
    yield f"<div><dt>Counted</dt><dd>{safe(COUNTED)}</dd></div></dl>"
    if model.totals.parameters is not None or model.ok:
        yield _head(level, "Totals")
        yield from show_totals(model)
    if model.budget:
        yield _head(level, "Budget")
        yield from show_budget(model)
    if model.layers:
        yield _head(level, "Where it goes")
        yield '<div class="maps">'
        yield from show_map(own, model, page, marks, "")
        yield "</div>"
        yield '<details class="fold parts" open><summary>The same as a table</summary>'
        yield from show_parts(model)
        yield f"</details>{_head(level, 'Graph')}"
        yield from show_graph(own, model, page, marks)
        yield _head(level, "Layers")
        yield from show_layers(own, model, page, marks)
    if model.conventions:
        yield f'<ul class="note">{"".join(f"<li>{safe(told)}</li>" for told in model.conventions)}</ul>'
    yield "</section>"


def _head(level: int, text: str) -> str:
    return f'<h{level} class="sub">{text}</h{level}>'
