"""What a file names that another file has to have: found while parsing, checked afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from licet.catalog import ListKind
from licet.terms import ConfigurationFault, Document, Path, did_you_mean


class Named(StrEnum):
    """What kind of thing a reference names; the value is how a fault speaks of it."""

    MODEL = "a model of the catalogue"
    LINEAGE = "a model, or in the lineage of one"
    ENDPOINT = "an endpoint of the catalogue"
    ORGANISATION = "an organisation of the catalogue"
    WORKLOAD = "a workload"
    LIST = "a list"
    FACT = "a fact"
    RESTRICTION = "a restriction"
    ATTRIBUTE = "a declared attribute"


_DESCRIBED = {
    Named.MODEL: "`[[model]]` in `catalog/*.toml` describes it: `id`, `lineage`, `developer`",
    Named.ORGANISATION: "`[[organisation]]` in `catalog/*.toml` describes it: `id`",
}
"""Where a name that resembles no other is to be explained."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One name and where it is written; of a list, which kind it has to be."""

    named: Named
    name: str
    document: Document
    path: Path
    list_kind: ListKind | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """Every name that the files of a configuration define, broken ones too; of the lists that
    read, their kinds. `unread`: of what there may be more, in files that nobody can read."""

    names: dict[Named, frozenset[str]] = field(default_factory=dict)
    lists: Mapping[str, ListKind] = field(default_factory=dict)
    unread: frozenset[Named] = frozenset()

    def check(self, reference: Reference) -> ConfigurationFault | None:
        """The fault of a reference to nothing, or to a list of another kind."""
        names = self.names.get(reference.named, frozenset())
        if reference.name not in names:
            if reference.named in self.unread:
                # That file has its fault. Whatever restricts is in force all the same.
                return None
            return reference.document.fault(
                f"unknown_{reference.named.name.lower()}",
                f"`{reference.name}` is not {reference.named.value}",
                reference.path,
                remedy=did_you_mean(reference.name, names) or _DESCRIBED.get(reference.named),
            )
        kind = self.lists.get(reference.name) if reference.named is Named.LIST else None
        if kind is not None and kind is not reference.list_kind:
            return reference.document.fault(
                "wrong_list",
                f"`{reference.name}` is a list of {kind}, not of {reference.list_kind}",
                reference.path,
            )
        return None
