"""Access tokens of Google Cloud, got with the vendor's own package and far from any request.

Out of a file of credentials (of a service account, of a federated or an impersonated identity), or
from the metadata server of the machine where there is none. It blocks, so it has a thread.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC
from functools import partial
from typing import Any, Final

import msgspec

from licet.terms import ConfigurationFault, Fault, Faults, OperationFault

SCOPES: Final = ("https://www.googleapis.com/auth/cloud-platform",)
FETCH_BOUND_S: Final = 30.0
_ANSWER_BOUND_S: Final = 10.0


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """What opens a vendor's door until `ends_s`, in Unix seconds; it never prints."""

    value: str
    ends_s: float

    def __repr__(self) -> str:
        return f"Token(ends_s={self.ends_s})"

    __str__ = __repr__


async def fetch_token(source: str, bound_s: float = FETCH_BOUND_S) -> Token:
    """A new token for what a file of credentials says, or for this machine where `source` is
    empty; `OperationFault` says why there is none.

    The thread is one that nobody waits for: a server that says nothing holds up no end.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Token] = loop.create_future()

    def run() -> None:
        try:
            settle = partial(_settle, done.set_result, ask_token(source))
        except OperationFault as fault:
            settle = partial(_settle, done.set_exception, fault)
        with suppress(RuntimeError):  # The loop may have ended meanwhile.
            loop.call_soon_threadsafe(settle, done)

    threading.Thread(target=run, name="google-token", daemon=True).start()
    try:
        async with asyncio.timeout(bound_s):
            return await done
    except TimeoutError:
        raise _fault(f"nothing within {bound_s:g} s") from None


def ask_token(source: str) -> Token:
    """As `fetch_token`, for commands, which may block."""
    from google.auth import exceptions  # noqa: PLC0415 - of an extra that few need
    from google.auth.transport.requests import Request  # noqa: PLC0415

    try:
        credentials = _credentials(source)
        credentials.refresh(partial(Request(), timeout=_ANSWER_BOUND_S))
    except (exceptions.GoogleAuthError, ValueError) as error:
        # Its further arguments are what the server answered, which is none of the operator's log.
        raise _fault(str(error.args[0]) if error.args else type(error).__name__) from error
    # The package tells instants without a zone, and means UTC.
    return Token(value=credentials.token, ends_s=credentials.expiry.replace(tzinfo=UTC).timestamp())


def check_sources(sources: Mapping[str, str]) -> None:
    """Raises `Faults` with what hinders tokens from being asked for at all, by endpoint: packages
    that are missing, files that are none of Google's."""
    faults: list[Fault] = []
    for endpoint, source in sources.items():
        try:
            _credentials(source)
        except ModuleNotFoundError as missing:
            faults.append(
                ConfigurationFault(
                    "missing_package",
                    f"endpoint `{endpoint}` needs the package `{missing.name}`",
                    remedy="`pip install --require-hashes -r requirements/google.txt`, with the pip"
                    " of the environment that Licet is in",
                )
            )
        except ValueError:
            # What it is instead may be the secret itself, so it is not repeated.
            faults.append(
                ConfigurationFault(
                    "invalid_credential",
                    f"the credential of endpoint `{endpoint}` is no file of credentials of Google",
                    remedy="store the JSON of a service account's key, or of a federation; or name"
                    " none, where the metadata server knows this machine",
                )
            )
    if faults:
        raise Faults(tuple(faults))


def _credentials(source: str) -> Any:
    """Of the vendor's package; `ValueError` where the source is none that it knows."""
    import google.auth  # noqa: PLC0415
    from google.auth import exceptions  # noqa: PLC0415

    if not source:
        from google.auth import compute_engine  # noqa: PLC0415

        return compute_engine.Credentials(scopes=SCOPES)
    try:
        said = msgspec.json.decode(source, type=dict[str, Any])
        found, _ = google.auth.load_credentials_from_dict(said, scopes=SCOPES)
    except (msgspec.MsgspecError, exceptions.GoogleAuthError) as error:
        raise ValueError("no credentials of Google") from error
    return found


def _settle(settle: Callable[[Any], None], value: Any, done: asyncio.Future[Token]) -> None:
    if not done.done():
        settle(value)


def _fault(why: str) -> OperationFault:
    return OperationFault("no_token", f"no access token of Google: {why}")
