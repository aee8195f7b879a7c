"""The simulation's own endpoints, at every vendor's port: script, ledger, resume, reset."""

from __future__ import annotations

from urllib.parse import parse_qs

from licet.sim.ledger import dump
from licet.sim.performance import Reply
from licet.sim.pieces import encode, halves
from licet.sim.questions import Arrival
from licet.sim.script import read_cues
from licet.sim.vendor import Simulation
from licet.terms import Instant

CONTROL = "/sim/"


def control(simulation: Simulation, arrival: Arrival, at: Instant) -> Reply:
    """`POST /sim/script`, `GET /sim/ledger?since=n`, `POST /sim/resume`, `POST /sim/reset`."""
    match arrival.method, arrival.path:
        case "POST", "/sim/script":
            return _script(simulation, arrival)
        case "GET", "/sim/ledger":
            since = parse_qs(arrival.query).get("since", ["0"])[-1]
            if not since.isdecimal():
                return _error(400, f"`since` counts lines and is `{since}`")
            lines = simulation.ledger.lines(int(since))
            headers = (("content-type", "application/jsonl"),)
            return Reply(status=200, headers=headers, pieces=halves(dump(lines)))
        case "POST", "/sim/resume":
            return _json(200, {"resumed": simulation.resume()})
        case "POST", "/sim/reset":
            simulation.reset(at)
            return _json(200, {"reset": True})
    return _error(404, f"no endpoint of the simulation at `{arrival.method} {arrival.path}`")


def _script(simulation: Simulation, arrival: Arrival) -> Reply:
    """Adds the cues of a JSON or, by its content type, TOML document."""
    toml = "toml" in arrival.headers.get("content-type", "")
    try:
        cues = read_cues(arrival.body, form="toml" if toml else "json")
    except ValueError as error:
        return _error(400, str(error))
    simulation.script.add(cues)
    return _json(200, {"added": len(cues)})


def _error(status: int, message: str) -> Reply:
    return _json(status, {"error": message})


def _json(status: int, body: dict[str, object]) -> Reply:
    headers = (("content-type", "application/json"),)
    return Reply(status=status, headers=headers, pieces=halves(encode(body)))
