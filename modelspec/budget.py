"""Cost held against the declared budget: a verdict for each limit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from modelspec.cost import Cost, Parts, add_up, count_node, count_parts, count_rounds
from modelspec.diagnostics import Route
from modelspec.graph import Graph
from modelspec.limit import Limit
from modelspec.record import NamedTuple
from modelspec.shape import Count, Unknown, total
from modelspec.spec import Budget

if TYPE_CHECKING:
    from modelspec.rows import Node

__all__ = ["MAX_MATCHES", "Judgement", "Match", "Verdict", "choose", "judge", "match_nodes", "measure"]


MAX_MATCHES = 500_000
"""Patterns of a budget times the layers that they are held against: half a second."""


class Verdict(NamedTuple):
    """One limit, and whether it holds. `scope` is the path pattern (or path), None for the model.

    `route` leads to it in the document of `home`: a configuration, or "" for the spec itself. `whole` is what the model
    has of the metric in all, where the limit is a share of that.
    """

    metric: str
    scope: str | None
    limit: Limit
    actual: Count
    ok: bool
    route: Route
    home: str = ""
    whole: Count | None = None


def holds(limit: Limit, actual: Count) -> bool:
    """Whether a count is within a limit. What is unknown is within none, and nothing is within a share of it."""
    if isinstance(actual, Unknown) or limit.is_open():
        return False
    return (
        (limit.max is None or actual <= limit.max)
        and (limit.min is None or actual >= limit.min)
        and (limit.exactly is None or actual == limit.exactly)
    )


def measure(graph: Graph, parts: Parts, metric: str) -> Count:
    """A metric of the whole model, whose layers cost `parts`."""
    if metric == "peak_activation_bytes":
        from modelspec.peak import find_peak

        return find_peak(graph).bytes
    return add_up(parts, metric)


class Judgement(NamedTuple):
    """The verdicts on a model, and the patterns of its budget that could not be judged.

    `unmatched` match no layer; `beyond` is the first of which there are too many.
    """

    verdicts: list[Verdict]
    unmatched: list[str]
    beyond: str | None


def judge(graph: Graph) -> Judgement:
    """Hold a sound graph against its budget and what the configuration demands, each in the order of its file.

    Of several limits on one metric only those count that no other makes superfluous: a spec can tighten what its
    configuration demands, and never loosen it.
    """
    judgement = Judgement([], [], None)
    budgets = [*(() if graph.budget is None else (graph.budget,)), *graph.demands]
    if not budgets:
        return judgement
    parts = count_parts(graph)
    for metric in _list_keys(budget.model for budget in budgets):
        limits = [(budget, budget.model[metric]) for budget in budgets if metric in budget.model]
        actual = measure(graph, parts, metric)
        for budget, limit in choose(limits):
            route = budget.route_of(metric)
            judgement.verdicts.append(Verdict(metric, None, limit, actual, holds(limit, actual), route, budget.home))
    if not any(budget.layers for budget in budgets):
        return judgement
    return _judge_layers(graph, budgets, parts, judgement)


def _list_keys(mappings: Iterable[Mapping[str, object]]) -> list[str]:
    """The keys of several mappings, each once, in their order."""
    return list(dict.fromkeys([key for mapping in mappings for key in mapping]))


def choose(limits: list[tuple[Budget, Limit]]) -> list[tuple[Budget, Limit]]:
    """Those limits that no other makes superfluous; of equal ones the first, which is the spec's own."""
    if len(limits) == 1:
        return limits
    return [
        (budget, limit)
        for number, (budget, limit) in enumerate(limits)
        if not any(
            other.is_within(limit) and (earlier < number or not limit.is_within(other))
            for earlier, (_, other) in enumerate(limits)
            if earlier != number
        )
    ]


class Match(NamedTuple):
    """The rounds of a row that a pattern matches: its first path, and what they cost together."""

    path: str
    node: Node
    cost: Cost


