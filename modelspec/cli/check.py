"""`modelspec check`: the gate. Free of Typer, for it runs at every commit."""

from __future__ import annotations

from collections.abc import Sequence

from modelspec import files, road
from modelspec.cli import console
from modelspec.cli.batch import Batch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelspec.report import Report

__all__ = ["check"]


def check(
    paths: Sequence[str],
    *,
    format: str = "text",
    output: str | None = None,
    skip_unmarked: bool = False,
    force_exclude: bool = False,
    stdin_filename: str | None = None,
    variant: str | None = None,
    settings: Sequence[str] = (),
    against: str | None = None,
    baseline: str | None = None,
    jobs: int | None = None,
    quiet: bool = False,
    verbose: bool = False,
    exit_zero: bool = False,
    fail_on: str = "error",
) -> int:
    """Check specs; return the exit status: 0 all is well, 1 something was found, 2 the call was wrong.

    `against` names the revision whose specs these are compared with, `baseline` the file of the problems that are
    accepted. `jobs` is the number of processes. With `exit_zero` what was found is told, and the status is 0; with
    `fail_on` a warning may be enough to fail.
    """
    choice = None
    if variant is not None or settings:
        from modelspec.cli.choice import choose

        choice = choose(variant, settings)
        if choice is None:
            return console.USAGE
    base = None
    if against is not None:
        from modelspec.cli.against import open_base

        base = open_base(against)
        if base is None:
            return console.USAGE
    batch = Batch(models=format != "text" or base is not None, choice=choice, jobs=jobs, base=base)
    found = files.find(
        paths, skip_unmarked=skip_unmarked, force_exclude=force_exclude, stdin_filename=stdin_filename, take=batch.take
    )
    if skip_unmarked and batch.libraries:
        # As a hook it is given the files that changed; those that use their blocks change with them.
        from modelspec.importers import find_importers

        for text in find_importers(batch.libraries):
            if text.path not in batch.paths:
                batch.take(text)
    batch.follow()
    if not batch.is_met():
        return console.USAGE
    report: Report | None = None
    if format != "text" or base is not None or baseline is not None or batch.parts or found.findings:
        report = road.join(batch.parts, found.findings)
        if base is not None:
            report = base.compare(report, batch.parts, paths, found, choice)
        if baseline is not None:
            from modelspec.cli.baseline import apply_file

            report = apply_file(
                report, baseline, batch.paths, renamed=None if base is None else base.renamed, variant=variant
            )
            if report is None:
                return console.USAGE
    if format == "text":
        told = "" if quiet and not report else _tell(batch, report, color=console.has_color(output), quiet=quiet)
        if not len(batch.looked) and found.trouble and report is None:
            told = ""
        written = console.write(told, output)
    else:
        assert report is not None
        written = console.show(report, format, output)
    if verbose:
        from modelspec.cli.account import give_account

        give_account(batch.looked, found, base)
    for trouble in found.trouble:
        console.complain(trouble)
    if found.trouble or not written:
        return console.USAGE
    return console.WELL if exit_zero or report is None else console.judge(report, fail_on)


def _tell(batch: Batch, report: Report | None, *, color: bool, quiet: bool) -> str:
    """What a check says as text: its findings, if there are any, and one line at the end."""
    from modelspec.render.summary import show_summary

    if report is None:
        return show_summary(len(batch.looked), 0, 0, 0) + "\n"
    from modelspec.render.findings import show_findings

    text = show_findings(report, color=color)
    if report.comparisons is not None:
        from modelspec.render.comparison import show_comparisons

        text = "\n".join(filter(None, (text, show_comparisons(report, color=color))))
    if quiet:
        return text
    errors = sum(told.severity == "error" for told in report.diagnostics)
    failed = _count_failed(batch.parts, report)
    summary = show_summary(len(batch.looked), failed, errors, len(report.diagnostics) - errors)
    return f"{text}\n{summary}\n" if text else f"{summary}\n"


def _count_failed(parts: Sequence[road.Part], report: Report) -> int:
    """The specs of which something wrong is told: in themselves, in what they import, or in how they grew."""
    told = {(one.code, one.path, one.line, one.column) for one in report.diagnostics if one.severity == "error"}
    grown = {path for code, path, *_ in told if code in ("MS507", "MS508")}
    return sum(
        part.path in grown or any((one.code, one.path, one.line, one.column) in told for one in part.diagnostics)
        for part in parts
    )
