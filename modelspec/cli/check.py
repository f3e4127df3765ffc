"""`modelspec check`: the gate. Free of Typer, for it runs at every commit."""

from __future__ import annotations

from collections.abc import Sequence

from modelspec import files, road
from modelspec.cli import console
from modelspec.cli.batch import Batch
from modelspec.record import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelspec.cli.advice import Advice
    from modelspec.cli.against import Base
    from modelspec.cli.amend import Amendment
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
    fix: bool = False,
    diff: bool = False,
    write_inferred: bool = False,
    update_pins: bool = False,
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
) -> int:
    """Check specs; return the exit status: 0 all is well, 1 something was found, 2 the call was wrong.

    `against` names the revision whose specs these are compared with, `baseline` the file of the problems that are
    accepted. `jobs` is the number of processes. With `exit_zero` what was found is told, and the status is 0; with
    `fail_on` a warning may be enough to fail. With `fix` what is certain is mended first, with `write_inferred` and
    `update_pins` what their names say is written; with `diff` that is shown, and nothing is written or checked.
    `select` and `ignore` are codes of advice, lists with commas.
    """
    choice = None
    amends = (fix or (diff and not write_inferred and not update_pins), write_inferred, update_pins)
    if any(amends) and not _can_amend(paths, variant, settings, skip_unmarked=skip_unmarked):
        return console.USAGE
    if variant is not None or settings:
        from modelspec.cli.choice import choose

        choice = choose(variant, settings)
        if choice is None:
            return console.USAGE
    advice = None
    if select or ignore:
        from modelspec.cli.advice import choose_advice

        advice = choose_advice(select, ignore)
        if advice is None:
            return console.USAGE
    call = _Call(
        paths,
        format,
        output,
        skip_unmarked,
        force_exclude,
        stdin_filename,
        choice,
        baseline,
        jobs,
        quiet,
        verbose,
        exit_zero,
        fail_on,
        amends,
        diff,
        advice,
    )
    return _run_against(call, against)


class _Call(NamedTuple):
    """What is asked for: the arguments of `check` but the revision, the choice as one."""

    paths: Sequence[str]
    format: str
    output: str | None
    skip_unmarked: bool
    force_exclude: bool
    stdin_filename: str | None
    choice: road.Choice | None
    baseline: str | None
    jobs: int | None
    quiet: bool
    verbose: bool
    exit_zero: bool
    fail_on: str
    amends: tuple[bool, bool, bool]
    """Whether what is certain is mended, what is inferred is written, and pins are updated."""
    diff: bool
    advice: Advice | None


def _run_against(call: _Call, revision: str | None) -> int:
    if revision is None:
        return _run(call, None)
    from modelspec.cli.against import open_base
    from modelspec.history import Trouble

    try:
        return _run(call, open_base(revision))
    except Trouble as trouble:
        console.complain(str(trouble))
        return console.USAGE


def _can_amend(paths: Sequence[str], variant: str | None, settings: Sequence[str], *, skip_unmarked: bool) -> bool:
    """Whether a call that writes into specs makes sense; why it does not is told."""
    if variant is not None or settings:
        console.complain("what is written into a spec must hold for all of it: leave --variant and --set out")
        return False
    if files.STANDARD_INPUT in paths and (len(paths) > 1 or skip_unmarked):
        console.complain("standard input is mended to standard output: give '-' alone, without --skip-unmarked")
        return False
    return True


