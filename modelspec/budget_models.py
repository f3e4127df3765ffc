"""The Pydantic models of a budget: limits by metric, on the whole model and on layers by path pattern."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, create_model

from modelspec.closed import SHARED, Checked, Closed, Open, Part, validate
from modelspec.language import BUDGET_KINDS, FLAG, GROWTH_KINDS, LAYER_BUDGET_KINDS
from modelspec.limit import BYTE_METRICS, LAYER_METRICS, METRICS
from modelspec.refusal import Refused
from modelspec.slips import show_name

__all__ = ["Budget", "Growth", "LayerBudget"]


def _hint_limit(metric: str) -> str:
    return f"write {'110 MiB' if metric in BYTE_METRICS else '200K'}, or {{min: …, max: …}}"


def _keep_hint(_: Any, hint: str | None) -> str | None:
    """Limits know per cent themselves: what the kind says is the way out."""
    return hint


_METRICS = {
    "parameters": "Every distinct parameter tensor once.",
    "trainable_parameters": "The parameters that training changes.",
    "non_trainable_parameters": "The parameters that training leaves as they are.",
    "active_parameters": "The parameters that one token touches.",
    "buffers": "Elements of the state that is saved and is no parameter.",
    "macs": "Multiply-accumulates of one sample's forward pass.",
    "flops": "Twice the MACs.",
    "weight_bytes": "Bytes of parameters and buffers.",
    "activation_bytes": "Bytes of every tensor that a layer newly makes, for one sample.",
    "peak_activation_bytes": "The most bytes of activations that are alive at once, for one sample.",
}
assert tuple(_METRICS) == METRICS

_LIMITS = {
    metric: (
        Annotated[Any, Checked(BUDGET_KINDS[metric], _hint_limit(metric), _keep_hint)],
        Field(None, description=text),
    )
    for metric, text in _METRICS.items()
}


class _Limits(Closed):
    """Without a limit there is nothing to judge."""

    model_config = ConfigDict(
        json_schema_extra={"minProperties": 1, "if": {"required": ["each"]}, "then": {"minProperties": 2}}
    )


LayerBudget: type[BaseModel] = create_model(
    "LayerBudget",
    __base__=_Limits,
    __doc__="Limits on the layers that a path pattern matches.",
    each=(
        Annotated[bool, Checked(FLAG, "write true or false")],
        Field(False, description="Judge each layer, not their sum."),
    ),
    **{  # type: ignore[call-overload]
        metric: (
            Annotated[Any, Checked(LAYER_BUDGET_KINDS[metric], _hint_limit(metric), _keep_hint)],
            Field(None, description=_METRICS[metric]),
        )
        for metric in LAYER_METRICS
    },
)

Growth: type[BaseModel] = create_model(
    "Growth",
    __base__=Closed,
    __doc__="By how much each metric may grow against the version that it is compared with.",
    **{  # type: ignore[call-overload]
        metric: (
            Annotated[Any, Checked(GROWTH_KINDS[metric], "write 5%, or a number", _keep_hint)],
            Field(None, description=text),
        )
        for metric, text in _METRICS.items()
    },
)


class _LayerBudgets(Open):
    """Pydantic's annotation for `budget.layers`: limits by path pattern."""

    def __init__(self) -> None:
        super().__init__("path patterns with their limits", '"classifier.*": {parameters: 4M}', filled=False)

    def schema(self) -> dict[str, Any]:
        return {"additionalProperties": {SHARED: "layer-budget"}}

    def hint(self, value: Any) -> str:
        return f"write `{self.example}`"

    def hold_value(self, name: str, value: Any) -> None:
        validate(LayerBudget, value, example="parameters: 4M")
        if not value.keys() - {"each"}:
            hint = f"one of: {', '.join(LAYER_METRICS)}"
            raise Refused(f"no limit is given for {show_name(name)}", code="MS204", hint=hint)


Budget: type[BaseModel] = create_model(
    "Budget",
    __base__=Closed,
    __doc__="What the model may cost.",
    layers=(Annotated[Any, _LayerBudgets()], Field(None, description="Limits on layers, by path pattern.")),
    growth=(
        Annotated[Any, Part(Growth, "growth", "parameters: 5%")],
        Field(None, description="By how much each metric may grow: 5%, or a number."),
    ),
    **_LIMITS,  # type: ignore[call-overload]
)
