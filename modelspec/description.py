"""From what a run found out to the report: each model, each row, each finding in its place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from modelspec.budget import Verdict
from modelspec.cost import Cost, count, count_node, count_tensor, dtype_of, is_trainable
from modelspec.diagnostics import Finding, Place, Where
from modelspec.fitting import Fitted, Value
from modelspec.graph import Graph
from modelspec.layer import Tensor as LayerTensor
from modelspec.limit import METRICS, Limit, Share
from modelspec.peak import find_peak
from modelspec.report import (
    AxisSize,
    BudgetLine,
    Diagnostic,
    GrowthLimit,
    Layer,
    LimitValues,
    Measure,
    Model,
    RelatedPlace,
    Tensor,
    TensorType,
    Totals,
)
from modelspec.rows import Node, list_rows
from modelspec.shape import Count, Unknown, show_dim
from modelspec.source import Document

__all__ = ["MAX_DERIVED", "Documents", "describe", "diagnose", "name_model"]

MAX_DERIVED = 3_000
"""Rows of a model that tell how their numbers come about, where that is asked for: more than a page holds."""


def describe(
    documents: Documents,
    graph: Graph,
    verdicts: Iterable[Verdict],
    sound: bool,
    ok: bool,
    *,
    derivations: bool = False,
) -> Model:
    """One model's part of the report. A graph that is not sound has no totals, and its budget is not judged.

    With `derivations` the rows of a sound one tell how their numbers come about, the first `MAX_DERIVED` of them.
    """
    document = documents[""]
    nodes = list_rows(graph)
    layers = [_describe_layer(document, graph, node) for node in nodes]
    if derivations and sound:
        from modelspec.derivation import derive_layers

        for layer, derivation in zip(layers, derive_layers(graph, MAX_DERIVED), strict=False):
            layer._derivation = derivation
    conventions: dict[str, None] = {}
    for node in nodes:
        for told in node.fitted.layer.conventions():
            conventions[told] = None
    return Model(
        path=document.path,
        name=name_file(graph, document),
        variant=graph.variant,
        dialect=graph.spec.dialect,
        ok=ok,
        conventions=list(conventions),
        inputs={name: _type(value) for name, value in graph.inputs.items()},
        layers=layers,
        totals=_total(graph) if sound else Totals(**dict.fromkeys(METRICS)),
        budget=[_line(verdict) for verdict in verdicts] if sound else list(_unjudged(graph)),
        open_sizes=[name for name, value in graph.variables.items() if isinstance(value, Unknown) and value.name],
        growth_limits=list(_list_growth(documents, graph)),
    )


def name_model(graph: Graph, document: Document) -> str:
    """What a model is called: its name, and its variant if it is one."""
    name = name_file(graph, document)
    return name if graph.variant is None else f"{name}/{graph.variant}"


def name_file(graph: Graph, document: Document) -> str:
    """The name that a spec gives its model, or else the file's, without its ending."""
    if graph.spec.name is not None:
        return graph.spec.name
    # That of an earlier version is called `REV:PATH`.
    stem = document.path.replace("\\", "/").rpartition("/")[2].rpartition(":")[2]
    return stem.rpartition(".")[0] or stem


def _known(size: Count) -> int | None:
    return None if isinstance(size, Unknown) else size


def _type(value: Value) -> TensorType:
    shape = [_known(size) for size in value.shape]
    return TensorType(shape=shape, dtype=value.dtype, sizes=[show_dim(size) for size in value.shape])


def _metrics(cost: Cost) -> dict[str, int | None]:
    return {name: _known(value) for name, value in zip(cost._fields, cost, strict=True)}


def _total(graph: Graph) -> Totals:
    cost = count(graph)
    return Totals(**_metrics(cost), peak_activation_bytes=_known(find_peak(graph).bytes))


def _describe_layer(document: Document, graph: Graph, node: Node) -> Layer:
    fitted = node.fitted
    outputs = {name: _type(value) for name, value in fitted.outputs.items()}
    where = node.where
    home = graph.spec.libraries[where.file].document if where.file else document
    layer = Layer(
        path=node.path,
        type=fitted.layer.type_name(),
        line=home.place(where._replace(file="")).line,
        home="" if home is document else home.path,
        repeat=node.repeat,
        inputs=list(node.reads(list(graph.spec.inputs))),
        output_shape=next(iter(outputs.values())).shape,
        outputs=outputs,
        arguments=plain_arguments(fitted),
        inferred=list(fitted.inferred),
        tensors=[_describe_tensor(node, tensor) for tensor in fitted.tensors],
        **_metrics(count_node(node)),
    )
    if node.repeat > 1:
        # The rounds of a shared repeat have one path.
        layer._paths = lambda: iter(dict.fromkeys(path for path, _ in node.paths()))
    return layer


