"""The file structs of this package by what they describe, for the published schemas."""

from __future__ import annotations

from licet.catalog.credentials import _ReferenceFile
from licet.catalog.endpoints import _EndpointFile
from licet.catalog.facts import _FactFile
from licet.catalog.lists import _ListFile
from licet.catalog.parties import _AvailabilityFile, _ModelFile, _OrganisationFile
from licet.catalog.settings import _SettingsFile
from licet.catalog.workloads import _WorkloadFile

CATALOG_SHAPES: dict[str, type] = {
    "settings": _SettingsFile,
    "model": _ModelFile,
    "endpoint": _EndpointFile,
    "organisation": _OrganisationFile,
    "availability": _AvailabilityFile,
    "credential": _ReferenceFile,
    "list": _ListFile,
    "fact": _FactFile,
    "workload": _WorkloadFile,
}
