"""What an operator accounts for: records as rows of tables, and the figures of a period; pure."""

from licet.account.tables import (
    CANDIDATE,
    DAY,
    FORMAT,
    TABLES,
    WORKLOAD,
    Column,
    ColumnType,
    Row,
    Table,
    candidate,
    rows,
)
from licet.account.workloads import Traffic, Workloads

__all__ = [
    "CANDIDATE",
    "DAY",
    "FORMAT",
    "TABLES",
    "WORKLOAD",
    "Column",
    "ColumnType",
    "Row",
    "Table",
    "Traffic",
    "Workloads",
    "candidate",
    "rows",
]
