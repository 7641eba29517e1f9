"""The engine `qdrant-edge`: Qdrant's embedded engine, one folder in the library, no server.

The same points and queries as on a server (qdrant_model.py), in this process. One process opens it at a time.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection
from dataclasses import asdict
from importlib.util import find_spec
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from fallow_index.engines import (
    CANDIDATES,
    Held,
    Numbers,
    Papers,
    Place,
    Ranking,
    not_installed,
    other_space,
    told,
    weighted,
)
from fallow_index.engines.qdrant_model import (
    DENSE,
    KEY,
    PAGE,
    PUBLIC_BY,
    TOKENS,
    held_of,
    messages,
    payload_of,
    ranking_of,
    vectors_of,
)
from fallow_index.segments import VectorSpace
from fallow_ingest.errors import EngineError, FallowError, LibraryBusy

SPACE_FILE, LOCK, SHARD = "space.json", ".lock", "shard"


class QdrantEdgeEngine:
    """A shard in <library>/engines/qdrant-edge."""

    name = "qdrant-edge"

    def __init__(self, place: Place, space: VectorSpace, *, replace: bool = False) -> None:
        lacking = self.lacking(place)
        if lacking is not None:
            raise lacking
        self.folder = place.folder / "engines" / self.name
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(self.folder / LOCK, timeout=0)
        try:
            self._lock.acquire()
        except Timeout as error:
            raise LibraryBusy(f"Another process has {self.folder} open", "wait until it has ended") from error
        try:
            self._shard = self._open(space, replace)
        except BaseException:
            self._lock.release()
            raise

    @staticmethod
    def lacking(_place: Place) -> FallowError | None:
        """Its library, where that is not installed."""
        if find_spec("qdrant_edge") is None:
            return not_installed("qdrant-edge", "qdrant-edge-py", "qdrant")
        return None

    def _open(self, space: VectorSpace, replace: bool) -> Any:
        import qdrant_edge as edge

        shard = self.folder / SHARD
        try:
            written = json.loads((self.folder / SPACE_FILE).read_text(encoding="utf-8"))
            known = VectorSpace(**written)
        except FileNotFoundError:
            shutil.rmtree(shard, ignore_errors=True)  # a making that was killed; it held nothing
            return self._create(space)
        except (OSError, ValueError, TypeError) as error:
            raise EngineError(f"{self.folder / SPACE_FILE} cannot be read", f"delete {self.folder}, then "
                              "run `fallow build --engine qdrant-edge`") from error  # fmt: skip
        if known != space:
            if not replace:
                raise other_space(f"{self.folder}", told(known), space)
            (self.folder / SPACE_FILE).unlink()
            shutil.rmtree(shard)
            return self._create(space)
        try:
            return edge.EdgeShard.load(str(shard))
        except Exception as error:  # the library raises Exception itself
            raise EngineError(f"{shard} cannot be opened ({_line(error)})", f"delete {self.folder}, then "
                              "run `fallow build --engine qdrant-edge`") from error  # fmt: skip

    def _create(self, space: VectorSpace) -> Any:
        import qdrant_edge as edge

        shard = self.folder / SHARD
        shard.mkdir(parents=True)
        half = edge.VectorStorageDatatype.Float16
        late = edge.MultiVectorConfig(edge.MultiVectorComparator.MaxSim)
        no_graph = edge.HnswIndexConfig(m=0, ef_construct=4, full_scan_threshold=10_000)
        vectors = {
            DENSE: edge.EdgeVectorParams(space.dimension, edge.Distance.Dot, datatype=half),
            TOKENS: edge.EdgeVectorParams(
                space.token_dimension, edge.Distance.Dot, datatype=half, multivector_config=late,
                hnsw_config=no_graph,
            ),
        }  # fmt: skip
        opened = edge.EdgeShard.create(str(shard), edge.EdgeConfig(vectors=vectors))
        index = edge.UpdateOperation.create_field_index(PUBLIC_BY, edge.PayloadSchemaType.Integer)
        opened.update(index)
        opened.flush()
        temporary = self.folder / f"{SPACE_FILE}.new"
        temporary.write_text(json.dumps(asdict(space)), encoding="utf-8")
        temporary.replace(self.folder / SPACE_FILE)
        return opened

    def close(self) -> None:
        """Write what is pending and let others open the folder."""
        if self._shard is not None:
            self._shard.close()
            self._shard = None
            self._lock.release()

    def count(self) -> int:
        """How many points the shard holds."""
        import qdrant_edge as edge

        return int(self._shard.count(edge.CountRequest(exact=True)))

    def held(self) -> Held:
        """Read from the payload of every point."""
        import qdrant_edge as edge

        points: list[tuple[Any, Any]] = []
        offset: Any = None
        while True:
            request = edge.ScrollRequest(
                offset=offset, limit=PAGE, with_payload=[KEY, PUBLIC_BY], with_vector=False
            )
            records, offset = self._shard.scroll(request)
            points += [(record.id, record.payload) for record in records]
            if offset is None:
                return held_of(points, f"{self.folder}")

    def upsert(self, papers: Papers) -> None:
        """In the write-ahead log when this returns."""
        import qdrant_edge as edge

        for part in messages(papers):
            points = [
                edge.Point(number, vectors_of(part, row), payload_of(part, row))
                for row, number in enumerate(part.held.numbers.tolist())
            ]
            self._shard.update(edge.UpdateOperation.upsert_points(points))
        self._shard.flush()

    def delete(self, numbers: Numbers) -> None:
        """Points that are not there are no error."""
        import qdrant_edge as edge

        self._shard.update(edge.UpdateOperation.delete_points(numbers.tolist()))
        self._shard.flush()

    def settle(self) -> None:
        """Merge what many updates left, so that searches read few files."""
        self._shard.optimize()
        self._shard.flush()

    def search(
        self,
        dense: NDArray[np.floating],
        tokens: NDArray[np.floating],
        k: int,
        *,
        weights: NDArray[np.floating] | None = None,
        as_of: int | None = None,
        exclude: Collection[int] = (),
        within: Collection[int] | None = None,
        candidates: int = CANDIDATES,
    ) -> Ranking:
        """As the protocol says: dense vectors nominate, MaxSim ranks."""
        import qdrant_edge as edge

        if within is not None and not within:
            return Ranking.nothing()
        passing = _filter(as_of, exclude, within)
        depth = max(k, candidates)
        nominate = edge.Query.Nearest(np.asarray(dense, np.float64).tolist(), using=DENSE)
        by_dense = self._shard.query(edge.QueryRequest(limit=depth, query=nominate, filter=passing))
        scaled, divisor = weighted(tokens, weights)
        by_late: list[Any] = []
        if len(scaled) and by_dense:
            rank = edge.Query.Nearest(np.asarray(scaled, np.float64).tolist(), using=TOKENS)
            stage = edge.Prefetch(limit=depth, query=nominate, filter=passing)
            by_late = self._shard.query(
                edge.QueryRequest(limit=depth, query=rank, prefetches=[stage], filter=passing)
            )
        return ranking_of(by_dense, by_late, divisor, k)


def _filter(as_of: int | None, exclude: Collection[int], within: Collection[int] | None) -> Any:
    """The filters of a search as a condition on points; None where all pass."""
    import qdrant_edge as edge

    must: list[Any] = []
    if as_of is not None:
        must.append(edge.FieldCondition(PUBLIC_BY, range=edge.RangeFloat(lte=as_of)))
    if within is not None:
        must.append(edge.HasIdCondition({int(number) for number in within}))
    must_not: list[Any] = [edge.HasIdCondition({int(number) for number in exclude})] if exclude else []
    return edge.Filter(must=must, must_not=must_not) if must or must_not else None


def _line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]
