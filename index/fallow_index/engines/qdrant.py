"""The engine `qdrant`: a Qdrant server or cluster, the way beyond one machine.

The server is named by --engine-url or FALLOW_QDRANT_URL, its key only by FALLOW_QDRANT_API_KEY: it is
neither stored nor shown. The collection's metadata says whose vectors it holds (servers from 1.16 on).
"""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from importlib.util import find_spec
from json import JSONDecodeError
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
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
    MESSAGE_BYTES,
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
from fallow_ingest.errors import (
    BadInput,
    EngineError,
    FallowError,
    ServiceBroken,
    ServiceRefused,
    ServiceThrottled,
)

URL_VARIABLE, KEY_VARIABLE = "FALLOW_QDRANT_URL", "FALLOW_QDRANT_API_KEY"
TIMEOUT = 60
"""Seconds for one request."""
_SPACE = "fallow_space"


class QdrantEngine:
    """One collection. client: a client that is connected already, instead of one for the server named."""

    name = "qdrant"

    def __init__(
        self, place: Place, space: VectorSpace, *, replace: bool = False, client: Any = None
    ) -> None:
        lacking = self.lacking(place) if client is None else None
        if lacking is not None:
            raise lacking
        self.space = space
        self.collection = place.collection or collection_of(place.folder)
        self.url = "this process" if client else _url(place)
        self._client = client or _connect(self.url)
        self._where = f"Collection '{self.collection}' on {self.url}"
        try:
            with self._asking():
                self._open(replace)
        except BaseException:
            if client is None:
                self._client.close()
            raise

    @staticmethod
    def lacking(place: Place) -> FallowError | None:
        """Its client, or the name of a server."""
        if find_spec("qdrant_client") is None:
            return not_installed("qdrant", "qdrant-client", "qdrant")
        if not (place.url or os.environ.get(URL_VARIABLE)):
            return EngineError(
                "The engine 'qdrant' was told no server",
                f"set {URL_VARIABLE}, or say --engine-url, for example http://localhost:6333",
            )
        return None

    # The collection -----------------------------------------------------------------------------

    def _open(self, replace: bool) -> None:
        if self._client.collection_exists(self.collection):
            known = self._known_space()
            if known == self.space:
                self._index_payload()
                return
            if not replace:
                raise other_space(self._where, told(known), self.space)
            self._client.delete_collection(self.collection)
        self._create()
        self._index_payload()

    def _known_space(self) -> VectorSpace:
        """Whose vectors the collection holds. Raises EngineError when it is none of ours, or not whole."""
        config = self._client.get_collection(self.collection).config
        own = "name one of its own with --engine-collection, or delete it on the server"
        try:
            space = VectorSpace(**dict((config.metadata or {})[_SPACE]))
        except (KeyError, TypeError, ValueError) as error:
            raise EngineError(f"{self._where} was not made by fallow (or the server is older than 1.16)",
                              own) from error  # fmt: skip
        vectors = config.params.vectors
        sizes = {name: vectors[name].size for name in vectors} if isinstance(vectors, dict) else {}
        if sizes != {DENSE: space.dimension, TOKENS: space.token_dimension}:
            raise EngineError(f"{self._where} has vectors of sizes {sizes}, which is not what it says", own)
        return space

    def _create(self) -> None:
        from qdrant_client import models

        late = models.MultiVectorConfig(comparator=models.MultiVectorComparator.MAX_SIM)
        half, dot = models.Datatype.FLOAT16, models.Distance.DOT
        self._client.create_collection(
            self.collection,
            vectors_config={
                DENSE: models.VectorParams(size=self.space.dimension, distance=dot, datatype=half),
                TOKENS: models.VectorParams(
                    size=self.space.token_dimension,
                    distance=dot,
                    datatype=half,
                    multivector_config=late,
                    hnsw_config=models.HnswConfigDiff(m=0),
                ),
            },
            metadata={_SPACE: asdict(self.space)},
        )

    def _index_payload(self) -> None:
        """Also where a kill came between making the collection and this."""
        from qdrant_client import models

        if PUBLIC_BY in (self._client.get_collection(self.collection).payload_schema or {}):
            return
        with warnings.catch_warnings():
            # The in-process client has no such indexes and says so.
            warnings.filterwarnings("ignore", "Payload indexes have no effect", UserWarning)
            self._client.create_payload_index(self.collection, PUBLIC_BY, models.PayloadSchemaType.INTEGER)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def count(self) -> int:
        """Counted by the server."""
        with self._asking():
            return int(self._client.count(self.collection, exact=True).count)

    def held(self) -> Held:
        """Read from the payload of every point, page by page."""
        points: list[tuple[Any, Any]] = []
        offset: Any = None
        with self._asking():
            while True:
                records, offset = self._client.scroll(
                    self.collection,
                    limit=PAGE,
                    offset=offset,
                    with_payload=[KEY, PUBLIC_BY],
                    with_vectors=False,
                )
                points += [(record.id, record.payload) for record in records]
                if offset is None:
                    return held_of(points, self._where)

    def upsert(self, papers: Papers) -> None:
        """Each message is applied and in the server's log when it is answered."""
        from qdrant_client import models

        with self._asking():
            for part in messages(papers):
                points = [
                    models.PointStruct(id=number, vector=vectors_of(part, row), payload=payload_of(part, row))
                    for row, number in enumerate(part.held.numbers.tolist())
                ]
                self._client.upsert(self.collection, points, wait=True)

    def delete(self, numbers: Numbers) -> None:
        """Points that are not there are no error."""
        from qdrant_client import models

        with self._asking():
            for start in range(0, len(numbers), PAGE):
                ids = models.PointIdsList(points=numbers[start : start + PAGE].tolist())
                self._client.delete(self.collection, ids, wait=True)

    def settle(self) -> None:
        """The server indexes by itself, and answers meanwhile."""

    # Searching ----------------------------------------------------------------------------------

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
        """One request with two questions: the candidates' inner products, and their MaxSim."""
        from qdrant_client import models

        if within is not None and not within:
            return Ranking.nothing()
        passing = _filter(as_of, exclude, within)
        depth = max(k, candidates)
        query = np.asarray(dense, np.float64).tolist()
        scaled, divisor = weighted(tokens, weights)
        asked = [models.QueryRequest(query=query, using=DENSE, filter=passing, limit=depth)]
        if len(scaled):
            stage = models.Prefetch(query=query, using=DENSE, filter=passing, limit=depth)
            late = np.asarray(scaled, np.float64).tolist()
            asked.append(
                models.QueryRequest(prefetch=stage, query=late, using=TOKENS, filter=passing, limit=depth)
            )
        with self._asking():
            answers = self._client.query_batch_points(self.collection, asked)
        by_late = answers[1].points if len(scaled) else []
        return ranking_of(answers[0].points, by_late, divisor, k)

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Turn what the client raises into one sentence."""
        from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
        from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

        try:
            yield
        except ResourceExhaustedResponse as error:
            raise ServiceThrottled(f"{self.url} asks to wait {error.retry_after_s} seconds",
                                   "run the command again then: it goes on") from error  # fmt: skip
        except UnexpectedResponse as error:
            raise _refusal(self._where, error) from error
        except (ResponseHandlingException, JSONDecodeError) as error:
            why = _line(getattr(error, "source", error))
            raise ServiceBroken(
                f"{self.url} cannot be reached, or does not answer as Qdrant does ({why})",
                "check the address and that the server runs, then run the command again: it goes on",
            ) from error


def collection_of(folder: Path) -> str:
    """The name of a library's collection unless told otherwise: another library's is another."""
    return f"fallow-{hashlib.blake2b(str(folder.absolute()).encode(), digest_size=6).hexdigest()}"


def _url(place: Place) -> str:
    """The server's address. Raises BadInput for one that is none, or holds a password."""
    url = place.url or os.environ[URL_VARIABLE]
    try:
        parts = urlsplit(url)
        plain = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        plain = False
    if not plain:
        raise BadInput(f"'{url}' is no address of a Qdrant server", "say for example http://localhost:6333")
    if parts.username or parts.password or parts.query:
        raise BadInput(f"The address of the Qdrant server at {parts.hostname} holds more than a place",
                       f"put the key into {KEY_VARIABLE}")  # fmt: skip
    return url


