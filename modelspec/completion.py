"""A resolved spec as a document again: what was inferred and computed written out, itself a valid spec.

It is written flat: every layer of the model in order, under the path that it has in it. The experts of a mixture alone
stay in their container, as a token does not pass all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from modelspec.expressions import parse
from modelspec.fitting import Fitted
from modelspec.graph import Graph
from modelspec.kinds import Deferred
from modelspec.language import MAX_LAYERS, VERSION
from modelspec.layer import fields_of
from modelspec.notation import block, flow
from modelspec.rows import list_rows
from modelspec.shape import Dim, Unknown
from modelspec.source import MARK, MAX_BYTES
from modelspec.unrolling import Level, Line, Read, Unrolling

__all__ = ["Incompletable", "complete"]


_NOTHING = {"type": "Identity", "when": False}
"""What stands in a container that passes on what arrives."""


class Incompletable(Exception):
    """A model that cannot be written out as a spec, with the reason in words."""


def complete(graph: Graph) -> str:
    """The spec of a sound graph as YAML, with every expression computed and every inferred argument written.

    A size that is known only when the model runs keeps its variable; arguments left at their defaults stay out. Raises
    Incompletable.
    """
    _check_length(graph)
    tree: Any = graph.spec.document.tree
    reads: set[str] = set()
    inputs = list(_write_inputs(graph, tree, reads))
    layers = list(_Writing(graph, Unrolling(graph), reads).write())
    lines = [f"{MARK}: {VERSION}"]
    lines += [f"{key}: {flow(tree[key])}" for key in ("name", "description", "metadata", "dialect") if key in tree]
    if "dtype" in tree or graph.dtype != "float32":
        lines.append(f"dtype: {graph.dtype}")
    if "activation_dtype" in tree or graph.activation_dtype != graph.spec.activation_dtype:
        lines.append(f"activation_dtype: {graph.activation_dtype}")
    variables = _list_variables(graph, tree, reads)
    if variables:
        lines.append(f"variables: {flow(variables)}")
    lines += inputs
    lines += ["layers:", *layers]
    budget = _merge_budgets(graph, tree)
    if budget:
        lines.append("budget:")
        lines.extend(block(budget, "  "))
    text = "\n".join(lines) + "\n"
    if len(text.encode()) > MAX_BYTES:
        raise Incompletable(f"written out it is longer than {MAX_BYTES:,} bytes, the bound of a spec")
    return text


def _check_length(graph: Graph) -> None:
    """Refuse a model with more layers than a spec can have, before they are unrolled. Experts are not."""
    layers = sum(node.repeat for node in list_rows(graph) if node.active == node.copies)
    if layers > MAX_LAYERS:
        hint = "repeat what is repeated less often: --set gives a variable another value"
        raise Incompletable(f"written out it has {layers:,} layers, and a spec at most {MAX_LAYERS:,}; {hint}")


def _merge_budgets(graph: Graph, tree: Any) -> dict[str, Any]:
    """The budget that holds for the graph, as it is written."""
    if graph.budget is None:
        return {}
    variant = (tree["variants"][graph.variant] or {}) if graph.variant is not None else {}
    base, own = tree.get("budget", {}), variant.get("budget", {})
    merged = {**base, **own}
    if "layers" in base and "layers" in own:
        merged["layers"] = {**base["layers"], **own["layers"]}
    return merged


# What flows in, and the variables that unknown sizes need


def _write_inputs(graph: Graph, tree: Any, reads: set[str]) -> Iterator[str]:
    if "inputs" not in tree:
        yield f"input: {flow(_input(graph, tree['input'], 'input', reads))}"
        return
    yield "inputs:"
    for name, given in tree["inputs"].items():
        yield f"  {flow(name)}: {flow(_input(graph, given, name, reads))}"


def _input(graph: Graph, given: Any, name: str, reads: set[str]) -> Any:
    value = graph.inputs[name]
    raw = given["shape"] if isinstance(given, dict) else given
    sizes = raw if isinstance(raw, list) else [None] * len(value.shape)
    shape = [_size(size, text, reads) for size, text in zip(value.shape, sizes, strict=True)]
    stated = value.dtype != graph.activation_dtype or (isinstance(given, dict) and "dtype" in given)
    return {"shape": shape, "dtype": value.dtype} if stated else shape


def _size(size: Dim, raw: Any, reads: set[str]) -> Any:
    if not isinstance(size, Unknown):
        return size
    if isinstance(raw, str):
        reads |= parse(raw).names
    return raw


def _list_variables(graph: Graph, tree: Any, reads: set[str]) -> dict[str, Any]:
    """The variables that what is written reads, with those that they are made of."""
    variant = (tree["variants"][graph.variant] or {}) if graph.variant is not None else {}
    given = {**tree.get("variables", {}), **variant.get("variables", {})}
    written: dict[str, Any] = {}
    for name, value in reversed(graph.variables.items()):
        if name not in reads:
            continue
        written[name] = _plain(value)
        if isinstance(value, Unknown):
            written[name] = given[name]
            if isinstance(given[name], str):
                reads |= parse(given[name]).names
    return dict(reversed(written.items()))


# The layers


class _Writing:
    """Writes the lines of a model as entries. `variables` are the names of those that are read on the way."""

    def __init__(self, graph: Graph, flat: Unrolling, variables: set[str]) -> None:
        self.graph = graph
        self.flat = flat
        self.variables = variables
        self.inputs = list(graph.inputs)
        self.referred: set[Line] = set()
        self.names: dict[Line, str | None] = {}
        self.table: dict[Level, dict[str, Line]] = {}
        """What has a name by now, level by level."""
        self.aliases: dict[str, str] = {}
        """What stands before the next entry under another name, because its own would mean something else there."""
        self.given = 0

    def write(self) -> Iterator[str]:
        """The lines of the document under `layers`, and `outputs` where that is not the last layer's result."""
        level, outputs = self.flat.level, self.flat.outputs
        usual = outputs == ((level.lines[-1], None, None),) if level.lines else outputs == ((0, None, None),)
        self._mark(level)
        if not usual:
            self.referred.update([line for line, _, _ in outputs if isinstance(line, Line)])
        self._name(level)
        if not level.lines:
            yield f"  - {flow(_NOTHING)}"
        for line in level.lines:
            yield from self._write_line(line, "  ")
        if not usual:
            yield f"outputs: {flow([self._refer(None, level, read) for read in outputs])}"

    # Names: those of all that is referred to, and of what would be called otherwise

    def _mark(self, level: Level) -> None:
        """Find what is referred to."""
        for line in level.lines:
            if not self._reads_before(line):
                self.referred.update([source for source, _, _ in line.reads if isinstance(source, Line)])
            for path in [*([line.share] if line.share is not None else []), *[path for path, _ in line.ties.values()]]:
                self.referred.add(self._owner(path))
            for body in line.bodies or ():
                self._mark(body)

    def _owner(self, path: str) -> Line:
        return self.flat.known[path] if path in self.flat.known else self.flat.mixtures[f"{path}." if path else ""]

    def _reads_before(self, line: Line) -> bool:
        """Whether a line reads what comes before it, so that nothing has to be said."""
        level = line.level
        if not line.reads or line.bodies is not None:
            return not line.reads
        if line.at:
            before = level.lines[line.at - 1]
            return line.reads == ((before, None, None),) and not before.fitted.layer.chooses
        if level.around is not None:
            return line.reads == (level.around.reads[0],)
        return line.reads == ((0, None, None),) and len(self.inputs) == 1

    def _name(self, level: Level) -> None:
        """Give each line its path in the level as its name; None where it is called so without one."""
        taken = {line.path for line in level.lines}
        seen: set[str] = set()
        number = 0
        for line in level.lines:
            path, again = line.path, 0
            while path in seen or (again and path in taken):
                again += 1
                path = f"{line.path}.round{again}"
            seen.add(path)
            name = path[len(level.prefix) :]
            if line.bodies is None:
                number += 1
                usual = name == f"{line.fitted.layer.type_name()}-{number}"
                self.names[line] = None if usual and line not in self.referred else name
                continue
            self.names[line] = name or ("experts" if line in self.referred else None)
            number += self.names[line] is None
            for body in line.bodies:
                self._name(body)

    # References

    def _refer(self, line: Line | None, level: Level, read: Read) -> str:
        """How a line refers to what it reads."""
        source, result, path = read
        suffix = "" if result is None else f":{result}"
        if level.around is not None and read == level.around.reads[0]:
            return "input"
        if isinstance(source, int):
            meant = self.inputs[source]
        else:
            # What stands in an expert whose weights are used again is not written, and has no name here.
            name = self.names.get(source, source.path[len(source.level.prefix) :])
            meant = path if path is not None else f"{source.level.prefix}{name}"
        text = self._choose(line, level, meant)
        if text is not None:
            return text + suffix
        # Beside the layer that reads it stands another of that name: an empty container passes it on.
        text = self._choose(None, level, meant)
        if text is None:
            raise _refuse_name("outputs" if line is None else line.path, meant)
        return self._pass_on(text + suffix)

    def _pass_on(self, text: str) -> str:
        if text not in self.aliases:
            names = {*self.flat.known, *self.inputs}
            self.given += 1
            while any(name.endswith(f"alias-{self.given}") for name in names):
                self.given += 1
            self.aliases[text] = f"alias-{self.given}"
        return self.aliases[text]

    def _find_owner(self, line: Line, path: str, tensor: str | None = None) -> str | None:
        """The way to write the path of a layer whose weights are meant, or that tensor of them."""
        owner = self._owner(path)
        return self._choose(line, line.level, path if owner.level.prefix else str(self.names[owner]), tensor)

    def _choose(self, line: Line | None, level: Level, meant: str, tensor: str | None = None) -> str | None:
        """The way to write a path (or an input's name) that means it, seen from a line; None if there is none."""
        text = meant.removeprefix(level.prefix)
        while self._mean(line, level, text, tensor) != meant:
            _, dot, text = text.partition(".")
            if not dot:
                return None
        return text

    def _mean(self, line: Line | None, level: Level, text: str, tensor: str | None) -> str | None:
        """The path, or the model's input, that a reference means; None for anything else."""
        name = None if line is None else self.names[line]
        if text == "input":
            return text if level.around is None and text in self.inputs else None
        while True:
            steps = name.split(".") if name is not None else []
            for count in range(len(steps), -1, -1):
                found = self._search(level, ".".join([*steps[:count], text]), tensor)
                if found is not None:
                    # What an input is called, too, is ambiguous.
                    return found if level.around is not None or text not in self.inputs else None
            if level.around is None:
                return text if text in self.inputs else None
            if text == "gate":
                return None
            name, level = self.names[level.around], level.around.level

    def _search(self, level: Level, text: str, tensor: str | None) -> str | None:
        """The path that a text means in a level, where that has the tensor that is meant."""
        table = self.table.get(level, {})
        found = table.get(text)
        if found is not None and (tensor is None or tensor in [each.name for each in found.fitted.tensors]):
            return level.prefix + text
        dot = text.rfind(".")
        while dot > 0:
            around = table.get(text[:dot])
            if around is not None and self._is_in_expert(around, text[dot + 1 :], tensor):
                return level.prefix + text
            dot = text.rfind(".", 0, dot)
        return None

    def _is_in_expert(self, around: Line, text: str, tensor: str | None) -> bool:
        """Whether the rest of a path means one of a mixture's experts, or something in it."""
        number, _, rest = text.partition(".")
        if not around.bodies or not number.isdecimal() or int(number) >= around.fitted.layer.arguments()["experts"]:
            return False
        body = next((body for body in around.bodies if body.index == int(number)), around.bodies[0])
        return not rest or self._search(body, rest, tensor) is not None

    # Entries

    def _write_line(self, line: Line, indent: str, when: str | None = None) -> Iterator[str]:
        """A line as an entry of the document."""
        keys: dict[str, Any] = {}
        name, level = self.names[line], line.level
        if name is not None:
            keys["name"] = name
        text = None if line.share is None else self._find_owner(line, line.share)
        if line.share is not None and text is None:
            # Tensor by tensor it can be said: what stands between has none of these names.
            line.ties = {tensor.name: (line.share, tensor.name) for tensor in line.fitted.tensors}
            line.share = None
        if text is not None:
            keys["share"] = text
        else:
            keys["type"] = line.fitted.layer.type_name()
        if not self._reads_before(line):
            inputs = [self._refer(line, level, read) for read in line.reads]
            keys["inputs"] = inputs[0] if len(inputs) == 1 else inputs
        for text, alias in self.aliases.items():
            passing = {
                "name": alias,
                "inputs": text,
                **({"when": when} if when is not None else {}),
                "layers": [_NOTHING],
            }
            yield f"{indent}- {flow(passing)}"
        self.aliases.clear()
        if when is not None:
            keys["when"] = when
        if line.share is None:
            keys.update(self._write_own(line))
        if line.bodies and line.share is None:
            yield from self._write_mixture(line, keys, indent)
        else:
            yield f"{indent}- {flow(keys) if len(keys) > 1 or 'type' not in keys else keys['type']}"
        if name is not None:
            self.table.setdefault(level, {})[name] = line

    def _write_own(self, line: Line) -> dict[str, Any]:
        """The arguments of a layer, and what holds for its weights."""
        fitted = line.fitted
        if line.bodies is not None:
            return {key: getattr(fitted.layer, key) for key in ("experts", "experts_per_token")}
        raw = self._raw(line)
        keys = self._arguments(line, fitted, raw)
        if line.ties:
            keys["tie"] = {own: self._write_tie(line, path, name) for own, (path, name) in line.ties.items()}
        if fitted.tensors and not fitted.trainable:
            keys["trainable"] = False
        if fitted.tensors and fitted.dtype != self.graph.dtype:
            keys["dtype"] = fitted.dtype
        return keys

    def _write_tie(self, line: Line, path: str, tensor: str) -> str:
        text = self._find_owner(line, path, tensor)
        if text is None:
            raise _refuse_name(line.path, path)
        return f"{text}.{tensor}" if tensor else text

    def _write_mixture(self, line: Line, keys: Mapping[str, Any], indent: str) -> Iterator[str]:
        """A mixture: the layers of its experts, once if they are the same in all of them."""
        assert line.bodies is not None
        first = "- "
        for key, value in keys.items():
            yield f"{indent}{first}{key}: {flow(value)}"
            first = "  "
        bodies = [self._write_body(body, indent + "    ", None) for body in line.bodies]
        written = bodies[0]
        if any(body != written for body in bodies):
            conditional = [self._write_body(body, indent + "    ", f"index == {body.index}") for body in line.bodies]
            written = [text for body in conditional for text in body]
        yield f"{indent}  layers:"
        yield from written or [f"{indent}    - {flow(_NOTHING)}"]

    def _write_body(self, body: Level, indent: str, when: str | None) -> list[str]:
        self.table.pop(body, None)
        return [text for line in body.lines for text in self._write_line(line, indent, when)]

    # Arguments

    def _raw(self, line: Line) -> Mapping[str, Any]:
        """A layer's entry as it stands in its document."""
        spot, step = (line.spot, line.step) if line.step >= 0 else (line.spot.parent, line.spot.step)
        assert spot is not None
        where, spec = spot.part.where(step), self.graph.spec
        at: Any = (spec.libraries[where.file].document if where.file else spec.document).tree
        for key in where.route:
            at = at[key]
        return at if isinstance(at, dict) else {}

    def _arguments(self, line: Line, fitted: Fitted, raw: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments that were written or inferred, in the order of the class."""
        keys: dict[str, Any] = {}
        fields = fields_of(type(fitted.layer))
        for name, value in fitted.layer.arguments().items():
            if isinstance(value, Fitted):
                inner = raw[name] if isinstance(raw[name], dict) else {}
                keys[name] = {"type": value.layer.type_name(), **self._arguments(line, value, inner)}
            elif name in fitted.given:
                literal = name in raw and not isinstance(fields[name].kind.read(raw[name]), Deferred)
                keys[name] = raw[name] if literal else self._compute(line, name, value, raw.get(name))
            elif name in fitted.inferred and not _is_unknown(value):
                keys[name] = _plain(value)
        return keys

    def _compute(self, line: Line, name: str, value: Any, raw: Any) -> Any:
        """The value of an argument; what is unknown in it stays the expression that it is."""
        if isinstance(value, Mapping):
            return {key: self._compute(line, name, member, raw[key]) for key, member in value.items()}
        if isinstance(value, tuple):
            if isinstance(raw, list):
                return [self._compute(line, name, *pair) for pair in zip(value, raw, strict=True)]
            if _is_unknown(value):
                return self._express(line, name, value, raw)
        return self._express(line, name, value, raw) if isinstance(value, Unknown) else _plain(value)

    def _express(self, line: Line, name: str, value: Any, raw: Any) -> Any:
        """An expression for an unknown size, in the variables of the model."""
        known = self.graph.variables
        if isinstance(value, Unknown) and value.name is not None and known.get(value.name) == value:
            self.variables.add(value.name)
            return value.name
        if isinstance(raw, str):
            spot = line.spot if line.step >= 0 else line.spot.parent
            assert spot is not None
            from modelspec.restatement import restate

            index = line.spot.index
            names = spot.part.names if index is None else {**spot.part.names, "index": index}
            text = restate(raw, names, known)
            if text is not None:
                self.variables |= parse(text).names
                return text
        causes = ", ".join(sorted(value.causes)) if isinstance(value, Unknown) else ""
        hint = f"give {causes} a value (--set)" if causes else "give every size a value"
        raise Incompletable(f"{line.path}: {name} depends on a size that is known only when the model runs; {hint}")


def _refuse_name(path: str, meant: str) -> Incompletable:
    message = f"{path}: where all layers stand in one level, '{meant}' would mean another one"
    return Incompletable(f"{message}; name one of the layers otherwise")


def _is_unknown(value: Any) -> bool:
    return any(map(_is_unknown, value)) if isinstance(value, tuple) else isinstance(value, Unknown)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(member) for name, member in value.items()}
    return [_plain(member) for member in value] if isinstance(value, tuple) else value
