"""Witnesses, and checkpoints published: a face of its own, because the recorder starts without."""

from licet.storage.witnesses.publishing import Published, publish
from licet.storage.witnesses.remembering import Witness, witness_server

__all__ = ["Published", "Witness", "publish", "witness_server"]
