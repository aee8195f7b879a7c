"""What is known of vendors, so that an endpoint is three lines of a catalogue.

Every value is a default that the endpoint may say otherwise. Where an endpoint stands (`place`) is
in no preset: it depends on a region, a contract or a machine, and rules go by it.

Sources, as their makers publish them: API references of OpenAI, Anthropic, Azure OpenAI (v1),
Amazon Bedrock (bedrock-runtime), Vertex AI and the Gemini API (OpenAI compatibility), Mistral,
DeepSeek, BigModel and Z.ai, Moonshot, Groq, Together, OpenRouter; server manuals of vLLM, SGLang,
llama.cpp and Ollama.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from licet.catalog.nouns import Auth, Carriage, Dialect, EndUser, Operation, TokenLimit

Verified = Literal["schema", "simulated"]
"""`schema`: what we write and read is held against the types of the vendor's own client;
`simulated`: against simulated vendors alone, which we wrote. None was ever held against the
vendor itself."""

OLDER: TokenLimit = "max_tokens"
NEWER: TokenLimit = "max_completion_tokens"
OF_ANSWERS: tuple[Operation, ...] = ("answer",)
OF_VECTORS: tuple[Operation, ...] = ("answer", "embeddings")
OF_COUNTS: tuple[Operation, ...] = ("answer", "count_tokens")


@dataclass(frozen=True, kw_only=True)
class Way:
    """How a vendor is called in one dialect. Words in braces in `base_url` are keys of the
    endpoint; an empty one has to be given whole."""

    base_url: str
    version: str = "v1"
    auth: Auth = "bearer"
    carriage: Carriage = "plain"
    offers: tuple[Operation, ...] = OF_ANSWERS
    end_user: EndUser = "keep"
    token_limit: TokenLimit | None = None
    inference_geo: Mapping[str, str] = field(default_factory=dict)
    verified: Verified = "simulated"


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A vendor. `operator`: the organisation that runs it, with where it is controlled from;
    empty for servers that anybody may run. `credential`: the environment variable in which its
    own tools look for one; empty where there is none. The first dialect is the default. `note`:
    what whoever adds an endpoint must know besides."""

    title: str
    ways: Mapping[Dialect, Way]
    operator: str = ""
    controlled_from: str = ""
    credential: str = ""
    note: str = ""


