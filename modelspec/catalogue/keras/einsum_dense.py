"""keras.layers: a product with a kernel, as an equation says it."""

import re
from collections.abc import Iterator
from typing import Annotated, Any

from modelspec.catalogue.keras.arguments import (
    ActivationFunction,
    ActivityRegularizer,
    LoraScale,
    MatrixInitializer,
    OptionalSize,
    QuantizationConfig,
    Regularizer,
    WeightConstraint,
    check_initializer,
    check_lora,
    check_regularizer,
)
from modelspec.kinds import Integer, ListOf, Optional, Text
from modelspec.layer import Axis, Broken, Example, Layer, Sizes, Tensor, axes, built
from modelspec.record import NamedTuple
from modelspec.shape import UNKNOWN, Count, Dim, Shape, differs, numel, show_dim, show_shape

_FORM = re.compile(r"(\.\.\.)?([a-zA-Z]+)(\.\.\.)?,([a-zA-Z]+)->(\.\.\.)?([a-zA-Z]+)(\.\.\.)?")


class _Parts(NamedTuple):
    """The letters of an equation: of the input, the kernel and the result, and on which side an ellipsis stands."""

    taken: str
    kernel: str
    given: str
    left: bool
    right: bool


def _read_equation(equation: str) -> _Parts | None:
    """The parts of an equation; None if it is not of the form."""
    match = _FORM.fullmatch(equation)
    if match is None:
        return None
    left, taken, right, kernel, left_again, given, right_again = match.groups()
    if (left, right) != (left_again, right_again) or (left and right) or (right and len(taken) < 2):
        return None
    return _Parts(taken, kernel, given, left is not None, right is not None)


class _Equation(Text):
    """An equation of two factors, the input and the kernel."""

    words = "an equation X,Y->Z of letters, with ... in front of X and Z, or behind both, where axes are left out"

    def complete(self, value: Any) -> str:
        equation: str = super().complete(value)
        parts = _read_equation(equation)
        if parts is None:
            raise self.refuse(value, "write ab,bc->ac, ...a,ab->...b, or ab...,bc->ac...", "MS206")
        for letters in parts[:3]:
            twice = next((letter for at, letter in enumerate(letters) if letter in letters[:at]), None)
            if twice is not None:
                raise self.refuse(value, f"{twice} stands twice in {letters}: give each axis its own letter", "MS206")
        for letter in parts.kernel:
            if letter not in parts.taken + parts.given:
                raise self.refuse(value, f"{letter} is an axis of the kernel alone: nothing says its size", "MS206")
        for letter in parts.given:
            if letter not in parts.taken + parts.kernel:
                raise self.refuse(value, f"{letter} is an axis of the result alone: nothing makes it", "MS206")
        return equation


_PartialShape = Annotated[tuple[int | None, ...], ListOf(Optional(Integer(1)), single=True)]