def _judge_layers(graph: Graph, budgets: list[Budget], parts: Parts, judgement: Judgement) -> Judgement:
    from modelspec.rows import list_rows

    nodes = list_rows(graph)
    work = 0
    for pattern in _list_keys(budget.layers for budget in budgets):
        work += _weigh_pattern(pattern, nodes)
        if work > MAX_MATCHES:
            return judgement._replace(beyond=pattern)
        own = [budget for budget in budgets if pattern in budget.layers]
        if not any(True for _ in match_nodes(pattern, nodes)):
            # What a configuration says of layers holds where there are such.
            judgement.unmatched.extend(pattern for budget in own if not budget.home)
            continue
        for each in (False, True):
            these = [(budget, budget.layers[pattern][0]) for budget in own if budget.layers[pattern][1] is each]
            if these:
                matched = list(match_nodes(pattern, nodes, each=each))
                judgement.verdicts.extend(_judge_pattern(graph, parts, pattern, these, matched, each=each))
    return judgement


def _judge_pattern(
    graph: Graph,
    parts: Parts,
    pattern: str,
    given: list[tuple[Budget, dict[str, Limit]]],
    matched: list[Match],
    *,
    each: bool,
) -> Iterator[Verdict]:
    """The verdicts on the layers that a pattern matches: on their sum, or on each."""
    for metric in _list_keys(limits for _, limits in given):
        limits = [(budget, limits[metric]) for budget, limits in given if metric in limits]
        whole = None
        if any(limit.shares for _, limit in limits):
            whole = measure(graph, parts, metric)
            limits = [(budget, limit.settle(whole)) for budget, limit in limits]
        counts = [(match.path, getattr(match.cost, metric)) for match in matched]
        if not each:
            counts = [(pattern, total(actual for _, actual in counts))]
        for budget, limit in choose(limits):
            route = budget.route_of("layers", pattern, metric)
            of = whole if limit.shares else None
            for scope, actual in counts:
                yield Verdict(metric, scope, limit, actual, holds(limit, actual), route, budget.home, of)


def _weigh_pattern(pattern: str, nodes: Iterable[Node]) -> int:
    """How many paths a pattern is held against."""
    bare = _tells_no_index(pattern)
    return sum(1 if bare else node.repeat for node in nodes)


def _tells_no_index(pattern: str) -> bool:
    """Whether a pattern matches all rounds of a repeat or none: it holds no digit, and nothing that stands for one."""
    return "*" in pattern and "?" not in pattern and "[" not in pattern and not any(map(str.isdigit, pattern))


def match_nodes(pattern: str, nodes: Iterable[Node], *, each: bool = False) -> Iterator[Match]:
    """The layers whose path a pattern matches, by rows; with `each`, every round that is judged for itself.

    Rounds that are the same cost the same, so that one of them stands for all.
    """
    from modelspec.pattern import compile_pattern

    matches = compile_pattern(pattern)
    for node in nodes:
        if not node.ways or _tells_no_index(pattern):
            if matches(node.path):
                times = node.repeat if each and node.repeat else 1
                one = count_rounds(node, 1 if node.copies else 0, 1 if node.active else 0, 1 if node.times else 0)
                yield Match(node.path, node, count_node(node) if times == 1 else one)
            continue
        found = [(path, active) for path, active in node.paths() if matches(path)]
        if not found:
            continue
        active = sum(passed for _, passed in found)
        if each or len(found) == 1:
            own = 1 if node.copies else 0
            passed = 1 if active else 0
            yield Match(found[0][0], node, count_rounds(node, own, passed if own else 0, passed))
        else:
            # The rounds of a shared repeat bear one path.
            copies = min(len({path for path, _ in found}), node.copies)
            touched = len({path for path, passed in found if passed})
            yield Match(found[0][0], node, count_rounds(node, copies, min(copies, touched), active))
