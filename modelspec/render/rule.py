"""What a code means, for formats that carry the help beside the findings: from its page."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from modelspec.diagnostics import CODES

__all__ = ["describe_rule"]


def describe_rule(code: str) -> dict[str, Any]:
    """A code as a rule of SARIF: what it means in a few words and in a paragraph, and its page as the help."""
    meaning = CODES.get(code, code)
    rule: dict[str, Any] = {"id": code, "shortDescription": {"text": meaning}}
    page = files("modelspec").joinpath("pages", f"{code}.md")
    if not page.is_file():
        return rule
    text = page.read_text(encoding="utf-8")
    rest = text.partition("\n\n")[2]
    first = " ".join(rest.partition("\n\n")[0].split())
    rule["fullDescription"] = {"text": first or meaning}
    rule["help"] = {"text": text, "markdown": text}
    return rule
