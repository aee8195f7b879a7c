"""One request of the demonstration, and its bytes in either dialect."""

from __future__ import annotations

import msgspec

from licet.demo.persons import Dialect, Person

PATHS: dict[Dialect, str] = {"chat": "/v1/chat/completions", "messages": "/v1/messages"}
TOKENS_MAX = 64


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """What a person asks for: a model by its `name`, or a workload, whose plan is followed.

    `case` is unique in a pass. `drip_ms`: the vendor lets so much time pass before each event,
    so that the answer is still on its way when something changes.
    """

    case: str
    person: Person
    dialect: Dialect
    name: str
    stream: bool
    drip_ms: int | None = None

    @property
    def by_workload(self) -> bool:
        return self.name == self.workload

    @property
    def workload(self) -> str:
        """The workload under which this is decided."""
        return self.person.workloads[self.dialect]


def body(ask: Ask) -> bytes:
    """The JSON body; who really asks is said in the prompt, which only vendors read."""
    prompt = f"[[person:{ask.person.id}]] [[case:{ask.case}]] What is permitted today?"
    if ask.drip_ms is not None:
        prompt += f" [[sim:slow_drip:{ask.drip_ms}]]"
    fields: dict[str, object] = {
        "model": ask.name,
        "messages": [{"role": "user", "content": prompt}],
        "stream": ask.stream,
    }
    if ask.dialect == "messages":
        fields["max_tokens"] = TOKENS_MAX
    return msgspec.json.encode(fields)


def head(ask: Ask, *, host: str, key: str, token: str | None, length: int) -> bytes:
    """The request's head, with the blank line that ends it."""
    lines = [
        f"POST {PATHS[ask.dialect]} HTTP/1.1",
        f"host: {host}",
        "content-type: application/json",
        f"content-length: {length}",
    ]
    if ask.dialect == "chat":
        lines.append(f"authorization: Bearer {key}")
    else:
        lines += [f"x-api-key: {key}", "anthropic-version: 2023-06-01"]
    if token is not None:
        lines.append(f"licet-subject: {token}")
    return "\r\n".join([*lines, "", ""]).encode()
