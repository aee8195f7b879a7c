"""Simulated vendors: every dialect on real sockets, faults by script, a ledger of arrivals."""

from licet.sim.conversation import Conversation
from licet.sim.ledger import End, Entry, Ledger, Reset, read_ledger
from licet.sim.performance import Action, Close, Finish, Hold, Send
from licet.sim.questions import PATHS, Dialect
from licet.sim.replies import VendorSpec
from licet.sim.script import FAULTS, Cue, Script, ScriptedFault, parse_fault, read_cues
from licet.sim.server import VendorProtocol
from licet.sim.vendor import Simulation, Vendor
from licet.sim.vendors import (
    JUNE_2026,
    SIM_KEY,
    LedgerFile,
    Vendors,
    fast_answer,
    run,
    serve,
    table,
)

__all__ = [
    "FAULTS",
    "JUNE_2026",
    "PATHS",
    "SIM_KEY",
    "Action",
    "Close",
    "Conversation",
    "Cue",
    "Dialect",
    "End",
    "Entry",
    "Finish",
    "Hold",
    "Ledger",
    "LedgerFile",
    "Reset",
    "Script",
    "ScriptedFault",
    "Send",
    "Simulation",
    "Vendor",
    "VendorProtocol",
    "VendorSpec",
    "Vendors",
    "fast_answer",
    "parse_fault",
    "read_cues",
    "read_ledger",
    "run",
    "serve",
    "table",
]
