"""keras.layers: normalization."""

from collections.abc import Iterator
from typing import Any

from modelspec.catalogue.keras.arguments import (
    ActivityRegularizer,
    Axes,
    Fraction,
    MatrixInitializer,
    NonNegativeNumber,
    RenormClipping,
    VectorInitializer,
    VectorRegularizer,
    WeightConstraint,
    check_initializer,
)
from modelspec.layer import (
    Axis,
    AxisIndex,
    Broken,
    Example,
    Layer,
    Size,
    Sizes,
    Takes,
    Tensor,
    axes,
    built,
    no_macs,
    same_shape,
)
from modelspec.shape import UNKNOWN, Dim, Shape, Unknown, show_shape


def _size_of(axis: Any, x: Shape) -> Dim:
    """The size of the axis with this number, in which 0 is the batch; unknown where there is none."""
    if isinstance(axis, Unknown):
        return UNKNOWN
    place = axis - 1 if axis > 0 else axis + len(x)
    return x[place] if axis != 0 and 0 <= place < len(x) else UNKNOWN


def _check_axis(number: str, axis: Any, x: Shape) -> Iterator[Broken]:
    """The axis numbered is one of a sample's: 1 is the first, −1 the last."""
    if isinstance(axis, Unknown):
        message = "axis must be known before the model runs"
        yield Broken(number, message, "axis", "write the number of the axis", "MS307")
    elif axis == 0 or axis == -len(x) - 1:
        message = f"axis {axis} is the batch, which is not normalized over"
        yield Broken(number, message, "axis", "axes of a sample count from 1, or from the end: -1 is the last", "MS309")
    elif not -len(x) <= axis <= len(x):
        message = f"axis {axis} is not there: {show_shape(x)} arrives, with axes 1 to {len(x)}"
        yield Broken(number, message, "axis", f"write an axis from 1 to {len(x)}, or -1 for the last", "MS309")


class BatchNormalization(Layer):
    """Each feature normalized by its moving mean and variance, then scaled and shifted.

    C1  The input has at least one axis.
    C2  axis, in which 0 is the batch, is an axis of the sample; features is its size.
    C3  With renorm, moving_variance_initializer is not null: its roots are where the moving deviations begin.

    gamma and beta are trained; the moving statistics are parameters that are not. renorm adds three more of them.

    Source: keras.layers.BatchNormalization.
    """

    takes = Takes("C1", ("*", "features"))
    input_dtype = "float"

    features: Size = built(take=lambda layer, x: _size_of(layer.axis, x))
    axis: AxisIndex = -1
    momentum: Fraction = 0.99
    epsilon: NonNegativeNumber = 1e-3
    center: bool = True
    scale: bool = True
    beta_initializer: VectorInitializer = "zeros"
    gamma_initializer: VectorInitializer = "ones"
    moving_mean_initializer: VectorInitializer = "zeros"
    moving_variance_initializer: VectorInitializer = "ones"
    beta_regularizer: VectorRegularizer = None
    gamma_regularizer: VectorRegularizer = None
    beta_constraint: WeightConstraint = None
    gamma_constraint: WeightConstraint = None
    renorm: bool = False
    renorm_clipping: RenormClipping = None
    renorm_momentum: Fraction = 0.99
    synchronized: bool = False
    activity_regularizer: ActivityRegularizer = None

    def constrain(self, x: Shape) -> Iterator[Broken]:
        yield from _check_axis("C2", self.axis, x)
        if self.renorm and self.moving_variance_initializer is None:
            message = "moving_variance_initializer is null, but renorm needs one"
            yield Broken("C3", message, "moving_variance_initializer", "write ones, which is the default")

    output_shape = same_shape

    def list_tensors(self) -> Iterator[Tensor]:
        size = axes(features=self.features)
        if self.scale:
            yield Tensor("gamma", size)
        if self.center:
            yield Tensor("beta", size)
        yield Tensor("moving_mean", size, trainable=False)
        yield Tensor("moving_variance", size, trainable=False)
        if self.renorm:
            yield Tensor("moving_stddev", size, trainable=False)
            yield Tensor("renorm_mean", size, trainable=False)
            yield Tensor("renorm_stddev", size, trainable=False)

    count_macs = no_macs

    def conventions(self) -> Iterator[str]:
        yield "BatchNormalization (Keras): the moving statistics are parameters, not trainable"

    def parameters_by_hand(self) -> str:
        return f"{2 + self.scale + self.center + 3 * self.renorm} * features"

    examples = (
        Example({}, input=(16,), output=(16,), parameters=64, macs=0),
        Example({"axis": 1}, input=(16, 8, 8), output=(16, 8, 8), parameters=64, macs=0),
        Example({"scale": False, "center": False}, input=(8, 8, 16), output=(8, 8, 16), parameters=32, macs=0),
        Example(
            {"renorm": True, "renorm_clipping": {"rmax": 3, "dmax": 5}},
            input=(16,),
            output=(16,),
            parameters=112,
            macs=0,
        ),
        Example({}, input=(), breaks="C1", code="MS303"),
        Example({"axis": 0}, input=(8, 8, 16), breaks="C2", code="MS309"),
        Example({"axis": 4}, input=(8, 8, 16), breaks="C2", code="MS309"),
        Example({"renorm": True, "moving_variance_initializer": None}, input=(16,), breaks="C3", code="MS305"),
    )


