"""`licet`: the list of commands, each imported when it is asked for."""

from __future__ import annotations

import sys
from typing import Any

import click

from licet import __version__
from licet.terms import Fault

# The help is here, and commands are imported when they are used, so that `licet --help` is fast;
# a test compares it with what the commands say of themselves.
COMMANDS = {
    "demo": "Play June 2026 through a running gateway on simulated vendors.",
    "init": "Write a working configuration into a new folder.",
    "up": "Run the gateway until Ctrl-C.",
    "check": "Validate everything, with file, line and a suggestion.",
    "reload": "Adopt the configuration again, in every worker.",
    "status": "What runs, is in force, is only observed, is overdue for review.",
    "suspend": "Stop the use of a model or an endpoint, now.",
    "explain": "The verdict for a person, a workload and a model, and why.",
    "coverage": "How much is undetermined, and which attestation would settle most.",
    "directive": "Directives as data and in English.",
    "evidence": "Verify, prove, replay, show and open the evidence log.",
    "witness": "Sign, for others, that their log only ever grew.",
    "schema": "Print the JSON Schema of a configuration file, for editors.",
    "key": "Make, list and revoke the gateway's keys.",
    "subject": "Tokens of end users, for tests.",
    "probe": "Whether a vendor's ENDPOINT answers, and how.",
    "sim": "Run the simulated vendors alone.",
}


def load(name: str) -> click.Command | None:
    """A command by its name; None: there is no such."""
    match name:
        case "demo":
            from licet.cli.demonstrating import demo as command
        case "init":
            from licet.cli.starting import init as command
        case "up":
            from licet.cli.running import up as command
        case "check":
            from licet.cli.checking import check as command
        case "reload":
            from licet.cli.running import reload as command
        case "status":
            from licet.cli.status import status as command
        case "suspend":
            from licet.cli.suspending import suspend as command
        case "explain":
            from licet.cli.explaining import explain as command
        case "directive":
            from licet.cli.directives import directive as command
        case "key":
            from licet.cli.keys import key as command
        case "subject":
            from licet.cli.subjects import subject as command
        case "probe":
            from licet.cli.probing import probe as command
        case "sim":
            from licet.cli.simulating import sim as command
        case _:
            return load_study(name)
    return command


def load_study(name: str) -> click.Command | None:
    """A command that reads and changes nothing."""
    match name:
        case "coverage":
            from licet.cli.covering import coverage as command
        case "evidence":
            from licet.cli.evidence import evidence as command
        case "witness":
            from licet.cli.witnessing import witness as command
        case "schema":
            from licet.cli.schemas import schema as command
        case _:
            return load_child(name)
    return command


def load_child(name: str) -> click.Command | None:
    """A command that only `licet up` calls."""
    match name:
        case "recorder":
            from licet.cli.recorder_child import recorder as command
        case "worker":
            from licet.cli.worker_child import worker as command
        case "publisher":
            from licet.cli.publisher_child import publisher as command
        case "vendors":
            from licet.cli.vendors_child import vendors as command
        case _:
            return None
    return command


class Program(click.Group):
    """A group that knows its commands' names and imports a command when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return load(cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except Fault as fault:
            click.echo(f"error: {fault}", err=True)
            ctx.exit(1)


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, package_name="licet", message="licet %(version)s")
def program() -> None:
    """A gateway to AI models that decides, for every request, who may use which model, for what
    purpose, where and when; keeps serving when a model is withdrawn; and keeps proof."""


def main() -> None:
    """The entry point; ends the process."""
    sys.exit(program(prog_name="licet"))
