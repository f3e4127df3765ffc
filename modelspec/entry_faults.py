"""What is wrong with the entries of a document, wherever they stand: each is held against the model of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from marshal import dumps
from typing import Any, Literal

from modelspec import catalogue
from modelspec.catalogue import plugins, refusals
from modelspec.catalogue.frameworks import NAMES
from modelspec.closed import KEY, refuse_key, validate
from modelspec.diagnostics import Edit, Route
from modelspec.entry_models import CONTAINER_MODELS, Call, Shared, entry_model
from modelspec.language import CONTAINERS, ENTRY_KEYS, MAX_LAYERS, STEP_KEYS
from modelspec.layer import Layer, fields_of
from modelspec.record import NamedTuple
from modelspec.refusal import Refused, name_value
from modelspec.slips import find_other_dialect, hint_type, join_names, mean_type, nearest, show_name, spell
from modelspec.source import MAX_FAULTS
from modelspec.spelling import find_meant

__all__ = ["find_faults"]

_Role = Literal["entry", "branch", "merge", "inside"]
_KINDS = ("type", "block", "share")
_OWNERS = {
    key: [name for name, keys in CONTAINERS.items() if key in keys] for keys in CONTAINERS.values() for key in keys
}
"""The containers that have a key."""
_MERGED = ("inputs", "repeat", "shared", "when")
"""What the merge of a `Parallel` cannot say: it takes what the branches give, once."""


class _Place(NamedTuple):
    """Where an entry stands, as what, and the name of the layer that it is (or is inside of)."""

    route: Route
    value: Any
    role: _Role
    name: str | None


def find_faults(tree: Mapping[str, Any], dialect: str) -> Iterator[tuple[Refused, str | None]]:
    """What is wrong with the entries of a document, with the name of the layer concerned. Routes lead into `tree`."""
    walk = _Walk(dialect)
    places = list(walk.find_places(tree))
    if walk.beyond is not None:
        yield walk.beyond, None
        return
    layers = [place for place in places if place.role != "inside" and _is_layer(place.value)]
    meant = find_other_dialect([(place.route, place.value) for place in layers], dialect)
    if meant is not None:
        route, other, argument = meant
        place = next(place for place in layers if place.route == route)
        yield _refuse_dialect(place, dialect, other, argument), place.name
        return
    blocks = tree.get("blocks")
    judge = _Judge(dialect, blocks if isinstance(blocks, Mapping) else {})
    good: set[Any] = set()
    for place in places:
        # Most entries of a long file say the same as others. Marshalled bytes tell 1 from 1.0 and from true.
        key = (place.role, dumps(place.value, 2)) if _is_layer(place.value) else None
        if key in good:
            continue
        try:
            judge.hold(place.value, place.role)
        except Refused as refused:
            for part in refused.each():
                for step in reversed(place.route):
                    part = part.under(step)
                yield part, place.name
        else:
            if key is not None:
                good.add(key)


def _is_layer(value: Any) -> bool:
    """Whether an entry is surely meant as a layer in its own right."""
    if not isinstance(value, Mapping):
        return not isinstance(value, str) or value not in CONTAINERS
    if "block" in value or "share" in value or ("type" not in value and "layers" in value):
        return False
    return not isinstance(value.get("type"), str) or value["type"] not in CONTAINERS


def _refuse_dialect(place: _Place, dialect: str, other: str, argument: str | None) -> Refused:
    bare = isinstance(place.value, str)
    name = place.value if bare else place.value["type"]
    hint = f"these are {other} layers: write `dialect: {other}` at the top"
    if argument is not None:
        message = f"'{argument}' is an argument of {other}'s {name}, and none of {dialect}'s"
        return Refused(message, code="MS203", route=(*place.route, argument, KEY), hint=hint)
    message = f"{name_value(name)} is no {dialect} layer"
    return Refused(message, code="MS207", route=place.route if bare else (*place.route, "type"), hint=hint)


class _Walk:
    """Goes from entry to entry. What is no list of entries is passed over: the model around it says so."""

    def __init__(self, dialect: str) -> None:
        self.dialect = dialect
        self.total = 0
        self.guesses = 0
        self.beyond: Refused | None = None

    def find_places(self, tree: Mapping[str, Any]) -> Iterator[_Place]:
        """Every entry of a document, those of its blocks first. Stops where there are more than the bound."""
        stack = [self._open(tree)]
        while stack and self.beyond is None:
            place = next(stack[-1], None)
            if place is None:
                stack.pop()
                continue
            yield place
            stack.append(self._enter(place))

    def _open(self, tree: Mapping[str, Any]) -> Iterator[_Place]:
        blocks = tree.get("blocks")
        for name, block in blocks.items() if isinstance(blocks, Mapping) else ():
            if isinstance(block, Mapping):
                yield from self._list_entries(block.get("layers"), ("blocks", name, "layers"))
        yield from self._list_entries(tree.get("layers"), ("layers",))

    def _list_entries(self, value: Any, route: Route) -> Iterator[_Place]:
        if not isinstance(value, list):
            return
        self.total += len(value)
        if self.total > MAX_LAYERS:
            message = f"{self.total:,} layers are more than the bound of {MAX_LAYERS:,} in one model"
            self.beyond = Refused(message, code="MS310", route=route, hint="split the model into several files")
            return
        for index, entry in enumerate(value):
            yield _Place((*route, index), entry, "entry", _find_name(entry))

    def _list_branch(self, value: Any, route: Route) -> Iterator[_Place]:
        if isinstance(value, list):
            yield from self._list_entries(value, route)
        else:
            yield _Place(route, value, "branch", _find_name(value))

    def _enter(self, place: _Place) -> Iterator[_Place]:
        """The entries inside of an entry."""
        value, route = place.value, place.route
        if not isinstance(value, Mapping) or "block" in value or "share" in value:
            return
        name = value.get("type", "Sequential")
        layer = catalogue.find(self.dialect, name) if isinstance(name, str) else None
        if layer is not None:
            for field in fields_of(layer).values():
                written = value.get(field.name)
                if field.way == "wrapped" and field.name in value and (field.required or written is not None):
                    yield _Place((*route, field.name), written, "inside", place.name)
            return
        container = self._guess(name, value)
        if place.role == "inside" or container is None:
            return
        keys = CONTAINERS[container]
        if "layers" in keys:
            yield from self._list_entries(value.get("layers"), (*route, "layers"))
        if "shortcut" in keys and "shortcut" in value:
            yield from self._list_branch(value["shortcut"], (*route, "shortcut"))
        if "branches" in keys and isinstance(value.get("branches"), list):
            for index, branch in enumerate(value["branches"]):
                yield from self._list_branch(branch, (*route, "branches", index))
        if "merge" in keys and "merge" in value:
            yield _Place((*route, "merge"), value["merge"], "merge", _find_name(value["merge"]))

    def _guess(self, name: Any, value: Mapping[str, Any]) -> str | None:
        """The container that is meant by a type, if one is."""
        if not isinstance(name, str) or name in CONTAINERS:
            return name if isinstance(name, str) else None
        if self.guesses >= MAX_FAULTS or _OWNERS.keys().isdisjoint(value):
            return None
        self.guesses += 1
        return nearest(name, CONTAINERS)


def _find_name(entry: Any) -> str | None:
    name = entry.get("name") if isinstance(entry, Mapping) else None
    return str(name) if isinstance(name, (str, int)) and not isinstance(name, bool) else None


class _Judge:
    """Holds one entry against the model of its own; `blocks` are those of the document, by name."""

    def __init__(self, dialect: str, blocks: Mapping[str, Any]) -> None:
        self.dialect = dialect
        self.blocks = blocks
        self.example = "Linear" if dialect == "torch" else "Dense"

    def hold(self, value: Any, role: _Role) -> None:
        """Hold an entry. Raises Refused, with a part for each mistake."""
        if isinstance(value, str):
            self._hold_bare(value, role)
            return
        if not isinstance(value, Mapping):
            raise _refuse_kind(value, role)
        if role == "inside":
            self._hold_inside(value)
            return
        refusals: list[Refused] = []
        strange = [key for key in value if key in _MERGED] if role == "merge" else []
        if strange:
            have = "have" if len(strange) > 1 else "has"
            message = f"{join_names(strange)} {have} no place in a merge"
            hint = "leave it out: a merge takes what the branches give, in order, once"
            refusals.append(Refused(message, code="MS203", route=(strange[0], KEY), hint=hint))
            value = {key: member for key, member in value.items() if key not in strange}
        try:
            self._hold_mapping(value)
        except Refused as refused:
            refusals += refused.each()
        if refusals:
            raise Refused("", parts=tuple(refusals))

    def _hold_bare(self, name: str, role: _Role) -> None:
        if name in CONTAINERS and role != "inside":
            needed = [key for key, field in CONTAINER_MODELS[name].model_fields.items() if field.is_required()]
            needed.remove("type") if "type" in needed else None
            message = f"{name} needs {join_names(needed)}"
            raise Refused(message, code="MS204", hint=_spell_container(name))
        layer = self._find_type(name, (), role)
        lacking = [field.name for field in fields_of(layer).values() if field.required]
        if lacking:
            # A bare word has no keys to point at: what it lacks is told at the word itself.
            raise Refused(f"{name} needs {join_names(lacking)}", code="MS204", hint=spell(layer))

    def _hold_mapping(self, value: Mapping[str, Any]) -> None:
        kinds = [key for key in value if key in _KINDS]
        if len(kinds) > 1:
            message = f"{join_names(kinds)} are given, and an entry is one of them"
            hint = "a layer has a `type`, the call of a block `block`, and `share` is an earlier layer once more"
            raise Refused(message, code="MS203", route=(kinds[1], KEY), hint=hint)
        if kinds == ["block"]:
            self._hold_call(value)
        elif kinds == ["share"]:
            hint = "leave it out: it is that of the layer whose weights these are"
            _validate(Shared, value, dict.fromkeys((*ENTRY_KEYS, *STEP_KEYS, "with"), hint))
        elif not kinds and "layers" not in value:
            raise self._refuse_untyped(value)
        else:
            misspelt = None if kinds else _find_misspelt(value)
            if misspelt is not None:
                raise misspelt
            self._hold_typed(value, value.get("type", "Sequential"))

    def _hold_call(self, value: Mapping[str, Any]) -> None:
        name = value["block"]
        block = self.blocks.get(name) if isinstance(name, str) else None
        declared = block.get("arguments") if isinstance(block, Mapping) else None
        strange = [key for key in value if key not in Call.model_fields]
        given = [key for key in strange if isinstance(declared, Mapping) and key in declared]
        refusals: list[Refused] = []
        if given:
            are = "are arguments" if len(given) > 1 else "is an argument"
            hint = f"write them under `with`: {{{', '.join(f'{key[:40]}: …' for key in given[:8])}}}"
            message = f"{join_names(given)} {are} of the block"
            refusals.append(Refused(message, code="MS203", route=(given[0], KEY), hint=hint))
            value = {key: member for key, member in value.items() if key not in given}
        hints = dict.fromkeys(strange, "the block's arguments stand under `with`")
        try:
            _validate(Call, value, {**hints, "tie": _TIE, **dict.fromkeys(_OWNERS, "the block itself has the layers")})
        except Refused as refused:
            refusals += refused.each()
        if refusals:
            raise Refused("", parts=tuple(refusals))

    def _hold_typed(self, value: Mapping[str, Any], name: Any) -> None:
        if not isinstance(name, str):
            hint = f"write a type such as {self.example}"
            raise Refused(f"expected the name of a layer type, got {name_value(name)}", route=("type",), hint=hint)
        if name in CONTAINERS:
            _hold_container(value, name)
            return
        layer = self._find_type(name, ("type",), "entry")
        _refuse_foreign(value, layer)
        owned = {key: f"it is a key of {_join(names)}" for key, names in _OWNERS.items()}
        calling = "`with` is for the call of a block: a layer's arguments stand beside `type`"
        _validate(entry_model(layer), value, {**owned, "with": calling})

    def _hold_inside(self, value: Mapping[str, Any]) -> None:
        others = [key for key in value if key in ("block", "share", "layers")]
        if "type" not in value and others:
            message = f"expected a layer, got a mapping with '{others[0]}'"
            raise Refused(message, hint="a wrapper holds a single layer: a mapping with `type` and its arguments")
        if "type" not in value:
            raise self._refuse_untyped(value)
        name = value["type"]
        if not isinstance(name, str):
            hint = f"write a type such as {self.example}"
            raise Refused(f"expected the name of a layer type, got {name_value(name)}", route=("type",), hint=hint)
        layer = self._find_type(name, ("type",), "inside")
        _refuse_foreign(value, layer)
        hints = dict.fromkeys((*ENTRY_KEYS, *STEP_KEYS), "write it beside the wrapper, for it and what is inside")
        validate(entry_model(layer, inside=True), value, hints=hints)

    def _find_type(self, name: str, route: Route, role: _Role) -> type[Layer]:
        layer = catalogue.find(self.dialect, name)
        if layer is not None:
            return layer
        message = f"{name_value(name)} is no {self.dialect} layer"
        fix: tuple[Edit, ...] = ()
        if name in CONTAINERS:
            hint = "a wrapper holds a single layer, no container"
        elif name in self.blocks:
            hint = f"it is a block: write {{block: {name}}}"
            fix = (Edit("rename", route, "block"),) if route else (Edit("set", (), {"block": name}),)
        elif name in NAMES[self.dialect]:
            reason = refusals.find(self.dialect, name)
            if reason is not None:
                message = f"{name_value(name)} {reason.why}"
                raise Refused(message, code="MS208", route=route, hint=reason.hint)
            message = f"{name_value(name)} is a {self.dialect} layer that this version of modelspec does not know yet"
            raise Refused(message, code="MS208", route=route, hint="`modelspec layers` lists those that it knows")
        elif (brought := plugins.explain(self.dialect, name)) is not None:
            package, problem = brought
            message = f"{name_value(name)} is a {self.dialect} layer of {package}, and cannot be used: {problem}"
            hint = "it is for that package to mend; `modelspec layers` lists what packages bring"
        else:
            hint = hint_type(name, self.dialect)
            meant = mean_type(name, self.dialect)
            fix = (Edit("set", route, meant),) if meant is not None and hint == f"did you mean '{meant}'?" else ()
        raise Refused(message, code="MS207", route=route, hint=hint, fix=fix)

    def _refuse_untyped(self, value: Mapping[str, Any]) -> Refused:
        """The refusal of a mapping that does not say what it is."""
        if len(value) == 1:
            ((only, arguments),) = value.items()
            spelt = self._spell(only, arguments)
            if spelt is not None:
                return Refused("'type' is missing", code="MS204", route=(only, KEY), hint=spelt)
        for key in [*value][:32]:
            if key.startswith("type:"):
                message = f"'type' is missing: YAML takes {show_name(key)} for a key"
                return Refused(message, code="MS204", route=(key, KEY), hint="a space is missing behind 'type:'")
        misspelt = _find_misspelt(value, "layers")
        if misspelt is not None:
            return misspelt
        if "with" in value:
            hint = "name the block whose arguments these are: `block: …`"
            return Refused("'block' is missing", code="MS204", route=("with", KEY), hint=hint)
        owned = [key for key in value if key in _OWNERS]
        if owned:
            name = _OWNERS[owned[0]][0]
            return Refused("'type' is missing", code="MS204", route=(owned[0], KEY), hint=f"add `type: {name}`")
        return Refused("'type' is missing", code="MS204", hint=f"say which layer this is: `type: {self.example}`")

    def _spell(self, name: str, arguments: Any) -> str | None:
        """How an entry is written of which the type (or the block) was taken for a key."""
        layer = catalogue.find(self.dialect, name)
        if layer is not None:
            return spell(layer, arguments if isinstance(arguments, Mapping) else ())
        if name in CONTAINERS:
            return _spell_container(name)
        if name in self.blocks:
            return f"write {{block: {name}, with: {{…}}}}" if arguments else f"write {{block: {name}}}"
        return None


def _find_misspelt(value: Mapping[str, Any], *others: str) -> Refused | None:
    """The refusal of a key by which an entry would have said what it is, were it not misspelt."""
    known = {*ENTRY_KEYS, *STEP_KEYS, *_KINDS, *_OWNERS, "with"}
    for key in [*value][:32]:
        meant = nearest(key, known) if key not in known else None
        if meant in (*others, *_KINDS):
            surely = find_meant(key, known) == meant and meant not in value
            return refuse_key(key, f"did you mean '{meant}'?", meant if surely else None)
    return None


_TIE = "write it at the layer that holds the tensor"
_REPEATED = "`shared` is about the rounds of a repeat: add `repeat: …`, or leave `shared` out"


def _validate(model: Any, value: Mapping[str, Any], hints: Mapping[str, str]) -> None:
    """Hold an entry of the list against its model."""
    lonely = isinstance(value.get("shared"), bool) and "repeat" not in value
    validate(model, value, hints={**hints, "repeat": _REPEATED}, missing=("repeat",) if lonely else ())


def _hold_container(value: Mapping[str, Any], name: str) -> None:
    model = CONTAINER_MODELS[name]
    hints = {"tie": _TIE, "with": "`with` is for the call of a block"}
    strange = [key for key in value if key in _OWNERS and key not in CONTAINERS[name]]
    if not strange:
        _validate(model, value, hints)
        return
    # What it lacks may be what stands under the strange key.
    owners = [owner for owner in _OWNERS[strange[0]] if all(key in CONTAINERS[owner] for key in strange)]
    owners = owners or _OWNERS[strange[0]]
    are = "are keys" if len(strange) > 1 else "is a key"
    message = f"{join_names(strange)} {are} of {_join(owners)}, not of {name}"
    hint = f"write `type: {owners[0]}`"
    if "type" in value:
        hint = f"{name} has {', '.join(CONTAINERS[name])}"
        hint += f"; did you mean `type: {owners[0]}`?" if len(owners) == 1 else ""
    refusals = [Refused(message, code="MS203", route=(strange[0], KEY), hint=hint)]
    try:
        _validate(model, {key: member for key, member in value.items() if key not in strange}, hints)
    except Refused as refused:
        refusals += [part for part in refused.each() if part.code != "MS204"]
    raise Refused("", parts=tuple(refusals))


def _join(names: list[str]) -> str:
    """`a, b or c`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def _spell_container(name: str) -> str:
    wanted = {"Parallel": "branches: […]", "MixtureOfExperts": "experts: …, experts_per_token: …, layers: […]"}
    return f"write {{type: {name}, {wanted.get(name, 'layers: […]')}}}"


