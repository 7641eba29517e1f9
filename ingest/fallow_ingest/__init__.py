"""Papers come in: records, sources and the library's catalog."""
