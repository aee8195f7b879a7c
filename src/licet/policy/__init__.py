"""Directives: parsed, compiled, decided, explained."""

from licet.policy import naive
from licet.policy.adoption import Adoption, Newly, Recording, adopt, content_digest
from licet.policy.configuration import Configuration, VersionKey, belongs, parse
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
    "Adoption",
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
    "Newly",
    "Presumption",
    "Reading",
    "Recording",
    "Rules",
    "Ruleset",
    "Snapshot",
    "Source",
    "Sources",
    "Verdict",
    "Version",
    "VersionKey",
    "View",
    "adopt",
    "belongs",
    "content_digest",
    "naive",
    "parse",
]