def _run(call: _Call, base: Base | None) -> int:
    batch = Batch(
        models=call.format != "text" or base is not None,
        choice=call.choice,
        jobs=call.jobs,
        base=base,
        quiet=call.quiet,
        derivations=call.format in console.DERIVED,
        advice=call.advice,
    )
    gone = [path for path in call.paths if base is not None and base.is_gone(path)]
    found = files.find(
        [path for path in call.paths if path not in gone],
        skip_unmarked=call.skip_unmarked,
        force_exclude=call.force_exclude,
        stdin_filename=call.stdin_filename,
        take=None if any(call.amends) else batch.take,
    )
    amendment = None
    if any(call.amends):
        from modelspec.cli.amend import amend, show
        from modelspec.fixing.session import Wanted

        if call.advice is not None:
            found.texts = [call.advice.over(text) for text in found.texts]
        if call.diff:
            status = show(found, Wanted(*call.amends), call.output, quiet=call.quiet)
            return console.WELL if call.exit_zero and status == console.FOUND else status
        is_stream = files.STANDARD_INPUT in call.paths
        amendment = amend(found.texts, Wanted(*call.amends), call.output, is_stream=is_stream)
        for text in amendment.texts:
            batch.take(text)
    if call.skip_unmarked and batch.libraries:
        # As a hook it is given the files that changed; those that use their blocks change with them.
        from modelspec.importers import find_importers

        for text in find_importers(batch.libraries):
            if text.path not in batch.paths:
                batch.take(text)
    batch.follow()
    if not batch.is_met():
        return console.USAGE
    report: Report | None = None
    if call.format != "text" or base is not None or call.baseline is not None or batch.parts or found.findings:
        report = _report(call, base, batch, found)
        if report is None:
            return console.USAGE
    written = _write(call, batch, found, report, amendment)
    if call.verbose:
        from modelspec.cli.account import give_account

        give_account(batch.looked, found, base)
    for trouble in found.trouble:
        console.complain(trouble)
    if found.trouble or not written or (amendment is not None and not amendment.good):
        return console.USAGE
    return console.WELL if call.exit_zero or report is None else console.judge(report, call.fail_on)


def _write(call: _Call, batch: Batch, found: files.Found, report: Report | None, amendment: Amendment | None) -> bool:
    """Write what was found; False if that failed."""
    if amendment is not None and amendment.is_stream:
        # The text as it is mended goes to standard output, so that all else stands beside it.
        import sys

        print(_tell(call, batch, found, report, amendment), file=sys.stderr, end="")  # noqa: T201
        return True
    if report is None or call.format == "text":
        return console.write(_tell(call, batch, found, report, amendment), call.output)
    if amendment is not None and not call.quiet:
        for told in amendment.tell():
            console.remark(told)
    return console.show(report, call.format, call.output)


def _report(call: _Call, base: Base | None, batch: Batch, found: files.Found) -> Report | None:
    """What was found, compared with the base and held against the baseline; None if that is not there."""
    report = road.join(batch.parts, found.findings)
    if base is not None:
        report = base.compare(report, batch.parts, call.paths, found, call.choice)
    if call.baseline is None:
        return report
    from modelspec.cli.baseline import apply_file

    variant = None if call.choice is None else call.choice.variant
    renamed = None if base is None else base.renamed
    return apply_file(report, call.baseline, batch.paths, renamed=renamed, variant=variant)


def _tell(call: _Call, batch: Batch, found: files.Found, report: Report | None, amendment: Amendment | None) -> str:
    """What a check says as text: its findings, if there are any, what has been amended, and one line at the end."""
    amended = "" if amendment is None or call.quiet else "".join(f"{told}\n" for told in amendment.tell())
    if report is None:
        if call.quiet or (found.trouble and not batch.looked):
            return ""
        from modelspec.render.summary import show_summary

        return f"{amended}{show_summary(len(batch.looked), 0, 0, 0)}\n"
    from modelspec.render.findings import show_findings

    color = console.has_color(call.output)
    parts = []
    if report.comparisons is not None and not call.quiet:
        from modelspec.render.comparison import show_comparisons

        parts.append(show_comparisons(report, width=console.width(call.output), color=color, brief=True))
    parts.append(show_findings(report, color=color))
    if not call.quiet:
        from modelspec.render.summary import show_summary

        errors = sum(told.severity == "error" for told in report.diagnostics)
        failed = _count_failed(batch.parts, report)
        accepted = 0 if report.baseline is None else report.baseline.accepted
        fixable = 0 if amendment is not None else sum(told.fixable for told in report.diagnostics)
        told = show_summary(len(batch.looked), failed, errors, len(report.diagnostics) - errors, accepted, fixable)
        parts.append(f"{amended}{told}\n")
    return "\n".join(filter(None, parts))


def _count_failed(parts: Sequence[road.Part], report: Report) -> int:
    """The specs of which something wrong is told: in themselves, in what they import, or in how they grew."""
    told = {(one.code, one.path, one.line, one.column) for one in report.diagnostics if one.severity == "error"}
    grown = {path for code, path, *_ in told if code in ("MS507", "MS508")}
    return sum(
        part.path in grown or any((one.code, one.path, one.line, one.column) in told for one in part.diagnostics)
        for part in parts
    )
