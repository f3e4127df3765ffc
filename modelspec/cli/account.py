"""What `--verbose` tells: which files were looked at, by which configuration, and against what."""

from __future__ import annotations

import os
from collections.abc import Sequence

from modelspec.cli import console
from modelspec.files import Found

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelspec.cli.against import Base

__all__ = ["give_account"]


def give_account(checked: Sequence[tuple[str, bool]], found: Found, base: Base | None) -> None:
    """Tell on standard error what a run did: each file, and whether anything was found in it."""
    for path in found.list_configurations():
        console.remark(f"configuration: {os.path.relpath(path)}")
    if base is not None:
        console.remark(f"against: {base.snapshot.revision}, merge base {base.snapshot.commit[:12]}")
    for path, well in checked:
        console.remark(f"checked: {path}: {'well' if well else 'found something'}")
    if found.skipped:
        console.remark(f"skipped: {found.skipped:,}, excluded or without the key 'modelspec'")
