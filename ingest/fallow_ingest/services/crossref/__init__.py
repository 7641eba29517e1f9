"""Crossref: what publishers deposit with their DOIs; metadata without any claim of rights."""

from fallow_ingest.services.crossref.works import CrossrefService

__all__ = ["CrossrefService"]
