"""`modelspec resolve`: a spec with everything inferred written out."""

from __future__ import annotations

from collections.abc import Sequence

from modelspec.cli import console, single

__all__ = ["resolve"]


def resolve(
    path: str,
    *,
    output: str | None = None,
    stdin_filename: str | None = None,
    variant: str | None = None,
    settings: Sequence[str] = (),
) -> int:
    """Write the resolved spec; return the exit status, which is that of `check`."""
    followed = single.follow(path, stdin_filename, variant, settings)
    if isinstance(followed, int):
        return followed
    outcome, graph = followed
    from modelspec.completion import Incompletable, complete

    try:
        text = complete(graph)
    except Incompletable as reason:
        console.complain(f"'{path}' cannot be written out: {reason}")
        return console.USAGE
    if not console.write(text, output):
        return console.USAGE
    if not outcome.ok:
        import sys

        # The budget's findings are no part of the document.
        from modelspec.render.findings import show_findings
        from modelspec.road import write_report

        print(show_findings(write_report([outcome], models=False), color=False), file=sys.stderr, end="")  # noqa: T201
    return console.WELL if outcome.ok else console.FOUND
