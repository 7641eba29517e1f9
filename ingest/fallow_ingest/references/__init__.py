"""Printed references: what an entry of a reference list says, and where the text cites it."""
