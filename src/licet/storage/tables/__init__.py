"""Tables derived from the log, and exports of it: a face of its own, because it needs `pyarrow`,
which a gateway does without (the extra `tables`)."""

from licet.storage.tables.deriving import Derived, derive
from licet.storage.tables.exporting import EXPORT_FORMATS, Export, export

__all__ = ["EXPORT_FORMATS", "Derived", "Export", "derive", "export"]
