"""What is beyond its limit, in words: by how much, which layers weigh most, and the way out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from modelspec.budget import MAX_MATCHES, Judgement, Verdict, match_nodes
from modelspec.cost import count_node
from modelspec.diagnostics import Finding, Measured, Related, Where
from modelspec.graph import Graph
from modelspec.limit import BYTE_METRICS
from modelspec.refusal import find_near
from modelspec.rows import Node, list_rows
from modelspec.shape import Unknown
from modelspec.source import MARK, MAX_FAULTS

__all__ = ["EXAMPLE_SIZE", "find_excess"]

Side = Literal["max", "min", "exactly"]


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
    what = verdict.metric if verdict.scope is None else f"{verdict.metric} of '{verdict.scope}'"
    if isinstance(actual, Unknown):
        return _explain_unknown(graph, verdict, what, actual)
    if limit.is_open():
        assert isinstance(verdict.whole, Unknown)
        return _explain_unknown(graph, verdict, f"{verdict.metric} of the whole model, of which a share", verdict.whole)
    side: Side
    if limit.exactly is not None:
        code, side, bound = "MS503", "exactly", limit.exactly
        gap = (
            f"{abs(actual - bound):,} {'more' if actual > bound else 'less'} than the {bound:,} that it must be exactly"
        )
    elif limit.max is not None and actual > limit.max:
        code, side, bound = "MS501", "max", limit.max
        gap = f"{actual - bound:,} over the limit of {_name_bound(verdict, side, bound)}{_share(actual - bound, bound)}"
    else:
        assert limit.min is not None
        code, side, bound = "MS502", "min", limit.min
        told = _name_bound(verdict, side, bound)
        gap = f"{bound - actual:,} under the minimum of {told}{_share(bound - actual, bound)}"
    if verdict.home:
        gap += f"; the limit is set by {verdict.home}"
    where, related = _place(graph, verdict, side)
    unit = " bytes" if verdict.metric in BYTE_METRICS else ""
    heaviest = _weigh(graph, verdict) if actual > bound else []
    if verdict.metric == "peak_activation_bytes" and actual > bound:
        related += _place_peak(graph)
    related += tuple(
        Related(way, f"{path}: {weight:,}{unit}{_percent(weight, actual)}") for path, way, weight in heaviest
    )
    return Finding(
        code,
        f"{what}: {actual:,}{unit}, {gap}",
        where,
        _hint(verdict, code, actual > bound, bool(heaviest)),
        _layer(verdict),
        related,
        measure=Measured(verdict.metric, verdict.scope, side, actual, bound),
    )


def _name_bound(verdict: Verdict, side: str, bound: int) -> str:
    """A limit's number; of a share also the share, and the whole that it is of."""
    share = dict(verdict.limit.shares).get(side)
    if share is None or isinstance(verdict.whole, Unknown | None):
        return f"{bound:,}"
    return f"{bound:,}, {share} of {verdict.whole:,}"


def _hint(verdict: Verdict, code: str, over: bool, heaviest: bool) -> str:
    change = f"ask for another limit in {verdict.home}" if verdict.home else "change the limit"
    if verdict.metric == "peak_activation_bytes" and over:
        return f"make the tensors at that layer smaller, or {change}"
    if heaviest:
        return f"the heaviest layers are named below: make them smaller, or {change}"
    if code == "MS502":
        return f"a layer may be missing; or {change if verdict.home else 'lower the minimum'}"
    if over:
        return f"make it smaller, or {change}"
    return f"a layer may be missing; or {change if verdict.home else 'change the number'}"


def _place(graph: Graph, verdict: Verdict, side: str | None) -> tuple[Where, tuple[Related, ...]]:
    """Where a limit is told, and what else belongs to it.

    A limit of the configuration is told in the spec, at its own limit on the same if it has one, and the configuration
    is named beside it: the spec is what its author can change.
    """
    if not verdict.home:
        tree: Any = graph.spec.document.tree
        for step in verdict.route:
            tree = tree[step]
        return Where((*verdict.route, side) if side and isinstance(tree, dict) else verdict.route), ()
    own = graph.budget
    where = Where((MARK,), "key")
    if own is not None and verdict.scope is None and verdict.metric in own.model:
        where = Where(own.route_of(verdict.metric))
    return where, (Related(Where(verdict.route, "key", file=verdict.home), "the limit is set here"),)


def _layer(verdict: Verdict) -> str | None:
    """The one layer that a verdict is on, if it is on one."""
    from modelspec.pattern import is_pattern

    scope = verdict.scope
    return scope if scope is not None and not is_pattern(scope) else None


def _explain_unknown(graph: Graph, verdict: Verdict, what: str, unknown: Unknown) -> Finding:
    causes = ", ".join(sorted(unknown.causes))
    reason = f"{causes} is known only when the model runs" if causes else "an axis has no known size"
    rows = list_rows(graph)
    concerned = [(node.path, node) for node in rows]
    if verdict.scope is not None and unknown is verdict.actual:
        concerned = [(match.path, match.node) for match in match_nodes(verdict.scope, rows)]
    blamed = [
        (path, node)
        for path, node in concerned
        if verdict.metric != "peak_activation_bytes" and isinstance(getattr(count_node(node), verdict.metric), Unknown)
    ]
    more = f", and {len(blamed) - 3:,} more" if len(blamed) > 3 else ""
    where, related = _place(graph, verdict, None)
    related += tuple(
        Related(node.where, f"{path}: not known{more if number == 2 else ''}")
        for number, (path, node) in enumerate(blamed[:3])
    )
    names = sorted(unknown.causes)
    hint = "give every axis a size in `inputs`" if len(graph.inputs) > 1 else "give every axis a size in `input`"
    if names:
        settings = " ".join(f"--set {name}={EXAMPLE_SIZE}" for name in names[:3])
        hint = f"give {causes} a value in `variables`, or for this run: {settings}"
    message = f"{what}: not known, so it cannot be held to its limit; {reason}"
    return Finding(
        "MS504",
        message,
        where,
        hint,
        _layer(verdict),
        related,
        measure=Measured(verdict.metric, verdict.scope, _name_side(verdict), None),
    )


def _name_side(verdict: Verdict) -> Side:
    """The first side that a limit has."""
    sides: tuple[Side, ...] = ("max", "min", "exactly")
    shares = dict(verdict.limit.shares)
    return next(side for side in sides if side in shares or getattr(verdict.limit, side) is not None)


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
