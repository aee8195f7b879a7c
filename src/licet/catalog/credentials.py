"""Vendor credentials: where one is found, never what it is.

The reference is written in `[[endpoint]]`, kept beside the endpoint and outside of the
snapshot; whoever starts the gateway resolves it into a `Secret`.
"""

from __future__ import annotations

import re

import msgspec

from licet.terms import ConfigurationFault, Document, Path

REMEDY = 'refer to it: `credential = { env = "NAME" }` or `credential = { file = "path" }`'


class CredentialReference(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """Exactly one of: the name of an environment variable, the path of a file (relative to
    the configuration folder) that holds nothing else."""

    env: str | None = None
    file: str | None = None

    def __str__(self) -> str:
        return f"environment variable `{self.env}`" if self.env else f"file `{self.file}`"


class _ReferenceFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    env: str | None = None
    file: str | None = None


def read_credential(document: Document, path: Path) -> CredentialReference:
    """The reference at `path`. A value in its place is a fault that does not repeat it."""
    if not isinstance(document.at(path), dict):
        raise _value_fault(document, path)
    written = document.convert(_ReferenceFile, path)
    if (written.env is None) == (written.file is None):
        raise document.fault(
            "wrong_credential", "a credential is one of `env` and `file`", path, remedy=REMEDY
        )
    if written.env is not None and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", written.env):
        # Somebody may have put the secret itself here, so it is not repeated.
        raise document.fault(
            "wrong_credential",
            "`env` is not the name of an environment variable",
            (*path, "env"),
            remedy=REMEDY,
        )
    return CredentialReference(env=written.env, file=written.file)


def _value_fault(document: Document, path: Path) -> ConfigurationFault:
    return document.fault(
        "credential_value", "a credential is never written into a file", path, remedy=REMEDY
    )
