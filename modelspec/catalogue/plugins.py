"""The layer types that installed packages bring: entry points of the group `modelspec.layers`.

An entry point is called DIALECT.TYPE, as `torch.GatedLinear`, and its value is the class of that name. A class is
imported when a spec first names its type; a spec can name types, and nothing else of a package.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points

from modelspec.catalogue import COMMON
from modelspec.catalogue.index import TYPES
from modelspec.language import CONTAINERS
from modelspec.layer import Layer, fields_of
from modelspec.record import NamedTuple

__all__ = ["GROUP", "Brought", "explain", "find", "list_brought", "load"]

GROUP = "modelspec.layers"
_METHODS = ("output_shape", "list_tensors", "count_macs")
"""What a layer has no default for."""


class Brought(NamedTuple):
    """A type that a package brings, by dialect and name; `package` is its distribution with the version.

    `problem` says why it cannot be used, as far as that is known without importing it.
    """

    dialect: str
    name: str
    package: str
    point: EntryPoint
    problem: str | None


@cache
def list_brought() -> tuple[Brought, ...]:
    """All that the installed packages say to bring, in alphabetical order. Imports none of it."""
    found = sorted(map(_read, entry_points(group=GROUP)), key=lambda each: (each.dialect, each.name, each.package))
    owners: dict[tuple[str, str], list[str]] = {}
    for each in found:
        owners.setdefault((each.dialect, each.name), []).append(each.package)
    return tuple(
        each._replace(problem=f"{' and '.join(packages)} both bring it: uninstall one")
        if each.problem is None and len(packages := owners[each.dialect, each.name]) > 1
        else each
        for each in found
    )


def _read(point: EntryPoint) -> Brought:
    package = "an unnamed package" if point.dist is None else f"{point.dist.name} {point.dist.version}"
    dialect, _, name = point.name.partition(".")
    problem = None
    if dialect not in TYPES or not name.isidentifier():
        problem = f"its entry point is called {point.name!r}, and not by a dialect and a type, as 'torch.MyLayer'"
    elif name in TYPES[dialect] or name in CONTAINERS or name in COMMON:
        problem = "modelspec has a type of this name, which is the one that is used"
    return Brought(dialect, name, package, point, problem)


def find(dialect: str, name: str) -> type[Layer] | None:
    """The class of a type that a package brings; None if none does, or if it cannot be used: `explain` says why."""
    found = _look(dialect, name)
    layer = None if found is None else load(found)
    return None if isinstance(layer, str) else layer


def explain(dialect: str, name: str) -> tuple[str, str] | None:
    """The package that brings a type which cannot be used, and why not; None if no package brings it."""
    found = _look(dialect, name)
    if found is None:
        return None
    problem = load(found)
    return (found.package, problem) if isinstance(problem, str) else None


def _look(dialect: str, name: str) -> Brought | None:
    return next((each for each in list_brought() if (each.dialect, each.name) == (dialect, name)), None)


@cache
def load(brought: Brought) -> type[Layer] | str:
    """The class, imported and held to what a layer must have; or why it cannot be used."""
    if brought.problem is not None:
        return brought.problem
    try:
        layer = brought.point.load()
        if not (isinstance(layer, type) and issubclass(layer, Layer)):
            return f"{brought.point.value} is no subclass of modelspec.layer.Layer"
        fields_of(layer)
    # Whatever a package does when it is imported, leaving the program included, is no fault of the spec or of ours.
    except (Exception, SystemExit) as error:
        first = str(error).partition("\n")[0]
        return f"it cannot be imported: {type(error).__name__}{f': {first}' if first else ''}"
    if layer.__name__ != brought.name:
        return f"{brought.point.value} is called {layer.__name__}, and a type bears the name of its class"
    if getattr(layer, "dialect", brought.dialect) != brought.dialect:
        return f"{brought.point.value} is a layer of {layer.dialect}, and not of {brought.dialect}"
    missing = [method for method in _METHODS if not hasattr(layer, method)]
    if missing:
        return f"{brought.point.value} lacks {', '.join(missing)}"
    layer.dialect = brought.dialect
    layer.brought_by = brought.package
    return layer
