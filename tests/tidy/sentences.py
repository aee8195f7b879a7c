"""The sentences of a page: of its prose, its lists and its tables, without examples."""

from __future__ import annotations

import re

_END = re.compile(r"(?<=[.])\s+(?=[A-Z*`\[])")
_LEAD = re.compile(r"^(- |\d+\. )")


def sentences(page: str) -> list[str]:
    """Each sentence, list item and table row, in order, on one line; headings and code are none."""
    found: list[str] = []
    block: list[str] = []
    fenced = False

    def close() -> None:
        text = " ".join(block)
        block.clear()
        found.extend(one for one in _END.split(text) if one)

    for line in page.splitlines():
        if line.startswith("```"):
            close()
            fenced = not fenced
        elif fenced or line.startswith("#") or not line.strip():
            close()
        elif line.startswith("|"):
            close()
            if set(line) - set("|-: "):
                found.append(line.strip("| ").replace(" | ", ": "))
        else:
            if _LEAD.match(line):
                close()
            block.append(_LEAD.sub("", line).strip())
    close()
    return found