def _connect(url: str) -> Any:
    from qdrant_client import QdrantClient

    # The port is the address's own, also where it is that of http or https.
    port = urlsplit(url).port or {"http": 80, "https": 443}[urlsplit(url).scheme]
    key = os.environ.get(KEY_VARIABLE) or None
    return QdrantClient(url, port=port, api_key=key, timeout=TIMEOUT, check_compatibility=False)


def _refusal(where: str, error: Any) -> FallowError:
    """The sentence for an answer other than 200. error: the client's UnexpectedResponse."""
    status = error.status_code or 0
    try:
        told_by_server = str(error.structured()["status"]["error"])
    except (ValueError, KeyError, TypeError):
        told_by_server = error.reason_phrase or "no reason given"
    said = f"({status}: {' '.join(told_by_server.split())[:200]})"
    if status in (401, 403):
        return ServiceRefused(f"{where} may not be used with this key {said}", f"set {KEY_VARIABLE}")
    if status == 404:
        return EngineError(f"{where} is not there {said}", "run `fallow build --engine qdrant`")
    if status == 413:
        return ServiceRefused(f"{where} takes no message of {MESSAGE_BYTES >> 20} MiB {said}",
                              "raise service.max_request_size_mb of the server")  # fmt: skip
    if status >= 500:
        return ServiceBroken(
            f"{where} failed {said}", "see the server's log, then run the command again: it goes on"
        )
    return ServiceRefused(f"{where} refused a request {said}", "see the server's log")


def _filter(as_of: int | None, exclude: Collection[int], within: Collection[int] | None) -> Any:
    """The filters of a search as a condition on points; None where all pass."""
    from qdrant_client import models

    must: list[Any] = []
    if as_of is not None:
        must.append(models.FieldCondition(key=PUBLIC_BY, range=models.Range(lte=as_of)))
    if within is not None:
        must.append(models.HasIdCondition(has_id=[int(number) for number in within]))
    must_not: list[Any] = []
    if exclude:
        must_not.append(models.HasIdCondition(has_id=[int(number) for number in exclude]))
    return models.Filter(must=must, must_not=must_not) if must or must_not else None


def _line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]
