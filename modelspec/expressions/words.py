"""The words and bounds of the little language, and how an expression is refused."""

from __future__ import annotations

from keyword import kwlist

from modelspec.shape import Unknown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import NoReturn

    Size = Callable[[int], "Value"]
    Span = tuple[int, int]
    Node = Callable[[Mapping[str, "Value"], Size | None], "Value"]

MAX_LENGTH = 1_000
"""Characters in an expression."""
MAX_VALUE = 10**30
"""The largest magnitude of a number, results in between included."""
MAX_DEPTH = 64
"""Levels of operations inside one another. A chain (`a + b + c`, `x if a else y if b else z`) is one level."""

Value = int | float | bool | None | tuple["Value", ...] | Unknown
"""What an expression reads and gives. Strings are no values of the language."""

LITERALS: dict[str, bool | None] = {"true": True, "false": False, "null": None}
ARRIVING = frozenset({"in_channels", "in_features"})
FUNCTIONS = {
    "abs": (1, 1),
    "ceil": (1, 1),
    "floor": (1, 1),
    "int": (1, 1),
    "log2": (1, 1),
    "make_divisible": (1, 2),
    "max": (1, MAX_LENGTH),
    "min": (1, MAX_LENGTH),
    "round": (1, 2),
    "size": (1, 1),
    "sqrt": (1, 1),
}
"""Each function, with the least and the most arguments that it takes."""
WORDS = frozenset({"and", "or", "not", "if", "else"})
PYTHON_ONLY = frozenset(kwlist) - WORDS
NO_NAMES = frozenset(FUNCTIONS) | frozenset(LITERALS) | WORDS | PYTHON_ONLY
BUILTINS: frozenset[str] = NO_NAMES | ARRIVING | {"index"}
"""Names that no variable can have: the language's own, and the words that Python keeps for itself."""

PRODUCT = "a product is written with '*'"
OPERATORS_THERE_ARE = "there are + - * / // % **, comparisons, and or not"

_WAYS_OUT = {
    "MS401": "an expression reads like 2 * width, (a + b) // 2, or 8 if wide else 4",
    "MS404": "no size is so large: look for a factor or a power too many",
    "MS405": "give what it reads other values, or say what holds then: a if condition else b",
}
"""What to do where no closer advice is at hand."""
_MAX_TOLD = 5
"""Unknown names that one message tells."""
_MAX_OFFERS = 300
"""Known names among which a near one is sought: seeking takes time."""


class ExpressionError(ValueError):
    """An expression that is wrong: the code, what is wrong, where in the text, and the way out.

    `span` is the stretch of characters of the text, the end exclusive.
    """

    def __init__(self, code: str, message: str, span: tuple[int, int], hint: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.span = span
        self.hint = hint or _WAYS_OUT.get(code)


def too_deep(span: Span) -> ExpressionError:
    """Word the refusal of a text or tree that is nested past the bound."""
    message = f"an expression that is nested over {MAX_DEPTH} levels deep"
    return ExpressionError("MS404", message, span, "compute a part of it in a variable of its own")


def shorten(text: str) -> str:
    """Cut the text where it is too long to be quoted."""
    return text if len(text) <= 40 else text[:37] + "..."


def refuse_names(strangers: list[str], known: Mapping[str, Value], span: Span) -> NoReturn:
    """Raise MS402 for names that are not known, the first of them at `span`."""
    name = strangers[0]
    if name in ARRIVING or name == "size":
        raise ExpressionError("MS402", f"{name}: nothing arrives here", span, "write the number itself")
    if name == "index":
        raise ExpressionError("MS402", "index: nothing is repeated here", span, "an entry with 'repeat' has an index")
    from difflib import get_close_matches
    from itertools import islice

    offers = [*FUNCTIONS, *LITERALS, *ARRIVING, *islice(known, _MAX_OFFERS)]
    near = [match for name in strangers[:_MAX_TOLD] for match in get_close_matches(name, offers, 1)]
    names = ", ".join(f"'{shorten(name)}'" for name in strangers[:_MAX_TOLD])
    if len(strangers) > _MAX_TOLD:
        names += f" and {len(strangers) - _MAX_TOLD} more"
    message = f"{names} is not known here" if len(strangers) == 1 else f"{names} are not known here"
    if near:
        hint = "did you mean " + " and ".join(f"'{name}'" for name in near) + "?"
    else:
        variables = [name for name in known if name not in BUILTINS]
        hint = "known here: " + ", ".join(variables[:8]) + (", ..." if len(variables) > 8 else "")
        hint = hint if variables else "no variable is known here; they are declared under 'variables'"
    raise ExpressionError("MS402", message, span, hint)
