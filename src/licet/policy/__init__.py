"""Directives: parsed, compiled, decided, explained."""

from licet.policy import naive
from licet.policy.configuration import Configuration, belongs, parse
from licet.policy.directives import (
    Alternative,
    Condition,
    Directive,
    Disclosure,
    Duty,
    FactCondition,
    InFlight,
    Kind,
    Mode,
    Presumption,
    Reading,
    Source,
    Version,
    View,
)
from licet.policy.questions import (
    Action,
    Decision,
    DeclaredAttribute,
    Moment,
    Rules,
    Sources,
    Verdict,
)
from licet.policy.ruleset import Known, Ruleset
from licet.policy.snapshot import Snapshot

__all__ = [
    "Action",
    "Alternative",
    "Condition",
    "Configuration",
    "Decision",
    "DeclaredAttribute",
    "Directive",
    "Disclosure",
    "Duty",
    "FactCondition",
    "InFlight",
    "Kind",
    "Known",
    "Mode",
    "Moment",
    "Presumption",
    "Reading",
    "Rules",
    "Ruleset",
    "Snapshot",
    "Source",
    "Sources",
    "Verdict",
    "Version",
    "View",
    "belongs",
    "naive",
    "parse",
]
