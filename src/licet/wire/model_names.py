"""Names of models: whether what a vendor says answered is what it was asked for.

Vendors answer under a fuller name than they are asked by: with the day of a release, in the place
of `latest`, with a region and a maker before it, or with a quantisation behind. Two names mean
one model if they are of the same words; a release that only one of them says is no difference,
and one that both say is. So an alias answers for its releases, and a pinned release for itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

NAMES_MAX: Final = 4_096
NAME_CHARACTERS_MAX: Final = 256

_BEFORE: Final = re.compile(r"(?:[a-z]+(?:-[a-z]+)?\.)+(?=[a-z])")
"""A region and a maker, as in `us.anthropic.claude-...` (Bedrock)."""
_BEHIND: Final = re.compile(
    r"(?:-v\d+:\d+|:(?:free|nitro|floor|online|extended|exacto|latest)"
    r"|[-.](?:q\d\w*|f16|bf16|fp8|fp16|gguf))+$"
)
"""A version of the model's card (Bedrock), a manner of routing (OpenRouter), a tag (Ollama), how
a file of weights is quantised: all of them one model."""
_BETWEEN: Final = re.compile(r"[-_.:@ ]+")
_DAY: Final = re.compile(r"20\d{6}|\d{6}|\d{4}|0\d\d")
"""`20250514`, `250528`, `0613` or `2411` or a year, `001`."""
_DAY_PART: Final = re.compile(r"[0-3]\d")
_PASSING: Final = frozenset({"latest", "preview", "exp", "experimental", "stable"})


def is_named(told: str, names: Iterable[str]) -> bool:
    """Whether a vendor that says `told` means the model of these `names`: the one that it was
    asked by, then others for the same. The first with the same words decides."""
    words, release = _read(told[:NAME_CHARACTERS_MAX])
    for name in names:
        own, pinned = _read(name)
        if own == words:
            return _agree(release, pinned)
    return False


@lru_cache(maxsize=NAMES_MAX)
def _read(name: str) -> tuple[tuple[str, ...], str]:
    """The words that a name is of, sorted since makers turn them about, and its release."""
    bare = name.lower().rstrip("/").rsplit("/", 1)[-1]
    bare = _BEHIND.sub("", _BEFORE.sub("", bare, count=1))
    parts = [part for part in _BETWEEN.split(bare) if part]
    words: list[str] = []
    release: list[str] = []
    after_day = False
    for place, part in enumerate(parts):
        following = parts[place + 1] if place + 1 < len(parts) else ""
        is_day = place > 0 and (
            _DAY.fullmatch(part) is not None
            or (_DAY_PART.fullmatch(part) is not None and (after_day or _is_year(following)))
        )
        if is_day:
            release.append(part)
        elif place > 0 and part in _PASSING:
            is_day = True
        else:
            words.append(part)
        after_day = is_day
    return tuple(sorted(words)), "".join(release)


def _is_year(part: str) -> bool:
    return len(part) == 4 and part.startswith("20") and part.isdigit()


def _agree(one: str, other: str) -> bool:
    """Whether two releases may be the same: `20230613`, and `0613` for short."""
    if not one or not other or one == other:
        return True
    long, short = (one, other) if len(one) > len(other) else (other, one)
    return long.endswith(short) or long[2:].startswith(short)
