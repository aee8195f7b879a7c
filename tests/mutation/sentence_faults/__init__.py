"""Faults of which each makes one sentence of docs/policy.md false.

They are changes of text, so that whoever changes that text meets them: `tests/tidy` holds that
each still applies. `NO_CLAIM` has the sentences that no code could break, and why.
"""

from tests.mutation.sentence_faults.directives import DIRECTIVES
from tests.mutation.sentence_faults.duties import DUTIES
from tests.mutation.sentence_faults.explanations import EXPLANATIONS
from tests.mutation.sentence_faults.failing import FAILING
from tests.mutation.sentence_faults.fault import Edit, SentenceFault, texts
from tests.mutation.sentence_faults.knowing import KNOWING
from tests.mutation.sentence_faults.parties import PARTIES
from tests.mutation.sentence_faults.tables import TABLES
from tests.mutation.sentence_faults.verdicts import VERDICTS
from tests.mutation.sentence_faults.versions import VERSIONS

FAULTS = (
    *PARTIES,
    *KNOWING,
    *DIRECTIVES,
    *TABLES,
    *DUTIES,
    *VERSIONS,
    *VERDICTS,
    *EXPLANATIONS,
    *FAILING,
)

NO_CLAIM = {
    "This page is normative": "says what the page is, and nothing of the code",
    "party: who: attributes": "the head of a table",
    "test: holds if": "the head of a table",
    "duty: what enforces it": "the head of a table",
}
"""Words of a sentence -> why it makes no claim on what the code does."""

__all__ = ["FAULTS", "NO_CLAIM", "Edit", "SentenceFault", "texts"]
