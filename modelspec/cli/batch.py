"""The texts of a call on their way down the road, many of them on all cores."""

from __future__ import annotations

from modelspec import files, road

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelspec.cli.against import Base

__all__ = ["Batch"]

BATCH = 32 * 2**20
"""Bytes of texts that wait together."""
MANY = 200
"""Texts from which on it is worth to look at them on all cores, unless the call says on how many."""
MANY_DESCRIBED = 20
"""The same where each is described in full."""


class Batch:
    """Texts on their way down the road, as many together as `BATCH` allows.

    Of a spec in which all is well, the text report says no more than that it was checked: only with `models` is it
    described.
    """

    def __init__(
        self,
        *,
        models: bool,
        choice: road.Choice | None = None,
        jobs: int | None = None,
        base: Base | None = None,
        quiet: bool = False,
    ) -> None:
        self.models = models
        self.choice = choice
        self.base = base
        self.jobs = jobs
        self.quiet = quiet
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
        self.texts.append(text)
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
        parts = [self.look(index) for index in range(len(self.texts))] if jobs == 1 else self.share_out(jobs)
        self.parts += [part for part in parts if part is not None]
        told = zip(self.texts, parts, strict=True)
        self.looked += [(text.path, part is None or not part.diagnostics) for text, part in told]
        self.texts, self.size = [], 0

    def share_out(self, jobs: int) -> list[road.Part | None]:
        """Look at all that wait, by so many processes."""
        from modelspec.workers import share_out

        return share_out(self.look, len(self.texts), jobs)

    def look(self, index: int) -> road.Part | None:
        """What there is to say of a text; None if nothing."""
        text = self.texts[index]
        outcome = road.follow(text.data, text.path, self.choice, text.demands)
        # What a call chooses may be in any of the specs, also in one in which all is well.
        if not (outcome.findings or self.models or self.choice is not None):
            return None
        part = road.describe_part(outcome, models=self.models)
        return part if self.base is None else self.base.look_back(text, part, self.choice)

    def is_met(self) -> bool:
        """Whether what the call chooses is there in some spec; what is not is told."""
        if self.choice is None:
            return True
        from modelspec.cli.choice import check_met

        return check_met(self.choice, self.parts)
