"""docs/vendors.md is the table of presets, and every one of them is an endpoint of three lines.

`python -m tests.golden.test_vendors` writes it anew.
"""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from licet.catalog import PRESETS, Dialect, Preset, Way
from licet.gateway import path_of
from licet.policy import Configuration, parse

PAGE = Path(__file__).parents[2] / "docs" / "vendors.md"
HEAD = """# Vendors

An endpoint of a vendor that is known here is three lines of `catalog/*.toml`:

```toml
[[endpoint]]
id = "openai"
vendor = "openai"
model = "gpt-5.6"
```

The rest is filled in from the table below, which is part of the program; `licet check` says what
was filled in, and every key that the endpoint has itself wins. Not filled in is `place`, where the
endpoint stands: that depends on a region or a contract, and rules go by it. The operator becomes
an organisation of the catalogue unless a file already has it. What is in braces is a key of the
endpoint. Servers that anybody may run need `operator` too. The model is described once, whoever
serves it: a `[[model]]` with `id`, `lineage` and `developer`, since rules go by them. `licet probe
ID` asks one question of the endpoint as it is configured, and tells whether what is known here is
still true.

Nothing below was ever held against the vendor itself: where this software is made, no vendor can
be reached. **schema** means that what is written and read is held against the types of the
vendor's own client; **simulated** that it is held against simulated vendors alone, which have the
same paths and headers. Ask `licet probe` before you rely on it.
"""
TAILS = {"chat": "/chat/completions", "messages": "/messages", "responses": "/responses"}
HEADERS = {
    "bearer": "`Authorization: Bearer`",
    "google": "`Authorization: Bearer`",
    "sigv4": "a signature",
}
CARRIED = {
    "bedrock": "model/{model}/invoke",
    "vertex": "publishers/anthropic/models/{model}:rawPredict",
}
MODEL = '[[model]]\nid = "m"\n'


def page() -> str:
    parts = [HEAD]
    for name, preset in PRESETS.items():
        parts.append(section(name, preset))
    return "\n".join(parts)


def section(name: str, preset: Preset) -> str:
    lines = [f"## `{name}`: {preset.title}", ""]
    if preset.operator:
        lines.append(f"Operator `{preset.operator}`, controlled from {preset.controlled_from}.")
    else:
        lines.append("Its `operator` has to be named.")
    if preset.credential:
        lines.append(f"Credential: the environment variable `{preset.credential}`.")
    if preset.note:
        lines += textwrap.wrap(preset.note, 118, break_on_hyphens=False)
    lines += ["", "| dialect | path | credential in | offers | sets | verified |"]
    lines.append("|---|---|---|---|---|---|")
    lines += [row(dialect, way) for dialect, way in preset.ways.items()]
    return "\n".join(lines) + "\n"


def row(dialect: str, way: Way) -> str:
    tail = TAILS[dialect]
    address = f"`{way.base_url}/{way.version}{tail}`" if way.base_url else "`base_url`"
    if way.carriage != "plain":
        address = f"`{way.base_url}/{CARRIED[way.carriage]}`"
    settings = []
    if way.end_user != "keep":
        settings.append(f'`end_user = "{way.end_user}"`')
    if way.token_limit:
        settings.append(f'`token_limit = "{way.token_limit}"`')
    if way.inference_geo:
        settings.append("`inference_geo`")
    header = HEADERS.get(way.auth, f"`{way.auth}`")
    offers = ", ".join(f"`{one}`" for one in way.offers)
    cells = (dialect, address, header, offers, ", ".join(settings) or "nothing", way.verified)
    return f"| {' | '.join(cells)} |"


def test_the_page_is_the_table() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), (
        "write it anew: python -m tests.golden.test_vendors"
    )


WAYS = [(name, dialect) for name, preset in PRESETS.items() for dialect in preset.ways]


def written(name: str, *lines: str) -> Configuration:
    """The configuration with an endpoint of that vendor, and what is not known of it."""
    text = [MODEL, "[[endpoint]]", 'id = "e"', f'vendor = "{name}"', 'model = "m"', *lines]
    if not PRESETS[name].operator:
        text += ['operator = { id = "own" }', '[[organisation]]\nid = "own"']
    settings = '[operator]\nname = "O"\nurl = "https://o.example"\ncontact = "c"\n'
    files = {"licet.toml": settings.encode(), "catalog/all.toml": "\n".join(text).encode()}
    return parse(files)


@pytest.mark.parametrize(("name", "dialect"), WAYS)
def test_what_a_preset_says_is_an_endpoint(name: str, dialect: Dialect) -> None:
    way = PRESETS[name].ways[dialect]
    extra = [f'{key} = "one"' for key in ("region", "project", "resource")]
    extra += [] if way.base_url else ['base_url = "http://127.0.0.1:1"']
    found = written(name, f'dialect = "{dialect}"', *extra)
    assert found.faults == ()
    (endpoint,) = found.sources.endpoints
    assert endpoint.dialect == dialect
    assert endpoint.models == {"m": "m"}
    assert "{" not in endpoint.base_url
    assert way.carriage != "plain" or path_of(endpoint).startswith(f"/{way.version}/")
    assert all(endpoint.serves(one) for one in way.offers)
    assert (endpoint.end_user, endpoint.token_limit) == (way.end_user, way.token_limit)
    assert endpoint.place is None
    if PRESETS[name].operator:
        assert [one.id for one in found.sources.organisations] == [endpoint.operator.id]
    assert ("e" in found.credentials) == bool(PRESETS[name].credential)


def test_what_the_file_says_wins_and_the_rest_is_told() -> None:
    found = written(
        "anthropic",
        'base_url = "https://proxy.example"',
        'end_user = "drop"',
        'credential = { file = "secrets/key" }',
        "inference_geo = {}",
        '[[organisation]]\nid = "anthropic"\nname = "As we call it"',
    )
    assert found.faults == ()
    (endpoint,) = found.sources.endpoints
    assert (endpoint.base_url, endpoint.end_user) == ("https://proxy.example", "drop")
    assert endpoint.inference_geo == {}
    assert found.credentials["e"].file == "secrets/key"
    assert [one.name for one in found.sources.organisations] == ["As we call it"]
    assert found.filled["e"] == (
        'dialect = "messages"',
        'operator = { id = "anthropic", controlled_from = "US" }',
        'auth = "x-api-key"',
        'offers = ["answer", "count_tokens"]',
    )


@pytest.mark.parametrize(
    ("name", "lines", "said"),
    [
        ("openai", ['dialect = "messages"'], "`openai` is not known to speak `messages`"),
        ("openai", ['models = ["m"]'], "`model` and `models` say the same"),
        ("azure-openai", [], "`resource` is missing"),
        ("azure-openai", ['resource = "evil.example/"'], "cannot be part of an address"),
        ("compatible", [], "`base_url` is missing"),
        ("anthropic", ['token_limit = "max_tokens"'], "`token_limit` is about the dialect `chat`"),
    ],
)
def test_what_cannot_be_filled_in_is_said(name: str, lines: list[str], said: str) -> None:
    (fault,) = written(name, *lines).faults
    assert said in str(fault)


def test_a_vendor_that_is_misspelt_is_found() -> None:
    text = f'[[endpoint]]\nid = "e"\nvendor = "openaii"\nmodel = "m"\n{MODEL}'
    settings = '[operator]\nname = "O"\nurl = "https://o.example"\ncontact = "c"\n'
    found = parse({"licet.toml": settings.encode(), "catalog/all.toml": text.encode()})
    assert "did you mean `openai`?" in str(found.faults[0])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