PRESETS: Mapping[str, Preset] = {
    "openai": Preset(
        title="OpenAI",
        operator="openai",
        controlled_from="US",
        credential="OPENAI_API_KEY",
        ways={
            "chat": Way(
                base_url="https://api.openai.com",
                offers=OF_VECTORS,
                end_user="hash",
                token_limit=NEWER,
                verified="schema",
            ),
            "responses": Way(base_url="https://api.openai.com", end_user="hash", verified="schema"),
        },
    ),
    "anthropic": Preset(
        title="Anthropic",
        operator="anthropic",
        controlled_from="US",
        credential="ANTHROPIC_API_KEY",
        ways={
            "messages": Way(
                base_url="https://api.anthropic.com",
                auth="x-api-key",
                offers=OF_COUNTS,
                end_user="hash",
                inference_geo={"US": "us"},
                verified="schema",
            ),
            "chat": Way(base_url="https://api.anthropic.com"),
        },
    ),
    "azure-openai": Preset(
        title="Azure OpenAI",
        operator="microsoft",
        controlled_from="US",
        credential="AZURE_OPENAI_API_KEY",
        ways={
            "chat": Way(
                base_url="https://{resource}.openai.azure.com/openai",
                auth="api-key",
                offers=OF_VECTORS,
                token_limit=NEWER,
            ),
            "responses": Way(base_url="https://{resource}.openai.azure.com/openai", auth="api-key"),
        },
    ),
    "bedrock": Preset(
        title="Amazon Bedrock",
        operator="amazon",
        controlled_from="US",
        note="In the dialect Messages its `credential` is the JSON that `aws configure "
        "export-credentials --format process` prints, which signs each request; or with "
        '`auth = "bearer"` an API key of Bedrock, as in the other dialects. Needs the packages '
        "of `requirements/bedrock.txt`. Credentials that expire are read again at each "
        "`licet reload`.",
        ways={
            "messages": Way(
                base_url="https://bedrock-runtime.{region}.amazonaws.com",
                version="",
                auth="sigv4",
                carriage="bedrock",
            ),
            "chat": Way(
                base_url="https://bedrock-runtime.{region}.amazonaws.com/openai",
                token_limit=NEWER,
            ),
            "responses": Way(base_url="https://bedrock-runtime.{region}.amazonaws.com/openai"),
        },
    ),
    "vertex": Preset(
        title="Vertex AI",
        operator="google",
        controlled_from="US",
        note="Its `credential` is a file of credentials of Google (a service account's key, a "
        "federation), out of which the gateway gets access tokens and renews them; without one it "
        "asks the metadata server of its machine. Needs the packages of "
        '`requirements/google.txt`. With `auth = "bearer"` it is an access token, which somebody '
        "renews beside the gateway.",
        ways={
            "chat": Way(
                base_url="https://{region}-aiplatform.googleapis.com/v1/projects/{project}"
                "/locations/{region}/endpoints",
                version="openapi",
                auth="google",
                token_limit=OLDER,
            ),
            "messages": Way(
                base_url="https://{region}-aiplatform.googleapis.com/v1/projects/{project}"
                "/locations/{region}",
                version="",
                auth="google",
                carriage="vertex",
            ),
        },
    ),
    "gemini": Preset(
        title="Gemini API",
        operator="google",
        controlled_from="US",
        credential="GEMINI_API_KEY",
        ways={
            "chat": Way(
                base_url="https://generativelanguage.googleapis.com/v1beta",
                version="openai",
                offers=OF_VECTORS,
                token_limit=OLDER,
            )
        },
    ),
    "mistral": Preset(
        title="Mistral AI",
        operator="mistral",
        controlled_from="FR",
        credential="MISTRAL_API_KEY",
        ways={
            "chat": Way(
                base_url="https://api.mistral.ai",
                offers=OF_VECTORS,
                end_user="drop",
                token_limit=OLDER,
            )
        },
    ),
    "deepseek": Preset(
        title="DeepSeek",
        operator="deepseek",
        controlled_from="CN",
        credential="DEEPSEEK_API_KEY",
        ways={
            "chat": Way(base_url="https://api.deepseek.com", token_limit=OLDER),
            "messages": Way(base_url="https://api.deepseek.com/anthropic", auth="x-api-key"),
        },
    ),
    "zhipu": Preset(
        title="Zhipu (BigModel)",
        operator="zhipu",
        controlled_from="CN",
        credential="ZHIPU_API_KEY",
        ways={
            "chat": Way(
                base_url="https://open.bigmodel.cn/api/paas",
                version="v4",
                offers=OF_VECTORS,
                token_limit=OLDER,
            ),
            "messages": Way(base_url="https://open.bigmodel.cn/api/anthropic", auth="x-api-key"),
        },
    ),
    "zai": Preset(
        title="Z.ai (Zhipu, outside China)",
        operator="zhipu",
        controlled_from="CN",
        credential="ZAI_API_KEY",
        ways={
            "chat": Way(base_url="https://api.z.ai/api/paas", version="v4", token_limit=OLDER),
            "messages": Way(base_url="https://api.z.ai/api/anthropic", auth="x-api-key"),
        },
    ),
    "moonshot": Preset(
        title="Moonshot",
        operator="moonshot",
        controlled_from="CN",
        credential="MOONSHOT_API_KEY",
        ways={
            "chat": Way(base_url="https://api.moonshot.ai", token_limit=OLDER),
            "messages": Way(base_url="https://api.moonshot.ai/anthropic", auth="x-api-key"),
        },
    ),
    "groq": Preset(
        title="Groq",
        operator="groq",
        controlled_from="US",
        credential="GROQ_API_KEY",
        ways={"chat": Way(base_url="https://api.groq.com/openai", token_limit=NEWER)},
    ),
    "together": Preset(
        title="Together AI",
        operator="together",
        controlled_from="US",
        credential="TOGETHER_API_KEY",
        ways={
            "chat": Way(base_url="https://api.together.xyz", offers=OF_VECTORS, token_limit=OLDER)
        },
    ),
    "openrouter": Preset(
        title="OpenRouter",
        operator="openrouter",
        controlled_from="US",
        credential="OPENROUTER_API_KEY",
        ways={
            "chat": Way(base_url="https://openrouter.ai/api", offers=OF_VECTORS, token_limit=OLDER)
        },
    ),
    "vllm": Preset(
        title="vLLM",
        ways={
            "chat": Way(base_url="http://127.0.0.1:8000", offers=OF_VECTORS),
            "messages": Way(base_url="http://127.0.0.1:8000", auth="bearer"),
        },
    ),
    "sglang": Preset(
        title="SGLang",
        ways={"chat": Way(base_url="http://127.0.0.1:30000", offers=OF_VECTORS, token_limit=OLDER)},
    ),
    "llama.cpp": Preset(
        title="llama.cpp",
        ways={
            "chat": Way(base_url="http://127.0.0.1:8080", offers=OF_VECTORS, token_limit=OLDER),
            "messages": Way(base_url="http://127.0.0.1:8080", auth="bearer", offers=OF_COUNTS),
        },
    ),
    "ollama": Preset(
        title="Ollama",
        ways={
            "chat": Way(base_url="http://127.0.0.1:11434", offers=OF_VECTORS, token_limit=OLDER),
            "messages": Way(base_url="http://127.0.0.1:11434", auth="bearer"),
        },
    ),
    "compatible": Preset(
        title="any server that is compatible with OpenAI's",
        ways={"chat": Way(base_url="", offers=OF_VECTORS, token_limit=OLDER)},
    ),
}
"""By the name that an endpoint's `vendor` has."""
