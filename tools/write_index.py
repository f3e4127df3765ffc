"""Write modelspec/catalogue/index.py: which module of the catalogue holds which layer type."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CATALOGUE = ROOT / "modelspec" / "catalogue"
HEAD = '''"""Which module of the catalogue holds which layer type. Written by tools/write_index.py."""

TYPES: dict[str, dict[str, str]] = {
'''


def write() -> dict[Path, str]:
    """The index's text, by its path. Reads the sources, so that a module that is not in the index yet is found."""
    lines = [HEAD]
    for dialect in ("torch", "keras"):
        found: dict[str, str] = {}
        for module in sorted((CATALOGUE / dialect).glob("*.py")):
            for node in ast.parse(module.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    found[node.name] = module.stem
        lines.append(f'    "{dialect}": {{\n')
        lines.extend(f'        "{name}": "{found[name]}",\n' for name in sorted(found))
        lines.append("    },\n")
    lines.append("}\n")
    return {CATALOGUE / "index.py": "".join(lines)}


if __name__ == "__main__":
    for path, text in write().items():
        path.write_text(text, encoding="utf-8")
