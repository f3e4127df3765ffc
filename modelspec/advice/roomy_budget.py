"""MS610: a budget of which less than half is used."""

from __future__ import annotations

from collections.abc import Iterator

from modelspec.advice.rule import ModelRule
from modelspec.advice.view import View
from modelspec.budget import Verdict, judge
from modelspec.diagnostics import Finding, Where

__all__ = ["RoomyBudget"]


class RoomyBudget(ModelRule):
    """A limit that the model could double within.

    A budget is there to show growth; here it would show it only after the model is twice what it is.

    Silent about what a configuration demands, which is for many models, about shares of the whole, and about limits
    that several variants have in common. Some budgets are what a device holds and no more, which is why this is advice
    to be asked for.
    """

    code = "MS610"

    def find(self, view: View) -> Iterator[Finding]:
        """The limits of the spec that are far away."""
        several = len(view.graph.spec.variants) > 1
        for verdict in judge(view.graph).verdicts:
            if _is_roomy(verdict) and not (several and verdict.route[0] != "variants"):
                route = verdict.route
                written = view.find_written(Where(route))
                where = Where((*route, "max") if isinstance(written, dict) and "max" in written else route)
                scope = f"{verdict.metric} of '{verdict.scope}'" if verdict.scope else verdict.metric
                told = f"{scope}: {verdict.actual:,} of {verdict.limit.max:,} are used: more than half of it is air"
                yield self.tell(where, told, "lower the limit to little more than there is, so that it shows growth")

    VALID = (
        """\
modelspec: 1
input: [10]
layers: [{type: Linear, out_features: 10}]
budget: {parameters: 220, macs: {min: 1, max: 100}, weight_bytes: {min: 10}}
""",
    )
    INVALID = (
        """\
modelspec: 1
input: [10]
layers: [{type: Linear, out_features: 10}]
budget: {parameters: «221»}
""",
        """\
modelspec: 1
input: [10]
layers: [{type: Linear, name: head, out_features: 10}]
budget: {layers: {head: {macs: {max: «1K»}}}}
""",
    )


def _is_roomy(verdict: Verdict) -> bool:
    """Whether a limit of the spec itself is more than twice what there is."""
    most, actual = verdict.limit.max, verdict.actual
    if not verdict.ok or verdict.home or verdict.whole is not None or most is None or not isinstance(actual, int):
        return False
    return 2 * actual < most
