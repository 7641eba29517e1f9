"""The limitation ledger: what papers admit and reviewers hold against them, verbatim and with its place."""

from fallow.statements.miner import mine_statements
from fallow.statements.statement import MiningCounts, Owner, Statement, StatementKind, Strength
from fallow.statements.store import count_statements, statements_by_id, statements_of

__all__ = [
    "MiningCounts",
    "Owner",
    "Statement",
    "StatementKind",
    "Strength",
    "count_statements",
    "mine_statements",
    "statements_by_id",
    "statements_of",
]
