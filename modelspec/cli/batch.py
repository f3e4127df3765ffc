"""The texts of a call on their way down the road, many of them on all cores."""

from __future__ import annotations

import sys

from modelspec import files, road

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from modelspec.cli.advice import Advice
    from modelspec.cli.against import Base
    from modelspec.cli.progress import Progress

__all__ = ["Batch"]

BATCH = 32 * 2**20
"""Bytes of texts that wait together."""
MANY = 200
"""Texts from which on it is worth to look at them on all cores, unless the call says on how many."""
MANY_DESCRIBED = 20
"""The same where each is described in full."""
FEW = 3
"""Texts below which nobody wants to see how far the work is."""


class Batch:
    """Texts on their way down the road, as many together as `BATCH` allows.

    Of a spec in which all is well, the text report says no more than that it was checked: only with `models` is it
    described, with `derivations` down to how each number comes about. `advice` is what the call selects of it, over the
    configuration.
    """

    def __init__(
        self,
        *,
        models: bool,
        choice: road.Choice | None = None,
        jobs: int | None = None,
        base: Base | None = None,
        quiet: bool = False,
        derivations: bool = False,
        advice: Advice | None = None,
    ) -> None:
        self.models = models
        self.advice = advice
        self.choice = choice
        self.base = base
        self.jobs = jobs
        self.quiet = quiet
        self.derivations = derivations
        self.looked: list[tuple[str, bool]] = []
        """Every text's path, and whether nothing was found in it."""
        self.parts: list[road.Part] = []
        self.texts: list[files.Text] = []
        self.paths: set[str] = set()
        self.libraries: list[str] = []
        """The files whose blocks another may use."""
        self.size = 0

    def take(self, text: files.Text) -> None:
        """Take one more text; follow all that wait when they are too many to wait."""
        self.texts.append(text if self.advice is None else self.advice.over(text))
        self.paths.add(text.path)
        if b"blocks" in text.data:
            self.libraries.append(text.path)
        self.size += len(text.data)
        if self.size > BATCH:
            self.follow()

    def follow(self) -> None:
        """Take all that wait down the road."""
        if self.base is not None:
            self.base.prepare(self.texts)
        jobs = self.jobs or 1
        if self.jobs is None and len(self.texts) >= (MANY_DESCRIBED if self.models else MANY):
            from modelspec.workers import count_cores

            jobs = count_cores()
        progress = self.show_progress()
        try:
            parts = self.look_at_all(jobs, None if progress is None else progress.advance)
        finally:
            if progress is not None:
                progress.close()
        self.parts += [part for part in parts if part is not None]
        told = zip(self.texts, parts, strict=True)
        self.looked += [(text.path, part is None or not part.diagnostics) for text, part in told]
        self.texts, self.size = [], 0

    def show_progress(self) -> Progress | None:
        """What shows how far the work is; None where that would interest nobody."""
        if self.quiet or len(self.texts) < FEW or sys.stderr is None or not sys.stderr.isatty():
            return None
        from modelspec.cli.progress import Progress

        return Progress(len(self.texts))

    def look_at_all(self, jobs: int, advance: Callable[[], None] | None) -> list[road.Part | None]:
        """Look at all that wait, by so many processes."""
        if jobs > 1:
            from modelspec.workers import share_out

            return share_out(self.look, len(self.texts), jobs, advance)
        parts = []
        for index in range(len(self.texts)):
            parts.append(self.look(index))
            if advance is not None:
                advance()
        return parts

    def look(self, index: int) -> road.Part | None:
        """What there is to say of a text; None if nothing."""
        text = self.texts[index]
        outcome = road.follow(text.data, text.path, self.choice, text.demands, advice=text.advice)
        # What a call chooses may be in any of the specs, also in one in which all is well.
        if not (outcome.findings or self.models or self.choice is not None):
            return None
        part = road.describe_part(outcome, models=self.models, derivations=self.derivations)
        return part if self.base is None else self.base.look_back(text, part, self.choice)

    def is_met(self) -> bool:
        """Whether what the call chooses is there in some spec; what is not is told."""
        if self.choice is None:
            return True
        from modelspec.cli.choice import check_met

        return check_met(self.choice, self.parts)
