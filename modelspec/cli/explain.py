"""`modelspec explain`: how each number comes about, or what a code means."""

from __future__ import annotations

from collections.abc import Sequence

from modelspec import catalogue
from modelspec.budget import match_nodes
from modelspec.cli import console, single
from modelspec.rows import list_rows

__all__ = ["explain"]


def explain(
    path: str,
    layer: str | None,
    *,
    output: str | None = None,
    stdin_filename: str | None = None,
    variant: str | None = None,
    settings: Sequence[str] = (),
) -> int:
    """Explain a spec (one layer of it, if named) or a code; return the exit status."""
    if _is_code(path):
        return _explain_code(path.upper(), output)
    if path in {name for dialect in catalogue.dialects() for name in catalogue.list_names(dialect)}:
        console.complain(f"{path} is a layer type: `modelspec layers {path}` shows it")
        return console.USAGE
    followed = single.follow(path, stdin_filename, variant, settings)
    if isinstance(followed, int):
        return followed
    outcome, graph = followed
    if layer is not None and not any(True for _ in match_nodes(layer, list_rows(graph))):
        # The path of a container stands for what is in it.
        inside = f"{layer}.*"
        layer = inside if any(True for _ in match_nodes(inside, list_rows(graph))) else layer
    if layer is not None and not any(True for _ in match_nodes(layer, list_rows(graph))):
        import difflib

        paths = [node.path for node in list_rows(graph)]
        near = difflib.get_close_matches(layer, paths[:2000], 1)
        hint = f"did you mean '{near[0]}'?" if near else "it has " + ", ".join(paths[:8]) + ", …" * (len(paths) > 8)
        console.complain(f"'{path}' has no layer '{layer}': {hint}")
        return console.USAGE
    from modelspec.derivation import derive
    from modelspec.render.explanation import show_explanation

    text = show_explanation(derive(graph, layer), width=console.width(output), color=console.has_color(output))
    if not console.write(text, output):
        return console.USAGE
    return console.WELL if outcome.ok else console.FOUND


def _is_code(path: str) -> bool:
    return len(path) == 5 and path[:2].upper() == "MS" and path[2:].isdigit()


def _explain_code(code: str, output: str | None) -> int:
    from modelspec.diagnostics import CODES

    if code not in CODES:
        console.complain(f"there is no code {code}; docs/checks.md lists all {len(CODES)}")
        return console.USAGE
    from importlib.resources import files

    page = files("modelspec").joinpath("pages", f"{code}.md").read_text(encoding="utf-8")
    return console.WELL if console.write(page, output) else console.USAGE
