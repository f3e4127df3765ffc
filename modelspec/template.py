"""Names and references with expressions in braces: `encoder_layer_{index}`, `stage{index - 1}`, `lstm:h_n`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelspec.expressions import Expression, ExpressionError, parse
from modelspec.refusal import Refused, name_value

__all__ = ["Reference", "Template", "read_name", "read_reference"]


class Template:
    """A text with expressions in braces. `parts` are its pieces in order, `names` what its expressions read."""

    __slots__ = ("names", "parts", "text")

    def __init__(self, text: str, parts: tuple[str | Expression, ...]) -> None:
        self.text = text
        self.parts = parts
        self.names = frozenset([name for part in parts if isinstance(part, Expression) for name in part.names])

    def __repr__(self) -> str:
        return f"Template({self.text!r})"

    def render(self, names: Mapping[str, Any]) -> str:
        """The text with the values put in. Raises ExpressionError, and Refused for what is no whole number."""
        return "".join([part if isinstance(part, str) else self._fill(part, names) for part in self.parts])

    def _fill(self, expression: Expression, names: Mapping[str, Any]) -> str:
        value = expression.evaluate(names)
        if value.__class__ is not int or value < 0:
            message = f"{{{expression.text}}} is {name_value(value)}: in a name stands a whole number, 0 or more"
            raise Refused(message, code="MS406", hint="let the expression give one, or spell the name out")
        return str(value)


class Reference:
    """A path to something earlier, which of its results is meant (None: the main one), and whether of every round.

    In a path, `.*` is every round of a repeat.

    `use` is what is wanted of it: the value that it gives, the layer itself, or a tensor of it.
    """

    __slots__ = ("every", "path", "result", "text", "use")

    def __init__(self, text: str, path: str | Template, result: str | None, every: bool) -> None:
        self.use = "value"
        self.text = text
        self.path = path
        self.result = result
        self.every = every

    def __repr__(self) -> str:
        return f"Reference({self.text!r})"

    @property
    def names(self) -> frozenset[str]:
        """What the expressions in it read."""
        return self.path.names if isinstance(self.path, Template) else frozenset()


def read_name(text: str) -> str | Template:
    """A name, which may hold expressions in braces. Raises Refused."""
    if text == "input":
        message = "no layer can be called 'input': in references that is what comes in"
        raise Refused(message, code="MS206", hint="choose another name")
    if "{" not in text and "}" not in text:
        if _is_bad(text, ":*"):
            raise _refuse(text, "a name", "a name is printable text without ':' and '*', with no space at its ends")
        return text
    template = _read_template(text)
    if _is_bad("".join([part if isinstance(part, str) else "0" for part in template.parts]), ":*"):
        raise _refuse(text, "a name", "a name is printable text without ':' and '*', with no space at its ends")
    return template


def read_reference(text: str) -> Reference:
    """A path to something earlier: `conv1`, `layer{index}.conv`, `stages.*.skip`, `lstm:h_n`. Raises Refused."""
    template = _read_template(text)
    outside = "".join([part if isinstance(part, str) else "0" for part in template.parts])
    path, colon, result = outside.partition(":")
    head, every, rest = path.partition(".*")
    bare = head + rest
    hint = "write the path of an earlier layer, such as conv1 or layer1.0.conv1"
    misplaced = "*" in bare or (rest and not rest.startswith("."))
    if misplaced or _is_bad(bare, ":") or (colon and _is_bad(result, ":*{}")):
        raise _refuse(text, "a reference", hint)
    if colon:
        text = text[: -len(result) - 1]
        template = _read_template(text)
    is_plain = all(isinstance(part, str) for part in template.parts)
    return Reference(text + colon + result, text if is_plain else template, result or None, bool(every))


def _is_bad(text: str, without: str) -> bool:
    dots = text.startswith(".") or text.endswith(".") or ".." in text
    strange = not text or not text.isprintable() or text != text.strip() or dots
    return strange or any(mark in text for mark in without)


def _refuse(text: str, what: str, hint: str) -> Refused:
    return Refused(f"expected {what}, got {name_value(text)}", code="MS206", hint=hint)


def _read_template(text: str) -> Template:
    parts: list[str | Expression] = []
    at = 0
    while at < len(text):
        start = text.find("{", at)
        closing = text.find("}", at)
        if start < 0 or 0 <= closing < start:
            if closing >= 0:
                raise _refuse(text, "a name", "'}' closes a brace that was not opened: remove it")
            parts.append(text[at:])
            break
        if start > at:
            parts.append(text[at:start])
        if closing < 0:
            raise _refuse(text, "a name", "add the missing '}'")
        try:
            parts.append(parse(text[start + 1 : closing]))
        except ExpressionError as error:
            span = (error.span[0] + start + 1, error.span[1] + start + 1)
            raise Refused(error.message, code=error.code, hint=error.hint, span=span) from None
        at = closing + 1
    return Template(text, tuple(parts))
