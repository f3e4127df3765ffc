"""Containers, calls of blocks and shared weights: what each resolves to, once for all that is the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from modelspec import catalogue
from modelspec.diagnostics import Finding, Related, Where
from modelspec.entry import (
    SPOILT,
    Body,
    Call,
    Chain,
    Entry,
    Fork,
    Mixture,
    Share,
    Spoilt,
    Tie,
    What,
    what_reads,
    what_refers,
)
from modelspec.fitting import Fitted, Written, fit
from modelspec.graph import Group, Incoming, Inside, Leaf, Of, Part, Run, Source
from modelspec.kinds import Deferred
from modelspec.language import MAX_LAYERS, MAX_NESTING
from modelspec.layer import Tensor
from modelspec.refusal import find_near
from modelspec.resolve.frames import Context, Frame, Target, value_at
from modelspec.resolve.lookup import Pending, look_up
from modelspec.resolve.notes import Enough
from modelspec.resolve.origins import Place, explain
from modelspec.resolve.steps import Steps, show_label
from modelspec.resolve.walk import pin
from modelspec.shape import Unknown, show_shape
from modelspec.spot import Spot

__all__ = ["Resolver"]

Resolved = tuple[Part, tuple[Source, ...]]


class _Site:
    """Where a container stands, and what arrives there. `at` is the index that holds in it."""

    __slots__ = ("at", "frame", "group", "index", "names", "pending", "sources", "spoilt", "values", "where")

    def __init__(
        self,
        frame: Frame,
        index: int,
        group: Group,
        sources: tuple[Source, ...],
        values: tuple[Any, ...],
        names: Mapping[str, Any],
        at: int | None,
        where: Where,
        pending: Pending | None,
    ) -> None:
        self.frame = frame
        self.index = index
        self.group = group
        self.sources = sources
        self.values = values
        self.names = names
        self.at = at
        self.where = where
        self.pending = pending
        self.spoilt = False

    def spot(self, part: Part, reads: tuple[Source, ...]) -> Spot:
        """The place of a part that is on its way here: the next round of the group."""
        around, group = self.frame.spot, self.group
        label = show_label(self.frame.part.labels[self.index], self.names, self.at)
        if label is None and self.frame.part.numbered:
            label = str(self.frame.part.ordinal(self.index) + sum(run.length for run in group.runs))
        level = label
        if group.indexed:
            level = str(self.at) if label is None else f"{label}.{self.at}"
        prefix, base = around.prefix, 0
        if level is not None:
            prefix += f"{level}."
        else:
            totals = (run.item.total * run.length if isinstance(run.item, Part) else run.length for run in group.runs)
            base = around.base + self.frame.part.number(self.index) + sum(totals)
        return Spot(part, around, self.index, reads, prefix, base, None if part.isolated else self.at)


class Resolver(Steps):
    """A walk that knows the containers."""

    def read_what(
        self,
        frame: Frame,
        index: int,
        what: What,
        group: Group,
        sources: tuple[Source, ...],
        values: tuple[Any, ...] | None,
        names: Mapping[str, Any],
        at: int | None,
        where: Where,
        pending: Pending | None = None,
    ) -> Leaf | Resolved | None:
        """A container, the call of a block, or shared weights, on what arrives; with what it reads."""
        self.depth += 1
        try:
            return self.read_inside(frame, index, what, group, sources, values, names, at, where, pending)
        finally:
            self.depth -= 1

    def read_inside(
        self,
        frame: Frame,
        index: int,
        what: What,
        group: Group,
        sources: tuple[Source, ...],
        values: tuple[Any, ...] | None,
        names: Mapping[str, Any],
        at: int | None,
        where: Where,
        pending: Pending | None,
    ) -> Leaf | Resolved | None:
        """What stands in a container, or behind a call."""
        if self.depth > MAX_NESTING:
            message = f"containers and calls are nested more than {MAX_NESTING} deep, the bound"
            self.notes.note(Finding("MS412", message, where, "let fewer blocks call one another"))
            raise Enough
        # Of what an error has spoilt, the entries inside are resolved all the same, for mistakes of their own.
        arriving = (None,) * len(sources) if values is None else values
        site = _Site(frame, index, group, sources, arriving, names, at, where, pending)
        site.spoilt = values is None
        if isinstance(what, Share):
            return self.read_share(site, what)
        if isinstance(what, Call):
            return self.read_call(site, what)
        assert not isinstance(what, Entry)
        context = Context(frame.context.trainable and what.trainable, what.dtype or frame.context.dtype)
        if isinstance(what, Mixture):
            return self.read_mixture(site, what, context)
        kind = "Sequential" if isinstance(what, Chain) else "Residual" if what.residual else "Parallel"
        if len(arriving) != 1 and (arriving or isinstance(what, Fork)):
            self.refuse_number(site, kind, "one input", len(arriving))
            return None
        return self.read_container(site, what, context)

    def refuse_number(self, site: _Site, kind: str, takes: str, number: int) -> None:
        """Refuse a container or call at which the wrong number of inputs arrives."""
        if site.spoilt:
            return
        path = self.path(site.frame, site.index, kind)
        arrive = {0: "nothing arrives", 1: "one arrives"}.get(number, f"{number} arrive")
        hint = (
            "name them: `inputs: [a, b]`"
            if number < 2
            else "join them before it, or use a block, which can take several"
        )
        if site.frame.part.labels[site.index] is None:
            # What has no name has no path.
            self.notes.note(Finding("MS312", f"{kind} takes {takes}, but {arrive}", site.where, hint))
            return
        self.notes.note(Finding("MS312", f"{path}: {kind} takes {takes}, but {arrive}", site.where, hint, path))

    # References from inside to what stands around

    def capture(
        self, site: _Site, what: What
    ) -> tuple[dict[tuple[str, str], Any], tuple[Source, ...], tuple[Any, ...]]:
        """What the references in a container mean outside of it: as further things that come into it."""
        captured: dict[tuple[str, str], Any] = {}
        sources: list[Source] = []
        values: list[Any] = []
        frame, base = site.frame, len(site.values)
        label = show_label(frame.part.labels[site.index], site.names, site.at)
        for reference in what_refers(what):
            path = show_label(reference.path, site.names, site.at)
            if path is None or path == "input" or (reference.use, path) in captured:
                continue
            found = look_up(frame, reference.use, path, label, site.pending)
            if found is None:
                continue
            several = found.__class__ is tuple
            numbers = []
            for each in found if several else (found,):
                numbers.append(Incoming(base + len(sources)))
                target = each if isinstance(each, Target) else None
                sources.append(each if target is None else target.source)
                values.append(value_at(frame.part, frame.values, each, None) if target is None else target)
            captured[reference.use, path] = tuple(numbers) if several else numbers[0]
        return captured, tuple(sources), tuple(values)

    # Sequential, Residual, Parallel

    def read_container(self, site: _Site, what: Chain | Fork, context: Context) -> Resolved:
        """A container, resolved once for all that arrives alike."""
        captured, sources, values = self.capture(site, what)
        incoming, reads = (*site.values, *values), (*site.sources, *sources)
        key = (what, incoming, pin(site.names, frozenset(what_reads(what))), context, tuple(captured.items()))
        part = self.parts.get(key)
        if part is not None:
            self.notes.add_calls(part.findings)
            return part, reads
        began = len(self.notes.findings)
        if isinstance(what, Chain):
            part = self.start(what.body, site.names, numbered=what.numbered)
        else:
            part = self.start_fork(site, what)
        frame = Frame(part, site.spot(part, reads), incoming, site.names, context, {"input": 0}, captured)
        frame.value = incoming[0] if site.values else None
        frame.last = Incoming(0) if site.values else None
        if isinstance(what, Chain):
            self.read_body(frame, what.body)
        else:
            self.read_fork(frame, what)
        before = site.group.runs[-1].item if site.group.runs else None
        if isinstance(before, Part) and began == len(self.notes.findings) and _is_alike(before, part):
            # What it reads has another value, and comes to the same.
            part = before
        self.finish(key, part, began)
        return part, reads

    def start(self, body: Body, names: Mapping[str, Any], *, numbered: bool = False, isolated: bool = False) -> Part:
        """An empty part for a body."""
        routes = [body.route] if body.single else None
        return Part(body.names, routes, body.route, body.file, names, numbered=numbered, isolated=isolated)

    def finish(self, key: Any, part: Part, began: int) -> None:
        """Keep a part that is complete."""
        part.findings = range(began, len(self.notes.findings))
        self.distinct += len(part.steps)
        self.parts[key] = part

    def start_fork(self, site: _Site, what: Fork) -> Part:
        """An empty part for the branches of a fork, and what takes their results."""
        count = len(what.branches)
        labels: list[Any] = [str(number) if what.numbered and not what.residual else None for number in range(count)]
        for number, branch in enumerate(what.branches):
            if branch.single:
                # The entry bears the number as its own name, if it has none.
                labels[number] = None
        routes = [branch.route for branch in what.branches]
        routes.append(site.where.route if what.merge is None else what.merge.route)
        labels.append(None if what.merge is None else what.merge.name)
        return Part(labels, routes, site.where.route, site.where.file, site.names)

    def read_fork(self, frame: Frame, what: Fork) -> None:
        """The branches, each on what comes in, and what takes their results."""
        part = frame.part
        arriving = frame.values[:1]
        for number, branch in enumerate(what.branches):
            chain = Chain(branch, numbered=what.numbered and what.residual and not number, trainable=True, dtype=None)
            group = Group(chain, frame.names, frame.context)
            site = _Site(
                frame, number, group, (Incoming(0),), arriving, frame.names, frame.index, part.where(number), None
            )
            alone = what.numbered and not what.residual and branch.single and branch.names[0] is None
            inner, reads = self.read_branch(site, chain, frame.names, str(number) if alone else None)
            group.runs.append(Run(inner, 0, 1, 1, reads))
            group.value = inner.value
            part.steps.append(group)
        last = len(what.branches)
        sources = tuple(Of(number) for number in range(last))
        flows = tuple(value_at(part, frame.values, source, None) for source in sources)
        if last == 1 and what.merge is None:
            # The sum of one is that one.
            part.result, part.value = Of(0), flows[0]
            return
        done = self.read_merge(frame, last, what, sources, flows)
        part.steps.append(done)
        part.result = Of(last)
        part.value = None if done is None else value_at(part, frame.values, Of(last), None)

    def read_branch(self, site: _Site, chain: Chain, names: Mapping[str, Any], label: str | None = None) -> Resolved:
        """One branch of a fork, or one expert. `label` is the name of its one entry, if it has to have one."""
        captured, sources, values = self.capture(site, chain)
        incoming, reads = (*site.values, *values), (*site.sources, *sources)
        part = self.start(chain.body, names, numbered=chain.numbered)
        if label is not None:
            part.labels = [label]
        frame = Frame(part, site.spot(part, reads), incoming, names, site.frame.context, {"input": 0}, captured)
        self.read_body(frame, chain.body)
        self.distinct += len(part.steps)
        return part, reads

    def read_merge(
        self, frame: Frame, index: int, what: Fork, sources: tuple[Source, ...], flows: tuple[Any, ...]
    ) -> Fitted | Leaf | Group | None:
        """What takes the results of the branches: the entry that is written, or their sum."""
        where = frame.part.where(index)
        for number, flow in enumerate(flows):
            if flow is not None and not hasattr(flow, "shape"):
                self.refuse_choice(frame, number, flow, frame.part.where(number))
                return None
        values = None if None in flows else flows
        if what.merge is None:
            add = catalogue.find(self.spec.dialect, "Add")
            assert add is not None
            if values is None:
                return None
            known = self.sums.get(values)
            if known is not None:
                return Leaf(known, sources)
            fitted, broken = fit(add, {}, values, self.graph.activation_dtype, self.graph.dtype)
            if fitted is not None and not broken:
                self.sums[values] = fitted
            for problem in broken:
                if what.residual:
                    hint = f"give the Residual a `shortcut` that makes {show_shape(values[0].shape)} of what arrives"
                    problem = problem._replace(hint=hint)
                self.refuse_layer(frame, index, add, problem, sources, values, where)
            return None if fitted is None else Leaf(fitted, sources)
        entry = what.merge.entry
        if isinstance(entry, Spoilt):
            return None
        if isinstance(entry, Entry):
            fitted = self.read_layer(frame, index, entry, sources, values, where)
            return None if fitted is None else Leaf(fitted, sources)
        return self.read_once(frame, index, entry, sources, values, where)

    # MixtureOfExperts

    def read_mixture(self, site: _Site, what: Mixture, context: Context) -> Resolved | None:
        """The experts, and the sum of what those give that a token passes."""
        if len(site.values) != 2:
            self.refuse_number(site, "MixtureOfExperts", "two inputs (input, gate)", len(site.values))
            return None
        numbers = [self.read_experts(site, key, getattr(what, key)) for key in ("experts", "experts_per_token")]
        experts, each = numbers
        if experts is None or each is None:
            return None
        path = self.path(site.frame, site.index, "MixtureOfExperts")
        if each > experts:
            message = f"{path}: experts_per_token is {each}, but there are {experts} experts"
            there = _at(site.where, "experts_per_token")
            self.notes.note(
                Finding("MS305", message, there, "a token passes as many experts as there are, at most", path)
            )
            return None
        if experts > MAX_LAYERS:
            self.refuse_rounds(site.where)
        captured, sources, values = self.capture(site, what)
        incoming, reads = (*site.values, *values), (*site.sources, *sources)
        routes = [site.where.route, site.where.route]
        part = Part([None, None], routes, site.where.route, site.where.file, site.names)
        began = len(self.notes.findings)
        frame = Frame(part, site.spot(part, reads), incoming, site.names, context, {"input": 0, "gate": 1}, captured)
        part.steps.append(self.read_each_expert(frame, what, experts, each))
        result = value_at(part, incoming, Of(0), None)
        part.steps.append(None)
        if result is not None and hasattr(result, "shape") and None not in site.values:
            part.steps[1] = self.combine(frame, experts, each, result, path, site.where)
            part.result, part.value = Of(1), value_at(part, incoming, Of(1), None)
        part.findings = range(began, len(self.notes.findings))
        return part, reads

    def read_experts(self, site: _Site, key: str, value: Any) -> int | None:
        """How many experts there are, or a token passes; None if that has no value, which is told."""
        if isinstance(value, Deferred):
            value = self.reader.fill(value, _at(site.where, key), site.names)
        if isinstance(value, Unknown):
            path = self.path(site.frame, site.index, "MixtureOfExperts")
            message = f"{path}: {key} must be known"
            self.notes.note(Finding("MS307", message, _at(site.where, key), "give it a value", path))
            return None
        return None if value is SPOILT else value

    def read_each_expert(self, frame: Frame, what: Mixture, experts: int, each: int) -> Group | None:
        """The experts: equal ones together, of which a token passes the first few."""
        chain = Chain(what.body, numbered=False, trainable=True, dtype=None)
        counts = "index" in what.body.reads
        group = Group(chain, frame.names, frame.context, indexed=True, repeated=True)
        number = 0
        while number < experts:
            names = {name: value for name, value in frame.names.items() if name != "index"}
            if counts:
                names["index"] = number
            site = _Site(frame, 0, group, (Incoming(0),), frame.values[:1], names, number, frame.part.where(0), None)
            inner, reads = self.read_branch(site, chain, names)
            group.value = inner.value
            count = 1 if counts else experts
            group.runs.append(Run(inner, number, count, max(0, min(count, each - number)), reads))
            number += count
            if self.distinct > MAX_LAYERS:
                self.refuse_rounds(frame.part.where(0))
        return group

    def combine(self, frame: Frame, experts: int, each: int, result: Any, path: str, where: Where) -> Leaf | None:
        """The weighted sum of the experts' results."""
        from modelspec.catalogue.mixture import MixtureOfExperts

        given = {"experts": experts, "experts_per_token": each}
        values = (*frame.values[:2], result)
        sources = (Incoming(0), Incoming(1), Of(0))
        fitted, broken = fit(MixtureOfExperts, given, values, self.graph.activation_dtype, frame.context.dtype)
        for problem in broken:
            place = Place(frame.spot, where, path, sources)
            self.notes.note(explain(self.graph, MixtureOfExperts, problem, place, values))
        return None if fitted is None else Leaf(fitted, sources)

    # Blocks

    def read_call(self, site: _Site, what: Call) -> Resolved | None:
        """The call of a block: resolved once for the same arguments on what arrives alike."""
        block = what.block
        if isinstance(block.body, Spoilt):
            return None
        context = Context(site.frame.context.trainable and what.trainable, what.dtype or site.frame.context.dtype)
        if len(site.values) != len(block.inputs) and not (not site.values and len(block.inputs) == 1):
            count = len(block.inputs)
            takes = "one input" if count == 1 else f"{count} inputs ({', '.join(block.inputs)})"
            self.refuse_number(site, f"the block '{block.name}'", takes, len(site.values))
            return None
        arguments = self.read_arguments(site, what)
        if arguments is None:
            return None
        key = (block, site.values, pin(arguments, frozenset(arguments)), context)
        part = self.parts.get(key)
        named = site.frame.part.labels[site.index] is not None
        told = f"called from here, as '{self.path(site.frame, site.index)}'" if named else "called from here"
        self.notes.calls.append(Related(_at(site.where, "block"), told))
        try:
            if part is None:
                began = len(self.notes.findings)
                part = self.read_block(site, what, arguments, context)
                self.finish(key, part, began)
            else:
                self.notes.add_calls(part.findings)
        finally:
            self.notes.calls.pop()
        return part, site.sources

    def read_arguments(self, site: _Site, what: Call) -> dict[str, Any] | None:
        """The values of a call's arguments, the defaults put in; None if one has none, which is told."""
        block, first = what.block, site.values[0] if site.values else None
        shape = getattr(first, "shape", None)
        names = self.add_arriving(site.names, shape)
        given: dict[str, Any] = {}
        good = True
        for name, value in what.arguments.items():
            there = _at(site.where, "with", name)
            if name not in block.arguments:
                good = False
                self.refuse_argument(site, what, name)
            elif isinstance(value, Deferred):
                given[name] = self.reader.fill(value, there, names, shape=shape, arriving=first is not None)
                good = good and given[name] is not SPOILT
            else:
                given[name] = value
        missing = [name for name, default in block.arguments.items() if default is None and name not in given]
        missing = [name for name in missing if name not in what.arguments]
        if missing:
            from modelspec.slips import join_names

            example = ", ".join(f"{name}: …" for name in missing)
            are = "is" if len(missing) == 1 else "are"
            message = f"the block '{block.name}' wants {join_names(missing)}, which {are} not given"
            related = (Related(Where(block.route, "key", file=block.file), "the block is declared here"),)
            hint = f"write them under `with`: {{{example}}}"
            self.notes.note(Finding("MS410", message, _at(site.where, "block"), hint, None, related))
        return given if good and not missing else None

    def refuse_argument(self, site: _Site, what: Call, name: str) -> None:
        """Refuse an argument that a block does not have."""
        known = list(what.block.arguments)
        near = find_near(name, known)
        hint = (
            f"did you mean '{near}'?" if near else f"its arguments are {', '.join(known)}" if known else "it has none"
        )
        there = _at(site.where, "with", name)._replace(part="key")
        related = (Related(Where(what.block.route, "key", file=what.block.file), "the block is declared here"),)
        message = f"the block '{what.block.name}' has no argument '{name}'"
        self.notes.note(Finding("MS410", message, there, hint, None, related))

    def read_block(self, site: _Site, what: Call, given: Mapping[str, Any], context: Context) -> Part:
        """A block on what arrives, with its arguments."""
        block = what.block
        assert isinstance(block.body, Body)
        first = site.values[0] if site.values else None
        shape = getattr(first, "shape", None)
        names = dict(self.see(block.file))
        where = Where(block.route, file=block.file)
        for name, default in block.arguments.items():
            if name in given:
                names[name] = given[name]
            elif isinstance(default, Deferred):
                there = _at(where, "arguments", name)
                names[name] = self.reader.fill(default, there, names, arriving=True, later=block.arguments)
            else:
                names[name] = default
        arriving = self.add_arriving({}, shape)
        for name, value in block.variables.items():
            if isinstance(value, Deferred):
                there = _at(where, "variables", name)
                seen = {**names, **arriving}
                value = self.reader.fill(
                    value, there, seen, shape=shape, arriving=first is not None, later=block.variables
                )
            names[name] = Unknown(name) if value is None else value
        part = self.start(block.body, names, isolated=True)
        inputs = {name: number for number, name in enumerate(block.inputs)} | {"input": 0}
        frame = Frame(part, site.spot(part, site.sources), site.values, names, context, inputs, {})
        self.read_body(frame, block.body)
        return part

    def see(self, file: str) -> Mapping[str, Any]:
        """The variables that the blocks of a file see: that file's."""
        known = self.blocks_see.get(file)
        if known is None:
            names: dict[str, Any] = {}
            declared = self.spec.libraries[file].variables
            for name, value in declared.items():
                if isinstance(value, Deferred):
                    value = self.reader.fill(value, Where(("variables", name), file=file), names, later=declared)
                names[name] = Unknown(name) if value is None else value
            known = self.blocks_see[file] = names
        return known

    # Weights that stand there already

    def read_share(self, site: _Site, what: Share) -> Leaf | Resolved | None:
        """The weights of an earlier layer or container once more."""
        frame, there = site.frame, _at(site.where, "share")
        path = self.render(what.to, site.names, there)
        if path is None:
            return None
        found = look_up(
            frame, "layer", path, show_label(frame.part.labels[site.index], site.names, site.at), site.pending
        )
        if found is None:
            self.refuse_reference(frame, site.index, what.to, path, there)
            return None
        source, target = (found, frame.values[found.number]) if isinstance(found, Incoming) else (found.source, found)
        done = target.done
        if isinstance(done, Leaf):
            done = done.fitted
        if isinstance(done, Fitted):
            return self.share_layer(site, done, source, path)
        group = target.group
        if group is None or done is None or None in site.values:
            return None
        if isinstance(done, Group) and done.repeated and not done.shared:
            message = f"'{path}' is repeated: it has weights of its own in every round"
            self.notes.note(Finding("MS316", message, there, f"name one round, such as {path}.0"))
            return None
        item = group.runs[-1].item if isinstance(done, Group) else done
        if isinstance(item, Leaf):
            return self.share_layer(site, item.fitted, source, path)
        # The weights are as they are declared there, whatever holds here.
        around, frame.context = frame.context, group.context
        names = _names_of_round(group, source)
        try:
            again = self.read_what(
                frame, site.index, group.what, site.group, site.sources, site.values, names, site.at, site.where
            )
        finally:
            frame.context = around
        if again is None or isinstance(again, Leaf):
            return again
        difference = _compare(list(list_weights(item)), list(list_weights(again[0])), "there", "here")
        if difference is not None and again[0].value is not None and item.value is not None:
            message = f"the weights of '{path}' do not fit here: {difference}"
            home = frame.spot.find(source)
            assert home.parent is not None
            related = (Related(home.parent.part.where(home.step), "they are declared here"),)
            self.notes.note(Finding("MS316", message, there, _FIT, None, related))
            return None
        site.group.share = source
        return again

    def share_layer(self, site: _Site, fitted: Fitted, source: Source, path: str) -> Leaf | None:
        """A layer with the weights of another, at `path`: its arguments are complete already."""
        if None in site.values:
            return None
        layer = type(fitted.layer)
        given = {name: value for name, value in _rewrite(fitted.layer.arguments()).items() if value is not None}
        sources, values = site.sources, site.values
        if layer.arity[1] == 0 and sources == (site.frame.last,):
            # A tensor of the model's own reads nothing of what comes before it.
            sources, values = (), ()
        again, broken = fit(layer, given, values, self.graph.activation_dtype, fitted.dtype)
        for problem in broken:
            if problem.code == "MS304":
                # The size is not written here: the weights have it.
                message = f"the weights of '{path}' do not fit here: {problem.message}"
                problem = problem._replace(code="MS316", message=message, field="share", hint=_FIT)
            self.refuse_layer(site.frame, site.index, layer, problem, sources, values, site.where)
        if again is None:
            return None
        again.trainable = fitted.trainable
        return Leaf(again, sources, {tensor.name: (source, tensor.name) for tensor in again.tensors})

    def read_ties(
        self, frame: Frame, index: int, ties: tuple[Tie, ...], fitted: Fitted, names: Mapping[str, Any], where: Where
    ) -> dict[str, tuple[Source, str]]:
        """The tensors of a layer that are others."""
        owners: dict[str, tuple[Source, str]] = {}
        for tie in ties:
            when = tie.when
            if isinstance(when, Deferred):
                when = self.reader.fill(when, _at(where, "tie", "when"), names)
            if when is SPOILT or isinstance(when, Unknown) or not when:
                continue
            there = _at(where, "tie", tie.tensor)
            path = self.render(tie.to, names, there)
            if path is None:
                continue
            found = look_up(frame, "tensor", path, show_label(frame.part.labels[index], names, frame.index))
            if found is None:
                self.refuse_tensor(frame, index, tie, path, there)
                continue
            captured = isinstance(found, Incoming)
            target = frame.values[found.number] if captured else found
            source = found if captured else target.source
            if self.can_tie(frame, index, tie, fitted, target._replace(source=source), path, there):
                owners[tie.tensor] = (source, target.tensor)
        return owners

    def refuse_tensor(self, frame: Frame, index: int, tie: Tie, path: str, there: Where) -> None:
        """Refuse the tie to a tensor that is not there."""
        head, _, tensor = path.rpartition(".")
        source = look_up(frame, "layer", head, None) if head else None
        target = frame.values[source.number] if isinstance(source, Incoming) else source
        done = None if target is None else target.done
        done = done.fitted if isinstance(done, Leaf) else done
        if isinstance(done, Fitted):
            known = [each.name for each in done.tensors]
            message = f"'{head}' has no tensor '{tensor}'"
            near = find_near(tensor, known)
            hint = f"its tensors are {', '.join(known)}" if known else "it has none"
            hint = f"did you mean '{head}.{near}'?" if near else hint
            self.notes.note(Finding("MS302", message, there, hint, self.path(frame, index)))
        else:
            self.refuse_reference(frame, index, tie.to, path, there)

    def can_tie(
        self, frame: Frame, index: int, tie: Tie, fitted: Fitted, target: Target, path: str, there: Where
    ) -> bool:
        """Whether a tensor can be another one; what is wrong is told."""
        layer = self.path(frame, index, fitted.layer.type_name())
        own = next((each for each in fitted.tensors if each.name == tie.tensor), None)
        if own is None:
            known = [each.name for each in fitted.tensors]
            near = find_near(tie.tensor, known)
            hint = (
                f"did you mean '{near}'?" if near else f"its tensors are {', '.join(known)}" if known else "it has none"
            )
            missing = f"{layer}: a {fitted.layer.type_name()} has no tensor '{tie.tensor}'"
            self.notes.note(Finding("MS302", missing, there._replace(part="key"), hint, layer))
            return False
        done = target.done
        assert isinstance(done, Fitted)
        other = next(each for each in done.tensors if each.name == target.tensor)
        mine, theirs = _sizes(own), _sizes(other)
        message: str | None = None
        if mine != theirs:
            message = f"{tie.tensor} is {_show(mine)}, but '{path}' is {_show(theirs)}"
            hint = "tied tensors are one tensor: their sizes must agree, axis by axis"
        elif (own.dtype or fitted.dtype) != (other.dtype or done.dtype):
            message = f"{tie.tensor} is {own.dtype or fitted.dtype}, but '{path}' is {other.dtype or done.dtype}"
            hint = "tied tensors are one tensor: give both layers one dtype"
        elif (own.trainable and fitted.trainable) != (other.trainable and done.trainable):
            frozen, trained = (path, f"{layer}.{tie.tensor}") if fitted.trainable else (f"{layer}.{tie.tensor}", path)
            message = f"'{frozen}' is frozen, and '{trained}' is trained"
            hint = "tied tensors are one tensor: freeze both layers or none"
        if message is not None:
            home = frame.spot.find(target.source)
            assert home.parent is not None
            related = (Related(home.parent.part.where(home.step), f"'{path}' is declared here"),)
            self.notes.note(Finding("MS316", f"{layer}: {message}", there, hint, layer, related))
        return message is None

    def check_shared(self, frame: Frame, index: int, group: Group, where: Where) -> bool:
        """Whether the rounds of a shared repeat can be one layer; what is wrong is told."""
        if len(group.runs) < 2 or any(isinstance(run.item, Part) and run.item.value is None for run in group.runs):
            return True
        first = list(list_weights(group.runs[0].item))
        for run in group.runs[1:]:
            difference = _compare(first, list(list_weights(run.item)), "in round 0", f"in round {run.start}")
            if difference is not None:
                message = f"{self.path(frame, index)}: its rounds are to be one layer, but {difference}"
                hint = "what a shared repeat gives must have the sizes that it takes"
                self.notes.note(Finding("MS316", message, _at(where, "shared"), hint, self.path(frame, index)))
                return False
        return True


