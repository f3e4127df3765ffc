"""keras.layers: reshaping."""

from modelspec.catalogue.keras.arguments import ActivityRegularizer, DataFormat
from modelspec.layer import Example, Layer, no_macs, no_tensors
from modelspec.shape import Shape, numel


class Flatten(Layer):
    """All axes of a sample in one; with channels_first the channels are moved to the end before.

    C1  The output has one axis, as long as the input has elements; 1 for a sample without axes.

    Source: keras.layers.Flatten.
    """

    result = "view"

    data_format: DataFormat = None
    activity_regularizer: ActivityRegularizer = None

    def output_shape(self, x: Shape) -> Shape:
        return (numel(x),)

    list_tensors = no_tensors
    count_macs = no_macs

    def output_by_hand(self, x: Shape) -> dict[str, str]:
        return {"features": " * ".join(f"input[{axis}]" for axis in range(len(x))) or "1"}

    examples = (
        Example({}, input=(7, 7, 32), output=(1568,), parameters=0, macs=0),
        Example({"data_format": "channels_first"}, input=(32, 7, 7), output=(1568,), parameters=0, macs=0),
        Example({}, input=(), output=(1,), parameters=0, macs=0),
    )
