"""Cost held against the declared budget: a verdict for each limit, and a finding for each that is not met."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from modelspec.cost import Parts, add_up, count_layer, count_parts, peak
from modelspec.diagnostics import Finding, Related, Route, Where
from modelspec.limit import BYTE_METRICS, Limit
from modelspec.refusal import find_near
from modelspec.resolve import Graph, Node
from modelspec.shape import Count, Unknown, total
from modelspec.source import MAX_FAULTS
from modelspec.spec import Budget

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
    return peak(graph).bytes if metric == "peak_activation_bytes" else add_up(parts, metric)


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
    budget = graph.spec.budget
    if budget is None:
        return judgement
    parts = count_parts(graph) if budget.model else []
    for metric, limit in budget.model.items():
        actual = measure(graph, parts, metric)
        judgement.verdicts.append(Verdict(metric, None, limit, actual, holds(limit, actual), ("budget", metric)))
    return _judge_layers(graph, budget, judgement) if budget.layers else judgement


def _judge_layers(graph: Graph, budget: Budget, judgement: Judgement) -> Judgement:
    from modelspec.pattern import is_pattern

    nodes = graph.nodes()
    by_path = {node.path: node for node in nodes}
    work = 0
    for pattern, (limits, each) in budget.layers.items():
        if is_pattern(pattern):
            work += len(nodes)
            if work > MAX_MATCHES:
                return judgement._replace(beyond=pattern)
            matched = match_nodes(pattern, nodes)
        else:
            matched = [by_path[pattern]] if pattern in by_path else []
        if not matched:
            judgement.unmatched.append(pattern)
            continue
        for metric, limit in limits.items():
            route = ("budget", "layers", pattern, metric)
            counts = [(node.path, getattr(count_layer(node.fitted), metric)) for node in matched]
            if not each:
                counts = [(pattern, total(actual for _, actual in counts))]
            for scope, actual in counts:
                judgement.verdicts.append(Verdict(metric, scope, limit, actual, holds(limit, actual), route))
    return judgement


def match_nodes(pattern: str, nodes: Iterable[Node]) -> list[Node]:
    """The layers whose path a pattern matches."""
    from modelspec.pattern import compile_pattern

    matches = compile_pattern(pattern)
    return [node for node in nodes if matches(node.path)]


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
    nodes = graph.nodes() if judgement.unmatched else []
    for number, pattern in enumerate(judgement.unmatched):
        # Among very many, the nearest path is not sought.
        yield _refuse_pattern(pattern, nodes, seek=number < 5 and len(nodes) <= 2_000)
    if judgement.beyond is not None:
        message = f"more patterns than can be held against {len(graph.fitted):,} layers"
        hint = f"patterns times layers may be {MAX_MATCHES:,}; a path without * and ? counts as nothing"
        yield Finding("MS506", message, Where(("budget", "layers", judgement.beyond), "key"), hint)


def _refuse_pattern(pattern: str, nodes: list[Node], *, seek: bool) -> Finding:
    near = find_near(pattern, (node.path for node in nodes)) if seek else None
    paths = ", ".join(node.path for node in nodes[:8])
    hint = f"did you mean '{near}'?" if near else f"the layers are {paths}{', …' * (len(nodes) > 8)}"
    where = Where(("budget", "layers", pattern), "key")
    return Finding("MS505", f"no layer's path matches '{pattern}'", where, hint)


def _explain(graph: Graph, verdict: Verdict) -> Finding:
    limit, actual = verdict.limit, verdict.actual
    what = verdict.metric if verdict.scope is None else f"{verdict.metric} of '{verdict.scope}'"
    tree = graph.spec.document.tree
    for step in verdict.route:
        assert isinstance(tree, dict)
        tree = tree[str(step)]
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
        Related(Where(way), f"{path}: {weight:,}{unit}{_percent(weight, actual)}") for path, way, weight in heaviest
    )
    return Finding(code, f"{what}: {actual:,}{unit}, {gap}", Where(route), hint, _layer(verdict), related)


def _layer(verdict: Verdict) -> str | None:
    """The one layer that a verdict is on, if it is on one."""
    from modelspec.pattern import is_pattern

    scope = verdict.scope
    return scope if scope is not None and not is_pattern(scope) else None


def _explain_unknown(graph: Graph, verdict: Verdict, what: str) -> Finding:
    assert isinstance(verdict.actual, Unknown)
    causes = ", ".join(sorted(verdict.actual.causes))
    reason = f"{causes} is known only when the model runs" if causes else "an axis has no known size"
    blamed = [
        node
        for node in graph.nodes()
        if verdict.metric != "peak_activation_bytes"
        and isinstance(getattr(count_layer(node.fitted), verdict.metric), Unknown)
    ]
    more = f", and {len(blamed) - 3:,} more" if len(blamed) > 3 else ""
    related = tuple(
        Related(Where(node.route), f"{node.path}: not known{more if number == 2 else ''}")
        for number, node in enumerate(blamed[:3])
    )
    hint = f"give {causes} a value in `variables`" if causes else "give every axis a size in `input`"
    message = f"{what}: not known, so it cannot be held to its limit; {reason}"
    return Finding("MS504", message, Where(verdict.route), hint, _layer(verdict), related)


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
    highest = peak(graph)
    if highest.at is None:
        return (Related(Where(("input",)), f"the input: {highest.held:,} bytes"),)
    told = f"{graph.paths()[highest.at]}: {highest.held:,} bytes are held, and {highest.made:,} are made"
    return (Related(Where(("layers", highest.at)), told),)


def _weigh(graph: Graph, verdict: Verdict) -> list[tuple[str, Route, int]]:
    """The three layers with the most of a metric, heaviest first."""
    if verdict.metric == "peak_activation_bytes" or _layer(verdict) is not None:
        return []
    nodes = graph.nodes()
    if verdict.scope is not None:
        nodes = match_nodes(verdict.scope, nodes)
    weighed = []
    for node in nodes:
        weight = getattr(count_layer(node.fitted), verdict.metric)
        if isinstance(weight, int) and weight:
            weighed.append((node.path, node.route, weight))
    weighed.sort(key=lambda row: -row[2])
    return weighed[:3] if len(weighed) > 1 or verdict.scope is None else []
