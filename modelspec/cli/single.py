"""One model for the commands that take one: found, read, resolved, or what is wrong with it told."""

from __future__ import annotations

from collections.abc import Sequence

from modelspec import files, road
from modelspec.cli import console
from modelspec.cli.choice import check_met, choose
from modelspec.graph import Graph

__all__ = ["follow"]


def follow(
    path: str, stdin_filename: str | None, variant: str | None, settings: Sequence[str]
) -> tuple[road.Outcome, Graph] | int:
    """Take one model of a spec down the road; an exit status where it cannot be gone on with, the reason told."""
    if path != files.STANDARD_INPUT and files.is_folder(path):
        console.complain(f"'{path}' is a folder: name one spec")
        return console.USAGE
    choice = choose(variant, settings)
    if choice is None:
        return console.USAGE
    found = files.find([path], stdin_filename=stdin_filename)
    for trouble in found.trouble:
        console.complain(trouble)
    if not found.texts:
        return console.USAGE
    outcome = road.follow(found.texts[0].data, found.texts[0].path, choice, found.texts[0].demands)
    if not check_met(choice, [outcome]):
        return console.USAGE
    if len(outcome.models) > 1:
        names = [str(model.graph.variant) for model in outcome.models]
        others = ", ".join(names[1:8])
        console.complain(f"'{path}' has {len(names)} variants: choose one by --variant {names[0]} (or {others})")
        return console.USAGE
    if outcome.models and outcome.models[0].sound:
        return outcome, outcome.models[0].graph
    if not outcome.findings:
        console.complain(f"'{path}' is a library of blocks: it has no layers of its own")
        return console.USAGE
    from modelspec.render.findings import show_findings

    console.write(show_findings(road.write_report([outcome], models=False), color=console.has_color(None)), None)
    return console.FOUND
