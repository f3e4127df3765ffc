"""`modelspec config`: what holds for a spec, and where each value comes from."""

from __future__ import annotations

import os

from modelspec import files, road
from modelspec.advice import RULES, Selection
from modelspec.cli import console
from modelspec.description import name_model
from modelspec.standing import Standing, list_standing

__all__ = ["config"]


def config(path: str, *, output: str | None = None, stdin_filename: str | None = None) -> int:
    """Show the configuration of a spec and every limit on it; return the exit status."""
    if path != files.STANDARD_INPUT and files.is_folder(path):
        console.complain(f"'{path}' is a folder: name one spec")
        return console.USAGE
    found = files.find([path], stdin_filename=stdin_filename)
    for trouble in found.trouble:
        console.complain(trouble)
    if not found.texts:
        return console.USAGE
    text = found.texts[0]
    absolute = os.path.abspath(text.path)
    configuration = found.configuration(os.path.dirname(absolute))
    outcome = road.follow(text.data, text.path, None, text.demands)
    models: dict[str, list[Standing]] = {
        name_model(model.graph, outcome.document): [*list_standing(outcome.documents, model.graph, sound=model.sound)]
        for model in outcome.models
    }
    from modelspec.render.standing import show_standing

    taken = "left out: not among 'include'"
    if configuration.excludes(absolute):
        taken = "left out: among 'exclude'"
    elif configuration.includes(absolute):
        taken = "taken"
    shown = None if configuration.page is None else configuration.page.path
    advice = _tell_advice(text.advice)
    told = show_standing(text.path, shown, taken, advice, models, color=console.has_color(output))
    faults = [finding for finding in outcome.findings if not finding.code.startswith("MS5")]
    if faults or found.findings:
        from modelspec.render.findings import show_findings

        told_findings = show_findings(road.write_report([outcome], found.findings, models=False))
        told = f"{told}\n{told_findings}"
    if not console.write(told, output):
        return console.USAGE
    return console.FOUND if faults or found.findings else console.WELL


def _tell_advice(advice: Selection) -> str:
    """Which advice is given: the codes, or that it is the usual; and how many are not."""
    codes = [code for code in RULES if code in advice.codes]
    if not codes:
        return "none"
    told = ", ".join(codes)
    left = len(RULES) - len(codes)
    return f"{told}; not: {', '.join(code for code in RULES if code not in codes)}" if left else told
