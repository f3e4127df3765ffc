"""The text: brackets, words, numbers and operators in an order that can mean something.

Whatever is wrong so far down is told here, in words of our own; Python's parser sees only what it takes in short time
and without warnings.
"""

from __future__ import annotations

from modelspec.expressions.words import (
    BUILTINS,
    MAX_DEPTH,
    OPERATORS_THERE_ARE,
    PRODUCT,
    PYTHON_ONLY,
    WORDS,
    ExpressionError,
    shorten,
    too_deep,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from modelspec.expressions.words import Span

__all__ = ["scan"]

_CHOICE = "a choice is written 'a if condition else b'"
_NO_STRINGS = ("MS403", "there is no text in an expression", "compare numbers, truth values or null instead")
_NO_LISTS = ("MS403", "a list cannot be written in an expression", "put it under 'variables' and use its name")
_NO_BITS = ("MS403", "{0} is not in the language", OPERATORS_THERE_ARE)
_SLIPS: dict[str, tuple[str, str, str]] = {
    "=": ("MS401", "{0} compares nothing", "equality is written '=='"),
    "=>": ("MS401", "{0} is no comparison", "write '>='"),
    "=<": ("MS401", "{0} is no comparison", "write '<='"),
    "<>": ("MS401", "{0} is no comparison", "write '!='"),
    "!": ("MS401", "{0} is no operator", "write 'not'"),
    "&&": ("MS401", "{0} is no operator", "write 'and'"),
    "||": ("MS401", "{0} is no operator", "write 'or'"),
    "^": ("MS401", "{0} is no operator", "a power is written '**'"),
    "?": ("MS401", "{0} is no operator", _CHOICE),
    "×": ("MS401", "{0} is no operator", PRODUCT),
    "·": ("MS401", "{0} is no operator", PRODUCT),
    "⋅": ("MS401", "{0} is no operator", PRODUCT),
    "÷": ("MS401", "{0} is no operator", "a division is written '/', or '//' for whole numbers"),
    "−": ("MS401", "{0} is not the minus sign of the keyboard", "write '-'"),
    "–": ("MS401", "{0} is not the minus sign of the keyboard", "write '-'"),
    "≤": ("MS401", "{0} is no comparison", "write '<='"),
    "≥": ("MS401", "{0} is no comparison", "write '>='"),
    "≠": ("MS401", "{0} is no comparison", "write '!='"),
    "$": ("MS401", "{0} has no meaning here", "a variable is written as its bare name"),
    "#": ("MS403", "there are no comments inside an expression", "put it behind the value, after a blank"),
    "'": _NO_STRINGS,
    '"': _NO_STRINGS,
    "{": ("MS403", "braces are not in the language", "group with ( ); a variable is written as its bare name"),
    "}": ("MS403", "braces are not in the language", "group with ( ); a variable is written as its bare name"),
    ".": ("MS403", "nothing has attributes in an expression", "a variable's name has no dots"),
    ":": ("MS403", "{0} has no meaning in an expression", "one entry of a list is had by its number: depths[0]"),
    ":=": ("MS403", "{0} is not in the language", "variables are declared under 'variables'"),
    "<<": _NO_BITS,
    ">>": _NO_BITS,
    "&": _NO_BITS,
    "|": _NO_BITS,
    "~": _NO_BITS,
    "@": _NO_BITS,
}
_OPERATORS = frozenset({"+", "-", "*", "/", "//", "%", "**", "==", "!=", "<", "<=", ">", ">="})


def scan(text: str) -> None:
    """Refuse a text whose words and signs cannot stand in this order."""
    state = _Scan(text)
    at = 0
    while at < len(text):
        at = state.step(at)
    state.finish()


class _Scan:
    """One pass over the text: what came last, whether an operand is due, and which brackets and ifs are open."""

    __slots__ = ("due", "last", "open", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.due = True
        self.last: Span = (0, 0)
        self.open: list[tuple[str, int]] = []  # "(", "[", "call" and "if", and where

    def refuse(self, message: str, span: Span, hint: str | None = None, code: str = "MS401") -> NoReturn:
        raise ExpressionError(code, message, span, hint)

    def step(self, at: int) -> int:
        """Take the token that begins here; the place behind it."""
        text = self.text
        char = text[at]
        if char == " ":
            return at + 1
        if "0" <= char <= "9" or (char == "." and "0" <= text[at + 1 : at + 2] <= "9"):
            end = self.number(at)
        elif char.isidentifier():
            end = at + 1
            while end < len(text) and ("a" + text[end]).isidentifier():
                end += 1
            self.word(text[at:end], (at, end))
        else:
            end = self.sign(at)
        self.last = (at, end)
        return end

    def number(self, at: int) -> int:
        text = self.text
        end = at + 1
        while end < len(text) and (text[end] == "." or ("a" + text[end]).isidentifier()):
            end += 1
        token = text[at:end]
        if token[-1] in "eE" and text[end : end + 1] in ("+", "-") and text[end + 1 : end + 2].isdecimal():
            rest = end + 1
            while rest < len(text) and (text[rest] == "." or ("a" + text[rest]).isidentifier()):
                rest += 1
            token, end = text[at:rest], rest
        if not _is_number(token):
            self.refuse(f"'{shorten(token)}' is neither a number nor a name", (at, end), _mend_number(token))
        self.operand((at, end))
        return end

    def operand(self, span: Span) -> None:
        if not self.due:
            before, here = self.text[self.last[0] : self.last[1]], self.text[span[0] : span[1]]
            hint = PRODUCT
            for word in (before, here):
                if word.lower() in WORDS:
                    hint = f"write '{word.lower()}'"
            self.refuse(f"an operator is missing between '{shorten(before)}' and '{shorten(here)}'", span, hint)
        self.due = False

    def word(self, word: str, span: Span) -> None:
        if word in PYTHON_ONLY:
            hint = {"True": "write 'true'", "False": "write 'false'", "None": "write 'null'"}.get(word)
            self.refuse(f"'{word}' is not in the language", span, hint or "there are: and or not if else", "MS403")
        elif word not in WORDS:
            self.operand(span)
        elif word == "not":
            if not self.due:
                self.refuse("an operator is missing before 'not'", span, "write 'and not', 'or not' or '!='")
        else:
            self.infix(word, span)
            if word == "if":
                self.open.append(("if", span[0]))
            elif word == "else" and (not self.open or self.open.pop()[0] != "if"):
                self.refuse("'else' without an 'if'", span, _CHOICE)

    def infix(self, token: str, span: Span) -> None:
        if self.due:
            self.refuse(
                f"something is missing before '{token}'",
                span,
                f"write a number or a name before it, or remove '{token}'",
            )
        self.due = True

    def sign(self, at: int) -> int:
        text = self.text
        one, two = text[at], text[at : at + 2]
        token = two if two in _OPERATORS or two in _SLIPS else one
        span = (at, at + len(token))
        if token in _OPERATORS:
            if not (self.due and token in ("+", "-")):
                self.infix(token, span)
        elif token in ("(", "["):
            self.open_bracket(token, at)
        elif token in (")", "]"):
            self.close_bracket(token, at)
        elif token == ",":
            self.close_ifs()
            if not self.open or self.open[-1][0] != "call":
                code, message, hint = _NO_LISTS
                self.refuse(message, span, hint, code)
            self.infix(token, span)
        elif token == "=" and self.is_keyword():
            self.due = True
        elif token in _SLIPS:
            code, message, hint = _SLIPS[token]
            self.refuse(message.format(f"'{token}'"), span, hint, code)
        else:
            shown = f"'{token}'" if token.isprintable() else "this character"
            self.refuse(f"{shown} (U+{ord(token):04X}) has no meaning here", span, "remove it")
        return span[1]

    def is_keyword(self) -> bool:
        """Whether the last token is a name straight after the bracket or a comma of a call."""
        if self.due or not self.open or self.open[-1][0] != "call":
            return False
        before = self.text[: self.last[0]].rstrip()
        return before.endswith((",", "(")) and self.text[self.last[0] : self.last[1]].isidentifier()

    def open_bracket(self, bracket: str, at: int) -> None:
        kind = "call" if bracket == "(" and not self.due else bracket
        if bracket == "[" and self.due:
            code, message, hint = _NO_LISTS
            self.refuse(message, (at, at + 1), hint, code)
        self.open.append((kind, at))
        if len(self.open) > MAX_DEPTH:
            raise too_deep((at, at + 1))
        self.due = True

    def close_bracket(self, bracket: str, at: int) -> None:
        self.close_ifs()
        wanted = "([call"[")]".index(bracket)]
        if not self.open or (self.open[-1][0] == "[") != (wanted == "["):
            self.refuse(
                f"'{bracket}' closes a bracket that was not opened", (at, at + 1), "remove it, or open it before"
            )
        kind = self.open.pop()[0]
        if self.due and not (kind == "call" and self.text[self.last[0] : self.last[1]] in ("(", ",")):
            self.refuse(f"something is missing before '{bracket}'", (at, at + 1), "write a number or a name before it")
        self.due = False

    def close_ifs(self) -> None:
        if self.open and self.open[-1][0] == "if":
            at = self.open[-1][1]
            self.refuse("an 'if' without its 'else'", (at, at + 2), _CHOICE)

    def finish(self) -> None:
        text, (start, end) = self.text, self.last
        if end == 0:
            self.refuse("the expression is empty", (0, len(text)), "write a number, a name or a condition")
        if self.due and text[start:end] not in ("(", "["):
            self.refuse(
                f"something is missing after '{text[start:end]}'", (start, end), "write a number or a name behind it"
            )
        self.close_ifs()
        if self.open:
            at = self.open[-1][1]
            self.refuse(
                f"'{text[at]}' is never closed", (at, at + 1), f"add the missing '{')' if text[at] == '(' else ']'}'"
            )


def _is_number(token: str) -> bool:
    if not token.isascii():
        return False
    for read in (float, lambda digits: int(digits, 0)):
        try:
            read(token)
            return not (token.isdecimal() and token[0] == "0" and token.strip("0"))
        except ValueError:
            pass
    return False


def _mend_number(token: str) -> str | None:
    digits = len(token) - len(token.lstrip("0123456789._"))
    number, rest = token[:digits], token[digits:]
    if rest in ("k", "K", "M", "B", "G", "T"):
        return "write the number out; underscores are allowed: 1_000"
    if rest[:1] in ("x", "X") and rest[1:].isdecimal():
        return f"a product is written '{number} * {rest[1:]}'"
    if rest.isidentifier():
        if rest in BUILTINS:
            return f"put a blank between '{shorten(number)}' and '{rest}'"
        return f"a product is written '{shorten(number)} * {shorten(rest)}'"
    return f"write {token.lstrip('0')}" if token.isdecimal() else None
