"""Numbers as people read them. Rounding never hides an overrun."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["show_bytes", "show_count", "show_difference", "show_shape", "show_share"]

_UNITS = ("KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


def show_count(count: int | None) -> str:
    """`184,610`; `?` for what is not known."""
    return "?" if count is None else f"{count:,}"


def show_bytes(count: int | None) -> str:
    """Write bytes in the unit that suits them, to one decimal: `728.9 KiB`. Empty where that would say nothing new."""
    if count is None or count < 1024:
        return ""
    scale = 1024
    for unit in _UNITS:
        tenths = (count * 10 + scale // 2) // scale
        if tenths < 10_240 or unit == _UNITS[-1]:
            break
        scale *= 1024
    return f"{tenths // 10:,}.{tenths % 10} {unit}"


def show_share(part: int | None, whole: int) -> str:
    """Write a part in per cent of the whole, to one decimal; 100.0 % is the whole itself, and nothing beside it."""
    if part is None or whole == 0:
        return "" if part is None or part else "100.0 %"
    per_mille = (part * 2000 + whole) // (2 * whole)
    if part != whole and per_mille == 1000:
        per_mille = 999 if part < whole else 1001
    return f"{per_mille // 10:,}.{per_mille % 10} %"


def show_shape(sizes: Sequence[str], dialect: str) -> str:
    """Write a shape with its batch, as the dialect's summaries show it: `[-1, 32]`, `(None, 32)`, `[-1, seq, 32]`."""
    if dialect == "keras":
        return f"({', '.join(['None', *sizes])}{',' * (not sizes)})"
    return f"[{', '.join(['-1', *sizes])}]"


def show_difference(difference: int | None, percent: float | None = None) -> str:
    """`+1,200,000 (+11.01 %)`, `−300`, `±0`; `?` for what is not known."""
    if difference is None:
        return "?"
    if not difference:
        return "±0"
    share = "" if percent is None else f" ({_sign(percent)}{abs(percent):,.2f} %)"
    return f"{_sign(difference)}{abs(difference):,}{share}"


def _sign(number: float) -> str:
    return "+" if number > 0 else "−"
