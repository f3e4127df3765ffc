"""The command: `modelspec`, or `python -m modelspec`."""

from __future__ import annotations

import gc
import os
import sys

__all__ = ["main"]

FAULT = 3
"""Exit status of a fault in modelspec itself."""


def main() -> None:
    """Run the command line and leave with its exit status."""
    # A run is short, and what it makes lives to its end: collecting and tidying up would be most of its time.
    gc.disable()
    status = run(sys.argv[1:])
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        # Whoever read the output has closed it: no reason to complain, as with any filter.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    os._exit(status)


def run(arguments: list[str]) -> int:
    """Run the command line; return its exit status. A fault of our own is told with what to report, and is 3."""
    try:
        if is_plain_check(arguments):
            from modelspec.cli.check import check

            flags = {name for name in arguments[1:] if name in FLAGS}
            paths = [path for path in arguments[1:] if path not in FLAGS]
            return check(
                paths or ["."],
                skip_unmarked="--skip-unmarked" in flags,
                force_exclude="--force-exclude" in flags,
                fix="--fix" in flags,
            )
        from modelspec.cli.app import run_app

        return run_app(arguments)
    except BrokenPipeError:
        return 0
    except KeyboardInterrupt:
        return 130
    except Exception:
        return tell_fault()


FLAGS = ("--skip-unmarked", "--force-exclude", "--fix")


def is_plain_check(arguments: list[str]) -> bool:
    """Whether this is `check` as the hooks call it: with nothing but paths and their flags.

    Typer takes longer to import than such a check takes in all. The same function answers both ways.
    """
    return arguments[:1] == ["check"] and all(
        not argument.startswith("-") or argument in FLAGS for argument in arguments[1:]
    )


def tell_fault() -> int:
    """Say that modelspec itself has failed, and what to report."""
    import platform
    import traceback

    from modelspec.version import VERSION

    traceback.print_exc()
    print(  # noqa: T201
        f"modelspec: this is a fault in modelspec {VERSION} itself (Python {platform.python_version()}), not in your "
        "file. Please report the lines above, with the file if you can.",
        file=sys.stderr,
    )
    return FAULT


if __name__ == "__main__":
    main()
