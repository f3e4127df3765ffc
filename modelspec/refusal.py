"""Refusals: a value that cannot stand where it stands, why, and the way out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from modelspec.diagnostics import Edit, Route
from modelspec.shape import Unknown

__all__ = ["Refused", "find_near", "name_value"]


class Refused(ValueError):
    """A value that a kind does not take: code, message, the way into the value, and the way out.

    `fix` is the change that surely mends it, its routes seen from the value. `parts` holds several refusals where a
    list has several bad members.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "MS205",
        route: Route = (),
        hint: str | None = None,
        span: tuple[int, int] | None = None,
        parts: tuple[Refused, ...] = (),
        fix: tuple[Edit, ...] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.route = route
        self.hint = hint
        self.span = span
        self.parts = parts
        self.fix = fix

    def each(self) -> Iterator[Refused]:
        """The refusals that this one stands for."""
        if self.parts:
            for part in self.parts:
                yield from part.each()
        else:
            yield self

    def under(self, step: str | int) -> Refused:
        """The same refusal, seen from one step further up."""
        if self.parts:
            return Refused(self.message, parts=tuple(part.under(step) for part in self.parts))
        fix = tuple([edit._replace(route=(step, *edit.route)) for edit in self.fix])
        return Refused(self.message, code=self.code, route=(step, *self.route), hint=self.hint, span=self.span, fix=fix)


def name_value(value: object) -> str:
    """A value as its author may recognise it: `true`, `"same"`, `a list`, cut where it is long."""
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, str):
        text = value if len(value) <= 40 else value[:39] + "…"
        return f'"{text}"'
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "an empty list" if not value else f"a list of {len(value)}"
    if isinstance(value, Unknown):
        return f"the unknown size {value.name}" if value.name else "an unknown size"
    text = repr(value)
    return text if len(text) <= 40 else text[:39] + "…"


def find_near(word: str, options: Iterable[str]) -> str | None:
    """The one of a few words that was surely meant, if there is one: but for its case, or nearly."""
    if len(word) > 100:
        return None
    folded, length = word.lower(), len(word)
    options = tuple(options)
    for option in options:
        if option.lower() == folded:
            return option
    from difflib import get_close_matches

    # Words whose lengths differ more than so cannot be alike enough, and there may be very many.
    likely = [option for option in options if 3 * length <= 7 * len(option) and 3 * len(option) <= 7 * length]
    near = get_close_matches(word, likely, 1)
    if not near and folded != word:
        near = get_close_matches(folded, likely, 1)
    return near[0] if near else None
