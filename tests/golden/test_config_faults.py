"""What each wrong input of a configuration gets: `config_faults.txt`, made by the real code.

Each case changes a small valid configuration: `+++ PATH` is followed by lines that are added to
that file, `=== PATH` by the file's whole content, `--- PATH` removes it. After `>>>` comes what
is said. Written anew by `LICET_GOLDEN=write`, and then read before it is committed.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from licet.policy import parse

GOLDEN = Path(__file__).with_name("config_faults.txt")

BASE = {
    "licet.toml": """
[operator]
name = "Example"
url = "https://operator.example/ai"
contact = "compliance@operator.example"
""",
    "catalog/all.toml": """
[[model]]
id = "claude-fable-5"
lineage = ["mythos-5-base"]
developer = { id = "anthropic", place = "US" }
[[endpoint]]
id = "anthropic"
operator = { id = "anthropic" }
base_url = "https://api.anthropic.com"
dialect = "messages"
models = ["claude-fable-5"]
[[organisation]]
id = "anthropic"
[[organisation]]
id = "acme-grid"
""",
    "lists/annex.toml": """
id = "annex"
kind = "organisations"
[[version]]
effective_from = 2026-06-26T00:00:00-04:00
members = ["acme-grid"]
""",
    "workloads/review.toml": """
id = "review"
[[candidate]]
model = "claude-fable-5"
""",
    "directives/letter.toml": """
id = "letter"
kind = "restriction"
[[version]]
received = 2026-06-12T17:21:00-04:00
effective_from = 2026-06-12T17:21:00-04:00
""",
}


@dataclass
class Case:
    """One wrong configuration; `lines` as in the golden file, `said` what it holds for it."""

    title: str
    lines: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def files(self) -> dict[str, bytes]:
        files = {path: text.lstrip("\n") for path, text in BASE.items()}
        path = ""
        for line in self.lines:
            if match := re.fullmatch(r"(\+\+\+|===|---) (\S+)", line):
                how, path = match.groups()
                if how != "+++":
                    files.pop(path, None)
            else:
                files[path] = files.get(path, "") + line.replace("\\xff", "\udcff") + "\n"
        return {path: text.encode("utf-8", "surrogateescape") for path, text in files.items()}

    def render(self) -> str:
        faults = "\n".join(str(fault) for fault in parse(self.files()).faults)
        return "\n".join([f"# {self.title}", *self.lines, ">>>", faults, ""])


def read_cases(text: str) -> list[Case]:
    cases: list[Case] = []
    saying = False
    for line in text.splitlines():
        if line.startswith("# "):
            cases.append(Case(line[2:]))
            saying = False
        elif line == ">>>":
            saying = True
        elif saying:
            cases[-1].said.append(line)
        else:
            cases[-1].lines.append(line)
    return cases


def test_the_base_of_all_cases_is_valid() -> None:
    assert parse({path: text.encode() for path, text in BASE.items()}).faults == ()


def test_every_wrong_input_gets_its_message() -> None:
    text = GOLDEN.read_text(encoding="utf-8")
    cases = read_cases(text)
    assert len(cases) >= 40
    rendered = "\n".join(case.render() for case in cases)
    if os.environ.get("LICET_GOLDEN") == "write":
        text = rendered
        GOLDEN.write_text(text, encoding="utf-8")
    assert rendered == text


def test_no_wrong_input_passes() -> None:
    cases = read_cases(GOLDEN.read_text(encoding="utf-8"))
    assert [case.title for case in cases if not parse(case.files()).faults] == []


def test_every_message_has_a_place_and_the_form_of_a_fault() -> None:
    cases = read_cases(GOLDEN.read_text(encoding="utf-8"))
    for case in cases:
        for fault in parse(case.files()).faults:
            assert fault.place is not None
            assert fault.place.path, case.title
            assert not fault.message.endswith("."), case.title
            assert (
                fault.message[0] == "`"
                or not fault.message[0].isupper()
                or fault.message[:3] in ("not", "TLS", "UTF")
            ), case.title
