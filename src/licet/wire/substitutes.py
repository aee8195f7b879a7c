"""Models that a vendor may put in the place of the one that was asked for, by itself.

Sources: Anthropic API reference (`fallbacks`); OpenRouter API reference (`models`, tried in
order). The rules decide on one model at one endpoint, and whoever may not use another must not
get it by this way either; which model follows is in the workload, and decided like the first.
"""

from __future__ import annotations

from typing import Final

from msgspec import structs

from licet.wire.requests import Request

SUBSTITUTES: Final = frozenset({"fallbacks", "models"})
"""Parameters that name such models, in whatever dialect."""


def without_substitutes(request: Request) -> tuple[Request, tuple[str, ...]]:
    """The request as no vendor can answer it with another model, and the names of what was left
    out for that. What is `null` says nothing, and is no loss."""
    if SUBSTITUTES.isdisjoint(request.fields):
        return request, ()
    found = sorted(SUBSTITUTES & request.fields.keys())
    fields = {name: raw for name, raw in request.fields.items() if name not in SUBSTITUTES}
    lost = tuple(name for name in found if bytes(request.fields[name]) != b"null")
    return structs.replace(request, fields=fields), lost
