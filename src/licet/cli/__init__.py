"""The command line: joins all rooms, and contains nothing that another room could hold."""

from licet.cli.program import main, program

__all__ = ["main", "program"]
