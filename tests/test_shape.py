"""The arithmetic of sizes: held against windows that are counted, and unknowns that could be anything."""

from __future__ import annotations

import operator

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from modelspec.shape import (
    UNKNOWN,
    Dim,
    Unknown,
    broadcast_differs,
    ceil_div,
    conv_out,
    differs,
    numel,
    pool_out,
    show_dim,
    show_shape,
    surely_same,
    total,
)

SEQ, WIDTH = Unknown("seq"), Unknown("width")
HALF = SEQ * 2
SIZES: list[Dim] = [0, 1, 2, 5, SEQ, WIDTH, HALF, UNKNOWN]
small = st.integers(1, 6)


@pytest.mark.parametrize("one", SIZES)
@pytest.mark.parametrize("other", SIZES)
def test_what_is_said_of_two_sizes(one: Dim, other: Dim) -> None:
    numbers = isinstance(one, int) and isinstance(other, int)
    assert differs(one, other) is (numbers and one != other)
    assert surely_same(one, other) is ((numbers or one in (SEQ, WIDTH)) and one == other)
    assert broadcast_differs(one, other) is (numbers and one != other and 1 not in (one, other))


def test_unknowns_absorb_and_say_what_is_behind_them() -> None:
    for operate in (operator.add, operator.sub, operator.mul, operator.floordiv, operator.mod, operator.pow):
        assert operate(SEQ, 3) == operate(3, SEQ) == HALF
        assert operate(SEQ, SEQ) == HALF
        assert operate(SEQ, WIDTH) == Unknown(None, frozenset({"seq", "width"}))
        assert operate(UNKNOWN, 3) is UNKNOWN
    assert -SEQ == HALF
    assert HALF.causes == {"seq"}
    assert HALF.name is None
    assert len({SEQ, Unknown("seq"), HALF, UNKNOWN, WIDTH}) == 4
    with pytest.raises(TypeError):
        bool(SEQ)


def test_products_and_sums() -> None:
    assert (numel(()), numel((2, 3, 4)), numel((2, SEQ))) == (1, 24, HALF)
    assert (total(()), total((2, 3, 4)), total((2, SEQ))) == (0, 9, HALF)


def test_what_is_shown() -> None:
    assert [show_dim(size) for size in (3, SEQ, HALF, UNKNOWN)] == ["3", "seq", "?", "?"]
    assert show_shape((3, SEQ, UNKNOWN)) == "[3, seq, ?]"
    assert [repr(size) for size in (SEQ, HALF)] == ["Unknown('seq')", "Unknown()"]


@given(st.integers(-20, 20), small)
def test_a_division_that_rounds_up(a: int, b: int) -> None:
    assert (ceil_div(a, b) - 1) * b < a <= ceil_div(a, b) * b


@given(st.integers(1, 30), small, small, st.integers(0, 3), small)
def test_windows_of_a_convolution_are_counted(size: int, kernel: int, stride: int, padding: int, dilation: int) -> None:
    reach = dilation * (kernel - 1)
    starts = [start for start in range(-padding, size + padding, stride) if start + reach < size + padding]
    assert max(conv_out(size, kernel, stride, padding, dilation), 0) == len(starts)
    assert pool_out(size, kernel, stride, padding, dilation) == conv_out(size, kernel, stride, padding, dilation)
    assert conv_out(SEQ, kernel, stride, padding, dilation) == HALF


@given(st.integers(1, 30), small, small, st.integers(0, 3), small)
def test_windows_of_a_pool_are_counted(size: int, kernel: int, stride: int, padding: int, dilation: int) -> None:
    # With ceil_mode a window may reach beyond the end, if only it begins before it, and the one before did not.
    reach = dilation * (kernel - 1)
    assume(2 * padding <= reach + 1 and reach < size + 2 * padding)
    starts = [
        start
        for start in range(-padding, size, stride)
        if start == -padding or start - stride + reach < size + padding - 1
    ]
    assert pool_out(size, kernel, stride, padding, dilation, ceil_mode=True) == len(starts)
    assert pool_out(SEQ, kernel, stride, padding, dilation, ceil_mode=True) == HALF
