"""`licet schema`."""

from __future__ import annotations

import click

from licet.cli.options import config_option
from licet.gateway import Folder
from licet.policy import SCHEMAS, schema_text


@click.command()
@click.argument("name", type=click.Choice(list(SCHEMAS)))
@config_option
def schema(name: str, folder: Folder) -> None:
    """Print the JSON Schema of a configuration file, for editors.

    In a configuration folder, conditions of directives may test its declared attributes too.
    """
    declared = {}
    if folder.path.joinpath("licet.toml").is_file():
        declared = folder.configuration().sources.rules.attributes
    click.echo(schema_text(name, declared), nl=False)
