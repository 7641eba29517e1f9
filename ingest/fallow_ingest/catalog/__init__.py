"""The catalog: the library's papers, ids, citations and sections (catalog.sqlite)."""

from fallow_ingest.catalog.adding import AddCounts
from fallow_ingest.catalog.catalog import Catalog
from fallow_ingest.catalog.merging import Merge
from fallow_ingest.catalog.reconciling import Disagreement, Said
from fallow_ingest.catalog.stored import StoredContext, StoredPaper, StoredReview, StoredSection

__all__ = [
    "AddCounts",
    "Catalog",
    "Disagreement",
    "Merge",
    "Said",
    "StoredContext",
    "StoredPaper",
    "StoredReview",
    "StoredSection",
]