_FIT = "what arrives must have the sizes that arrive at the first; or give this one weights of its own"


def _is_alike(one: Part, other: Part) -> bool:
    """Whether two parts of one container have become the same."""
    return (
        one.result == other.result
        and len(one.steps) == len(other.steps)
        and all(map(_is_step_alike, one.steps, other.steps))
    )


def _is_step_alike(one: Any, other: Any) -> bool:
    if isinstance(one, Leaf) and isinstance(other, Leaf):
        return (one.fitted, one.reads, one.owners) == (other.fitted, other.reads, other.owners)
    if not isinstance(one, Group) or not isinstance(other, Group):
        return one is other
    ways = [(group.indexed, group.repeated, group.shared, group.share, len(group.runs)) for group in (one, other)]
    return ways[0] == ways[1] and all(map(_is_run_alike, one.runs, other.runs))


def _is_run_alike(one: Run, other: Run) -> bool:
    if one[1:] != other[1:]:
        return False
    if isinstance(one.item, Part) and isinstance(other.item, Part):
        return one.item is other.item or _is_alike(one.item, other.item)
    return _is_step_alike(one.item, other.item)


def _at(where: Where, *steps: str) -> Where:
    return where._replace(route=(*where.route, *steps))


def _names_of_round(group: Group, source: Source) -> Mapping[str, Any]:
    """The names that hold in the round of a group that a source names."""
    while isinstance(source, Inside) and source.source is not None:
        source = source.source
    if not isinstance(source, Inside) or not group.repeated or group.shared:
        return group.names
    return {**group.names, "index": group.runs[source.run].start + source.round}


