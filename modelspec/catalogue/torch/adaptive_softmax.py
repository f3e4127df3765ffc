"""torch.nn: a softmax over many classes, of which the rare ones are looked at in groups."""

from collections.abc import Iterator
from typing import Annotated

from modelspec.catalogue.torch.arguments import refuse_unknown
from modelspec.kinds import Integer, ListOf
from modelspec.layer import Axis, Broken, Example, Layer, Positive, Size, Takes, Tensor, inferred
from modelspec.shape import Count, Dim, Shape, Unknown, numel, show_shape, total

_Cutoffs = Annotated[
    tuple[int, ...], ListOf(Integer(1), minimum=1, maximum=64, words="a list of class numbers, each more than the last")
]


class AdaptiveLogSoftmaxWithLoss(Layer):
    """The log-probabilities of all classes, the rare ones by clusters, each with a smaller projection.

    C1  in_features is the size of the input.
    C2  The input has one axis: features.
    C3  The cutoffs are each more than the one before, and less than n_classes.
    C4  in_features // div_value ** i leaves something for every cluster i.

    What comes out is torch's log_prob, [n_classes]. The loss, which takes a target beside the input, belongs to
    training, and is no part of a model here.

    Source: torch.nn.AdaptiveLogSoftmaxWithLoss.
    """

    takes = Takes("C2", ("in_features",))
    input_dtype = "float"

    in_features: Size = inferred(axis=0, constraint="C1")
    n_classes: Size
    cutoffs: _Cutoffs
    div_value: Positive = 4.0
    head_bias: bool = False

    def constrain(self, x: Shape) -> Iterator[Broken]:
        cutoffs = self.cutoffs
        for cutoff in cutoffs:
            unknown: Dim = cutoff
            if isinstance(unknown, Unknown):
                yield refuse_unknown("cutoffs", unknown)
                return
        if list(cutoffs) != sorted(set(cutoffs)):
            message = f"the cutoffs {show_shape(cutoffs)} do not rise"
            yield Broken("C3", message, "cutoffs", "each more than the one before")
        elif isinstance(self.n_classes, int) and cutoffs[-1] >= self.n_classes:
            message = f"the cutoff {cutoffs[-1]} is not less than n_classes ({self.n_classes})"
            yield Broken("C3", message, "cutoffs", "leave it out: n_classes is the last cutoff by itself")
        elif isinstance(self.in_features, int) and 0 in map(self._project, range(len(cutoffs))):
            message = f"in_features ({self.in_features}) divided by {self.div_value:g} ** {len(cutoffs)} leaves nothing"
            yield Broken("C4", message, "div_value", "a smaller div_value, or fewer cutoffs")

    def _project(self, cluster: int) -> Dim:
        # How many features the cluster is looked at with.
        if isinstance(self.in_features, Unknown):
            return numel((self.in_features,))  # some number that depends on it
        try:
            return int(self.in_features // (self.div_value ** (cluster + 1)))
        except (OverflowError, ZeroDivisionError):  # a power beyond what floating-point numbers hold
            return 0

    def _sizes(self) -> list[Dim]:
        ends = (*self.cutoffs[1:], self.n_classes)
        return [end - start for start, end in zip(self.cutoffs, ends, strict=True)]

    def output_shape(self, x: Shape) -> Shape:
        return (self.n_classes,)

    def list_tensors(self) -> Iterator[Tensor]:
        features = Axis("in_features", self.in_features)
        head = Axis("cutoffs[0] + clusters", self.cutoffs[0] + len(self.cutoffs))
        yield Tensor("head.weight", (head, features))
        if self.head_bias:
            yield Tensor("head.bias", (head,))
        for cluster, size in enumerate(self._sizes()):
            inner = Axis(f"in_features // div_value ** {cluster + 1}", self._project(cluster))
            yield Tensor(f"tail.{cluster}.0.weight", (inner, features))
            yield Tensor(f"tail.{cluster}.1.weight", (Axis(f"classes of cluster {cluster}", size), inner))

    def count_macs(self, x: Shape, y: Shape) -> Count:
        weights = [numel([size for _, size in tensor.axes]) for tensor in self.list_tensors() if len(tensor.axes) == 2]
        return total(weights)

    def macs_by_hand(self, x: Shape, y: Shape) -> str:
        last = len(self.cutoffs) - 1
        terms = [f"in_features * (cutoffs[0] + {last + 1})"]
        for cluster in range(last + 1):
            end = "n_classes" if cluster == last else f"cutoffs[{cluster + 1}]"
            projected = f"(in_features // div_value ** {cluster + 1})"
            terms.append(f"{projected} * (in_features + {end} - cutoffs[{cluster}])")
        return " + ".join(terms)

    def parameters_by_hand(self) -> str:
        weights = self.macs_by_hand((), ())
        return f"{weights} + cutoffs[0] + {len(self.cutoffs)}" if self.head_bias else weights

    def conventions(self) -> tuple[str, ...]:
        return ("an adaptive softmax counts all its clusters, as for the log-probabilities of all classes",)

    examples = (
        Example(
            {"n_classes": 1000, "cutoffs": [100, 500], "div_value": 2},
            input=(64,),
            output=(1000,),
            parameters=30_400,
            macs=30_400,
        ),
        Example(
            {"n_classes": 20, "cutoffs": [5], "head_bias": True}, input=(16,), output=(20,), parameters=226, macs=220
        ),
        Example({"n_classes": 20, "cutoffs": [5, 10]}, input=(16,), output=(20,), parameters=222, macs=222),
        Example({"in_features": 8, "n_classes": 20, "cutoffs": [5]}, input=(16,), breaks="C1", code="MS304"),
        Example({"n_classes": 20, "cutoffs": [5]}, input=(7, 16), breaks="C2", code="MS303"),
        Example({"n_classes": 20, "cutoffs": [5, 5]}, input=(16,), breaks="C3", code="MS305"),
        Example({"n_classes": 20, "cutoffs": [5, Unknown("rare")]}, input=(16,), code="MS307", field="cutoffs"),
        Example({"n_classes": 20, "cutoffs": [5, 20]}, input=(16,), breaks="C3", code="MS305"),
        Example({"n_classes": 20, "cutoffs": [5, 10, 15]}, input=(16,), breaks="C4", code="MS305"),
        Example({"n_classes": 20, "cutoffs": [5, 10], "div_value": 1e-200}, input=(16,), breaks="C4", code="MS305"),
    )
