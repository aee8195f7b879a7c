"""Options that several commands have, and how a command line says that it failed."""

from __future__ import annotations

import os
import pwd
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from licet.terms import Instant, OperationFault, to_instant

Command = TypeVar("Command", bound=Callable[..., Any])


def config_option(command: Command) -> Command:
    """`--config DIR`: the configuration folder, given to the command as `folder`."""
    return click.option(
        "--config",
        "folder",
        metavar="DIR",
        envvar="LICET_CONFIG",
        default=".",
        show_envvar=True,
        callback=lambda _ctx, _param, value: _folder(value),
        help="The configuration folder; without it, the current one.",
    )(command)


def not_installed(what: str, extra: str, error: ImportError) -> OperationFault:
    """`what` needs the packages of an extra, which are not in this environment.

    By their lock file: Licet is on no index, and whoever asked one for it by its name would get
    what somebody else put there.
    """
    return OperationFault(
        "not_installed",
        f"{what} a package that is not installed: {error}",
        remedy=f"`{sys.executable} -m pip install --require-hashes -r requirements/{extra}.txt`,"
        " where Licet was built",
    )


def _folder(path: str) -> Any:
    # Imported here: the recorder's process has options too, and no use for the gateway.
    from licet.gateway import Folder

    return Folder(Path(path))


EVIDENCE_FOLDER = click.option(
    "--folder",
    "evidence_folder",
    type=click.Path(path_type=Path),
    help="The evidence folder, where it is not the configuration's.",
)


def evidence_of(evidence_folder: Path | None, folder: Any) -> Path:
    """The evidence folder that `EVIDENCE_FOLDER` names, or else the configuration's."""
    if evidence_folder is not None:
        return evidence_folder
    found: Path = folder.evidence(folder.configuration().settings)
    return found


def json_option(command: Command) -> Command:
    """`--json`: for programs, given to the command as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")(
        command
    )


def show_json(value: Mapping[str, Any] | list[Any]) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


class Moment(click.ParamType[Instant]):
    """An instant with an offset, or `now`."""

    name = "instant"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Instant:
        text = str(value)
        try:
            moment = datetime.now().astimezone() if text == "now" else datetime.fromisoformat(text)
            return to_instant(moment)
        except ValueError:
            self.fail(
                f"`{text}` is no instant with an offset; write it like"
                " `2026-06-12T17:21:00-04:00`, or `now`",
                param,
                ctx,
            )


class Duration(click.ParamType[int]):
    """A length of time such as `90s`, `30m`, `12h`, `7d`; in seconds."""

    name = "duration"
    _UNITS: Mapping[str, int] = {"s": 1, "m": 60, "h": 3600, "d": 86_400}

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        text = str(value)
        number, unit = text[:-1], text[-1:]
        if not number.isascii() or not number.isdigit() or unit not in self._UNITS:
            self.fail(f"`{text}` is no duration; write it like `90s`, `30m`, `12h`, `7d`", param)
        return int(number) * self._UNITS[unit]


MOMENT = Moment()
DURATION = Duration()


def who() -> str:
    """Who proposes a change: the user's name on this machine, for the register."""
    behind_sudo = os.environ.get("SUDO_USER")
    if behind_sudo:
        return behind_sudo
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"


def child(*arguments: str) -> list[str]:
    """The command line of a child process of this program.

    `-P`: what lies in the current folder must not be taken for this program.
    """
    return [sys.executable, "-P", "-m", "licet", *arguments]


def told_of(problem: OSError, path: Path) -> OperationFault:
    """A file that cannot be read or written, as a fault."""
    return OperationFault("file", f"`{path}`: {problem.strerror}")
