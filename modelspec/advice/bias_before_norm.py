"""MS601: a bias that the normalisation behind it takes out."""

from __future__ import annotations

from collections.abc import Iterator

from modelspec.advice.channels import find_channels, has_activation
from modelspec.advice.index import CONVOLUTIONS, MAPS, NORMS
from modelspec.advice.rule import ModelRule
from modelspec.advice.view import Link, Seat, View
from modelspec.diagnostics import Edit, Finding, Related

__all__ = ["BiasBeforeNorm"]


class BiasBeforeNorm(ModelRule):
    """A convolution or linear map with a bias, right before a normalisation that takes the mean of each channel away.

    The bias shifts a channel as a whole, and the shift is gone behind the normalisation, whatever it is: parameters
    that learn nothing. The normalisation has a shift of its own.

    Silent where anything stands between, or reads the result, too; where another layer uses the weights; where the
    normalisation is frozen (`trainable: false`), for it does not take the mean of what arrives; and for normalisations
    that keep the shift: `LayerNorm`, `RMSNorm`, and `GroupNorm` unless each channel is a group.
    """

    code = "MS601"

    def find(self, view: View) -> Iterator[Finding]:
        """Links from a layer with a bias to such a normalisation."""
        for link in view.links(CONVOLUTIONS | MAPS, NORMS):
            name = _name_bias(link.first)
            if name and _takes_mean(link) and link.first.has_own_weights and view.is_alone(link):
                yield self._tell(view, link, name)

    def _tell(self, view: View, link: Link, name: str) -> Finding:
        first, second = link.first, link.second
        fix = () if _is_pinned(view) else (Edit("set", (*first.where.route, name), False, first.where.file),)
        related = (Related(second.point(None), f"this {second.kind} takes the mean of each channel away"),)
        message = f"its bias is taken out by the {second.kind} that follows"
        return self.tell_at(first, name, message, f"write {name}: false", related, fix)

    VALID = (
        """\
modelspec: 1
input: [3, 8, 8]
layers:
  - {type: Conv2d, out_channels: 4, kernel_size: 3, bias: false}
  - BatchNorm2d
  - {type: Conv2d, out_channels: 4, kernel_size: 3}
  - ReLU
  - BatchNorm2d
  - {type: Conv2d, out_channels: 4, kernel_size: 3}
  - {type: GroupNorm, num_groups: 2}
""",
        """\
modelspec: 1
input: [5, 8]
layers:
  - {type: Linear, out_features: 8}  # its bias runs along another axis than the five channels
  - BatchNorm1d
  - {type: Linear, out_features: 8}
  - LayerNorm
""",
        """\
modelspec: 1
input: [3, 8, 8]
layers:
  - {type: Conv2d, name: conv, out_channels: 4, kernel_size: 3}
  - {type: BatchNorm2d, name: norm}
  - {type: Add, inputs: [conv, norm]}
  - {type: Conv2d, out_channels: 4, kernel_size: 3}
  - {type: BatchNorm2d, trainable: false}
""",
        """\
modelspec: 1
dialect: keras
input: [8, 8, 3]
layers:
  - {type: Conv2D, filters: 4, kernel_size: 3, activation: relu}
  - BatchNormalization
  - {type: Conv2D, filters: 4, kernel_size: 3}
  - {type: BatchNormalization, axis: 1}
""",
        """\
modelspec: 1
input: [3, 8, 8]
layers:
  - {type: Conv2d, name: conv, out_channels: 3, kernel_size: 3, padding: 1}
  - BatchNorm2d
  - {share: conv}
  - {type: Conv2d, name: other, out_channels: 3, kernel_size: 3, padding: 1}
  - ReLU
  - {share: other}  # the bias is that of a layer without a norm
  - BatchNorm2d
  - type: Residual  # the sum stands between
    layers: [{type: Conv2d, out_channels: 3, kernel_size: 3, padding: same}]
  - InstanceNorm2d
""",
    )
    INVALID = (
        """\
modelspec: 1
input: [3, 8, 8]
layers:
  - {type: «Conv2d», out_channels: 4, kernel_size: 3}
  - BatchNorm2d
""",
        """\
modelspec: 1
input: [8]
layers:
  - {type: Linear, out_features: 4, bias: «true»}
  - {type: BatchNorm1d, affine: false}
""",
        """\
modelspec: 1
input: [3, 8, 8]
layers:
  - layers:
      - ReLU
      - {type: ConvTranspose2d, out_channels: 4, kernel_size: 2, stride: 2, bias: «true»}
  - {type: Parallel, branches: [[{type: GroupNorm, num_groups: 4}, ReLU]]}
""",
        """\
modelspec: 1
dialect: keras
input: [8, 8, 3]
layers:
  - layers:
      - {type: «Conv2D», filters: 4, kernel_size: 3}
  - {type: GroupNormalization, groups: -1}
""",
    )


def _name_bias(seat: Seat) -> str | None:
    """What the bias of a layer is called, if it has one that is added last; None otherwise."""
    if has_activation(seat):
        return None
    return next((name for name in ("bias", "use_bias") if seat.argument(name) is True), None)


def _takes_mean(link: Link) -> bool:
    """Whether the normalisation takes the mean of each channel that the bias shifts."""
    first, second = link.first, link.second
    if not second.fitted.trainable:
        return False
    shape = second.fitted.inputs[0].shape
    bias = find_channels(first)
    groups = second.argument("num_groups") or second.argument("groups")
    if second.kind == "BatchNormalization" or second.kind == "GroupNormalization":
        axis = second.argument("axis")
        norm = axis - 1 if axis > 0 else axis + len(shape)
    else:
        norm = 0
    return norm == bias and (groups is None or groups in (-1, shape[norm]))


def _is_pinned(view: View) -> bool:
    """Whether a budget says how many parameters there are at least: then their number is meant."""
    budgets = [budget for budget in (view.graph.budget, *view.graph.demands) if budget is not None]
    limits = [budget.model for budget in budgets] + [each for budget in budgets for each, _ in budget.layers.values()]
    return any(
        limit.min is not None or limit.exactly is not None or limit.shares
        for each in limits
        for metric, limit in each.items()
        if metric.endswith("parameters") or metric == "weight_bytes"
    )
