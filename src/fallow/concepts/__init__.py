"""Concepts: what papers are about, as an expert would name it: tasks, methods, data, settings, metrics."""

from fallow.concepts.concept import Concept, ConceptKind, ConceptTable
from fallow.concepts.mining import mine_concepts

__all__ = ["Concept", "ConceptKind", "ConceptTable", "mine_concepts"]
