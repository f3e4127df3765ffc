"""`modelspec watch`: checks again as files change."""

from __future__ import annotations

import gc
import os
import shutil
import time
from collections.abc import Sequence

from modelspec import stamps
from modelspec.cli import console
from modelspec.cli.choice import check_met, choose
from modelspec.cli.watched import Watched
from modelspec.config import show_path
from modelspec.files import STANDARD_INPUT
from modelspec.render.watching import Round, show_round

__all__ = ["watch"]

PAUSE = 0.2
"""Seconds between two looks at the files, at least."""
SHARE = 20
"""How many times as long as a look takes is waited for the next one: the time of one processor that looking takes."""
SETTLE = 0.1
"""Seconds for which nothing must change before files are read: tools write in several steps, and several files."""
GRACE = 0.6
"""The same after a file has gone or become empty: it is most likely being saved, and back in a moment."""
MOST = 3.0
"""Seconds after which files are read though something keeps changing."""
CLEAR = "\x1b[H\x1b[J"


def watch(
    paths: Sequence[str],
    *,
    variant: str | None = None,
    settings: Sequence[str] = (),
    quiet: bool = False,
    clear: bool = True,
) -> int:
    """Check specs now and whenever they change, until that is broken off; return the exit status.

    Ctrl-C is how it is meant to end, and so no failure: 0. The call was wrong if a path is not there at the start.
    """
    # The command line turns it off for runs that are short.
    gc.enable()
    choice = choose(variant, settings)
    if choice is None or not _can_watch(paths):
        return console.USAGE
    watched = Watched(paths, choice if variant is not None or settings else None)
    try:
        first = watched.look()
        _complain(watched)
        if not check_met(choice, watched.parts):
            return console.USAGE
        shown = first is None or _show(first, paths, quiet=quiet, clear=False)
        while shown:
            wait(watched)
            trouble = watched.trouble
            checked = watched.look()
            if watched.trouble != trouble:
                _complain(watched)
            shown = checked is None or _show(checked, paths, quiet=quiet, clear=clear)
    except (KeyboardInterrupt, BrokenPipeError):  # whoever watched has gone
        return console.WELL
    return console.USAGE


def _can_watch(paths: Sequence[str]) -> bool:
    """Whether all that is to be watched is there; what is not is told."""
    for path in paths:
        if path == STANDARD_INPUT:
            console.complain("standard input does not change: name files and folders")
            return False
        if not os.path.exists(path):
            console.complain(f"no such file or folder: '{show_path(path)}'")
            return False
    return True


def wait(watched: Watched) -> None:
    """Wait until something has changed that bears on the specs, and the files have settled."""
    while True:
        start = time.monotonic()
        fresh = watched.take_stamps()
        if fresh != watched.stamps:
            break
        time.sleep(max(PAUSE, SHARE * (time.monotonic() - start)))
    begin = since = time.monotonic()
    while time.monotonic() - begin < MOST:
        time.sleep(SETTLE)
        again = watched.take_stamps()
        if again != fresh:
            fresh, since = again, time.monotonic()
        elif not stamps.is_doubtful(watched.stamps, fresh) or time.monotonic() - since >= GRACE:
            return


def _show(checked: Round, paths: Sequence[str], *, quiet: bool, clear: bool) -> bool:
    """Write a round; False if nobody reads it any more."""
    text = show_round(
        checked, time.strftime("%H:%M:%S"), width=console.width(None), color=console.has_color(None), quiet=quiet
    )
    screen = clear and bool(checked.changes) and console.has_screen()
    if not quiet and (screen or not checked.changes):
        text += f"\nWatching {_name(paths)}; Ctrl-C ends it.\n"
    if screen:
        # What was there scrolls up instead of being lost.
        text = "\n" * shutil.get_terminal_size().lines + CLEAR + text
    elif text and checked.changes:
        text = f"\n{text}"
    return not text or console.write(text, None)


def _complain(watched: Watched) -> None:
    for trouble in watched.trouble:
        console.complain(trouble)


def _name(paths: Sequence[str]) -> str:
    """What is watched, in words."""
    names = ["this folder" if path == os.curdir else show_path(path) for path in paths]
    return ", ".join(names[:3]) + (f" and {len(names) - 3:,} more" if len(names) > 3 else "")
