"""Asking services on the network: politely, bounded in size and time, and told in typed outcomes."""
