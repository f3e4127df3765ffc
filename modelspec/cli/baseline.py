"""`modelspec baseline`: what is wrong today is written down, so that only what gets worse fails."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence

from modelspec import baseline as accepting
from modelspec import files, road
from modelspec.baseline import NAME, Baseline
from modelspec.cli import console
from modelspec.cli.batch import Batch
from modelspec.cli.choice import choose
from modelspec.description import diagnose
from modelspec.report import Report

__all__ = ["apply_file", "baseline"]


def baseline(
    paths: Sequence[str],
    *,
    output: str = NAME,
    ratchet: bool = False,
    variant: str | None = None,
    settings: Sequence[str] = (),
) -> int:
    """Write a baseline of these specs, or tighten the one that there is; return the exit status.

    That is 0 however much is wrong, for that is what is written down; 1 if a configuration or the old baseline is.
    """
    choice = choose(variant, settings)
    if choice is None:
        return console.USAGE
    if files.STANDARD_INPUT in (*paths, output):
        console.complain("a baseline is a file, and of files: give '-' neither to be read nor to be written")
        return console.USAGE
    before = _load(output) if ratchet else None
    if before is None and (ratchet or not _may_write(output)):
        return console.USAGE
    batch = Batch(models=False, choice=choice)
    found = files.find(paths, take=batch.take)
    batch.follow()
    for trouble in found.trouble:
        console.complain(trouble)
    if not batch.is_met() or found.trouble:
        return console.USAGE
    report = road.join(batch.parts, found.findings)
    if before is not None and before.findings:
        return _tell_findings(_blame(report.model_copy(update={"diagnostics": []}), before))
    if before is None:
        text = accepting.write(report, os.path.dirname(output) or os.curdir)
    else:
        text = accepting.ratchet(before, report, batch.paths, variant=variant)
    if not console.write(text, output):
        return console.USAGE
    console.write(_tell(output, accepting.read(text.encode(), output), before), None)
    faults = [one for one in report.diagnostics if one.code.startswith("MS7")]
    return _tell_findings(report.model_copy(update={"diagnostics": faults})) if faults else console.WELL


def apply_file(
    report: Report,
    path: str,
    checked: Collection[str],
    *,
    renamed: Mapping[str, str] | None = None,
    variant: str | None = None,
) -> Report | None:
    """A report with the baseline in a file applied; None if there is no such file, which is told.

    If it is no baseline, that is one more error of the report, and nothing is accepted. The rest is as in `apply`.
    """
    loaded = _load(path)
    if loaded is None:
        return None
    if loaded.findings:
        return _blame(report, loaded)
    return accepting.apply(loaded, report, checked, renamed=renamed, variant=variant)


def _load(path: str) -> Baseline | None:
    """Read a baseline, which may be none; None if there is no file to read, which is told."""
    if files.is_folder(path):
        console.complain(f"'{path}' is a folder: name a baseline, such as {NAME}")
        return None
    found = files.find([path])
    for trouble in found.trouble:
        console.complain(f"the baseline: {trouble}")
    return accepting.read(found.texts[0].data, path) if found.texts else None


def _may_write(path: str) -> bool:
    """Whether a new baseline takes the place of nothing else; what is in the way is told."""
    if os.path.isfile(path):
        found = files.find([path])
        if found.texts and found.texts[0].data.strip() and b"modelspec_baseline" not in found.texts[0].data:
            console.complain(f"'{path}' is there already, and is no baseline: name another file")
            return False
    return True


def _blame(report: Report, broken: Baseline) -> Report:
    """A report that begins with what is wrong with a baseline."""
    lines: dict[tuple[str, int], str] = {}
    told = [diagnose({"": broken.document}, finding, [], lines) for finding in broken.findings]
    return report.model_copy(update={"ok": False, "diagnostics": [*told, *report.diagnostics]})


def _tell_findings(report: Report) -> int:
    from modelspec.render.findings import show_findings

    console.write(show_findings(report, color=console.has_color(None)), None)
    return console.FOUND


def _tell(path: str, written: Baseline, before: Baseline | None) -> str:
    """What a baseline holds, in one line."""
    problems = sum(entry.times for entry in written.entries)
    places = len({entry.path for entry in written.entries})
    held = f"{problems:,} problem{'s' * (problems != 1)} in {places:,} file{'s' * (places != 1)}"
    less = ""
    if before is not None:
        fewer = sum(entry.times for entry in before.entries) - problems
        kept = {entry.key: entry for entry in before.entries}
        tighter = sum(kept.get(entry.key, entry) != entry for entry in written.entries)
        less = f": {fewer:,} fewer than before, {tighter:,} tighter"
    return f"{path} accepts {held}{less}.\n"
