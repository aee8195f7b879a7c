"""Directives: parsed, compiled, decided, explained."""

from licet.policy import cedar, naive
from licet.policy.adoption import Adoption, Newly, Recording, adopt, content_digest
from licet.policy.cautions import Caution, cautions
from licet.policy.configuration import Configuration, VersionKey, belongs, parse
from licet.policy.contests import Contest, contests
from licet.policy.credential import Release, releases
from licet.policy.difference import Difference, difference_sentence, differences
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
from licet.policy.duties import ENFORCED_BY, notices
from licet.policy.english import directive_text, version_sentence, version_sentences
from licet.policy.explain import Explanation, Ground, Reason, explain, sentences
from licet.policy.parse import read_directive
from licet.policy.partial import PENDING, Restricted, restrict
from licet.policy.questions import (
    Action,
    Decision,
    DeclaredAttribute,
    Moment,
    Rules,
    Sources,
    Verdict,
)
from licet.policy.refusal import disclosed_directives, disclosed_missing, refusal_sentence
from licet.policy.ruleset import Known, Ruleset
from licet.policy.schemas import SCHEMAS, schema_of, schema_text
from licet.policy.selection import applicable, members
from licet.policy.snapshot import Snapshot

__all__ = [
    "ENFORCED_BY",
    "PENDING",
    "SCHEMAS",
    "Action",
    "Adoption",
    "Alternative",
    "Caution",
    "Condition",
    "Configuration",
    "Contest",
    "Decision",
    "DeclaredAttribute",
    "Difference",
    "Directive",
    "Disclosure",
    "Duty",
    "Explanation",
    "FactCondition",
    "Ground",
    "InFlight",
    "Kind",
    "Known",
    "Mode",
    "Moment",
    "Newly",
    "Presumption",
    "Reading",
    "Reason",
    "Recording",
    "Release",
    "Restricted",
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
    "applicable",
    "belongs",
    "cautions",
    "cedar",
    "content_digest",
    "contests",
    "difference_sentence",
    "differences",
    "directive_text",
    "disclosed_directives",
    "disclosed_missing",
    "explain",
    "members",
    "naive",
    "notices",
    "parse",
    "read_directive",
    "refusal_sentence",
    "releases",
    "restrict",
    "schema_of",
    "schema_text",
    "sentences",
    "version_sentence",
    "version_sentences",
]
