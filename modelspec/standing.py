"""What is demanded of a model, and by whom: every limit, where it stands, and whether it counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from modelspec.budget import choose, measure
from modelspec.cost import count_parts
from modelspec.diagnostics import Route, Where
from modelspec.graph import Graph
from modelspec.limit import Limit
from modelspec.record import NamedTuple
from modelspec.source import Document
from modelspec.spec import Budget

__all__ = ["Standing", "list_standing"]


class Standing(NamedTuple):
    """One limit on a model, on its layers (`scope`), or on its growth.

    `text` is the limit in words, `place` where it stands. One that does not `count` is looser than another: that one
    holds.
    """

    kind: str
    metric: str
    scope: str | None
    text: str
    place: str
    counts: bool


def list_standing(documents: Mapping[str, Document], graph: Graph, *, sound: bool) -> Iterator[Standing]:
    """Every limit on a model, those of the spec before those of its configuration. `documents` are by their home."""
    budgets = [budget for budget in (graph.budget, *graph.demands) if budget is not None]

    def stand(
        kind: str, budget: Budget, route: Route, metric: str, scope: str | None, text: str, counts: bool
    ) -> Standing:
        document = documents[budget.home]
        place = document.place(Where(route, "key" if budget.home else "value", file=budget.home))
        return Standing(kind, metric, scope, text, f"{document.path}:{place.line}:{place.column}", counts)

    for metric in dict.fromkeys([metric for budget in budgets for metric in budget.model]):
        given = [(budget, budget.model[metric]) for budget in budgets if metric in budget.model]
        chosen = choose(given)
        for budget, limit in given:
            route = budget.route_of(metric)
            yield stand("limit", budget, route, metric, None, _show(limit), (budget, limit) in chosen)
    for pattern, each in dict.fromkeys([(name, rule[1]) for budget in budgets for name, rule in budget.layers.items()]):
        own = [budget for budget in budgets if pattern in budget.layers and budget.layers[pattern][1] is each]
        for metric in dict.fromkeys([metric for budget in own for metric in budget.layers[pattern][0]]):
            given = [(one, one.layers[pattern][0][metric]) for one in own if metric in one.layers[pattern][0]]
            settled = [(budget, _settle(graph, metric, limit, sound=sound)) for budget, limit in given]
            chosen = choose(settled)
            for (budget, limit), made in zip(given, settled, strict=True):
                route = budget.route_of("layers", pattern, metric)
                text = f"{_show(limit)}{', each' if each else ''}"
                yield stand("limit", budget, route, metric, pattern, text, made in chosen)
    for budget in budgets:
        for metric, growth in budget.growth.items():
            text = f"≤ {growth:,}" if isinstance(growth, int) else f"≤ {growth}"
            yield stand("growth", budget, budget.route_of("growth", metric), metric, None, text, True)


def _settle(graph: Graph, metric: str, limit: Limit, *, sound: bool) -> Limit:
    """A limit that is a share of the whole in numbers, if the model has such."""
    return limit.settle(measure(graph, count_parts(graph), metric)) if sound and limit.shares else limit


def _show(limit: Limit) -> str:
    shares = dict(limit.shares)
    told = []
    for side, sign in (("max", "≤"), ("min", "≥"), ("exactly", "=")):
        number = getattr(limit, side)
        if side in shares:
            told.append(f"{sign} {shares[side]}")
        elif number is not None:
            told.append(f"{sign} {number:,}")
    return ", ".join(told)
