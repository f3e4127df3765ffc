"""`modelspec report`: what each layer is and costs, the totals, and the budgets."""

from __future__ import annotations

from collections.abc import Sequence

from modelspec import files, road
from modelspec.cli import console
from modelspec.cli.batch import Batch
from modelspec.cli.choice import choose

__all__ = ["report"]


def report(
    paths: Sequence[str],
    *,
    format: str = "text",
    output: str | None = None,
    stdin_filename: str | None = None,
    variant: str | None = None,
    settings: Sequence[str] = (),
    jobs: int | None = None,
) -> int:
    """Report on specs; return the exit status, which is that of `check`."""
    choice = choose(variant, settings)
    if choice is None:
        return console.USAGE
    batch = Batch(models=True, choice=choice, jobs=jobs, derivations=format in console.DERIVED)
    found = files.find(paths, stdin_filename=stdin_filename, take=batch.take)
    batch.follow()
    if not batch.is_met():
        return console.USAGE
    result = road.join(batch.parts, found.findings)
    written = console.show(result, format, output)
    for trouble in found.trouble:
        console.complain(trouble)
    if found.trouble or not written:
        return console.USAGE
    return console.judge(result)
