"""Recurring needs: what many papers, by independent authors, say is missing."""

from fallow.needs.grouping import group_needs
from fallow.needs.need import Need, Trend
from fallow.needs.store import load_needs

__all__ = ["Need", "Trend", "group_needs", "load_needs"]
