"""Two versions of a spec beside one another: the report that a comparison of them gives, without git."""

from __future__ import annotations

from modelspec.report import Report
from modelspec.road import describe_part, follow, join
from modelspec.versions import Pair, add_comparisons

__all__ = ["compare_versions"]


def compare_versions(old: bytes, new: bytes, path: str) -> Report:
    """The report on the new version of a spec, its models beside those of the old one."""
    before, after = (describe_part(follow(data, path)) for data in (old, new))
    return add_comparisons(join([after]), [Pair(after, before)])
