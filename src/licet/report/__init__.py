"""A report as a page to read and to print (the extra `report`)."""

from licet.report.printing import Replay, Report, Verification, page

__all__ = ["Replay", "Report", "Verification", "page"]
