"""Write docs/layers/: a page on each family of the catalogue, as `modelspec layers TYPE` tells its types, and an index.

A page of a family that is no more has no text, so that it is noticed, and is removed.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from modelspec import catalogue
from modelspec.catalogue.index import TYPES
from modelspec.entry_models import CONTAINER_MODELS
from modelspec.layer import Layer
from modelspec.reference import describe, describe_container

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "layers"

INTRODUCTION = """\
# The layer types

Every layer type that a spec can use, by the family that it belongs to: its arguments, what is inferred, its
constraints by number, its tensors with their axes, and examples, valid and invalid, with what is found in them.
`modelspec layers Conv2d` prints the same of one type, `modelspec layers` a line for each.

[coverage.md](../coverage.md) says of every class of the frameworks whether it is here, and if not, why not. A layer
that is in no catalogue is described by [`Custom`](common.md#custom), or is a type that a package brings:
[own-layers.md](../own-layers.md).

How to read these pages: there is no batch axis in a shape. `[in_channels, height, width]` names the axes of what
arrives; `…` stands for any number of axes, and `?` for a size that is not known before the model runs. In formulas
`input[0]` is the first axis of what arrives, and `output[0]` that of the result.

Written by `tools/write_layers.py`.
"""
COMMON = """\
# Both dialects: containers, and a way out

"""


def write() -> dict[Path, str]:
    """The pages' texts by their paths; "" for a page that has no family any more."""
    common = {name: describe_container(name) or "" for name in CONTAINER_MODELS}
    common |= {layer.type_name(): describe(layer) for layer in catalogue.list_common()}
    summaries = {name: text.splitlines()[1].strip() for name, text in common.items()}
    texts = {FOLDER / "common.md": COMMON + _write_types(summaries, common)}
    index = [INTRODUCTION, "\n## Both dialects\n\n", HEAD, _write_row("containers, and a way out", "common.md", common)]
    for dialect in catalogue.dialects():
        index += [f"\n## {dialect}\n\n", HEAD]
        for family in sorted(set(TYPES[dialect].values())):
            layers = [layer for layer in catalogue.list_layers(dialect) if _family_of(layer) == family]
            title = _title(dialect, family)
            texts[FOLDER / dialect / f"{family}.md"] = f"# {title}\n\n" + _write_family(layers)
            names = [layer.type_name() for layer in layers]
            index.append(_write_row(title.partition(": ")[2], f"{dialect}/{family}.md", names))
    texts[FOLDER / "README.md"] = "".join(index)
    return dict.fromkeys(FOLDER.rglob("*.md"), "") | texts


HEAD = "| family | types |\n|---|---|\n"


def _write_row(title: str, page: str, names: list[str] | dict[str, str]) -> str:
    links = ", ".join(f"[`{name}`]({page}#{name.lower()})" for name in names)
    return f"| [{title}]({page}) | {links} |\n"


def _title(dialect: str, family: str) -> str:
    """The first line of the module's docstring."""
    told = import_module(f"modelspec.catalogue.{dialect}.{family}").__doc__ or family
    return told.partition("\n")[0].removesuffix(".")


def _family_of(layer: type[Layer]) -> str:
    return layer.__module__.rpartition(".")[2]


def _write_family(layers: list[type[Layer]]) -> str:
    told = {layer.type_name(): describe(layer) for layer in layers}
    return _write_types({name: text.splitlines()[1].strip() for name, text in told.items()}, told)


def _write_types(summaries: dict[str, str], told: dict[str, str]) -> str:
    # A bar inside of a cell would end it.
    cells = {name: text.replace("|", "\\|") for name, text in summaries.items()}
    rows = [f"| [`{name}`](#{name.lower()}) | {text} |\n" for name, text in cells.items()]
    parts = [f"\n## {name}\n\n```text\n{text}```\n" for name, text in told.items()]
    return "".join(["| type | what it does |\n|---|---|\n", *rows, *parts])


if __name__ == "__main__":
    for path, text in write().items():
        if text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        else:
            path.unlink()
