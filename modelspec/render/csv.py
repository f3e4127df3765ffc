"""The counts as CSV (RFC 4180): a row a layer row of each model, then a row with the model's totals.

Findings are not in it: a table of numbers is no place for them, and every other format tells them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from modelspec.fingerprint import relate_path
from modelspec.render.cells import harmless
from modelspec.render.numbers import show_shape
from modelspec.report import Layer, Model, Report, Totals

__all__ = ["show_report"]

_METRICS = tuple(Totals.model_fields)
_HEADER = ("row", "file", "model", "variant", "layer", "type", "repeat", "output_shape", *_METRICS)

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What begins a formula in some spreadsheet; the last four are the wide forms."""


def show_report(report: Report) -> str:
    """The table with its header. `row` is `layer` or `total`; a count that is not known is empty.

    A text that a spreadsheet would take for a formula has an apostrophe before it, and what does not print is escaped.
    """
    file = io.StringIO(newline="")
    # A lone carriage return or line feed cannot be in a cell: what does not print is escaped.
    writer = csv.writer(file)
    writer.writerow(_HEADER)
    for model in report.models:
        writer.writerows(_list_rows(model))
    return file.getvalue()


def _list_rows(model: Model) -> Iterator[list[str]]:
    of = [relate_path(model.path), model.name, model.variant or ""]
    for layer in model.layers:
        facts = [layer.path, layer.type, str(layer.repeat), _shape(layer, model.dialect)]
        yield [_cell(text) for text in ("layer", *of, *facts, *_counts(layer))]
    yield [_cell(text) for text in ("total", *of, "", "", "", "", *_counts(model.totals))]


def _shape(layer: Layer, dialect: str) -> str:
    return show_shape(next(iter(layer.outputs.values())).sizes, dialect)


def _counts(of: Layer | Totals) -> Iterator[str]:
    for metric in _METRICS:
        # A layer has no peak: that is one of the whole model.
        count = getattr(of, metric, None)
        yield "" if count is None else str(count)


def _cell(text: str) -> str:
    """A text that is no formula."""
    return f"'{harmless(text)}" if text.startswith(_FORMULA) else harmless(text)
