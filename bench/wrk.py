"""wrk as load: every connection posts a 1 KB chat request again and again, kept alive."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.processes import on_core
from bench.targets import Running

HELP = "wrk is not installed: `apt-get install wrk` brings it"
BODY_BYTES = 1024

_SCRIPT = """
wrk.method = "POST"
wrk.path = "/v1/chat/completions"
wrk.headers["Authorization"] = "Bearer {key}"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Accept"] = "application/json"
wrk.headers["User-Agent"] = "OpenAI/Python 3.52.0"
wrk.body = [==[{body}]==]
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    '\\nresult {{"requests": %d, "duration_us": %d, "errors": %d, "p50_us": %d, "p99_us": %d}}\\n',
    summary.requests, summary.duration, e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50), latency:percentile(99)))
end
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """One round of load: all times in microseconds."""

    requests: int
    duration_us: int
    errors: int
    p50_us: int
    p99_us: int

    @property
    def requests_per_s(self) -> float:
        return self.requests * 1_000_000 / self.duration_us


def binary() -> str:
    """Where wrk is; `RuntimeError` with the remedy if it is nowhere."""
    found = shutil.which("wrk")
    if found is None:
        raise RuntimeError(HELP)
    return found


def chat_body(model: str) -> str:
    """A chat request of `BODY_BYTES` bytes."""
    request = {"model": model, "messages": [{"role": "user", "content": ""}]}
    missing = BODY_BYTES - len(json.dumps(request))
    request["messages"] = [{"role": "user", "content": ("why " * missing)[:missing]}]
    return json.dumps(request)


def press(
    target: Running, *, folder: Path, model: str, connections: int, seconds: int, core: int
) -> Load:
    """Loads `target` for so many seconds; `RuntimeError` if any request failed."""
    script = folder / "wrk.lua"
    script.write_text(_SCRIPT.format(key=target.key, body=chat_body(model)))
    argv = [binary(), "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(script), target.url]
    said = subprocess.run(on_core(core, argv), check=True, capture_output=True, text=True).stdout
    _, found, result = said.rpartition("result ")
    if not found:
        raise RuntimeError(f"wrk gave no result: {said[-500:]}")
    load = Load(**json.loads(result))
    if load.errors or not load.requests:
        raise RuntimeError(f"{load.errors} of {load.requests} requests failed at {target.url}")
    return load
