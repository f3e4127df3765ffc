"""The whole road: from a file's bytes to findings and verdicts, and from there to the report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from modelspec import budget, resolve, source, spec
from modelspec.advice import Selection, advise
from modelspec.diagnostics import Finding
from modelspec.entry import Spoilt
from modelspec.graph import Graph
from modelspec.record import NamedTuple
from modelspec.source import Document
from modelspec.spec import Demands

if TYPE_CHECKING:
    from modelspec.imports import Origin
    from modelspec.report import Diagnostic, Model, Report

__all__ = [
    "Choice",
    "Followed",
    "Outcome",
    "Part",
    "describe_part",
    "follow",
    "follow_document",
    "join",
    "write_report",
]


class Choice:
    """What a call chooses of every spec: one variant (None: all), and variables that are set by hand."""

    __slots__ = ("settings", "variant")

    def __init__(self, variant: str | None = None, settings: Mapping[str, Any] | None = None) -> None:
        self.variant = variant
        self.settings = settings or {}


class Followed:
    """One model of a document: its graph, its verdicts, and whether nothing is wrong with its graph."""

    __slots__ = ("findings", "graph", "sound", "verdicts")

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.verdicts: list[budget.Verdict] = []
        self.findings: list[Finding] = []
        self.sound = False


class Outcome:
    """What became of one document: its models as far as there are any, and all that was found.

    `findings` are told once, each with the models that it concerns in `concerned` (None: the document).
    """

    __slots__ = ("concerned", "document", "documents", "findings", "met", "models", "variants")

    def __init__(self, document: Document) -> None:
        self.document = document
        self.documents: dict[str, Document] = {"": document}
        self.findings: list[Finding] = []
        self.concerned: list[list[Followed] | None] = []
        self.models: list[Followed] = []
        self.met: set[str] = set()
        """Of what the call chooses, the names that it has."""
        self.variants: tuple[str, ...] = ()
        self.add(document.findings, None)

    def add(self, findings: Sequence[Finding], model: Followed | None) -> None:
        """Take findings of the document, or of one of its models; what is told of another already concerns both."""
        if not findings:
            return
        known = {told.cause: number for number, told in enumerate(self.findings) if self.concerned[number] is not None}
        for finding in findings:
            number = None if model is None else known.get(finding.cause)
            concerned = None if number is None else self.concerned[number]
            if concerned is not None and model is not None:
                concerned.append(model)
            else:
                self.findings.append(finding)
                self.concerned.append(None if model is None else [model])

    @property
    def readable(self) -> bool:
        """Whether it can be told what it has of what a call may choose."""
        return bool(self.models) or not self.findings

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong with the document, and its budgets hold."""
        return not any(finding.severity == "error" for finding in self.findings)


def follow(
    data: bytes,
    path: str,
    choice: Choice | None = None,
    demands: Demands | None = None,
    origin: Origin | None = None,
    advice: Selection | None = None,
) -> Outcome:
    """Take one document down the road. `demands` are the limits that a configuration sets for it; what it imports lies
    in `origin`: on the disk, if nothing else is given. `advice` is what advice is asked for: none, if nothing is given.
    """
    return follow_document(source.read(data, path), choice, demands, origin, advice)


def follow_document(
    document: Document,
    choice: Choice | None = None,
    demands: Demands | None = None,
    origin: Origin | None = None,
    advice: Selection | None = None,
) -> Outcome:
    """Take a document down the road: spec, graph, cost, verdict, advice. A model with errors is not judged, and of a
    document with errors there is no advice; to be over a budget is none.
    """
    outcome = Outcome(document)
    if not document.readable:
        return outcome
    read, found = spec.read(document, _make_loader(origin))
    outcome.add(found, None)
    if read is None:
        return outcome
    outcome.documents.update({file: library.document for file, library in read.libraries.items()})
    if demands is not None:
        outcome.documents[demands.document.path] = demands.document
    whole = not outcome.findings
    for variant in _choose(read, choice, outcome):
        settings = {} if choice is None else {n: v for n, v in choice.settings.items() if n in read.variables}
        outcome.met.update(settings)
        graph, found = resolve.resolve(read, variant, settings)
        if demands is not None:
            graph.demands = demands.budgets
        model = Followed(graph)
        outcome.models.append(model)
        model.findings = found
        if whole and not found:
            model.sound = True
            judgement = budget.judge(graph)
            model.verdicts = judgement.verdicts
            if judgement.unmatched or judgement.beyond or not all(verdict.ok for verdict in judgement.verdicts):
                from modelspec.excess import find_excess

                model.findings = find_excess(graph, judgement)
        outcome.add(model.findings, model)
    looked = bool(outcome.models) or choice is None or choice.variant is None
    if advice is not None and whole and looked and all(model.sound for model in outcome.models):
        graphs = [model.graph for model in outcome.models]
        chosen = choice is not None and (choice.variant is not None or bool(choice.settings))
        for finding, number in advise(read, graphs, advice, whole=not chosen):
            outcome.add([finding], None if number is None else outcome.models[number])
    return outcome


