"""`modelspec layers`: the catalogue."""

from __future__ import annotations

from modelspec import catalogue
from modelspec.cli import console
from modelspec.language import CONTAINERS

__all__ = ["layers"]


def layers(type: str | None, *, dialect: str | None = None, output: str | None = None) -> int:
    """Show all layer types, or one of them in full; return the exit status."""
    from modelspec.reference import describe, describe_container, summarize, summarize_brought, summarize_common

    dialects = (dialect,) if dialect is not None else catalogue.dialects()
    if type is None:
        brought = summarize_brought(dialects)
        text = "\n".join([*(summarize(each) for each in dialects), summarize_common(), *([brought] if brought else [])])
        return console.WELL if console.write(text, output) else console.USAGE
    container = describe_container(type)
    if container is not None:
        return console.WELL if console.write(container, output) else console.USAGE
    found = list(dict.fromkeys(layer for each in dialects if (layer := catalogue.find(each, type)) is not None))
    if not found:
        import difflib

        from modelspec.catalogue import plugins

        for each in dialects:
            if (spoilt := plugins.explain(each, type)) is not None:
                console.complain(f"{type} is a {each} layer of {spoilt[0]}, and cannot be used: {spoilt[1]}")
                return console.USAGE
        names = [name for each in dialects for name in catalogue.list_names(each)]
        names += [*CONTAINERS, *(layer.type_name() for layer in catalogue.list_common())]
        names += [each.name for each in plugins.list_brought() if each.dialect in dialects]
        folded = [name for name in names if name.lower() == type.lower()]
        near = folded or difflib.get_close_matches(type, names, 1)
        hint = f"did you mean '{near[0]}'?" if near else "`modelspec layers` lists all types"
        others = [each for each in catalogue.dialects() if catalogue.find(each, type) is not None]
        if others:
            hint = f"it is a type of {others[0]}, not of {dialect}"
        console.complain(f"no layer type '{type}': {hint}")
        return console.USAGE
    try:
        text = "\n".join(describe(layer) for layer in found)
    except Exception as error:
        foreign = next((layer for layer in found if layer.brought_by is not None), None)
        if foreign is None:
            raise
        told = f"{type} is a {foreign.dialect} layer of {foreign.brought_by}, and cannot be shown"
        console.complain(f"{told}: {error.__class__.__name__}: {error}")
        return console.USAGE
    return console.WELL if console.write(text, output) else console.USAGE
