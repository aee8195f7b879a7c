"""The gateway: the supervisor, its workers, and the path of a request."""

from licet.gateway.adoption import Adopted, Adopter
from licet.gateway.certificates import listening_context
from licet.gateway.control_client import ask
from licet.gateway.folder import Folder
from licet.gateway.folder_adopter import FolderAdopter
from licet.gateway.google_tokens import ask_token, check_sources
from licet.gateway.key_keeping import kept_keys
from licet.gateway.messages import Place, Publication, Ready, Secrets, frame
from licet.gateway.plan import Plan, Running
from licet.gateway.probe import Probed, probe_endpoint
from licet.gateway.publication import TILES
from licet.gateway.register_history import History, read_history
from licet.gateway.rounds import Rounds, Work
from licet.gateway.routing import path_of
from licet.gateway.standing import Selected, Standing, stand
from licet.gateway.supervisor import Supervisor
from licet.gateway.suspension import Suspended, Suspension, recover, suspend, with_suspension
from licet.gateway.worker_process import run_worker

__all__ = [
    "TILES",
    "Adopted",
    "Adopter",
    "Folder",
    "FolderAdopter",
    "History",
    "Place",
    "Plan",
    "Probed",
    "Publication",
    "Ready",
    "Rounds",
    "Running",
    "Secrets",
    "Selected",
    "Standing",
    "Supervisor",
    "Suspended",
    "Suspension",
    "Work",
    "ask",
    "ask_token",
    "check_sources",
    "frame",
    "kept_keys",
    "listening_context",
    "path_of",
    "probe_endpoint",
    "read_history",
    "recover",
    "run_worker",
    "stand",
    "suspend",
    "with_suspension",
]