def _describe_tensor(node: Node, tensor: LayerTensor) -> Tensor:
    owner = node.owner(tensor.name)
    return Tensor(
        name=tensor.name,
        kind=tensor.kind,
        axes=[AxisSize(name=name, size=_known(size)) for name, size in tensor.axes],
        dtype=dtype_of(tensor, node.fitted),
        trainable=is_trainable(tensor, node.fitted),
        count=_known(count_tensor(tensor)) if owner is None else 0,
        owner=owner,
    )


def plain_arguments(fitted: Fitted) -> dict[str, Any]:
    """A layer's complete arguments as JSON has them; a layer inside is a mapping with its `type`."""
    return {name: _plain(value) for name, value in fitted.layer.arguments().items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Unknown):
        return None
    if isinstance(value, (tuple, list)):
        return [_plain(member) for member in value]
    if isinstance(value, Fitted):
        return {"type": value.layer.type_name(), **plain_arguments(value)}
    if isinstance(value, Mapping):
        return {key: _plain(member) for key, member in value.items()}
    return value


def _line(verdict: Verdict) -> BudgetLine:
    return BudgetLine(
        metric=verdict.metric,
        scope=verdict.scope,
        limit=_limit(verdict.limit),
        actual=_known(verdict.actual),
        ok=verdict.ok,
        shares=_shares(verdict.limit),
        set_by=verdict.home or None,
    )


def _limit(limit: Limit) -> LimitValues:
    return LimitValues(max=limit.max, min=limit.min, exactly=limit.exactly)


def _shares(limit: Limit) -> dict[str, str]:
    return {side: str(share) for side, share in limit.shares}


def _unjudged(graph: Graph) -> Iterator[BudgetLine]:
    for budget in (graph.budget, *graph.demands):
        if budget is None:
            continue
        scopes: list[tuple[str | None, dict[str, Limit]]] = [(None, budget.model)]
        scopes.extend((pattern, limits) for pattern, (limits, _) in budget.layers.items())
        for scope, limits in scopes:
            for metric, limit in limits.items():
                yield BudgetLine(
                    metric=metric,
                    scope=scope,
                    limit=_limit(limit),
                    actual=None,
                    ok=None,
                    shares=_shares(limit),
                    set_by=budget.home or None,
                )


def _list_growth(documents: Documents, graph: Graph) -> Iterator[GrowthLimit]:
    for budget in (graph.budget, *graph.demands):
        if budget is None:
            continue
        for metric, limit in budget.growth.items():
            route = budget.route_of("growth", metric)
            document = documents[budget.home]
            place = document.place(Where(route, "key" if budget.home else "value", file=budget.home))
            yield GrowthLimit(
                metric=metric,
                text=str(limit),
                part=limit.part if isinstance(limit, Share) else limit,
                base=limit.base if isinstance(limit, Share) else None,
                set_by=budget.home or None,
                path=document.path,
                **dict(zip(("line", "column", "end_line", "end_column"), place, strict=True)),
                excerpt=document.line(place.line),
            )


Documents = Mapping[str, Document]
"""The documents of a run by file: "" is the model's own, the others are imported."""


def diagnose(
    documents: Documents,
    finding: Finding,
    models: list[str],
    excerpts: dict[tuple[str, int], str],
    variants: list[str] | None = None,
) -> Diagnostic:
    """A finding in its place in the text. `excerpts` keeps a document's lines: many findings may stand in one.

    `models` are those that it concerns, `variants` the names of some of the document's variants, if it is not all.
    """
    document, place = _locate(documents, finding.where, finding.file)
    key = (document.path, place.line)
    if key not in excerpts:
        line = document.line(place.line)
        # UTF-16 read as UTF-8 shows nothing that helps.
        excerpts[key] = "" if "\0" in line and "\ufffd" in line else line
    related = []
    for where, message in finding.related:
        home, there = _locate(documents, where, finding.file)
        related.append(RelatedPlace(path=home.path, line=there.line, column=there.column, message=message))
    return Diagnostic(
        code=finding.code,
        severity=finding.severity,
        message=finding.message,
        hint=finding.hint,
        path=document.path,
        line=place.line,
        column=place.column,
        end_line=place.end_line,
        end_column=place.end_column,
        layer=finding.layer,
        models=models,
        related=related,
        excerpt=excerpts[key],
        variants=variants or [],
        fixable=bool(finding.fix),
        measure=None if finding.measure is None else Measure(**finding.measure._asdict()),
    )


def _locate(documents: Documents, where: Where | Place, file: str) -> tuple[Document, Place]:
    document = documents[where.file if isinstance(where, Where) else file]
    return document, document.place(where)
