"""Directives as Cedar policies, so that an engine which nobody here wrote can be asked.

A request goes to Cedar with policies, schema and entities; no decision, or any error in the
diagnostics, counts as refusal, since Cedar skips a `forbid` that it cannot evaluate. Where it
errs it says nothing about the rules: what is unknown is beyond a two-valued engine.

Cedar has neither quantifiers over sets of records nor sums over them nor relief. Records lie in
a fixed number of *slots*, which a condition visits one by one; relief is an `unless` of the
restriction. Beyond its reach are: open lists and unknown attributes (but for their completions,
each of which can be asked), the error of the decision clock, duties that attach and clash,
observed verdicts, in-flight treatment and explanations. `policy.naive` judges those.
"""

from licet.policy.cedar.entities import Entities, audience_of, entities, request, value_of
from licet.policy.cedar.export import SLOTS, Export, export_all, export_directive

__all__ = [
    "SLOTS",
    "Entities",
    "Export",
    "audience_of",
    "entities",
    "export_all",
    "export_directive",
    "request",
    "value_of",
]