def _refuse_kind(value: Any, role: _Role) -> Refused:
    hint = "an entry is a type name, or a mapping with `type` and its arguments"
    if isinstance(value, list):
        hint = "entries one after the other are written {layers: […]}"
    elif value is None and role in ("branch", "merge"):
        hint = "leave it out for the default" if role == "merge" else "write [] for what passes on as it arrives"
    return Refused(f"expected a layer, got {name_value(value)}", hint=hint)


def _refuse_foreign(value: Mapping[str, Any], layer: type[Layer]) -> None:
    """Refuse arguments that the other dialect's layer of the same name has, in one message."""
    strange = [key for key in value if key not in fields_of(layer) and key not in (*ENTRY_KEYS, *STEP_KEYS)]
    for dialect in catalogue.dialects():
        other = catalogue.find(dialect, layer.type_name()) if dialect != layer.dialect else None
        if strange and other is not None and all(key in fields_of(other) for key in strange):
            are = "are arguments" if len(strange) > 1 else "is an argument"
            message = f"{join_names(strange)} {are} of {dialect}'s {layer.type_name()}, not of {layer.dialect}'s"
            own = [name for name, field in fields_of(layer).items() if field.way != "built"]
            hint = f"{layer.dialect}'s are {', '.join(own[:6])}{', …' * (len(own) > 6)}"
            raise Refused(message, code="MS203", route=(strange[0], KEY), hint=hint)
