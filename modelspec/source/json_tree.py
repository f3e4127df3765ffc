"""JSON to a tree, by the parser of the standard library.

What is odd is only noticed here; what it is and where it stands is found by a scan of the text.
"""

from __future__ import annotations

from modelspec.source.bounds import MAX_DEPTH, MAX_DIGITS, MAX_NODES, count_separators

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelspec.diagnostics import Finding
    from modelspec.source.bounds import Tree

__all__ = ["read_json"]


def read_json(data: bytes) -> tuple[Tree, list[Finding]]:
    """The tree of a UTF-8 text, None if it cannot be read to its end, and what is wrong with the text."""
    import json
    import re

    text = data.decode()
    if not text.strip(" \t\r\n"):
        from modelspec.source.faults import tell_empty

        return None, [tell_empty()]
    if count_separators(data) > MAX_NODES and _holds_too_many(data):
        from modelspec.source.faults import tell_size

        return None, [tell_size()]
    odd: list[object] = []
    if re.search(
        rb"[0-9]{41}|[eE]\+?[0-9]{3}"
        rb"|\\u[dD][89abAB]..(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F]",
        data,
    ):
        odd.append("a number or an escape that may be out of bounds")

    def build(pairs: list[tuple[str, Tree]]) -> dict[str, Tree]:
        mapping = dict(pairs)
        if len(mapping) != len(pairs):
            odd.append("repeat")
            mapping = {}
            for key, value in pairs:
                mapping.setdefault(key, value)
        return mapping

    def read_integer(digits: str) -> int:
        return int(digits) if len(digits) <= MAX_DIGITS + 1 else 0

    tree: Tree = None
    try:
        tree = json.loads(
            text, object_pairs_hook=build, parse_int=read_integer if odd else None, parse_constant=odd.append
        )
    except RecursionError:
        odd.append("deep")
    except json.JSONDecodeError as error:
        from modelspec.source.json_syntax import explain_json

        return None, [explain_json(error.msg, error.pos, text)]
    if not odd and not _is_deep(tree):
        return tree, []
    from modelspec.source.json_places import find_json_faults

    faults = find_json_faults(text)
    return None if any(fault.code == "MS111" for fault in faults) else tree, faults


def _is_deep(tree: Tree) -> bool:
    level: list[Tree] = [tree]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node if isinstance(node, list) else ())
            if isinstance(child, (dict, list))
        ]
        if not level:
            return False
    return True


def _holds_too_many(data: bytes) -> bool:
    import re

    separators = 0
    for match in re.finditer(rb'"(?:[^"\\]++|\\.)*+"|([,:\[{])', data, flags=re.DOTALL):
        if match.lastindex:
            separators += 1
            if separators > MAX_NODES:
                return True
    return False
