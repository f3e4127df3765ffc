"""One spec for the commands that take one: found, read, resolved, or what is wrong with it told."""

from __future__ import annotations

from modelspec import files, road
from modelspec.cli import console

__all__ = ["follow"]


def follow(path: str, stdin_filename: str | None) -> road.Outcome | int:
    """Take one spec down the road; an exit status where it cannot be gone on with, the reason told."""
    if path != files.STANDARD_INPUT and files.is_folder(path):
        console.complain(f"'{path}' is a folder: name one spec")
        return console.USAGE
    found = files.find([path], stdin_filename=stdin_filename)
    for trouble in found.trouble:
        console.complain(trouble)
    if not found.texts:
        return console.USAGE
    outcome = road.follow(found.texts[0].data, found.texts[0].path)
    if outcome.sound:
        return outcome
    from modelspec.render.findings import show_findings

    console.write(show_findings(road.write_report([outcome], models=False), color=console.has_color(None)), None)
    return console.FOUND
