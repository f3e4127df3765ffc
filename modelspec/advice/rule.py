"""What a rule is: one piece of advice, in a class of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, ClassVar

from modelspec.diagnostics import Edit, Finding, Place, Related, Where

if TYPE_CHECKING:
    from modelspec.advice.view import Seat, View
    from modelspec.spec import Spec

__all__ = ["DocumentRule", "ModelRule", "RemarkRule", "Rule"]


class Rule:
    """One piece of advice: its code, and specs that it is silent on (`VALID`) or not (`INVALID`).

    In an invalid one «these marks» stand around what is pointed at. The docstring says what is found, why it is surely
    not meant, and where the rule is silent on purpose; when a rule is looked at at all, `index` says.
    """

    code: ClassVar[str]
    VALID: ClassVar[tuple[str, ...]]
    INVALID: ClassVar[tuple[str, ...]]

    def tell(
        self,
        where: Where | Place,
        message: str,
        hint: str,
        layer: str | None = None,
        related: tuple[Related, ...] = (),
        fix: tuple[Edit, ...] = (),
    ) -> Finding:
        """The finding of this rule at a place."""
        told = f"{layer}: {message}" if layer else message
        return Finding(self.code, told, where, hint, layer, related, "warning", fix=fix)

    def tell_at(
        self,
        seat: Seat,
        argument: str | None,
        message: str,
        hint: str,
        related: tuple[Related, ...] = (),
        fix: tuple[Edit, ...] = (),
    ) -> Finding:
        """The finding about a layer, at one of its arguments: at its type, where that is not written."""
        return self.tell(seat.point(argument), message, hint, seat.path, related, fix)


class ModelRule(Rule):
    """A rule about a resolved model."""

    def find(self, view: View) -> Iterator[Finding]:
        """What it finds in one model."""
        raise NotImplementedError


class DocumentRule(Rule):
    """A rule about a document, whatever its variants make of it."""

    def find(self, spec: Spec) -> Iterator[Finding]:
        """What it finds in a document in which nothing is wrong."""
        raise NotImplementedError


class RemarkRule(Rule):
    """A rule about the comments that ignore advice."""

    def find(self, spec: Spec, unused: Iterable[tuple[Place, str | None]]) -> Iterator[Finding]:
        """What it finds, where `unused` are the codes that were ignored on lines on which nothing was found."""
        raise NotImplementedError
