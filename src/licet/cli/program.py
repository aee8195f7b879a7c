"""`licet`: the list of commands, each imported when it is asked for."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import click

from licet import __version__
from licet.terms import Fault

# Name -> (module in this package, help in one line). The help is here so that `licet --help`
# imports nothing; a test compares it with what the commands say of themselves.
COMMANDS = {
    "init": ("starting", "Write a working configuration into a new folder."),
    "up": ("running", "Run the gateway until Ctrl-C."),
    "check": ("checking", "Validate everything, with file, line and a suggestion."),
    "reload": ("running", "Adopt the configuration again, in every worker."),
    "status": ("status", "What runs, is in force, is only observed, is overdue for review."),
    "suspend": ("suspending", "Stop the use of a model or an endpoint, now."),
    "explain": ("explaining", "The verdict for a person, a workload and a model, and why."),
    "directive": ("directives", "Directives as data and in English."),
    "evidence": ("evidence", "Verify and show the evidence log."),
    "key": ("keys", "Make, list and revoke the gateway's keys."),
    "subject": ("subjects", "Tokens of end users, for tests."),
    "probe": ("probing", "Whether a vendor's endpoint answers, and how."),
    "sim": ("simulating", "Run the simulated vendors alone."),
}
HIDDEN = {
    "recorder": ("children", "The recorder's process; `licet up` starts it."),
    "worker": ("children", "A worker's process; `licet up` starts it."),
    "vendors": ("children", "The simulated vendors' process; `licet up` starts it."),
}


class Program(click.Group):
    """A group that knows its commands' names and imports a command when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        place = (COMMANDS | HIDDEN).get(cmd_name)
        if place is None:
            return None
        command = getattr(import_module(f"licet.cli.{place[0]}"), cmd_name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, told) for name, (_, told) in COMMANDS.items()])

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
