"""Which advice a call asks for: `--select CODES` and `--ignore CODES`."""

from __future__ import annotations

from collections.abc import Sequence

from modelspec.advice.selection import refuse_code
from modelspec.cli import console
from modelspec.diagnostics import CODES
from modelspec.files import Text
from modelspec.record import NamedTuple

__all__ = ["Advice", "choose_advice"]


class Advice(NamedTuple):
    """What a call selects (None: what the configuration does), and what it ignores: codes, or beginnings of codes."""

    select: tuple[str, ...] | None
    ignore: tuple[str, ...]

    def over(self, text: Text) -> Text:
        """A text with what is asked of it, over what its configuration says."""
        return text._replace(advice=text.advice.over(self.select, self.ignore))


def choose_advice(select: Sequence[str], ignore: Sequence[str]) -> Advice | None:
    """What a call asks for, each a list of lists with commas; None where it cannot be read, which is told."""
    read = []
    for option, given in (("--select", select), ("--ignore", ignore)):
        codes = [code.strip() for text in given for code in text.split(",")]
        for code in codes:
            refused = refuse_code(code, CODES)
            # `--select ""` selects nothing.
            if code and refused is not None:
                console.complain(f"{option} {code}: {refused[0]}; {refused[1]}")
                return None
        read.append(tuple(filter(None, codes)))
    return Advice(read[0] if select else None, read[1])
