"""The catalog: the library's papers, ids, citations and sections (catalog.sqlite)."""

from fallow_ingest.catalog.adding import AddCounts
from fallow_ingest.catalog.catalog import Catalog
from fallow_ingest.catalog.merging import Merge
from fallow_ingest.catalog.stored import StoredPaper, StoredSection

__all__ = ["AddCounts", "Catalog", "Merge", "StoredPaper", "StoredSection"]
