"""Licet: a gateway that decides which models this person may use, and keeps proof."""

__version__ = "0.1.0"
