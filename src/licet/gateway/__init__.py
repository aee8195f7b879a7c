"""The gateway: the supervisor, its workers, and the path of a request."""

from licet.gateway.adoption import Adopted, Adopter
from licet.gateway.control_client import ask
from licet.gateway.messages import Secrets
from licet.gateway.plan import Plan, Running
from licet.gateway.supervisor import Supervisor
from licet.gateway.suspension import Suspended, Suspension, recover, suspend, with_suspension

__all__ = [
    "Adopted",
    "Adopter",
    "Plan",
    "Running",
    "Secrets",
    "Supervisor",
    "Suspended",
    "Suspension",
    "ask",
    "recover",
    "suspend",
    "with_suspension",
]