class LayerNormalization(Layer):
    """Each sample normalized over one axis or several, then scaled and shifted element by element.

    C1  The input has at least one axis.
    C2  Each number in axis, in which 0 is the batch, is an axis of the sample; normalized_shape are their sizes.
    C3  The axes in axis are different ones.
    C4  The initializers of gamma and beta fit their axes, which are as many as are named in axis.

    The sizes stand in ascending order of the numbers as written. rms_scaling, which Keras keeps for older files,
    always scales and never shifts.

    Source: keras.layers.LayerNormalization.
    """

    takes = Takes("C1", ("*", "features"))
    input_dtype = "float"

    normalized_shape: Sizes = built(take=lambda layer, x: tuple([_size_of(axis, x) for axis in layer.ordered_axes()]))
    axis: Axes = (-1,)
    epsilon: NonNegativeNumber = 1e-3
    center: bool = True
    scale: bool = True
    beta_initializer: MatrixInitializer = "zeros"
    gamma_initializer: MatrixInitializer = "ones"
    beta_regularizer: VectorRegularizer = None
    gamma_regularizer: VectorRegularizer = None
    beta_constraint: WeightConstraint = None
    gamma_constraint: WeightConstraint = None
    rms_scaling: bool = False
    activity_regularizer: ActivityRegularizer = None

    def ordered_axes(self) -> tuple[int, ...]:
        """The axes as Keras orders them: by their numbers, negative ones first."""
        if any(isinstance(axis, Unknown) for axis in self.axis):
            return self.axis
        return tuple(sorted(self.axis))

    def constrain(self, x: Shape) -> Iterator[Broken]:
        broken = [problem for axis in self.axis for problem in _check_axis("C2", axis, x)]
        yield from broken
        places = [axis - 1 if axis > 0 else axis + len(x) for axis in self.axis] if not broken else []
        if len(set(places)) < len(places):
            twice = next(axis for at, axis in enumerate(self.axis) if places[at] in places[:at])
            yield Broken("C3", f"axis {twice} is named twice, over {show_shape(x)}", "axis", "name each axis once")
        if self.scale or self.rms_scaling:
            yield from check_initializer("C4", self.gamma_initializer, "gamma_initializer", len(self.axis))
        if self.center and not self.rms_scaling:
            yield from check_initializer("C4", self.beta_initializer, "beta_initializer", len(self.axis))

    output_shape = same_shape

    def list_tensors(self) -> Iterator[Tensor]:
        size = tuple([Axis(f"normalized_shape[{at}]", size) for at, size in enumerate(self.normalized_shape)])
        if self.scale or self.rms_scaling:
            yield Tensor("gamma", size)
        if self.center and not self.rms_scaling:
            yield Tensor("beta", size)

    count_macs = no_macs

    def parameters_by_hand(self) -> str:
        vectors = 1 if self.rms_scaling else self.scale + self.center
        return " * ".join([str(vectors), *(f"normalized_shape[{at}]" for at in range(len(self.normalized_shape)))])

    examples = (
        Example({}, input=(16,), output=(16,), parameters=32, macs=0),
        Example({"center": False}, input=(10, 16), output=(10, 16), parameters=16, macs=0),
        Example({"axis": [1, 2, 3]}, input=(4, 5, 3), output=(4, 5, 3), parameters=120, macs=0),
        Example({"rms_scaling": True, "scale": False}, input=(16,), output=(16,), parameters=16, macs=0),
        Example({}, input=(), breaks="C1", code="MS303"),
        Example({"axis": 0}, input=(10, 16), breaks="C2", code="MS309"),
        Example({"axis": [1, 3]}, input=(10, 16), breaks="C2", code="MS309"),
        Example({"axis": [2, -1]}, input=(10, 16), breaks="C3", code="MS305"),
        Example({"gamma_initializer": "orthogonal"}, input=(10, 16), breaks="C4", code="MS305"),
    )
