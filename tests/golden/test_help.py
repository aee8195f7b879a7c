"""The help of every command, as it is printed: whoever changes it sees what readers will see.

`python -m tests.golden.test_help` writes the golden file anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
from click.testing import CliRunner

from licet.cli.program import COMMANDS, load, program

GOLDEN = Path(__file__).with_name("help.txt")
WIDTH = "80"


def commands(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    yield path
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            inner = command.get_command(click.Context(command), name)
            assert inner is not None
            yield from commands(inner, (*path, name))


def text() -> str:
    """`$ licet ... --help` and what it prints, command after command."""
    runner = CliRunner(env={"COLUMNS": WIDTH, "LICET_CONFIG": None})
    shown = []
    for path in commands(program, ()):
        result = runner.invoke(
            program, [*path, "--help"], prog_name="licet", terminal_width=int(WIDTH)
        )
        assert result.exit_code == 0, result.output
        shown.append(f"$ {' '.join(('licet', *path, '--help'))}\n{result.output}")
    return "\n".join(shown)


def test_help_is_as_reviewed() -> None:
    assert text() == GOLDEN.read_text(encoding="utf-8")


def test_the_list_of_commands_says_what_they_say_of_themselves() -> None:
    for name, told in COMMANDS.items():
        command = load(name)
        assert command is not None
        assert (command.help or "").partition("\n")[0].strip() == told


if __name__ == "__main__":
    GOLDEN.write_text(text(), encoding="utf-8")
