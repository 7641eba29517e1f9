"""The part of Qdrant's REST interface that the engine uses, as a server answers it, with its refusals."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from protocols.server import Asked, Reply

Json = dict[str, Any]


class Refused(Exception):
    """An answer other than 200."""

    def __init__(self, status: int, error: str) -> None:
        self.status = status
        self.error = error


@dataclass
class Collection:
    params: Json
    metadata: Json | None
    points: dict[int, Json] = field(default_factory=dict)
    indexed: dict[str, Json] = field(default_factory=dict)


@dataclass
class QdrantServer:
    """Collections in memory. key: what requests must carry; largest: bytes of a request."""

    key: str = ""
    largest: int = 32 << 20
    collections: dict[str, Collection] = field(default_factory=dict)

    def __call__(self, asked: Asked) -> Reply:
        try:
            if self.key and asked.headers.get("api-key") != self.key:
                raise Refused(401, "Must provide an API key or an Authorization bearer token")
            if len(asked.body) > self.largest:
                raise Refused(413, f"Payload reached size limit ({self.largest} bytes)")
            return _reply(200, {"result": self._result(asked), "status": "ok", "time": 0.001})
        except Refused as refused:
            return _reply(refused.status, {"status": {"error": refused.error}, "time": 0.0})

    def _result(self, asked: Asked) -> Any:
        _, name, *rest = asked.path.strip("/").split("/")
        body = json.loads(asked.body) if asked.body else {}
        work = (asked.method, "/".join(rest))
        if work == ("GET", "exists"):
            return {"exists": name in self.collections}
        if work == ("PUT", ""):
            self.collections[name] = Collection({"vectors": body["vectors"]}, body.get("metadata"))
            return True
        if work == ("DELETE", ""):
            return self.collections.pop(name, None) is not None
        if name not in self.collections:
            raise Refused(404, f"Not found: Collection `{name}` doesn't exist!")
        collection = self.collections[name]
        if work == ("GET", ""):
            return _described(collection)
        if work == ("PUT", "index"):
            schema = {"data_type": body["field_schema"], "points": len(collection.points)}
            collection.indexed[body["field_name"]] = schema
            return _done()
        return _points(collection, work, body)


def _points(collection: Collection, work: tuple[str, str], body: Json) -> Any:
    points = collection.points
    if work == ("PUT", "points"):
        for point in body["points"]:
            _check_vectors(collection, point["vector"])
        points.update({point["id"]: point for point in body["points"]})
        return _done()
    if work == ("POST", "points/delete"):
        for number in body["points"]:
            points.pop(number, None)
        return _done()
    if work == ("POST", "points/count"):
        return {"count": len(points)}
    if work == ("POST", "points/scroll"):
        numbers = sorted(number for number in points if number >= (body.get("offset") or 0))
        page = numbers[: body["limit"]]
        following = numbers[len(page)] if len(numbers) > len(page) else None
        records = [{"id": number, "payload": points[number].get("payload")} for number in page]
        return {"points": records, "next_page_offset": following}
    if work == ("POST", "points/query/batch"):
        return [{"points": _found(collection, search)} for search in body["searches"]]
    raise Refused(404, "")


def _found(collection: Collection, search: Json) -> list[Json]:
    nominated = list(collection.points)
    stages = search.get("prefetch") or []
    for stage in [stages] if isinstance(stages, dict) else stages:
        nominated = [point["id"] for point in _found(collection, stage)]
    asked = search["query"]
    query = np.array(asked["nearest"] if isinstance(asked, dict) else asked)
    scored = []
    for number in nominated:
        point = collection.points[number]
        held = point["vector"].get(search["using"])
        if held is not None and _passes(point, search.get("filter") or {}):
            products = np.atleast_2d(query) @ np.atleast_2d(np.array(held)).T
            scored.append({"id": number, "version": 0, "score": float(products.max(axis=1).sum())})
    return sorted(scored, key=lambda point: -point["score"])[: search["limit"]]


def _passes(point: Json, conditions: Json) -> bool:
    must = all(_holds(point, condition) for condition in conditions.get("must") or [])
    return must and not any(_holds(point, condition) for condition in conditions.get("must_not") or [])


def _holds(point: Json, condition: Json) -> bool:
    if "has_id" in condition:
        return point["id"] in condition["has_id"]
    return bool(point["payload"][condition["key"]] <= condition["range"]["lte"])


def _check_vectors(collection: Collection, vectors: Json) -> None:
    for name, value in vectors.items():
        size = collection.params["vectors"][name]["size"]
        given = np.array(value).shape[-1]
        if given != size:
            raise Refused(400, f"Wrong input: Vector dimension error: expected dim: {size}, got {given}")


def _described(collection: Collection) -> Json:
    return {
        "status": "green",
        "optimizer_status": "ok",
        "segments_count": 1,
        "points_count": len(collection.points),
        "payload_schema": collection.indexed,
        "config": {
            "params": collection.params,
            "hnsw_config": {"m": 16, "ef_construct": 100, "full_scan_threshold": 10000},
            "optimizer_config": {
                "deleted_threshold": 0.2,
                "vacuum_min_vector_number": 1000,
                "default_segment_number": 0,
                "flush_interval_sec": 5,
            },
            "metadata": collection.metadata,
        },
    }


def _done() -> Json:
    return {"operation_id": 1, "status": "completed"}


def _reply(status: int, document: Json) -> Reply:
    return Reply(status, json.dumps(document).encode())
