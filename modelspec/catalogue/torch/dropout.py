"""torch.nn: dropout."""

from modelspec.layer import Example, Layer, Probability, no_macs, no_tensors, same_shape


class Dropout(Layer):
    """In training, each value set to 0 with probability p; in evaluation the identity.

    Source: torch.nn.Dropout.
    """

    result = "view"

    p: Probability = 0.5
    inplace: bool = False

    list_tensors = no_tensors
    count_macs = no_macs

    output_shape = same_shape

    examples = (
        Example({}, input=(32,), output=(32,), parameters=0, macs=0),
        Example({"p": 0.2, "inplace": True}, input=(16, 8, 8), output=(16, 8, 8)),
        Example({"p": 1}, input=(), output=(), dtype="int64"),
    )
