"""Bytes in, bytes out: the dialects that callers and vendors speak.

Pure. Where caller and vendor speak one dialect, top levels are decoded and nested bytes pass
untouched; between two, everything goes through one neutral form. `docs/internals/wire.md`
tells how.
"""

from licet.wire.answer_bodies import read_answer
from licet.wire.answers import Answer
from licet.wire.continuations import (
    INSTRUCTION,
    ContinuedBy,
    continuable,
    continued,
    manner_of,
    without_notices,
)
from licet.wire.counting import read_count, write_estimate
from licet.wire.dialect import (
    CHAT,
    CHAT_PATH,
    COUNT_TOKENS_PATH,
    DIALECTS,
    EMBEDDINGS_PATH,
    MESSAGES,
    MESSAGES_PATH,
    MODELS_PATH,
    OPERATIONS,
    RESPONSES,
    RESPONSES_PATH,
    Dialect,
    Operation,
)
from licet.wire.embeddings import read_embeddings
from licet.wire.errors import (
    ERROR_FORMS,
    ErrorBody,
    ErrorForm,
    LicetDetails,
    Reason,
    error_of,
    write_error,
    write_stream_error,
)
from licet.wire.fates import Fate, Loss
from licet.wire.fitting import EndUser, Fitted, Manner, TokenLimit, fit
from licet.wire.frames import Frame
from licet.wire.headers import (
    ACCOUNT_HEADERS,
    ANTHROPIC_VERSION,
    HOP_BY_HOP,
    RATE_LIMIT_PREFIXES,
    REQUEST_ID,
    REQUEST_PASSED,
    RESPONSE_KEPT,
    Auth,
    Header,
    credential_headers,
    request_headers,
    response_headers,
)
from licet.wire.losses import LOSSES, UNTRANSLATED, loss_of
from licet.wire.model_names import is_named
from licet.wire.models import ModelEntry, write_model, write_models
from licet.wire.progress import Kind, Progress
from licet.wire.reasoning import without_reasoning
from licet.wire.request_bodies import missing_part, read_request, write_request
from licet.wire.requests import Ability, Request
from licet.wire.streams import EVENT_SIZE_MAX, StreamReader, keep_alive
from licet.wire.substitutes import SUBSTITUTES, substitutes_of, with_substitutes
from licet.wire.transcripts import Transcript
from licet.wire.translation import (
    AnswerTranslator,
    Translated,
    translate_request,
    translates,
    write_vendor_error,
)
from licet.wire.turns import (
    RESPONSE_ID,
    Before,
    Joined,
    Retelling,
    is_stored,
    joined,
    own_input,
    unstored,
    write_items,
    write_page,
)
from licet.wire.usage import CHARACTERS_PER_TOKEN, Usage, estimate_tokens, sum_of
from licet.wire.vendor import Blame, VendorError, malformed, read_vendor_error
from licet.wire.vendor_state import previous_refused

__all__ = [
    "ACCOUNT_HEADERS",
    "ANTHROPIC_VERSION",
    "CHARACTERS_PER_TOKEN",
    "CHAT",
    "CHAT_PATH",
    "COUNT_TOKENS_PATH",
    "DIALECTS",
    "EMBEDDINGS_PATH",
    "ERROR_FORMS",
    "EVENT_SIZE_MAX",
    "HOP_BY_HOP",
    "INSTRUCTION",
    "LOSSES",
    "MESSAGES",
    "MESSAGES_PATH",
    "MODELS_PATH",
    "OPERATIONS",
    "RATE_LIMIT_PREFIXES",
    "REQUEST_ID",
    "REQUEST_PASSED",
    "RESPONSES",
    "RESPONSES_PATH",
    "RESPONSE_ID",
    "RESPONSE_KEPT",
    "SUBSTITUTES",
    "UNTRANSLATED",
    "Ability",
    "Answer",
    "AnswerTranslator",
    "Auth",
    "Before",
    "Blame",
    "ContinuedBy",
    "Dialect",
    "EndUser",
    "ErrorBody",
    "ErrorForm",
    "Fate",
    "Fitted",
    "Frame",
    "Header",
    "Joined",
    "Kind",
    "LicetDetails",
    "Loss",
    "Manner",
    "ModelEntry",
    "Operation",
    "Progress",
    "Reason",
    "Request",
    "Retelling",
    "StreamReader",
    "TokenLimit",
    "Transcript",
    "Translated",
    "Usage",
    "VendorError",
    "continuable",
    "continued",
    "credential_headers",
    "error_of",
    "estimate_tokens",
    "fit",
    "is_named",
    "is_stored",
    "joined",
    "keep_alive",
    "loss_of",
    "malformed",
    "manner_of",
    "missing_part",
    "own_input",
    "previous_refused",
    "read_answer",
    "read_count",
    "read_embeddings",
    "read_request",
    "read_vendor_error",
    "request_headers",
    "response_headers",
    "substitutes_of",
    "sum_of",
    "translate_request",
    "translates",
    "unstored",
    "with_substitutes",
    "without_notices",
    "without_reasoning",
    "write_error",
    "write_estimate",
    "write_items",
    "write_model",
    "write_models",
    "write_page",
    "write_request",
    "write_stream_error",
    "write_vendor_error",
]
