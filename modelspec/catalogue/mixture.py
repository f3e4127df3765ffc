"""What `MixtureOfExperts` adds to its experts: the weighted sum of what they give."""

from collections.abc import Iterator

from modelspec.layer import Broken, Example, Layer, Size, Takes, no_macs, no_tensors
from modelspec.shape import Shape, differs, show_shape


class MixtureOfExperts(Layer):
    """The sum of the chosen experts' results, weighted by the gate.

    C1  The last axis of the gate has a size for each expert.
    C2  The gate has the axes of the input, but for the last.
    C3  experts_per_token is not more than experts.

    The third input is the result of one expert, of which all have the same shape.
    """

    input_names = ("input", "gate", "result")
    arity = (3, 3)
    takes = (Takes(None, ("*", "features")), Takes("C2", ("*", "experts")), Takes(None, ("*",)))
    input_dtype = ("any", "float", "any")

    experts: Size
    experts_per_token: Size

    list_tensors = no_tensors
    count_macs = no_macs

    def constrain(self, x: Shape, gate: Shape, result: Shape) -> Iterator[Broken]:
        if differs(gate[-1], self.experts):
            message = f"there are {self.experts} experts, but the gate {show_shape(gate)} is for {gate[-1]}"
            hint = f"let the router give {self.experts}, or mend experts"
            if x[-1] == self.experts:
                hint = "the router's result is the second of the inputs: exchange the two"
            yield Broken("C1", message, "experts", hint, "MS304", -1, 1)
        elif len(gate) != len(x) or any(map(differs, gate[:-1], x[:-1])):
            message = f"the gate {show_shape(gate)} is not one for each of the tokens of {show_shape(x)}"
            yield Broken("C2", message, None, "the router reads what the experts read", "MS313", -1, 1, (0, -1))
        known = isinstance(self.experts, int) and isinstance(self.experts_per_token, int)
        if known and self.experts_per_token > self.experts:
            message = f"experts_per_token is {self.experts_per_token}, but there are {self.experts} experts"
            yield Broken("C3", message, "experts_per_token", "a token passes as many as there are, at most")

    def output_shape(self, x: Shape, gate: Shape, result: Shape) -> Shape:
        return result

    def conventions(self) -> tuple[str, ...]:
        told = "MACs, activations and active parameters count the experts that a token passes, parameters count all"
        return (f"MixtureOfExperts: {told}",)

    examples = (
        Example(
            {"experts": 8, "experts_per_token": 2},
            inputs=((5, 16), (5, 8), (5, 16)),
            output=(5, 16),
            parameters=0,
            macs=0,
        ),
        Example({"experts": 4, "experts_per_token": 2}, inputs=((5, 16), (5, 8), (5, 16)), breaks="C1", code="MS304"),
        Example({"experts": 8, "experts_per_token": 2}, inputs=((5, 16), (4, 8), (5, 16)), breaks="C2", code="MS313"),
        Example({"experts": 2, "experts_per_token": 3}, inputs=((5, 16), (5, 2), (5, 16)), breaks="C3", code="MS305"),
    )