def list_weights(item: Part | Leaf) -> Iterator[tuple[str, tuple[tuple[str, tuple[Any, ...]], ...]]]:
    """The layers in it, with the names and sizes of their tensors."""
    if isinstance(item, Leaf):
        yield _weigh(item.fitted)
        return
    for done in item.steps:
        if isinstance(done, Group):
            for run in done.runs:
                for each in list_weights(run.item):
                    yield each[0], (*each[1], ("×", (run.length,)))
        elif isinstance(done, (Fitted, Leaf)):
            yield _weigh(done.fitted if isinstance(done, Leaf) else done)


def _weigh(fitted: Fitted) -> tuple[str, tuple[tuple[str, tuple[Any, ...]], ...]]:
    return fitted.layer.type_name(), tuple((tensor.name, _sizes(tensor)) for tensor in fitted.tensors)


def _sizes(tensor: Tensor) -> tuple[Any, ...]:
    return tuple(size for _, size in tensor.axes)


def _show(sizes: Sequence[Any]) -> str:
    return " × ".join(map(str, sizes)) or "a single number"


def _compare(one: list[Any], other: list[Any], there: str, place: str) -> str | None:
    """In what the weights of two containers differ, in words; `there` and `place` are where they stand."""
    if one == other:
        return None
    for (kind, tensors), (other_kind, others) in zip(one, other, strict=False):
        if kind != other_kind:
            return f"what is a {kind} {there} would be a {other_kind} {place}"
        for (name, sizes), (_, here) in zip(tensors, others, strict=False):
            if sizes != here:
                return f"the {name} of a {kind} is {_show(sizes)} {there}, and would be {_show(here)} {place}"
    return f"other layers are left in {place} than {there}"


def _rewrite(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Complete arguments as they are given: a layer inside as a type with its arguments."""
    written: dict[str, Any] = {}
    for name, value in arguments.items():
        if isinstance(value, Fitted):
            value = Written(type(value.layer), _rewrite(value.layer.arguments()))
        written[name] = value
    return written
