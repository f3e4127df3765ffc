"""torch: scaled dot-product attention, the products alone."""

from collections.abc import Iterator
from typing import Annotated

from modelspec.catalogue.torch.broadcasting import agree, refuse_clash
from modelspec.kinds import Integer, Number, Optional
from modelspec.layer import Broken, Example, Layer, Probability, Takes, no_tensors
from modelspec.shape import UNKNOWN, Count, Dim, Shape, differs, numel, show_dim, show_shape

_Heads = Annotated[int | None, Optional(Integer(1))]
_Scale = Annotated[float | None, Optional(Number())]


class ScaledDotProductAttention(Layer):
    """softmax(query keyᵀ · scale + attn_mask) value, for each head.

    C1  query, key and value are [heads, length, size], or [length, size]; with num_heads they are [length, heads ×
        size], and the result is [length, heads × the values' size].
    C2  num_heads divides the last axis of query; num_kv_heads (default num_heads) divides that of key and of value.
    C3  num_kv_heads is for num_heads, and divides it.
    C4  A query and a key have one size.
    C5  There are as many keys as values.
    C6  There are as many heads of keys and of values as of queries; with enable_gqa they divide those.
    C7  attn_mask is, or can be stretched to, [heads, length of query, length of key].
    C8  is_causal makes a mask of its own: attn_mask is for is_causal false.

    A causal mask gets no discount in MACs, for torch counts none.

    Source: torch.nn.functional.scaled_dot_product_attention; its enable_gqa is implied by num_kv_heads.
    """

    arity = (3, 4)
    input_names = ("query", "key", "value", "attn_mask")
    takes = (
        Takes("C1", ("heads", "length", "size"), ("length", "size")),
        Takes("C1", ("heads", "source", "size"), ("source", "size")),
        Takes("C1", ("heads", "source", "value size"), ("source", "value size")),
        Takes("C7", ("*", "length", "source"), ("source",), ()),
    )
    input_dtype = ("float", "float", "float", "mask")

    num_heads: _Heads = None
    num_kv_heads: _Heads = None
    dropout_p: Probability = 0.0
    is_causal: bool = False
    scale: _Scale = None
    enable_gqa: bool = False

    list_tensors = no_tensors

    def constrain(self, query: Shape, key: Shape, value: Shape, attn_mask: Shape | None = None) -> Iterator[Broken]:
        shapes = (query, key, value)
        broken = self._hold_form(shapes) or self._hold_division(shapes)
        if broken:
            yield broken
            return
        for found in (self._hold_sizes(shapes), self._hold_lengths(shapes), self._hold_heads(shapes)):
            if found:
                yield found
        if attn_mask is not None and self.is_causal:
            hint = "leave is_causal out, or the mask, which holds the causal one then"
            yield Broken("C8", "is_causal is true, and an attn_mask arrives too", "is_causal", hint)
        elif attn_mask is not None:
            yield from self._hold_mask(shapes, attn_mask)

    def _hold_form(self, shapes: tuple[Shape, ...]) -> Broken | None:
        for number, shape in enumerate(shapes):
            name = self.input_name_at(number)
            if self.num_heads is not None and len(shape) != 2:
                message = f"with num_heads, {name} is [length, heads × size], but {show_shape(shape)} arrives"
                hint = "leave num_heads out where the heads are an axis already"
                return Broken("C1", message, "num_heads", hint, "MS303", -1, number)
            if len(shape) != len(shapes[0]):
                message = f"query {show_shape(shapes[0])} and {name} {show_shape(shape)} differ in their number of axes"
                hint = "give all three the heads as their first axis, or none"
                return Broken("C1", message, None, hint, "MS313")
        return None

    def _hold_division(self, shapes: tuple[Shape, ...]) -> Broken | None:
        heads, kv_heads = self.num_heads, self.num_kv_heads
        if kv_heads is None:
            kv_heads = heads
        elif heads is None:
            hint = "give num_heads too; where the heads are an axis, enable_gqa"
            return Broken(
                "C3", f"num_kv_heads is {show_dim(kv_heads)}, but num_heads is not given", "num_kv_heads", hint
            )
        elif _remains(heads, kv_heads):
            message = f"num_kv_heads is {kv_heads}, which does not divide num_heads ({heads})"
            return Broken("C3", message, "num_kv_heads", "each head of keys serves as many heads of queries")
        for number, (shape, count) in enumerate(zip(shapes, (heads, kv_heads, kv_heads), strict=True)):
            if count is not None and _remains(shape[-1], count):
                field = "num_kv_heads" if number and self.num_kv_heads is not None else "num_heads"
                message = f"{field} is {count}, which does not divide {show_dim(shape[-1])}, the last axis of "
                message += f"{self.input_name_at(number)} {show_shape(shape)}"
                return Broken("C2", message, field, "the last axis is heads × size", axis=-1, input=number)
        return None

    def _heads(self, shapes: tuple[Shape, ...]) -> tuple[Dim, ...]:
        """Give the number of heads of each."""
        if self.num_heads is not None:
            kv_heads = self.num_heads if self.num_kv_heads is None else self.num_kv_heads
            return self.num_heads, kv_heads, kv_heads
        return tuple([shape[0] if len(shape) == 3 else UNKNOWN for shape in shapes])

    def _sizes(self, shapes: tuple[Shape, ...]) -> tuple[Dim, ...]:
        """Give the size of a head of each."""
        if self.num_heads is None:
            return tuple([shape[-1] for shape in shapes])
        return tuple([shape[-1] // heads for shape, heads in zip(shapes, self._heads(shapes), strict=True)])

    def _hold_sizes(self, shapes: tuple[Shape, ...]) -> Broken | None:
        query, key, _ = shapes
        one, two, _ = self._sizes(shapes)
        if not differs(one, two):
            return None
        here, there = (1, len(key) - 1), (0, len(query) - 1)
        hint = "a query meets keys of its own size"
        if self.num_heads is not None:
            heads = self._heads(shapes)
            told = [f"{show_dim(shapes[n][-1])} / {heads[n]} = {size}" for n, size in ((0, one), (1, two))]
            hint += f": here {' and '.join(told)}"
        return refuse_clash("C4", self.input_name_at, shapes, here, there, hint)

    def _hold_lengths(self, shapes: tuple[Shape, ...]) -> Broken | None:
        _, key, value = shapes
        at = len(key) - 2
        if not differs(key[at], value[at]):
            return None
        return refuse_clash("C5", self.input_name_at, shapes, (2, at), (1, at), "each key has its value")

    def _hold_heads(self, shapes: tuple[Shape, ...]) -> Broken | None:
        if self.num_heads is not None:
            return None
        heads = self._heads(shapes)
        for number in (1, 2):
            if self.enable_gqa and _remains(heads[0], heads[number]):
                hint = "with enable_gqa, the heads of keys and values divide those of queries"
            elif not self.enable_gqa and differs(heads[0], heads[number]):
                hint = "as many heads everywhere; or enable_gqa, where they divide those of queries"
            else:
                continue
            return refuse_clash("C6", self.input_name_at, shapes, (number, 0), (0, 0), hint)
        return None

    def _hold_mask(self, shapes: tuple[Shape, ...], mask: Shape) -> Iterator[Broken]:
        query, key, _ = shapes
        heads = self._heads(shapes)[0]
        target = (heads, query[-2], key[-2]) if self.num_heads is not None or len(query) == 3 else (query[-2], key[-2])
        for back, size in enumerate(reversed(mask), 1):
            # A mask is stretched to the scores, never the scores to the mask.
            if back <= len(target) and (size == 1 or not differs(size, target[-back])):
                continue
            message = f"attn_mask {show_shape(mask)} is not {show_shape(target)}: the heads, the queries and the keys"
            # With num_heads, the heads are no axis of what arrives; and nothing is against an axis too many.
            ends = ((1, len(key) - 2), *[(0, axis) for axis in reversed(range(len(query) - 1))])
            source = dict(enumerate(ends, 1)).get(back)
            hint = "let it have these sizes, or 1 where all have one mask"
            yield Broken("C7", message, None, hint, "MS313", len(mask) - back, 3, source)
            return

    def output_shape(self, query: Shape, key: Shape, value: Shape, attn_mask: Shape | None = None) -> Shape:
        shapes = (query, key, value)
        if self.num_heads is not None:
            return (query[0], self._sizes(shapes)[2] * self.num_heads)
        if len(query) == 2:
            return (query[0], value[1])
        heads = query[0] if self.enable_gqa else agree(agree(query[0], key[0]), value[0])
        return (heads, query[1], value[2])

    def count_macs(self, query: Shape, key: Shape, value: Shape, *rest: Shape) -> Count:
        # Each query meets each key, and each number of the result is a sum over the values.
        return (numel(query) + numel(rest[-1])) * agree(key[-2], value[-2])

    def macs_by_hand(self, query: Shape, key: Shape, value: Shape, *rest: Shape) -> str:
        scores = "".join(f"query[{axis}] * " for axis in range(len(query)))
        values = "".join(f"output[{axis}] * " for axis in range(len(query)))
        source = f"key[{len(key) - 2}]"
        return f"{scores}{source} + {values}{source}"

    examples = (
        Example({}, inputs=((8, 10, 64), (8, 12, 64), (8, 12, 32)), output=(8, 10, 32), parameters=0, macs=92_160),
        Example({"num_heads": 12}, inputs=((197, 768),) * 3, output=(197, 768), macs=59_610_624),
        Example(
            {"num_heads": 32, "num_kv_heads": 8, "is_causal": True},
            inputs=((16, 4096), (16, 1024), (16, 1024)),
            output=(16, 4096),
            macs=2_097_152,
        ),
        Example({"enable_gqa": True}, inputs=((8, 10, 64), (2, 10, 64), (2, 10, 64)), output=(8, 10, 64)),
        Example({}, inputs=((10, 64), (10, 64), (10, 64), (10, 10)), output=(10, 64)),
        Example({}, inputs=((10, 64), (12, 64), (12, 64), (1, 12)), output=(10, 64)),
        Example({"num_heads": 2}, inputs=((3, 8), (3, 8), (3, 8), (2, 3, 3)), output=(3, 8)),
        Example({}, inputs=((64,), (64,), (64,)), breaks="C1", code="MS303"),
        Example({"num_heads": 8}, inputs=((8, 10, 64), (8, 10, 64), (8, 10, 64)), breaks="C1", code="MS303"),
        Example({}, inputs=((8, 10, 64), (10, 64), (10, 64)), breaks="C1", code="MS313"),
        Example({"num_heads": 7}, inputs=((10, 64),) * 3, breaks="C2", code="MS305", field="num_heads"),
        Example(
            {"num_heads": 6, "num_kv_heads": 2}, inputs=((10, 64),) * 3, breaks="C2", code="MS305", field="num_heads"
        ),
        Example(
            {"num_heads": 8, "num_kv_heads": 4},
            inputs=((10, 64), (10, 30), (10, 30)),
            breaks="C2",
            code="MS305",
            field="num_kv_heads",
        ),
        Example({"num_kv_heads": 2}, inputs=((10, 64),) * 3, breaks="C3", code="MS305"),
        Example({"num_heads": 8, "num_kv_heads": 3}, inputs=((10, 64),) * 3, breaks="C3", code="MS305"),
        Example({}, inputs=((10, 64), (10, 32), (10, 64)), breaks="C4", code="MS313"),
        Example({}, inputs=((10, 64), (12, 64), (10, 64)), breaks="C5", code="MS313"),
        Example({}, inputs=((UNKNOWN, 10, 64), (8, 10, 64), (8, 10, 64)), output=(8, 10, 64)),
        Example({}, inputs=((8, 10, 64), (2, 10, 64), (2, 10, 64)), breaks="C6", code="MS313"),
        Example({"enable_gqa": True}, inputs=((8, 5, 4), (3, 5, 4), (3, 5, 4)), breaks="C6", code="MS313"),
        Example({}, inputs=((8, 10, 64), (8, 12, 64), (8, 12, 64), (10, 10)), breaks="C7", code="MS313"),
        Example({"is_causal": True}, inputs=((10, 64), (10, 64), (10, 64), (10, 10)), breaks="C8", code="MS305"),
        Example(
            {},
            inputs=((8, 10, 64), (8, 12, 64), (8, 12, 64), (10, 12)),
            dtypes=("float32", "float32", "float32", "bool"),
            output=(8, 10, 64),
        ),
        Example({}, inputs=((2, 8), (2, 8), (2, 8), (2, 2)), dtypes=(*("float32",) * 3, "int64"), code="MS308"),
    )


def _remains(size: Dim, divisor: Dim) -> bool:
    """Say whether the one is known not to be a multiple of the other."""
    return isinstance(size, int) and isinstance(divisor, int) and size % divisor != 0
