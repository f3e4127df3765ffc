"""The table of layers: what each costs, and to unfold, how that comes about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from modelspec.derivation import LayerDerivation
from modelspec.render.changes import LABELS, show_value
from modelspec.render.html.writing import WORDS, Page, bar, breakable, safe
from modelspec.render.numbers import show_count, show_shape
from modelspec.render.working import Step, list_counts, list_holdings
from modelspec.report import Layer, Model

__all__ = ["show_layers"]

_COLUMNS = (
    ("parameters", "Parameters"),
    ("macs", "MACs"),
    ("weight_bytes", "Weight bytes"),
    ("activation_bytes", "Activation bytes"),
)
_OTHERS = ("trainable_parameters", "non_trainable_parameters", "active_parameters", "buffers", "flops")


def show_layers(own: str, model: Model, page: Page, marks: Mapping[int, str]) -> Iterator[str]:
    """The table, with a field to search it; `marks` are the rows that a comparison found changed."""
    shown = min(len(model.layers), page.rows)
    unfold = min(shown, page.derived)
    page.rows -= shown
    page.derived -= unfold
    yield (
        f'<div class="filter" hidden><label for="{own}-find">Find layers</label>'
        f'<input id="{own}-find" type="search" placeholder="path or type" autocomplete="off" spellcheck="false">'
        f'<output for="{own}-find" aria-live="polite"></output>'
        f'<button type="button" class="unfold" aria-pressed="false">Unfold all</button></div>'
    )
    yield '<div class="scroll" tabindex="0" role="group" aria-label="Layers"><table class="layers">'
    yield '<caption class="unseen">Layers, with what each costs and how that comes about</caption><thead><tr>'
    yield '<th scope="col">Layer</th><th scope="col">Type</th><th scope="col">Output shape</th>'
    yield from (f'<th scope="col" class="n" data-sort="{metric}">{label}</th>' for metric, label in _COLUMNS)
    yield "</tr></thead>"
    heaviest = {
        metric: max((getattr(layer, metric) or 0 for layer in model.layers), default=0)
        for metric in ("parameters", "macs")
    }
    for number, layer in enumerate(model.layers[:shown]):
        yield from _show_layer(
            f"{own}-l{number}", layer, model.dialect, page, marks.get(number), heaviest, unfold=number < unfold
        )
    yield "</table></div>"
    if shown < len(model.layers):
        yield (
            f'<p class="note">{shown:,} of {len(model.layers):,} rows are listed, for a page holds so many in all: '
            "<code>--format csv</code> and <code>--format json</code> have every one.</p>"
        )
    if shown > unfold:
        yield (
            f'<p class="note">{unfold:,} of {shown:,} rows unfold, for a page holds so many derivations in all: '
            "<code>modelspec explain</code> has every one.</p>"
        )


def _show_layer(
    own: str, layer: Layer, dialect: str, page: Page, mark: str | None, heaviest: Mapping[str, int], *, unfold: bool
) -> Iterator[str]:
    times = f' <span class="times">× {layer.repeat:,}</span>' if layer.repeat > 1 else ""
    changed = f' <span class="mark">{WORDS[mark]}</span>' if mark else ""
    shape = show_shape(next(iter(layer.outputs.values())).sizes, dialect)
    cells = []
    for metric, _ in _COLUMNS:
        count, most = getattr(layer, metric), heaviest.get(metric)
        # One that can be seen.
        drawn = bar(count, most, "thin") if count and most and count * 50 >= most else ""
        cells.append(f'<td class="n">{show_count(count)}{drawn}</td>')
    name = f"{breakable(layer.path)}{times}{changed}"
    name = f"<details><summary>{name}</summary></details>" if unfold else name
    yield (
        f'<tbody id="{own}"{" class=changed" if mark else ""}><tr><th scope="row">{name}</th>'
        f'<td>{page.dot(layer.type)}{safe(layer.type)}</td><td class="shape">{safe(shape)}</td>{"".join(cells)}</tr>'
    )
    if not unfold:
        yield "</tbody>"
        return
    yield '<tr class="more"><td colspan="7"><div class="work">'
    derivation = layer.derivation()
    if derivation is not None:
        yield f'<dl class="steps">{"".join(_show_steps(derivation))}</dl>'
    yield from _show_facts(layer, dialect)
    yield "</div></td></tr></tbody>"


def _show_steps(layer: LayerDerivation) -> Iterator[str]:
    for told in list_counts(layer):
        # The table beside it has the tensors.
        if told.equal:
            yield _show_step(told)
    for inner in layer.inside:
        yield f'<div class="inside"><dt>{safe(inner.path)}</dt><dd>{safe(inner.type)}</dd></div>'
        yield from _show_steps(inner)
    for told in list_holdings(layer):
        yield _show_step(told)


def _show_step(told: Step) -> str:
    *before, last = map(safe, told.parts)
    chain = "".join(f'<span class="term">{part}</span><span class="is"> = </span>' for part in before)
    return f"<div><dt>{safe(told.label)}</dt><dd>{chain}<b>{last}</b></dd></div>"


def _show_facts(layer: Layer, dialect: str) -> Iterator[str]:
    yield '<div class="facts">'
    if layer.tensors:
        yield '<table class="tensors"><caption>Tensors</caption><thead><tr><th scope="col">Name</th>'
        yield '<th scope="col">Axes</th><th scope="col">Elements</th><th scope="col">dtype</th></tr></thead><tbody>'
        for tensor in layer.tensors:
            axes = " × ".join(f"{safe(axis.name)} {'?' if axis.size is None else axis.size}" for axis in tensor.axes)
            kind = "buffer" if tensor.kind == "buffer" else "" if tensor.trainable else "not trained"
            note = f' <span class="soft">{kind}</span>' if kind else ""
            owner = f" (is {breakable(tensor.owner)})" if tensor.owner is not None else ""
            yield f'<tr><th scope="row">{safe(tensor.name)}{note}</th><td>{axes or "a single number"}</td>'
            yield f'<td class="n">{show_count(tensor.count)}{owner}</td><td>{safe(tensor.dtype)}</td></tr>'
        yield "</tbody></table>"
    yield "<dl>"
    if layer.arguments:
        told = (
            f"<code>{safe(name)}: {safe(show_value(value))}</code>"
            f"{' <i>inferred</i>' if name in layer.inferred else ''}"
            for name, value in layer.arguments.items()
        )
        yield f'<div><dt>arguments</dt><dd class="list">{", ".join(told)}</dd></div>'
    if layer.inputs:
        yield f"<div><dt>reads</dt><dd>{', '.join(map(breakable, layer.inputs))}</dd></div>"
    if len(layer.outputs) > 1:
        shapes = ", ".join(
            f"{safe(name)} {safe(show_shape(value.sizes, dialect))} {safe(value.dtype)}"
            for name, value in layer.outputs.items()
        )
        yield f"<div><dt>results</dt><dd>{shapes}</dd></div>"
    counts = ", ".join(f"{LABELS[metric].lower()} {show_count(getattr(layer, metric))}" for metric in _OTHERS)
    counts = counts.replace("flops", "FLOPs")
    where = f"{breakable(layer.home)}, line" if layer.home else "line"
    yield f"<div><dt>further</dt><dd>{counts}</dd></div><div><dt>written</dt><dd>{where} {layer.line}</dd></div>"
    yield "</dl></div>"
