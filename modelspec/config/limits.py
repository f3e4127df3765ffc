"""The limits that a configuration sets for the specs below it: `[[limits]]`, and `growth`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelspec.config import show_path
from modelspec.config.glob import Glob, Tell, read_globs
from modelspec.config.page import Page
from modelspec.diagnostics import Route
from modelspec.language import BUDGET_KINDS, FLAG, GROWTH_KINDS, LAYER_BUDGET_KINDS
from modelspec.limit import Limit, Share
from modelspec.record import NamedTuple
from modelspec.refusal import Refused, find_near
from modelspec.spec import Budget

__all__ = ["Rule", "read_growth", "read_limits"]

_RULE_KEYS = ("files", "budget")
_EXAMPLE = 'budget = { parameters = "5M" }'


class Rule(NamedTuple):
    """A budget for some files: those that one of the globs matches, or all (None)."""

    files: list[Glob] | None
    budget: Budget


class _Reader:
    """Reads budgets in one configuration, and tells what is wrong in them."""

    def __init__(self, page: Page, tell: Tell) -> None:
        self.page = page
        self.tell = tell

    def read_rule(self, value: Any, route: Route) -> Rule | None:
        if not isinstance(value, dict):
            self.tell("MS702", "an entry of 'limits' must be a table", route, f"write [[limits]] with {_EXAMPLE}")
            return None
        self._refuse_unknown(value, _RULE_KEYS, route)
        files: list[Glob] | None = None
        if "files" in value:
            files = read_globs((*route, "files"), value["files"], self.tell)
            if files is None:
                return None
        if "budget" not in value:
            if value.keys() <= {*_RULE_KEYS}:
                self.tell("MS702", "'limits' without a budget", route, f"add {_EXAMPLE}")
            return None
        budget = self.read_budget(value["budget"], (*route, "budget"))
        return None if budget is None else Rule(files, budget)

    def read_budget(self, value: Any, route: Route) -> Budget | None:
        if not isinstance(value, dict):
            self.tell("MS702", "'budget' must be a table", route, f"write {_EXAMPLE}")
            return None
        self._refuse_unknown(value, (*BUDGET_KINDS, "layers", "growth"), route)
        growth = self.read_growth(value["growth"], (*route, "growth")) if "growth" in value else {}
        layers: dict[str, tuple[dict[str, Limit], bool]] = {}
        patterns = value.get("layers", {})
        if isinstance(patterns, dict):
            for pattern, limits in patterns.items():
                self._read_pattern(pattern, limits, (*route, "layers", pattern), layers)
        else:
            hint = 'write layers = { "head.*" = { parameters = "4M" } }'
            self.tell("MS702", "'layers' must be a table", (*route, "layers"), hint)
        return Budget(self._read_limits(value, BUDGET_KINDS, route), layers, growth, route, home=self.page.path)

    def _read_pattern(
        self, pattern: str, limits: Any, route: Route, layers: dict[str, tuple[dict[str, Limit], bool]]
    ) -> None:
        if not isinstance(limits, dict) or not limits.keys() - {"each"}:
            hint = 'write { parameters = "4M" }'
            self.tell("MS702", f"'{show_path(pattern)}' must be a table of limits", route, hint)
            return
        self._refuse_unknown(limits, (*LAYER_BUDGET_KINDS, "each"), route)
        each = self._read(FLAG, limits["each"], (*route, "each")) if "each" in limits else False
        layers[pattern] = (self._read_limits(limits, LAYER_BUDGET_KINDS, route), each is True)

    def read_growth(self, value: Any, route: Route) -> dict[str, int | Share]:
        if not isinstance(value, dict):
            self.tell("MS702", "'growth' must be a table", route, 'write growth = { parameters = "5%" }')
            return {}
        self._refuse_unknown(value, tuple(GROWTH_KINDS), route)
        return self._read_limits(value, GROWTH_KINDS, route)

    def _read_limits(self, value: dict[str, Any], kinds: Mapping[str, Any], route: Route) -> dict[str, Any]:
        read = {
            metric: self._read(kinds[metric], limit, (*route, metric))
            for metric, limit in value.items()
            if metric in kinds
        }
        return {metric: limit for metric, limit in read.items() if limit is not None}

    def _read(self, kind: Any, value: Any, route: Route) -> Any:
        try:
            return kind.read(value)
        except Refused as refused:
            for one in refused.each():
                self.tell("MS702", f"{route[-1]}: {one.message}", (*route, *one.route), one.hint or "mend the value")
            return None

    def _refuse_unknown(self, value: dict[str, Any], known: tuple[str, ...], route: Route) -> None:
        for key in value:
            if key not in known:
                near = find_near(key, known)
                hint = f"did you mean '{near}'?" if near else f"known here: {', '.join(known)}"
                self.tell("MS701", f"unknown key '{show_path(key)}'", (*route, key), hint)


def read_limits(value: Any, page: Page, tell: Tell) -> list[Rule]:
    """Read `[[limits]]`: a budget for the files that its globs match. What is wrong is told and left out."""
    if not isinstance(value, list):
        tell("MS702", "'limits' must be an array of tables", ("limits",), f"write [[limits]] with {_EXAMPLE}")
        return []
    reader = _Reader(page, tell)
    rules = [reader.read_rule(entry, ("limits", number)) for number, entry in enumerate(value)]
    return [rule for rule in rules if rule is not None]


def read_growth(value: Any, page: Page, tell: Tell) -> list[Rule]:
    """Read `growth`: by how much each metric of any spec may grow. What is wrong is told and left out."""
    growth = _Reader(page, tell).read_growth(value, ("growth",))
    return [Rule(None, Budget({}, {}, growth, (), home=page.path))] if growth else []
