"""Witnesses, and checkpoints published: a face of its own, because the recorder starts without."""

from licet.storage.witnesses.publishing import Published, publish
from licet.storage.witnesses.remembering import Witness, witness_server
from licet.storage.witnesses.sinks import FolderSink, HttpSink, Sink, is_url

__all__ = [
    "FolderSink",
    "HttpSink",
    "Published",
    "Sink",
    "Witness",
    "is_url",
    "publish",
    "witness_server",
]
