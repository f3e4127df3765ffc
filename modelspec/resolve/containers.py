"""Sequential, Residual, Parallel and MixtureOfExperts: what each resolves to, once for all that is the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelspec import catalogue
from modelspec.diagnostics import Finding, Where
from modelspec.entry import (
    SPOILT,
    Body,
    Chain,
    Entry,
    Fork,
    Mixture,
    Spoilt,
    What,
    what_reads,
    what_refers,
)
from modelspec.fitting import Fitted, fit
from modelspec.graph import Group, Incoming, Leaf, Of, Part, Run, Source
from modelspec.kinds import Deferred
from modelspec.language import MAX_LAYERS
from modelspec.resolve.frames import Context, Frame, Target, value_at
from modelspec.resolve.lookup import look_up
from modelspec.resolve.origins import Place, explain
from modelspec.resolve.site import Resolved, Site, at
from modelspec.resolve.steps import Steps
from modelspec.resolve.walk import pin
from modelspec.shape import Unknown, show_shape
from modelspec.spot import show_label

__all__ = ["Containers"]


class Containers(Steps):
    """A walk that knows the containers."""

    def refuse_number(self, site: Site, kind: str, takes: str, number: int) -> None:
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

    def capture(self, site: Site, what: What) -> tuple[dict[tuple[str, str], Any], tuple[Source, ...], tuple[Any, ...]]:
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
            found = look_up(frame, reference.use, path, label, site.pending, mark=False)
            self.bound_reads(found, site.where)
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

    def read_container(self, site: Site, what: Chain | Fork, context: Context) -> Resolved:
        """A container, resolved once for all that arrives alike."""
        captured, sources, values = self.capture(site, what)
        incoming, reads = (*site.values, *values), (*site.sources, *sources)
        key = (what, incoming, pin(site.names, frozenset(what_reads(what))), context, tuple(captured.items()))
        part = self.parts.get(key)
        if part is not None:
            self.notes.add_calls(part.findings)
            self.pass_on(site, part, reads)
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
        self.pass_on(site, part, reads)
        return part, reads

    def pass_on(self, site: Site, part: Part, reads: tuple[Source, ...]) -> None:
        """Take down what a part means of what comes into the one around it."""
        for number in part.used:
            source = reads[number]
            if isinstance(source, Incoming):
                site.frame.part.used.add(source.number)

    def start(self, body: Body, names: Mapping[str, Any], *, numbered: bool = False, isolated: bool = False) -> Part:
        """An empty part for a body."""
        routes = [body.route] if body.single else None
        return Part(body.names, routes, body.route, body.file, names, numbered=numbered, isolated=isolated)

    def finish(self, key: Any, part: Part, began: int) -> None:
        """Keep a part that is complete."""
        part.findings = range(began, len(self.notes.findings))
        self.distinct += len(part.steps)
        self.parts[key] = part

    def start_fork(self, site: Site, what: Fork) -> Part:
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
            site = Site(
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

    def read_branch(self, site: Site, chain: Chain, names: Mapping[str, Any], label: str | None = None) -> Resolved:
        """One branch of a fork, or one expert. `label` is the name of its one entry, if it has to have one."""
        captured, sources, values = self.capture(site, chain)
        incoming, reads = (*site.values, *values), (*site.sources, *sources)
        part = self.start(chain.body, names, numbered=chain.numbered)
        if label is not None:
            part.labels = [label]
        frame = Frame(part, site.spot(part, reads), incoming, names, site.frame.context, {"input": 0}, captured)
        self.read_body(frame, chain.body)
        self.distinct += len(part.steps)
        self.pass_on(site, part, reads)
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
                if what.residual and not what.branches[1].entries:
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

    def read_mixture(self, site: Site, what: Mixture, context: Context) -> Resolved | None:
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
            there = at(site.where, "experts_per_token")
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
        self.pass_on(site, part, reads)
        return part, reads

    def read_experts(self, site: Site, key: str, value: Any) -> int | None:
        """How many experts there are, or a token passes; None if that has no value, which is told."""
        if isinstance(value, Deferred):
            value = self.reader.fill(value, at(site.where, key), site.names)
        if isinstance(value, Unknown):
            path = self.path(site.frame, site.index, "MixtureOfExperts")
            message = f"{path}: {key} must be known"
            self.notes.note(Finding("MS307", message, at(site.where, key), "give it a value", path))
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
            site = Site(frame, 0, group, (Incoming(0),), frame.values[:1], names, number, frame.part.where(0), None)
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
