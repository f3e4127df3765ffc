"""The report, version 1: what was found, what each layer is and costs, and whether the budgets hold.

Frozen and public: tools rely on its JSON form, which is these models' fields. Counts and sizes are integers, or null
where they cannot be known before the model runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from modelspec.refusal import find_near
from modelspec.version import VERSION

if TYPE_CHECKING:
    from modelspec.derivation import LayerDerivation

__all__ = [
    "Against",
    "ArgumentChange",
    "AxisSize",
    "BaselineUse",
    "BudgetLine",
    "Change",
    "Comparison",
    "Diagnostic",
    "GrowthLimit",
    "GrowthLine",
    "Layer",
    "LayerChange",
    "LimitValues",
    "Measure",
    "Metrics",
    "Model",
    "RelatedPlace",
    "Report",
    "Tensor",
    "TensorType",
    "Totals",
]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def _show_sizes(told: dict[str, Any]) -> list[str]:
    return ["?" if size is None else str(size) for size in told["shape"]]


class TensorType(_Frozen):
    """What flows: a shape without the batch (null for an axis of unknown size), and a dtype."""

    shape: list[int | None]
    dtype: str
    sizes: list[str] = Field(
        default_factory=_show_sizes, exclude=True, description="The shape for people: a run-time axis by its name."
    )


class AxisSize(_Frozen):
    """One axis of a tensor: what it runs over, and its length."""

    name: str
    size: int | None


class Tensor(_Frozen):
    """A tensor that a layer holds. `owner` is the full name of the tensor that it is, null where it is its own."""

    name: str
    kind: Literal["parameter", "buffer"]
    axes: list[AxisSize]
    dtype: str
    trainable: bool
    count: int | None
    owner: str | None


class Metrics(_Frozen):
    """What something costs: elements, operations and bytes, for one sample."""

    parameters: int | None
    trainable_parameters: int | None
    non_trainable_parameters: int | None
    active_parameters: int | None
    buffers: int | None
    macs: int | None
    flops: int | None
    weight_bytes: int | None
    activation_bytes: int | None


class _LayerFacts(_Frozen):
    path: str
    type: str
    line: int
    repeat: int
    inputs: list[str]
    output_shape: list[int | None]
    outputs: dict[str, TensorType]
    arguments: dict[str, Any]
    inferred: list[str]
    tensors: list[Tensor]
    home: str = Field("", exclude=True, description="The imported file that `line` is in, where it is not the model's.")


class Layer(Metrics, _LayerFacts):
    """A resolved layer: its arguments (the inferred ones named in `inferred`), its tensors, and what it costs.

    `repeat` layers that are the same stand in one row, under the path of the first; the costs are those of all.
    """

    _paths: Callable[[], Iterator[str]] | None = PrivateAttr(None)
    _derivation: LayerDerivation | None = PrivateAttr(None)

    def paths(self) -> Iterator[str]:
        """Every path that the row stands for, in order."""
        return iter((self.path,)) if self._paths is None else self._paths()

    def derivation(self) -> LayerDerivation | None:
        """How its numbers come about; None where nobody asked for that, or an error stands in the way."""
        return self._derivation


class Totals(Metrics):
    """What the whole model costs."""

    peak_activation_bytes: int | None


def _blur(path: str) -> str:
    """A path with its numbers left open: the rounds of a repeat differ in nothing else."""
    return "".join([" " if letter.isdigit() else letter for letter in path]).replace("  ", " ")


def _is_open(value: Any) -> bool:
    return value is None


def _is_empty(value: Any) -> bool:
    return not value


class LimitValues(_Frozen):
    """A limit: at most, at least, exactly. Sides that are open are left out."""

    max: int | None = Field(default=None, exclude_if=_is_open)
    min: int | None = Field(default=None, exclude_if=_is_open)
    exactly: int | None = Field(default=None, exclude_if=_is_open)


class Measure(_Frozen):
    """What a finding of a budget is about: a metric of the model, or of layers, and how much of it there is."""

    metric: str
    scope: str | None
    kind: Literal["max", "min", "exactly", "growth"]
    actual: int | None
    bound: int | None = None


class GrowthLimit(_Frozen):
    """By how much a metric may grow: a share of what it was (`part` of `base`), or a number; and where that is said.

    `set_by` is the configuration that says so, None for the spec. The place is in that file, `excerpt` its line.
    """

    metric: str
    text: str
    part: int
    base: int | None
    set_by: str | None
    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    excerpt: str


class BudgetLine(_Frozen):
    """One limit, held against the model (`scope` null) or against layers; `ok` is null where nothing was judged."""

    metric: str
    scope: str | None
    limit: LimitValues
    actual: int | None
    ok: bool | None
    shares: dict[str, str] = Field(
        default={},
        exclude_if=_is_empty,
        description="The sides that are given as a share of the whole model, such as 40%.",
    )
    set_by: str | None = Field(
        default=None,
        exclude_if=_is_open,
        description="The configuration that sets the limit; left out if the spec does.",
    )


class Model(_Frozen):
    """One model of a file."""

    path: str
    name: str
    variant: str | None
    dialect: str
    ok: bool
    conventions: list[str] = Field(description="How the counts were taken where frameworks differ.")
    inputs: dict[str, TensorType]
    layers: list[Layer]
    totals: Totals
    budget: list[BudgetLine]
    open_sizes: list[str] = Field([], exclude=True, description="The run-time variables: unknown until they are set.")
    growth_limits: list[GrowthLimit] = Field(default=[], exclude=True, description="By how much it may grow.")

    def forget_paths(self) -> None:
        """Let a row know its first path only: the others are worked out from the resolved model, which stays behind."""
        for layer in self.layers:
            layer._paths = None

    def __getitem__(self, path: str) -> Layer:
        """Return the row of the layer with this path, which may be that of any round. Raises KeyError."""
        for layer in self.layers:
            if layer.path == path:
                return layer
        shape = _blur(path)
        for layer in self.layers:
            if layer.repeat > 1 and _blur(layer.path) == shape and path in layer.paths():
                return layer
        near = find_near(path, (layer.path for layer in self.layers))
        raise KeyError(f"{path!r}: did you mean {near!r}?" if near else path)


class RelatedPlace(_Frozen):
    """Another place that has to do with a diagnostic."""

    path: str
    line: int
    column: int
    message: str


class Diagnostic(_Frozen):
    """One finding in its place. Lines and columns count from 1, columns in characters; the end is exclusive."""

    code: str
    severity: Literal["error", "warning"]
    message: str
    hint: str | None
    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    layer: str | None
    models: list[str]
    related: list[RelatedPlace]
    fixable: bool = Field(
        default=False, exclude_if=_is_empty, description="Whether `check --fix` mends it; left out if it does not."
    )
    excerpt: str = Field(default="", exclude=True, description="The line of the file, for people.")
    variants: list[str] = Field([], exclude=True, description="Those that it concerns, where it does not concern all.")
    measure: Measure | None = Field(default=None, exclude=True, description="Of a budget's finding, what it is about.")


class Change(_Frozen):
    """A metric before and after. Null is what is not known, or is of a model or layer that is not there."""

    metric: str
    old: int | None
    new: int | None
    difference: int | None
    percent: float | None = Field(description="The difference in per cent of the old value, to two decimals.")


class ArgumentChange(_Frozen):
    """An argument of a layer before and after; null also where the layer has none of that name."""

    name: str
    old: Any
    new: Any


class LayerChange(_Frozen):
    """A layer (or a row of equal rounds) that only one of two versions has, or that differs between them.

    `moved` is one that differs in its path alone. What is null is of the version that does not have the layer.
    `metrics` are those that differ.
    """

    change: Literal["added", "removed", "changed", "moved"]
    path: str | None
    old_path: str | None
    type: str | None
    old_type: str | None
    line: int | None
    repeat: int | None
    old_repeat: int | None
    output_shape: list[int | None] | None
    old_output_shape: list[int | None] | None
    arguments: list[ArgumentChange]
    metrics: list[Change]


class GrowthLine(_Frozen):
    """A limit on growth, as it is written (`5%`, `100M`) and in numbers; `ok` is null where nothing was judged."""

    metric: str
    limit: str
    allowed: int | None
    growth: int | None
    ok: bool | None
    set_by: str | None = Field(
        default=None,
        exclude_if=_is_open,
        description="The configuration that sets the limit; left out if the spec does.",
    )


class Comparison(_Frozen):
    """A model beside its version before.

    `path` is null for a model that is gone, `old_path` for a new one; where both are there and differ, the file was
    renamed. `reason` says why the two are not compared: then there are no `metrics`; of those that are, why not all
    layers that differ are told.
    """

    path: str | None
    old_path: str | None
    name: str
    variant: str | None
    status: Literal["added", "removed", "changed", "unchanged", "not compared"]
    reason: str | None
    ok: bool
    metrics: list[Change]
    layers: list[LayerChange]
    growth: list[GrowthLine]


class Against(_Frozen):
    """What the models are compared with: the revision as it was called, and the commit that was read."""

    revision: str
    commit: str | None


class BaselineUse(_Frozen):
    """What a baseline does in a run: the problems that it accepts, and its entries that are better now, or gone."""

    path: str
    accepted: int
    better: int


class Report(_Frozen):
    """What a run found, over all its files.

    `against` and `comparisons` are there where models were compared, `baseline` where one was used.
    """

    modelspec_report: Literal[1] = 1
    tool_version: str = VERSION
    ok: bool
    models: list[Model]
    diagnostics: list[Diagnostic]
    against: Against | None = Field(default=None, exclude_if=_is_open)
    comparisons: list[Comparison] | None = Field(default=None, exclude_if=_is_open)
    sides: list[tuple[Model | None, Model | None]] = Field(
        default=[], exclude=True, description="The old and the new model of each comparison, with their layers."
    )
    baseline: BaselineUse | None = Field(default=None, exclude_if=_is_open)

    def to_json(self) -> str:
        """Return the report as JSON, indented, with a line end."""
        return self.model_dump_json(indent=2, exclude_unset=False) + "\n"
