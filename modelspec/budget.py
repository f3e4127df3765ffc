"""Cost held against the declared budget: a verdict for each limit, and a finding for each that is not met."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from modelspec.cost import Cost, Parts, add_up, count_node, count_parts, count_rounds
from modelspec.diagnostics import Finding, Measured, Related, Route, Where
from modelspec.graph import Graph
from modelspec.limit import BYTE_METRICS, Limit
from modelspec.refusal import find_near
from modelspec.shape import Count, Unknown, total
from modelspec.source import MAX_FAULTS
from modelspec.spec import Budget

if TYPE_CHECKING:
    from modelspec.rows import Node

__all__ = ["Verdict", "find_excess", "judge", "measure"]


MAX_MATCHES = 500_000
"""Patterns of a budget times the layers that they are held against: half a second."""


class Verdict(NamedTuple):
    """One limit, and whether it holds. `scope` is the path pattern (or path), None for the model."""

    metric: str
    scope: str | None
    limit: Limit
    actual: Count
    ok: bool
    route: Route


def holds(limit: Limit, actual: Count) -> bool:
    """Whether a count is within a limit. What is unknown is within none."""
    if isinstance(actual, Unknown):
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
    """Hold a sound graph against its budget: a verdict for each limit, in the order of the file."""
    judgement = Judgement([], [], None)
    budget = graph.budget
    if budget is None:
        return judgement
    if budget.model:
        parts = count_parts(graph)
        for metric, limit in budget.model.items():
            actual = measure(graph, parts, metric)
            route = budget.route_of(metric)
            judgement.verdicts.append(Verdict(metric, None, limit, actual, holds(limit, actual), route))
    return _judge_layers(graph, budget, judgement) if budget.layers else judgement


class Match(NamedTuple):
    """The rounds of a row that a pattern matches: its first path, and what they cost together."""

    path: str
    node: Node
    cost: Cost


def _judge_layers(graph: Graph, budget: Budget, judgement: Judgement) -> Judgement:
    from modelspec.rows import list_rows

    nodes = list_rows(graph)
    work = 0
    for pattern, (limits, each) in budget.layers.items():
        work += _weigh_pattern(pattern, nodes)
        if work > MAX_MATCHES:
            return judgement._replace(beyond=pattern)
        matched = list(match_nodes(pattern, nodes, each=each))
        if not matched:
            judgement.unmatched.append(pattern)
            continue
        for metric, limit in limits.items():
            route = budget.route_of("layers", pattern, metric)
            if limit.shares:
                limit = limit.settle(measure(graph, count_parts(graph), metric))
            counts = [(match.path, getattr(match.cost, metric)) for match in matched]
            if not each:
                counts = [(pattern, total(actual for _, actual in counts))]
            for scope, actual in counts:
                judgement.verdicts.append(Verdict(metric, scope, limit, actual, holds(limit, actual), route))
    return judgement


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


def find_excess(graph: Graph, judgement: Judgement) -> list[Finding]:
    """What is beyond its limit: by how much, which layers weigh most, and the way out. `MAX_FAULTS` at most."""
    findings: list[Finding] = []
    for finding in _find(graph, judgement):
        if len(findings) + 1 == MAX_FAULTS:
            hint = f"{finding.hint}; nothing more is told after {MAX_FAULTS} faults"
            return [*findings, finding._replace(hint=hint)]
        findings.append(finding)
    return findings


def _find(graph: Graph, judgement: Judgement) -> Iterator[Finding]:
    yield from (_explain(graph, verdict) for verdict in judgement.verdicts if not verdict.ok)
    if not judgement.unmatched and judgement.beyond is None:
        return
    from modelspec.rows import list_rows

    nodes = list_rows(graph)
    for number, pattern in enumerate(judgement.unmatched):
        # Among very many, the nearest path is not sought.
        yield _refuse_pattern(graph, pattern, nodes, seek=number < 5 and len(nodes) <= 2_000)
    if judgement.beyond is not None:
        message = f"more patterns than can be held against {len(nodes):,} layers"
        hint = f"patterns times layers may be {MAX_MATCHES:,}; without digits, a pattern counts a repeat as one"
        where = Where(graph.budget.route_of("layers", judgement.beyond), "key") if graph.budget else Where(())
        yield Finding("MS506", message, where, hint)


def _refuse_pattern(graph: Graph, pattern: str, nodes: list[Node], *, seek: bool) -> Finding:
    near = find_near(pattern, (node.path for node in nodes)) if seek else None
    paths = ", ".join(node.path for node in nodes[:8])
    hint = f"did you mean '{near}'?" if near else f"the layers are {paths}{', …' * (len(nodes) > 8)}"
    assert graph.budget is not None
    where = Where(graph.budget.route_of("layers", pattern), "key")
    return Finding("MS505", f"no layer's path matches '{pattern}'", where, hint)


def _explain(graph: Graph, verdict: Verdict) -> Finding:
    limit, actual = verdict.limit, verdict.actual
    side: Literal["max", "min", "exactly"]
    what = verdict.metric if verdict.scope is None else f"{verdict.metric} of '{verdict.scope}'"
    tree: Any = graph.spec.document.tree
    for step in verdict.route:
        assert isinstance(tree, dict)
        tree = tree[step]
    if isinstance(actual, Unknown):
        return _explain_unknown(graph, verdict, what)
    if limit.exactly is not None:
        code, side, bound = "MS503", "exactly", limit.exactly
        gap = (
            f"{abs(actual - bound):,} {'more' if actual > bound else 'less'} than the {bound:,} that it must be exactly"
        )
    elif limit.max is not None and actual > limit.max:
        code, side, bound = "MS501", "max", limit.max
        gap = f"{actual - bound:,} over the limit of {bound:,}{_share(actual - bound, bound)}"
    else:
        assert limit.min is not None
        code, side, bound = "MS502", "min", limit.min
        gap = f"{bound - actual:,} under the minimum of {bound:,}{_share(bound - actual, bound)}"
    route = (*verdict.route, side) if isinstance(tree, dict) else verdict.route
    unit = " bytes" if verdict.metric in BYTE_METRICS else ""
    related: tuple[Related, ...] = ()
    heaviest = _weigh(graph, verdict) if actual > bound else []
    if verdict.metric == "peak_activation_bytes" and actual > bound:
        related = _place_peak(graph)
        hint = "make the tensors at that layer smaller, or change the limit"
    elif heaviest:
        hint = "the heaviest layers are named below: make them smaller, or change the limit"
    elif code == "MS502":
        hint = "a layer may be missing; or lower the minimum"
    elif actual > bound:
        hint = "make it smaller, or change the limit"
    else:
        hint = "a layer may be missing; or change the number"
    related += tuple(
        Related(way, f"{path}: {weight:,}{unit}{_percent(weight, actual)}") for path, way, weight in heaviest
    )
    about = Measured(verdict.metric, verdict.scope, side, actual, bound)
    message = f"{what}: {actual:,}{unit}, {gap}"
    return Finding(code, message, Where(route), hint, _layer(verdict), related, measure=about)


def _layer(verdict: Verdict) -> str | None:
    """The one layer that a verdict is on, if it is on one."""
    from modelspec.pattern import is_pattern

    scope = verdict.scope
    return scope if scope is not None and not is_pattern(scope) else None


def _explain_unknown(graph: Graph, verdict: Verdict, what: str) -> Finding:
    from modelspec.rows import list_rows

    assert isinstance(verdict.actual, Unknown)
    causes = ", ".join(sorted(verdict.actual.causes))
    reason = f"{causes} is known only when the model runs" if causes else "an axis has no known size"
    rows = list_rows(graph)
    concerned = [(node.path, node) for node in rows]
    if verdict.scope is not None:
        concerned = [(match.path, match.node) for match in match_nodes(verdict.scope, rows)]
    blamed = [
        (path, node)
        for path, node in concerned
        if verdict.metric != "peak_activation_bytes" and isinstance(getattr(count_node(node), verdict.metric), Unknown)
    ]
    more = f", and {len(blamed) - 3:,} more" if len(blamed) > 3 else ""
    related = tuple(
        Related(node.where, f"{path}: not known{more if number == 2 else ''}")
        for number, (path, node) in enumerate(blamed[:3])
    )
    names = sorted(verdict.actual.causes)
    hint = "give every axis a size in `inputs`" if len(graph.inputs) > 1 else "give every axis a size in `input`"
    if names:
        settings = " ".join(f"--set {name}={EXAMPLE_SIZE}" for name in names[:3])
        hint = f"give {causes} a value in `variables`, or for this run: {settings}"
    message = f"{what}: not known, so it cannot be held to its limit; {reason}"
    limit = verdict.limit
    side: Literal["max", "min", "exactly"] = "min" if limit.min is not None else "exactly"
    about = Measured(verdict.metric, verdict.scope, "max" if limit.max is not None else side, None)
    return Finding("MS504", message, Where(verdict.route), hint, _layer(verdict), related, measure=about)


EXAMPLE_SIZE = 2048
"""A size that a hint gives a run-time axis."""


def _share(part: int, whole: int) -> str:
    if not whole:
        return ""
    per_mille = (part * 2000 + whole) // (2 * whole)
    return f" ({per_mille // 10:,}.{per_mille % 10} %)" if per_mille else " (under 0.1 %)"


def _percent(part: int, whole: int) -> str:
    if not whole:
        return ""
    per_cent = (part * 200 + whole) // (2 * whole)
    return f" ({per_cent} %)" if per_cent else " (under 1 %)"


def _place_peak(graph: Graph) -> tuple[Related, ...]:
    """The layer at which the most is alive, and what that is."""
    from modelspec.peak import find_peak

    highest = find_peak(graph)
    if highest.where is None:
        inputs = "the input" if len(graph.inputs) == 1 else "the inputs"
        return (Related(Where(("input",)), f"{inputs}: {highest.held:,} bytes"),)
    told = f"{highest.path}: {highest.held:,} bytes are held, and {highest.made:,} are made"
    return (Related(highest.where, told),)


def _weigh(graph: Graph, verdict: Verdict) -> list[tuple[str, Where, int]]:
    """The three rows with the most of a metric, heaviest first."""
    if verdict.metric == "peak_activation_bytes" or _layer(verdict) is not None:
        return []
    from modelspec.rows import list_rows

    nodes = list_rows(graph)
    if verdict.scope is None:
        weights = [(node.path, node, count_node(node)) for node in nodes]
    else:
        weights = [(match.path, match.node, match.cost) for match in match_nodes(verdict.scope, nodes)]
    weighed = []
    for path, node, cost in weights:
        weight = getattr(cost, verdict.metric)
        if isinstance(weight, int) and weight:
            times = f" (× {node.repeat:,})" if node.repeat > 1 else ""
            weighed.append((f"{path}{times}", node.where, weight))
    weighed.sort(key=lambda row: -row[2])
    return weighed[:3] if len(weighed) > 1 or verdict.scope is None else []
