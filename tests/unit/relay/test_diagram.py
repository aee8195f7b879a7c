"""The diagram in `docs/internals/relay.md` is drawn from the table (`LICET_GOLDEN=write`)."""

from __future__ import annotations

import os
from pathlib import Path

from licet.relay import TABLE, State

PAGE = Path(__file__).parents[3] / "docs" / "internals" / "relay.md"
START, END = "<!-- drawn from the table: begin -->\n", "<!-- drawn from the table: end -->\n"


def draw() -> str:
    """The table as a Mermaid state diagram; events that stay in a state are in the list below."""
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> checking"]
    stays: dict[State, list[str]] = {}
    for state, moves in TABLE.items():
        arrows: dict[State, list[str]] = {}
        for event, transition in moves.items():
            for target in transition.to:
                if target is state:
                    stays.setdefault(state, []).append(event.value)
                else:
                    arrows.setdefault(target, []).append(event.value)
        for target, events in arrows.items():
            lines.append(f"    {state.value} --> {target.value}: {', '.join(events)}")
    lines += ["    done --> [*]", "```", ""]
    lines.append("Events after which a state may stay as it is:")
    lines.append("")
    for state, events in stays.items():
        lines.append(f"- `{state.value}`: {', '.join(events)}")
    return "\n".join(lines) + "\n"


def test_the_page_shows_the_table_as_it_is() -> None:
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(START)
    drawn, _, after = rest.partition(END)
    if os.environ.get("LICET_GOLDEN") == "write":
        PAGE.write_text(f"{before}{START}{draw()}{END}{after}", encoding="utf-8")
    else:
        assert drawn == draw(), "redraw with: LICET_GOLDEN=write pytest tests/unit/relay"
