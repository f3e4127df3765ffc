"""keras.layers: normalization."""

from collections.abc import Iterator

from modelspec.catalogue.keras.arguments import (
    ActivityRegularizer,
    Axes,
    Fraction,
    GroupCount,
    MatrixInitializer,
    NonNegativeNumber,
    RenormClipping,
    VectorInitializer,
    VectorRegularizer,
    WeightConstraint,
    check_initializer,
)
from modelspec.catalogue.keras.numbering import check_axes, check_axis, place_of, size_of
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
    no_tensors,
    same_shape,
)
from modelspec.shape import UNKNOWN, Shape, Unknown, differs, show_shape


def _order_axes(numbers: tuple[int, ...]) -> tuple[int, ...]:
    """The axes as Keras orders them: by their numbers, negative ones first."""
    if any(isinstance(axis, Unknown) for axis in numbers):
        return numbers
    return tuple(sorted(numbers))


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

    features: Size = built(take=lambda layer, x: size_of(layer.axis, x))
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
        yield from check_axis("C2", "axis", self.axis, x)
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

    normalized_shape: Sizes = built(take=lambda layer, x: tuple([size_of(axis, x) for axis in _order_axes(layer.axis)]))
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

    def constrain(self, x: Shape) -> Iterator[Broken]:
        yield from check_axes("C2", "C3", self.axis, x, "which is not normalized over")
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


class RMSNormalization(Layer):
    """Each sample divided by its root mean square over one axis or several, then scaled element by element.

    C1  The input has at least one axis.
    C2  Each number in axis, in which 0 is the batch, is an axis of the sample; normalized_shape are their sizes.
    C3  The axes in axis are different ones.
    C4  They are the sample's last axes, by their sizes: Keras lays the scale along those, whichever are named.

    The sizes stand in ascending order of the numbers as written, negative ones first.

    Source: keras.layers.RMSNormalization.
    """

    takes = Takes("C1", ("*", "features"))
    input_dtype = "float"

    normalized_shape: Sizes = built(take=lambda layer, x: tuple([size_of(axis, x) for axis in _order_axes(layer.axis)]))
    axis: Axes = (-1,)
    epsilon: NonNegativeNumber = 1e-6
    activity_regularizer: ActivityRegularizer = None

    def constrain(self, x: Shape) -> Iterator[Broken]:
        broken = list(check_axes("C2", "C3", self.axis, x, "which is not normalized over"))
        yield from broken
        last = x[len(x) - len(self.axis) :]
        if not broken and any(differs(a, b) for a, b in zip(self.normalized_shape, last, strict=True)):
            named = ", ".join(map(str, _order_axes(self.axis)))
            scale, along = show_shape(self.normalized_shape), show_shape(last)
            message = (
                f"the scale is {scale}, of axis {named}, but Keras lays it along the last of {show_shape(x)}: {along}"
            )
            yield Broken("C4", message, "axis", "name the last axes in their order: -1, or [-2, -1]")

    output_shape = same_shape

    def list_tensors(self) -> Iterator[Tensor]:
        sizes = enumerate(self.normalized_shape)
        yield Tensor("scale", tuple([Axis(f"normalized_shape[{at}]", size) for at, size in sizes]))

    count_macs = no_macs

    def parameters_by_hand(self) -> str:
        return " * ".join(f"normalized_shape[{at}]" for at in range(len(self.normalized_shape)))

    examples = (
        Example({}, input=(16,), output=(16,), parameters=16, macs=0),
        Example({}, input=(UNKNOWN, 16), parameters=16, macs=0),
        Example({"axis": [1, 2]}, input=(10, 16), output=(10, 16), parameters=160, macs=0),
        Example({}, input=(), breaks="C1", code="MS303"),
        Example({"axis": 0}, input=(10, 16), breaks="C2", code="MS309"),
        Example({"axis": [2, -1]}, input=(10, 16), breaks="C3", code="MS305"),
        Example({"axis": 1}, input=(10, 16), breaks="C4", code="MS305"),
    )


class GroupNormalization(Layer):
    """Each group of channels normalized by its own mean and variance, then scaled and shifted channel by channel.

    C1  The input has at least one axis.
    C2  axis, in which 0 is the batch, is an axis of the sample: that of the channels.
    C3  groups divides the channels; −1 makes a group of each.

    Source: keras.layers.GroupNormalization.
    """

    takes = Takes("C1", ("*", "channels"))
    input_dtype = "float"

    channels: Size = built(take=lambda layer, x: size_of(layer.axis, x))
    groups: GroupCount = 32
    axis: AxisIndex = -1
    epsilon: NonNegativeNumber = 1e-3
    center: bool = True
    scale: bool = True
    beta_initializer: VectorInitializer = "zeros"
    gamma_initializer: VectorInitializer = "ones"
    beta_regularizer: VectorRegularizer = None
    gamma_regularizer: VectorRegularizer = None
    beta_constraint: WeightConstraint = None
    gamma_constraint: WeightConstraint = None
    activity_regularizer: ActivityRegularizer = None

    def constrain(self, x: Shape) -> Iterator[Broken]:
        broken = list(check_axis("C2", "axis", self.axis, x))
        yield from broken
        if not broken and differs(self.channels % self.groups, 0):
            message = f"{self.channels} channels arrive, which groups, {self.groups}, does not divide"
            hint = f"write a number of groups that divides {self.channels}, or -1 for one for each channel"
            yield Broken("C3", message, "groups", hint, axis=place_of(self.axis, x))

    output_shape = same_shape

    def list_tensors(self) -> Iterator[Tensor]:
        if self.scale:
            yield Tensor("gamma", axes(channels=self.channels))
        if self.center:
            yield Tensor("beta", axes(channels=self.channels))

    count_macs = no_macs

    def parameters_by_hand(self) -> str:
        return f"{self.scale + self.center} * channels"

    examples = (
        Example({}, input=(8, 8, 64), output=(8, 8, 64), parameters=128, macs=0),
        Example({"groups": 4, "axis": 1, "center": False}, input=(16, 8, 8), output=(16, 8, 8), parameters=16, macs=0),
        Example({"groups": -1}, input=(8, 8, 3), output=(8, 8, 3), parameters=6, macs=0),
        Example({}, input=(), breaks="C1", code="MS303"),
        Example({"axis": 4}, input=(8, 8, 64), breaks="C2", code="MS309"),
        Example({}, input=(8, 8, 16), breaks="C3", code="MS305"),
        Example({"groups": 0}, input=(8, 8, 16), code="MS206"),
    )


class UnitNormalization(Layer):
    """Each sample divided by its length over one axis or several.

    C1  Each number in axis, in which 0 is the batch, is an axis of the sample.
    C2  The axes in axis are different ones.

    Source: keras.layers.UnitNormalization.
    """

    input_dtype = "float"

    axis: Axes = (-1,)
    activity_regularizer: ActivityRegularizer = None

    def constrain(self, x: Shape) -> Iterator[Broken]:
        yield from check_axes("C1", "C2", self.axis, x, "which is not normalized over")

    output_shape = same_shape

    list_tensors = no_tensors
    count_macs = no_macs

    examples = (
        Example({}, input=(16,), output=(16,), parameters=0, macs=0),
        Example({"axis": [1, 2]}, input=(8, 8, 3), output=(8, 8, 3), parameters=0, macs=0),
        Example({"axis": 0}, input=(16,), breaks="C1", code="MS309"),
        Example({}, input=(), breaks="C1", code="MS309"),
        Example({"axis": [1, -1]}, input=(16,), breaks="C2", code="MS305"),
    )
