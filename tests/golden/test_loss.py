"""docs/loss.md is the table of losses, and no parameter of an official client is missing in it.

`python -m tests.golden.test_loss` writes it anew.
"""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest
from anthropic.resources.beta.messages import Messages as BetaMessages
from anthropic.resources.messages import Messages
from openai.resources import Embeddings
from openai.resources.chat.completions import Completions
from openai.resources.responses import Responses

from licet.wire import LOSSES, OPERATIONS, UNTRANSLATED, Dialect, Fate, Loss, Operation

PAGE = Path(__file__).parents[2] / "docs" / "loss.md"

NAMES: dict[Dialect, str] = {
    "chat": "Chat Completions",
    "messages": "Messages",
    "responses": "Responses",
}
HEAD = """# What is lost between two dialects

Where a caller and a vendor speak different dialects, the gateway translates. This page says what
becomes of each parameter. It is made from the table that the translation itself asks.

- **kept**: said in other words, with the same meaning.
- **emulated**: what comes near to it is done, as the note says.
- **dropped**: left out, and named in the header `Licet-Dropped` and in the record; refused where
  the workload says `lossless = true`.
- **refused**: no vendor of that dialect is asked. Where there is no other, the request ends
  with 400 `untranslatable`, which names the parameter.
- **stripped**: bound to the vendor that made it, so that it never reaches another; named in the
  record.

Within one dialect everything passes, but for what an endpoint wants otherwise: names of persons are
replaced or left out (`end_user`), which is recorded as stripped; of two bounds on an answer that
differ, one is dropped where the endpoint knows one name for it (`token_limit`). What chooses an
account of the vendor's, as `workspace_id`, is dropped everywhere. Of `fallbacks` and
`models`, by which a vendor may answer with other models, those pass that are candidates of what
was asked for and permitted to the caller there and then; the rest is dropped, and so is what names
no model.

A parameter that is in no table is dropped, and named. `null` is no parameter; nor is a value that
says nothing, as `n = 1`. A name with dots lies inside another parameter.

Answers lose little. Reasoning of another vendor is not shown to a caller of Messages, since it
bears no signature and would be refused when it is sent back; in a stream it becomes a `ping`.
It is `reasoning_content` to a caller of chat and an item of `reasoning` to a caller of Responses,
never text; such an item may come back, and goes to no vendor. A reason for stopping that the
other dialect has no word for is told as its neighbour, with the vendor's own word beside it as
`vendor_stop_reason`. Usage that no vendor gave is estimated, and says `estimated`. Arguments of a
tool that are no JSON object are kept as they were written: in a whole answer of Messages as
`{"INVALID_JSON": "..."}`. Citations and the results of tools that a vendor runs by itself have no
place in another dialect.

A caller of Responses cannot rest on what a vendor keeps, in whatever dialect it is answered:
`conversation`, `background` and references to stored items are refused with 400 `vendor_state`,
because all callers share the operator's account. What went before is sent in `input`, which every
vendor understands; by the gateway itself where the workload keeps responses (`keep_responses`), and
else `previous_response_id` is refused in the same way.
"""
BESIDE = """\
What is asked for in one dialect alone is never translated: it passes as it came. Vectors come from
the first model of the workload that any of its endpoints makes them with, and from no other. Where
none of its endpoints counts tokens, that is 400 `not_offered`, or with `count_tokens = "estimate"`
an estimate, marked by `Licet-Estimated: input_tokens`.
"""
COLUMNS: tuple[Fate, ...] = ("kept", "emulated", "dropped", "refused", "stripped")


def page() -> str:
    sections = [HEAD]
    for (source, target), rows in LOSSES.items():
        sections.append(table(f"From {NAMES[source]} to {NAMES[target]}", "there", rows))
    sections.append(BESIDE)
    for operation, rows in UNTRANSLATED.items():
        path = next(path for path, (_, one) in OPERATIONS.items() if one == operation)
        sections.append(table(f"`POST {path}`", "at the vendor", rows))
    return "\n".join(sections)


def table(title: str, where: str, rows: dict[str, Loss]) -> str:
    lines = [f"## {title}\n", f"| parameter | fate | {where} |", "|---|---|---|"]
    ordered = sorted(rows.values(), key=lambda row: COLUMNS.index(row.fate))
    lines += [f"| `{row.parameter}` | {row.fate} | {row.note} |" for row in ordered]
    return "\n".join(lines) + "\n"


def test_the_page_is_the_table() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), (
        "write it anew: python -m tests.golden.test_loss"
    )


# Of the client itself: they never become part of a request's body.
LOCAL = {"self", "extra_headers", "extra_query", "extra_body", "timeout"}


@pytest.mark.parametrize(
    ("source", "create"),
    [
        ("chat", Completions.create),
        ("messages", Messages.create),
        ("messages", BetaMessages.create),
        ("responses", Responses.create),
    ],
)
def test_every_parameter_of_the_official_clients_has_its_row(
    source: Dialect, create: object
) -> None:
    assert callable(create)
    parameters = set(inspect.signature(create).parameters) - LOCAL
    assert len(parameters) > 10
    for (spoken, _), rows in LOSSES.items():
        if spoken == source:
            assert parameters - rows.keys() == set()


@pytest.mark.parametrize(
    ("operation", "ask"),
    [
        ("embeddings", Embeddings.create),
        ("count_tokens", Messages.count_tokens),
        ("count_tokens", BetaMessages.count_tokens),
    ],
)
def test_so_has_every_parameter_of_what_is_asked_beside_answers(
    operation: Operation, ask: object
) -> None:
    assert callable(ask)
    parameters = set(inspect.signature(ask).parameters) - LOCAL
    assert parameters - UNTRANSLATED[operation].keys() == set()


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