def _make_loader(origin: Origin | None) -> spec.Loader:
    """What gives a spec the files that it imports; loaded when it imports one."""
    known: dict[str, Document] = {}
    importers: dict[str, Document] = {}

    def load(importing: Document, path: str) -> Document | Finding:
        from modelspec import imports

        return imports.load(known, importers, origin)(importing, path)

    return load


def _choose(read: spec.Spec, choice: Choice | None, outcome: Outcome) -> list[str | None]:
    """The variants of a spec that are looked at; None for the file as it stands."""
    if read.body is None and "layers" not in read.document.tree:  # type: ignore[operator]
        return []
    variants = [name for name, variant in read.variants.items() if not isinstance(variant, Spoilt)]
    outcome.variants = tuple(variants)
    if choice is not None and choice.variant is not None:
        return [choice.variant] if choice.variant in variants else []
    return [*variants] or [None]


def _is_ok(outcome: Outcome, model: Followed) -> bool:
    """Whether nothing is wrong with a model or its document."""
    return not any(
        finding.severity == "error" and (concerned is None or model in concerned)
        for finding, concerned in zip(outcome.findings, outcome.concerned, strict=True)
    )


class Part(NamedTuple):
    """What the report says of one document. It can go from one process to another.

    `met` are the names of what the call chooses that it has, `variants` the names of its own; it is `readable` if it
    can be told which these are. `before` is the version that it is compared with, None if there is none or the document
    is `unchanged`.
    """

    path: str
    ok: bool
    models: list[Model]
    diagnostics: list[Diagnostic]
    readable: bool = True
    met: frozenset[str] = frozenset()
    variants: tuple[str, ...] = ()
    before: Part | None = None
    unchanged: bool = False


def describe_part(outcome: Outcome, *, models: bool = True, paths: bool = False, derivations: bool = False) -> Part:
    """Describe one document's models, and what was found in it; without `models` that alone.

    With `paths` a row finds the path of every round that it stands for; such a part stays in its process. With
    `derivations` it knows how its numbers come about.
    """
    from modelspec.description import describe, diagnose, name_model

    names = {id(model): name_model(model.graph, outcome.document) for model in outcome.models}
    described = []
    if models:
        described = [
            describe(
                outcome.documents,
                model.graph,
                model.verdicts,
                model.sound,
                _is_ok(outcome, model),
                derivations=derivations,
            )
            for model in outcome.models
        ]
    if not paths:
        for model in described:
            model.forget_paths()
    excerpts: dict[tuple[str, int], str] = {}
    found = []
    for finding, concerned in zip(outcome.findings, outcome.concerned, strict=True):
        told = outcome.models if concerned is None else concerned
        some = told if len(told) < len(outcome.models) else []
        variants = [model.graph.variant for model in some if model.graph.variant is not None]
        models_told = [names[id(model)] for model in told]
        found.append(diagnose(outcome.documents, finding, models_told, excerpts, variants))
    found.sort(key=lambda told: (told.path != outcome.document.path, told.path, told.line, told.column, told.code))
    return Part(
        outcome.document.path, outcome.ok, described, found, outcome.readable, frozenset(outcome.met), outcome.variants
    )


def join(parts: Iterable[Part], others: Sequence[tuple[Document, Finding]] = ()) -> Report:
    """The report of several parts; `others` are findings in files that are no specs, such as a configuration."""
    from modelspec.description import diagnose
    from modelspec.report import Report

    models: list[Model] = []
    once: dict[tuple[str, str, int, int, str], Diagnostic] = {}
    for part in parts:
        models += part.models
        for one in part.diagnostics:
            # What is wrong in an imported file is found wherever it is imported.
            key = (one.code, one.path, one.line, one.column, one.message)
            before = once.setdefault(key, one)
            if before is not one:
                concerns = [*before.models, *[name for name in one.models if name not in before.models]]
                once[key] = before.model_copy(update={"models": concerns})
    told = [*(diagnose({"": document}, finding, [], {}) for document, finding in others), *once.values()]
    return Report(ok=not any(one.severity == "error" for one in told), models=models, diagnostics=told)


def write_report(
    outcomes: Iterable[Outcome], others: Sequence[tuple[Document, Finding]] = (), *, models: bool = True
) -> Report:
    """The report on some documents, all in one: see `describe_part` and `join`."""
    return join([describe_part(outcome, models=models, paths=True) for outcome in outcomes], others)
