"""The plan and the life of one request: pure."""

from licet.relay.breaker import Breakers, BreakerSettings
from licet.relay.failures import Failure, FailureKind, Refused, failure_of_status
from licet.relay.plan import Considered, Plan, Target, of_one_model, plan, target
from licet.relay.states import Command, Conclusion, Event, RelaySettings, State
from licet.relay.table import TABLE, Relay

__all__ = [
    "TABLE",
    "BreakerSettings",
    "Breakers",
    "Command",
    "Conclusion",
    "Considered",
    "Event",
    "Failure",
    "FailureKind",
    "Plan",
    "Refused",
    "Relay",
    "RelaySettings",
    "State",
    "Target",
    "failure_of_status",
    "of_one_model",
    "plan",
    "target",
]
