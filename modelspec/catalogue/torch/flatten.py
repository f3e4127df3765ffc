"""torch.nn: layers that change the shape alone."""

from collections.abc import Iterator

from modelspec.catalogue.torch.numbering import find, refuse
from modelspec.layer import AxisIndex, Broken, Example, Layer, Takes, no_macs, no_tensors
from modelspec.shape import Shape, numel


class Flatten(Layer):
    """The axes from start_dim to end_dim, joined into one.

    C1  The input has at least one axis.
    C2  start_dim and end_dim are numbers of axes of the sample: from 1, for 0 is the batch, or negative, from the end.
    C3  start_dim does not come after end_dim.

    Source: torch.nn.Flatten.
    """

    takes = Takes("C1", ("*", "size"))
    result = "view"

    start_dim: AxisIndex = 1
    end_dim: AxisIndex = -1

    list_tensors = no_tensors
    count_macs = no_macs

    def constrain(self, x: Shape) -> Iterator[Broken]:
        dims = (("start_dim", self.start_dim), ("end_dim", self.end_dim))
        broken = [problem for problem in (refuse("C2", field, dim, x) for field, dim in dims) if problem]
        if not broken and find(self.start_dim, x) > find(self.end_dim, x):
            message = f"start_dim {self.start_dim} comes after end_dim {self.end_dim}, for a sample of {len(x)} axes"
            broken.append(Broken("C3", message, "start_dim", "let start_dim be the earlier of the two axes"))
        yield from broken

    def output_shape(self, x: Shape) -> Shape:
        first, last = find(self.start_dim, x), find(self.end_dim, x)
        return (*x[:first], numel(x[first : last + 1]), *x[last + 1 :])

    def output_by_hand(self, x: Shape) -> dict[str, str]:
        first, last = find(self.start_dim, x), find(self.end_dim, x)
        return {"size": " * ".join(f"input[{axis}]" for axis in range(first, last + 1))}

    examples = (
        Example({}, input=(32, 7, 7), output=(1568,), parameters=0, macs=0),
        Example({}, input=(5,), output=(5,), dtype="int64"),
        Example({"start_dim": 2}, input=(32, 7, 7), output=(32, 49)),
        Example({"start_dim": -3, "end_dim": 2}, input=(32, 7, 5), output=(224, 5)),
        Example({}, input=(), breaks="C1", code="MS303"),
        Example({"start_dim": 0}, input=(32, 7, 7), breaks="C2", code="MS309"),
        Example({"end_dim": 4}, input=(32, 7, 7), breaks="C2", code="MS309"),
        Example({"start_dim": 3, "end_dim": 1}, input=(32, 7, 7), breaks="C3", code="MS305"),
    )
