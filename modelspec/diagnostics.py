"""The vocabulary of being wrong: codes, places, and findings that name a route into the document.

Every stage reports findings by route (`("layers", 3, "out_features")`); lines and columns are looked up once, at the
end, and only if something was found.
"""

from __future__ import annotations

from typing import Any, Literal

from modelspec.record import NamedTuple

__all__ = ["CODES", "Edit", "Finding", "Measured", "Place", "Related", "Route", "Severity", "Where"]

Route = tuple[str | int, ...]
"""Keys and indices from the top of the document down to a value."""

Severity = Literal["error", "warning"]


class Place(NamedTuple):
    """A stretch of the text. Lines and columns count from 1, columns in characters; the end is exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


class Where(NamedTuple):
    """A value in the document (or the key it stands under), or a stretch of characters within a scalar's text.

    `file` is the path of an imported document, "" for the model's own.
    """

    route: Route
    part: Literal["value", "key"] = "value"
    span: tuple[int, int] | None = None
    file: str = ""


class Related(NamedTuple):
    """Another place that has to do with a finding, and what it has to do with it."""

    where: Where | Place
    message: str


class Measured(NamedTuple):
    """What a finding of a budget is about: a metric of the model (`scope` None) or of layers, and how much there is.

    `actual` is None where that is not known; `bound` is the limit that is not met.
    """

    metric: str
    scope: str | None
    kind: Literal["max", "min", "exactly", "growth"]
    actual: int | None
    bound: int | None = None


class Edit(NamedTuple):
    """One change of a document, in terms of its tree.

    `set` gives what the route leads to this value; a key that its mapping does not have is added to it, and a layer
    written as a bare type name becomes a mapping first. `rename` gives the last key of the route the name in `value`.
    `remove` takes the last key of the route out, with its value. `file` is the path of an imported document, "" for
    the model's own.
    """

    action: Literal["set", "rename", "remove"]
    route: Route
    value: Any = None
    file: str = ""


class Finding(NamedTuple):
    """One mistake: what, where, why, and the way out.

    `file` is the path of an imported document that `where` is in, if that is a `Place`. `measure` is what the finding
    of a budget is about: the metric, the layers (None: the model), the side of the limit, and how much there is (None:
    not known). `fix` is the change that surely mends it, if there is one; an author need not be asked.
    """

    code: str
    message: str
    where: Where | Place
    hint: str | None = None
    layer: str | None = None
    related: tuple[Related, ...] = ()
    severity: Severity = "error"
    file: str = ""
    measure: Measured | None = None
    fix: tuple[Edit, ...] = ()

    @property
    def cause(self) -> tuple[str, Where | Place, str]:
        """What it shares with the same mistake met in another call, round or variant.

        There the layer has another path, and sizes and shapes are others; the code, the place and the words are the
        same. What is said of a budget counts for one model alone.
        """
        if self.code.startswith("MS5"):
            return self.code, self.where, self.message
        import re

        told = self.message.removeprefix(f"{self.layer}: ") if self.layer else self.message
        return self.code, self.where, re.sub(r"\[[^]]*\]|[\d,]+", "", told)


CODES: dict[str, str] = {
    # The text
    "MS101": "the text cannot be parsed",
    "MS102": "the file is not UTF-8 text",
    "MS103": "a key stands twice in one mapping",
    "MS104": "a tab where YAML wants spaces",
    "MS105": "a character that YAML 1.1 and 1.2 read differently",
    "MS106": "more than one document in a file",
    "MS107": "a YAML tag",
    "MS108": "a merge key",
    "MS109": "an alias without its anchor, or inside of it",
    "MS110": "the file is too large",
    "MS111": "the file is nested too deeply",
    "MS112": "aliases expand too far",
    "MS113": "the file says nothing",
    "MS114": "a key that is not text",
    "MS115": "a number that cannot be taken",
    # The schema
    "MS201": "the file is not a spec",
    "MS202": "a language version that this tool does not know",
    "MS203": "an unknown key or argument",
    "MS204": "a missing key or argument",
    "MS205": "a value of the wrong kind",
    "MS206": "a value out of range",
    "MS207": "an unknown layer type",
    "MS208": "a layer of the framework that this version of the tool does not know",
    "MS209": "an expression that YAML has cut at a comma",
    # The graph
    "MS301": "two layers with one path",
    "MS302": "a reference to what is not there",
    "MS303": "the wrong number of axes arrives",
    "MS304": "an argument contradicts what arrives",
    "MS305": "arguments that do not go together",
    "MS306": "a window larger than its input, or nothing left of an axis",
    "MS307": "a size that must be known is not",
    "MS308": "the wrong dtype arrives",
    "MS309": "an axis that is not there",
    "MS310": "too many layers",
    "MS311": "an axis beyond the bound",
    "MS312": "the wrong number of inputs",
    "MS313": "shapes that do not go together",
    "MS314": "a reference to what stands further down",
    "MS315": "a reference that can mean several things",
    "MS316": "a shared or tied tensor that does not fit",
    # Expressions and variables
    "MS401": "an expression that cannot be parsed",
    "MS402": "an unknown name in an expression",
    "MS403": "something that the expression language does not have",
    "MS404": "an expression beyond its bounds",
    "MS405": "an expression that has no value",
    "MS406": "an expression whose value does not fit",
    "MS407": "a variable with a name that cannot be used",
    "MS408": "an unknown block",
    "MS409": "a block that calls itself",
    "MS410": "the call of a block does not fit the block",
    "MS411": "an import that cannot be used",
    "MS412": "containers and calls nested too deeply",
    # Budgets
    "MS501": "over budget",
    "MS502": "under budget",
    "MS503": "not exactly what the budget says",
    "MS504": "budgeted, and not known",
    "MS505": "a budget for layers that are not there",
    "MS506": "too many patterns in a budget",
    "MS507": "grew beyond what is allowed",
    "MS508": "growth is limited, and not known",
    "MS509": "the baseline accepts more than there is",
    # Advice
    "MS601": "a bias that the normalisation behind it takes out",
    "MS602": "two linear maps with nothing between",
    "MS603": "a dropout as the last layer",
    "MS604": "a softmax of what is one already, or of a single number",
    "MS605": "a variable that nothing reads",
    "MS606": "a block that is not called",
    "MS607": "an import of which nothing is used",
    "MS608": "a result that nothing reads",
    "MS609": "an argument that would be inferred",
    "MS610": "a budget of which less than half is used",
    "MS611": "one layer that holds more than half",
    "MS612": "a stride that leaves out the edge of what arrives",
    "MS613": "heads that do not divide the width evenly",
    "MS614": "a comment that ignores nothing",
    # The configuration
    "MS701": "an unknown key in the configuration",
    "MS702": "a value of the wrong kind in the configuration",
    "MS703": "part of the configuration, not supported by this version of the tool",
    "MS704": "a configuration that cannot be parsed",
    "MS705": "a baseline that cannot be read",
}
"""Every code, and what it means in a few words. A code, once published, keeps its meaning."""