class EinsumDense(Layer):
    """The product of the input and a kernel that an equation says: y = activation(einsum(equation, x, W) + b).

    C1  The input has as many axes as the equation gives it, the batch included; an ellipsis stands for further ones.
    C2  The batch, the first axis of the equation's input, is the first of its result too, and none of the kernel.
    C3  output_shape has an entry for each letter of the result, but for the batch; what an ellipsis stands for is
        left out.
    C4  An entry of output_shape for an axis of the input is its size. It may be null for it, where neither the kernel
        nor the bias has that axis.
    C5  bias_axes names letters of the result, and not the batch.
    C6  The initializers and regularizers fit the axes of the kernel and of the bias.
    C7  lora_rank and kernel_constraint do not go together.
    C8  The output has the sizes in output_shape, and what the ellipsis stands for.

    The kernel has the axes that the equation names, the bias those of the result from the first of bias_axes on, 1
    long where they are not named. An axis of the input alone is summed over before the product. With lora_rank the
    kernel is frozen, and two trainable factors of that rank, float32 whatever the dtype, are multiplied and added to
    it in every forward pass.

    Source: keras.layers.EinsumDense.
    """

    input_dtype = "float"

    kernel_shape: Sizes = built(take=lambda layer, x: layer.shape_kernel(x))
    bias_shape: Sizes = built(take=lambda layer, x: layer.shape_bias(x))
    equation: Annotated[str, _Equation()]
    # The argument has the name of a method, which is why `outputs` does its work here.
    output_shape: _PartialShape  # type: ignore[assignment]
    activation: ActivationFunction = None
    bias_axes: Annotated[str | None, Optional(Text())] = None
    kernel_initializer: MatrixInitializer = "glorot_uniform"
    bias_initializer: MatrixInitializer = "zeros"
    kernel_regularizer: Regularizer = None
    bias_regularizer: Regularizer = None
    kernel_constraint: WeightConstraint = None
    bias_constraint: WeightConstraint = None
    lora_rank: OptionalSize = None
    lora_alpha: LoraScale = None
    gptq_unpacked_column_size: OptionalSize = None
    quantization_config: QuantizationConfig = None
    activity_regularizer: ActivityRegularizer = None

    @property
    def _parts(self) -> _Parts:
        parts = _read_equation(self.equation)
        assert parts is not None
        return parts

    def _elided(self, x: Shape) -> int:
        """How many axes the ellipsis stands for, the batch among them where it stands first."""
        return len(x) + 1 - len(self._parts.taken)

    def _batch_is_elided(self, x: Shape) -> bool:
        return self._parts.left and self._elided(x) > 0

    def _given_letters(self, x: Shape) -> str:
        """The letters of the result that output_shape has a size for."""
        return self._parts.given if self._batch_is_elided(x) else self._parts.given[1:]

    def _sizes(self, x: Shape) -> dict[str, Dim]:
        """The sizes of the letters that are known by what arrives or by output_shape, the batch left out."""
        parts, elided = self._parts, self._elided(x)
        own = parts.taken if self._batch_is_elided(x) else parts.taken[1:]
        arriving = x[elided - 1 :] if self._batch_is_elided(x) else x
        sizes: dict[str, Dim] = dict(zip(own, arriving, strict=False))
        asked: Any = self.__dict__["output_shape"]
        given = zip(self._given_letters(x), asked, strict=False)
        return {**sizes, **{letter: size for letter, size in given if size is not None}}

    def shape_kernel(self, x: Shape) -> Shape:
        """The sizes of the kernel's axes."""
        sizes = self._sizes(x)
        return tuple([sizes.get(letter, UNKNOWN) for letter in self._parts.kernel])

    def shape_bias(self, x: Shape) -> Shape:
        """The sizes of the bias's axes; none without a bias."""
        parts, sizes, named = self._parts, self._sizes(x), self.bias_axes or ""
        first = min([parts.given.find(letter) for letter in named if letter in parts.given], default=len(parts.given))
        shape = [sizes.get(letter, UNKNOWN) if letter in named else 1 for letter in parts.given[first:]]
        if parts.right and named:
            shape += [1] * self._elided(x)
        return tuple(shape)

    def constrain(self, x: Shape) -> Iterator[Broken]:
        broken = [*self._check_axes(x)]
        yield from broken or self._check_sizes(x)
        if not broken:
            yield from check_initializer("C6", self.kernel_initializer, "kernel_initializer", len(self.kernel_shape))
            yield from check_regularizer("C6", self.kernel_regularizer, "kernel_regularizer", len(self.kernel_shape))
            if self.bias_axes is not None:
                yield from check_initializer("C6", self.bias_initializer, "bias_initializer", len(self.bias_shape))
                yield from check_regularizer("C6", self.bias_regularizer, "bias_regularizer", len(self.bias_shape))
        yield from check_lora("C7", self.lora_rank, self.kernel_constraint, "kernel_constraint")

    def _check_axes(self, x: Shape) -> Iterator[Broken]:
        parts, elided = self._parts, self._elided(x)
        if elided < 0 or (elided and not parts.left and not parts.right):
            message = (
                f"the equation gives the input {'at least ' if parts.left or parts.right else ''}"
                f"{len(parts.taken)} axes, {parts.taken}, the batch included, "
                f"but {show_shape(x)} arrives, with {len(x) + 1}"
            )
            hint = "write a letter for each axis, the batch's first, or ... for those that stay as they are"
            yield Broken("C1", message, "equation", hint, "MS303", -1 if x else None)
            return
        if not self._batch_is_elided(x):
            batch = parts.taken[0]
            if parts.given[0] != batch or batch in parts.kernel:
                message = f"{batch} is the batch, the first axis of {parts.taken}, but not so in {parts.given}"
                if batch in parts.kernel:
                    message = f"{batch} is the batch, the first axis of {parts.taken}, of which a kernel has none"
                hint = "begin the input and the result with one letter, or both with ..."
                yield Broken("C2", message, "equation", hint)
                return
        asked: Any = self.__dict__["output_shape"]
        letters = self._given_letters(x)
        if len(asked) != len(letters):
            message = f"the length of output_shape is {len(asked)}, but the result has {len(letters)} axes beside"
            message += " what ... stands for" if self._batch_is_elided(x) else " the batch"
            hint = f"give the sizes of {', '.join(letters)}" if letters else "write []"
            yield Broken("C3", message, "output_shape", hint)
            return
        named = self.bias_axes
        if named is not None and (not named or any(letter not in letters for letter in named)):
            message = f"bias_axes is '{named}', but the axes of the result are {', '.join(letters) or 'none'}"
            yield Broken("C5", message, "bias_axes", "name axes of the result, the batch left out; or leave it out")

    def _check_sizes(self, x: Shape) -> Iterator[Broken]:
        parts, asked = self._parts, self.__dict__["output_shape"]
        own = parts.taken if self._batch_is_elided(x) else parts.taken[1:]
        first = self._elided(x) - 1 if self._batch_is_elided(x) else 0
        for at, (letter, size) in enumerate(zip(self._given_letters(x), asked, strict=True)):
            arriving = x[first + own.index(letter)] if letter in own else None
            if size is None and (letter in parts.kernel or letter in (self.bias_axes or "")):
                holder = "kernel" if letter in parts.kernel else "bias"
                message = f"output_shape[{at}] is null, but the {holder} has the axis {letter}"
                known = arriving if arriving.__class__ is int else "its size"
                yield Broken("C4", message, "output_shape", f"write {known}")
            elif size is not None and arriving is not None and differs(size, arriving):
                message = f"output_shape[{at}], {letter}, is {size}, but {letter} of {show_shape(x)} is {arriving}"
                hint = f"write {show_dim(arriving)}, or give the result's axis a letter of its own"
                yield Broken("C4", message, "output_shape", hint, axis=first + own.index(letter))

    def outputs(self, x: Shape) -> dict[str, Shape]:
        sizes = self._sizes(x)
        shape = tuple([sizes[letter] for letter in self._given_letters(x)])
        if self._batch_is_elided(x):
            return {"output": (*x[: self._elided(x) - 1], *shape)}
        return {"output": (*shape, *x[len(self._parts.taken) - 1 :])}

    def list_tensors(self) -> Iterator[Tensor]:
        rank = self.lora_rank
        kernel = tuple([Axis(f"kernel_shape[{at}]", size) for at, size in enumerate(self.kernel_shape)])
        yield Tensor("kernel", kernel, trainable=rank is None)
        if self.bias_axes is not None:
            yield Tensor("bias", tuple([Axis(f"bias_shape[{at}]", size) for at, size in enumerate(self.bias_shape)]))
        if rank is not None:
            yield Tensor("lora_kernel_a", (*kernel[:-1], *axes(lora_rank=rank)), dtype="float32")
            yield Tensor("lora_kernel_b", (*axes(lora_rank=rank), kernel[-1]), dtype="float32")

    def _summed(self) -> list[int]:
        """The axes of the kernel that are summed over: those of the input that the result has not."""
        parts = self._parts
        return [at for at, letter in enumerate(parts.kernel) if letter not in parts.given]

    def count_macs(self, x: Shape, y: Shape) -> Count:
        summed = self._summed()
        # Without an axis to sum over it is element by element.
        macs: Count = numel(y) * numel([self.kernel_shape[at] for at in summed]) if summed else 0
        return macs if self.lora_rank is None else macs + numel(self.kernel_shape) * self.lora_rank

    def parameters_by_hand(self) -> str:
        sizes = [f"kernel_shape[{at}]" for at in range(len(self.kernel_shape))]
        parameters = " * ".join(sizes)
        if self.bias_axes is not None:
            parameters += " + " + " * ".join(f"bias_shape[{at}]" for at in range(len(self.bias_shape)))
        if self.lora_rank is not None:
            parameters += f" + ({' * '.join(sizes[:-1]) or '1'} + {sizes[-1]}) * lora_rank"
        return parameters

    def macs_by_hand(self, x: Shape, y: Shape) -> str | None:
        summed = [f"kernel_shape[{at}]" for at in self._summed()]
        products = [" * ".join([*(f"output[{at}]" for at in range(len(y))), *summed])] if summed else []
        if self.lora_rank is not None:
            products.append(" * ".join([*(f"kernel_shape[{at}]" for at in range(len(self.kernel_shape))), "lora_rank"]))
        return " + ".join(products) or None

    examples = (
        Example({"equation": "ab,bc->ac", "output_shape": 64}, input=(32,), output=(64,), parameters=2_048, macs=2_048),
        Example(
            {"equation": "abc,cd->abd", "output_shape": [None, 64], "bias_axes": "d"},
            input=(10, 32),
            output=(10, 64),
            parameters=2_112,
            macs=20_480,
        ),
        Example(
            {"equation": "...x,xy->...y", "output_shape": 7, "bias_axes": "y"},
            input=(3, 5),
            output=(3, 7),
            parameters=42,
            macs=105,
        ),
        Example(
            {"equation": "abc,cde->abde", "output_shape": [None, 2, 3], "bias_axes": "de"},
            input=(4, 5),
            output=(4, 2, 3),
            parameters=36,
            macs=120,
        ),
        Example(
            {"equation": "ab...,bc->ac...", "output_shape": 6, "bias_axes": "c"},
            input=(3, 4, 5),
            output=(6, 4, 5),
            parameters=24,
            macs=360,
        ),
        Example(
            {"equation": "abcd,cde->abe", "output_shape": [None, 6], "lora_rank": 2},
            input=(3, 4, 5),
            output=(3, 6),
            parameters=172,
            macs=600,
        ),
        Example(
            {"equation": "abc,b->abc", "output_shape": [3, None]}, input=(3, 4), output=(3, 4), parameters=3, macs=0
        ),
        Example({"equation": "abc,cd->abd", "output_shape": [None, 64]}, input=(UNKNOWN, 32), parameters=2_048),
        Example({"equation": "abc,cd->ad", "output_shape": 6}, input=(3, 4), output=(6,), parameters=24, macs=24),
        Example(
            {"equation": "ab,bc->ac", "output_shape": 4, "kernel_regularizer": "orthogonal_regularizer"},
            input=(3,),
            output=(4,),
        ),
        Example({"equation": "...ab,bc->...ac", "output_shape": 4}, input=(3,), output=(4,), parameters=12, macs=12),
        Example({"equation": "...a,ab->...b", "output_shape": 4}, input=(3,), output=(4,), parameters=12, macs=12),
        Example(
            {"equation": "ab,bc->ac", "output_shape": 4, "bias_axes": "c", "bias_regularizer": "l2"},
            input=(3,),
            output=(4,),
        ),
        Example(
            {"equation": "abc,cde->abde", "output_shape": [None, 2, 3], "bias_axes": "d"},
            input=(4, 5),
            output=(4, 2, 3),
            parameters=32,
            macs=120,
        ),
        Example(
            {"equation": "abcd,de->abce", "output_shape": [4, 5, 6]},
            input=(4, 5, 3),
            output=(4, 5, 6),
            parameters=18,
            macs=360,
        ),
        Example({"equation": "ab,bc->ac", "output_shape": 64}, input=(10, 32), breaks="C1", code="MS303"),
        Example({"equation": "...abc,cd->...abd", "output_shape": 4}, input=(3,), breaks="C1", code="MS303"),
        Example({"equation": "ab,bc->ca", "output_shape": 64}, input=(32,), breaks="C2", code="MS305"),
        Example({"equation": "ab,abc->ac", "output_shape": 64}, input=(32,), breaks="C2", code="MS305"),
        Example({"equation": "abc,cd->abd", "output_shape": 64}, input=(10, 32), breaks="C3", code="MS305"),
        Example({"equation": "abc,cd->abd", "output_shape": [9, 64]}, input=(10, 32), breaks="C4", code="MS305"),
        Example({"equation": "abc,cd->abd", "output_shape": [10, None]}, input=(10, 32), breaks="C4", code="MS305"),
        Example(
            {"equation": "ab,bc->ac", "output_shape": 64, "bias_axes": "b"}, input=(32,), breaks="C5", code="MS305"
        ),
        Example(
            {"equation": "abc,cde->abde", "output_shape": [None, 2, 3], "kernel_initializer": "identity"},
            input=(4, 5),
            breaks="C6",
            code="MS305",
        ),
        Example(
            {"equation": "abc,cde->abde", "output_shape": [None, 2, 3], "kernel_regularizer": "orthogonal_regularizer"},
            input=(4, 5),
            breaks="C6",
            code="MS305",
        ),
        Example(
            {"equation": "ab,bc->ac", "output_shape": 4, "bias_axes": "c", "bias_initializer": "orthogonal"},
            input=(3,),
            breaks="C6",
            code="MS305",
        ),
        Example(
            {
                "equation": "ab,bc->ac",
                "output_shape": 4,
                "bias_axes": "c",
                "bias_regularizer": "orthogonal_regularizer",
            },
            input=(3,),
            breaks="C6",
            code="MS305",
        ),
        Example(
            {"equation": "ab,bc->ac", "output_shape": 6, "lora_rank": 2, "kernel_constraint": "max_norm"},
            input=(32,),
            breaks="C7",
            code="MS305",
        ),
        Example({"equation": "ab,bc->ad", "output_shape": 6}, input=(32,), code="MS206"),
        Example({"equation": "ab,bc->acc", "output_shape": [6, 6]}, input=(32,), code="MS206"),
        Example({"equation": "a...,b->ab...", "output_shape": 4}, input=(3,), code="MS206"),
        Example({"equation": "ab,bc", "output_shape": 6}, input=(32,), code="MS206"),
    )
