"""Data types by name, and how many bits an element takes."""

from __future__ import annotations

from collections.abc import Sequence

from modelspec.shape import Count

__all__ = ["BITS", "SAME", "is_float", "promote", "size_in_bytes"]

BITS: dict[str, int] = {
    # torch.dtype, by its names
    "float32": 32,
    "float": 32,
    "float64": 64,
    "double": 64,
    "float16": 16,
    "half": 16,
    "bfloat16": 16,
    "complex32": 32,
    "chalf": 32,
    "complex64": 64,
    "cfloat": 64,
    "complex128": 128,
    "cdouble": 128,
    "float8_e4m3fn": 8,
    "float8_e4m3fnuz": 8,
    "float8_e5m2": 8,
    "float8_e5m2fnuz": 8,
    "float8_e8m0fnu": 8,
    "uint8": 8,
    "uint16": 16,
    "uint32": 32,
    "uint64": 64,
    "int8": 8,
    "int16": 16,
    "short": 16,
    "int32": 32,
    "int": 32,
    "int64": 64,
    "long": 64,
    "bool": 8,
    "quint8": 8,
    "qint8": 8,
    "qint32": 32,
    "quint4x2": 4,
    "quint2x4": 2,
    # narrower than a byte: packed, so that a tensor's bytes are its bits rounded up
    "float4_e2m1fn": 4,
    "float6_e2m3fn": 6,
    "float6_e3m2fn": 6,
    "nf4": 4,
    "int1": 1,
    "int2": 2,
    "int3": 3,
    "int4": 4,
    "int5": 5,
    "int6": 6,
    "int7": 7,
    "uint1": 1,
    "uint2": 2,
    "uint3": 3,
    "uint4": 4,
    "uint5": 5,
    "uint6": 6,
    "uint7": 7,
}
"""Bits per element. `nf4` counts its codes alone, without the scales that a scheme keeps beside them."""

_NO_FLOATS = ("u", "int", "bool", "long", "short", "q", "nf")

SAME: dict[str, str] = {
    "float": "float32",
    "double": "float64",
    "half": "float16",
    "short": "int16",
    "int": "int32",
    "long": "int64",
    "chalf": "complex32",
    "cfloat": "complex64",
    "cdouble": "complex128",
}
"""torch's second names, with the first ones."""
_COMPLEX = {16: "complex32", 32: "complex64", 64: "complex128"}


def promote(dtypes: Sequence[str]) -> str:
    """The dtype of an operation's result on tensors of these dtypes; at least one.

    Source: torch.promote_types, for tensors that all have axes: complex before float before integer before bool, then
    the wider; two floats (or integers) of one width that differ meet in the next wider one.
    """
    result = dtypes[0]
    for other in dtypes[1:]:
        if other != result:
            result = _promote_two(SAME.get(result, result), SAME.get(other, other))
    return result


def _rank(dtype: str) -> int:
    if dtype == "bool":
        return 0
    return 3 if dtype.startswith("complex") else 2 if is_float(dtype) else 1


def _promote_two(a: str, b: str) -> str:
    if a == b:
        return a
    rank_a, rank_b = _rank(a), _rank(b)
    if rank_a < rank_b:
        a, b, rank_a, rank_b = b, a, rank_b, rank_a
    if rank_a == 3 and rank_b == 2:
        return a if BITS[a] >= 2 * BITS[b] else _COMPLEX[BITS[b]]
    if rank_a != rank_b:
        return a
    if BITS[a] != BITS[b] and a.startswith("u") == b.startswith("u"):
        return a if BITS[a] > BITS[b] else b
    if rank_a == 2:
        return "float32" if BITS[a] <= 16 else a
    # An unsigned integer meets a signed one in the signed one that is wide enough for both.
    signed, unsigned = (b, a) if a.startswith("u") else (a, b)
    return signed if BITS[signed] > BITS[unsigned] else f"int{min(2 * BITS[unsigned], 64)}"


def is_float(dtype: str) -> bool:
    """Whether numbers of this type flow through floating-point layers: complex ones do, packed codes do not."""
    return not dtype.startswith(_NO_FLOATS)


def size_in_bytes(count: Count, dtype: str) -> Count:
    """The bytes of one tensor with so many elements: its bits, rounded up to a whole byte."""
    return -(-(count * BITS[dtype]) // 8)
