"""The file catalog.sqlite: how it is opened, migrated and locked, and how its errors read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from fallow_ingest.errors import (
    DiskFull,
    LibraryBusy,
    LibraryDamaged,
    LibraryError,
    LibraryMissing,
    LibraryNewer,
)

CATALOG_NAME = "catalog.sqlite"


def migrations() -> list[tuple[int, str]]:
    """(version, SQL) of every migration, in order; a file's name begins with its version."""
    scripts = (entry for entry in files("fallow_ingest.catalog").joinpath("migrations").iterdir())
    numbered = [(int(s.name[:4]), s.read_text(encoding="utf-8")) for s in scripts if s.name.endswith(".sql")]
    return sorted(numbered)


@contextmanager
def told_in_sentences(path: Path) -> Iterator[None]:
    """Turn SQLite's errors about `path` into ours."""
    try:
        yield
    except sqlite3.OperationalError as error:
        text = str(error)
        if "full" in text:
            raise DiskFull(
                f"The disk is full while writing {path}",
                "free some room and run the command again: it goes on",
            ) from error
        if "locked" in text or "busy" in text:
            raise LibraryBusy(
                f"Another command is writing to {path}", "run this again when it has ended"
            ) from error
        if "readonly" in text or "unable to open" in text:
            raise LibraryError(
                f"{path} cannot be written ({text})", "check the folder's permissions"
            ) from error
        raise
    except sqlite3.DatabaseError as error:
        if "not a database" in str(error) or "malformed" in str(error):
            raise LibraryDamaged(
                f"{path} is damaged ({error})",
                "restore it from a copy, or move it away and ingest your sources again",
            ) from error
        raise


def connect(library: Path, *, create: bool) -> sqlite3.Connection:
    """A connection to the library's catalog, migrated to the newest version this fallow knows.

    Raises LibraryMissing, LibraryNewer, LibraryDamaged, LibraryBusy or LibraryError.
    """
    path = library / CATALOG_NAME
    if create:
        try:
            library.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LibraryError(
                f"The folder {library} cannot be made ({error})", "name another --library"
            ) from error
    elif not path.exists():
        raise LibraryMissing(
            f"There is no library in {library}",
            "make one with `fallow ingest SOURCE FILE`, or try `fallow demo`",
        )
    with told_in_sentences(path):
        connection = sqlite3.connect(path, timeout=10.0, isolation_level=None, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA temp_store = MEMORY")
            connection.execute("PRAGMA cache_size = -98304")
            # Copying pages back every 4 MB, as SQLite would, copies a large index again and again.
            connection.execute("PRAGMA wal_autocheckpoint = 16000")
            connection.execute("PRAGMA mmap_size = 134217728")
            _migrate(connection, path)
        except BaseException:
            connection.close()
            raise
        return connection


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    known = migrations()
    newest = known[-1][0]
    found = connection.execute("PRAGMA user_version").fetchone()[0]
    if found > newest:
        raise LibraryNewer(
            f"{path} was written by a newer fallow (format {found}, this one knows {newest})",
            "upgrade with `pip install --upgrade fallow`",
        )
    if found == newest:
        return
    connection.execute("PRAGMA journal_mode = WAL")
    for version, script in known:
        if version <= found:
            continue
        # executescript would commit by itself: the version must move together with the tables.
        connection.execute("BEGIN IMMEDIATE")
        try:
            if connection.execute("PRAGMA user_version").fetchone()[0] < version:
                for statement in _statements(script):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {version}")
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise


def _statements(script: str) -> Iterator[str]:
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
