"""The configuration folder on disk: its files, where the rest lies, the secrets it names."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from licet.catalog import CredentialReference, Settings
from licet.policy import Configuration, belongs, parse
from licet.terms import ConfigurationFault, Fault, Faults, OperationFault

FILE_BYTES_MAX = 16 << 20
SETTINGS_FILE = "licet.toml"


class Folder:
    """A folder with a `licet.toml`; every relative path in it is relative to the folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def files(self) -> dict[str, bytes]:
        """What configuration is read from, by path with `/` from the folder.

        Hidden folders and the evidence are not looked into. `OperationFault` when the folder or
        a file cannot be read: a restriction that nobody can read must not be overlooked.
        """
        if not self.path.is_dir():
            raise OperationFault(
                "no_folder",
                f"there is no configuration folder `{self.path}`",
                remedy="`licet init DIR` writes a working one; `--config` names another",
            )
        found: dict[str, bytes] = {}
        for parent, folders, names in os.walk(self.path, onerror=_raise):
            folders[:] = sorted(one for one in folders if not self._is_elsewhere(parent, one))
            for name in sorted(names):
                path = (Path(parent) / name).relative_to(self.path).as_posix()
                if belongs(path) and not name.startswith("."):
                    found[path] = self._read(path)
        return found

    def configuration(self) -> Configuration:
        """Everything that the files say, with their faults."""
        return parse(self.files())

    def sound(self) -> Configuration:
        """The configuration; `Faults`, naming all, when it has any."""
        configuration = self.configuration()
        if configuration.faults:
            raise Faults(configuration.faults)
        return configuration

    def startable(self) -> Configuration:
        """The configuration, which may have faults, but not of `licet.toml`: without that it is
        not known where the log lies that says what is in force."""
        configuration = self.configuration()
        places = [one.place for one in configuration.faults]
        if any(place is not None and place.path == SETTINGS_FILE for place in places):
            raise Faults(configuration.faults)
        return configuration

    def within(self, path: str) -> Path:
        """A path as written in the configuration."""
        return self.path / path

    def evidence(self, settings: Settings) -> Path:
        return self.within(settings.evidence.folder)

    def control(self, settings: Settings) -> Path:
        return self.within(settings.control.socket)

    def recorder(self, settings: Settings) -> Path:
        """The recorder's socket, beside the control socket."""
        return self.control(settings).with_name("recorder.sock")

    def issuers(self, settings: Settings) -> Path:
        """Where the keys that issuers publish are kept, beside the control socket."""
        return self.control(settings).with_name("issuers")

    def credentials(
        self, references: Mapping[str, CredentialReference], environment: Mapping[str, str]
    ) -> dict[str, str]:
        """Endpoint id -> secret. `Faults` names every reference that leads nowhere."""
        found: dict[str, str] = {}
        faults: list[Fault] = []
        for endpoint, reference in references.items():
            secret = self.reveal(reference, environment)
            if secret:
                found[endpoint] = secret
                continue
            faults.append(
                ConfigurationFault(
                    "no_credential",
                    f"the credential of endpoint `{endpoint}` is not there: {reference}"
                    " is missing or empty",
                    remedy="set it before the gateway starts, or remove `credential` from the"
                    " endpoint",
                )
            )
        if faults:
            raise Faults(tuple(faults))
        return found

    def reveal(self, reference: CredentialReference, environment: Mapping[str, str]) -> str:
        """The secret; empty where the reference leads nowhere."""
        if reference.env is not None:
            return environment.get(reference.env, "")
        if reference.file is None:
            return ""
        try:
            return self.within(reference.file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            # The caller names the reference, and nothing of what the file may hold.
            return ""

    def _is_elsewhere(self, parent: str, name: str) -> bool:
        """Hidden folders, and a log, of which no name ends like a configuration's."""
        return name.startswith(".") or (Path(parent) / name / "log.key").exists()

    def _read(self, path: str) -> bytes:
        try:
            with (self.path / path).open("rb") as file:
                data = file.read(FILE_BYTES_MAX + 1)
        except OSError as error:
            _raise(error)
            raise
        if len(data) > FILE_BYTES_MAX:
            raise OperationFault("file_too_long", f"`{path}` is longer than {FILE_BYTES_MAX} bytes")
        return data


def _raise(error: OSError) -> None:
    raise OperationFault(
        "unreadable", f"`{error.filename}` cannot be read: {error.strerror}"
    ) from error
