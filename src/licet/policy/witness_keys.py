"""The keys of the witnesses that `licet.toml` names: each reads, before anything is published."""

from __future__ import annotations

from collections.abc import Iterator

from licet.catalog import Settings
from licet.evidence import parse_cosigner
from licet.terms import ConfigurationFault, Document, EvidenceFault


def check_witness_keys(document: Document, settings: Settings) -> Iterator[ConfigurationFault]:
    """A fault where a `key` is none of a witness: nothing would be published there, ever."""
    for place, one in enumerate(settings.evidence.publish):
        for number, witness in enumerate(one.witness):
            try:
                parse_cosigner(witness.key)
            except EvidenceFault as fault:
                path = ("evidence", "publish", place, "witness", number, "key")
                yield document.fault(
                    fault.code,
                    fault.message,
                    path,
                    remedy="the line that `licet witness new` printed, `NAME+ID+KEY` with a key of"
                    " type 4; the key of a log is none",
                )
