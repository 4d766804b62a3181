import json
import time
from dataclasses import dataclass
from typing import Any, Iterable, Iterator, Mapping, NamedTuple
from urllib.parse import quote

from ._errors import ApiError, ClientError, TaskError
from ._large import with_result
from ._http import NDJSON, Http
from ._task import Task

MAX_SIZE = 1000
# Less than the 6 MB that a Lambda accepts.
MAX_BYTES = 4_000_000
LINES_PER_READ = 100
# Pauses between two reads of the results, in seconds.
MIN_PAUSE = 0.05
MAX_PAUSE = 2.0


@dataclass(frozen=True)
class BatchItem:
    """The outcome of one request of a batch: a result or an error."""

    index: int
    result: "dict[str, Any] | None" = None
    error: "ClientError | None" = None


class _Chunk(NamedTuple):
    start: int
    requests: "list[Mapping[str, Any]]"


def outcomes(
    http: Http, model: str, requests: "Iterable[Mapping[str, Any]]", size: int, key: str
) -> Iterator[BatchItem]:
    """The outcomes of many requests, in their order, by the batch routes of the API."""
    for chunk in _chunks(requests, min(MAX_SIZE, max(1, size))):
        path = f"/models/{quote(model, safe='')}/batches"
        try:
            batch = http.send("POST", path, chunk.requests, {"Idempotency-Key": f"{key}-{chunk.start}"})
        except ClientError as error:
            for at in range(len(chunk.requests)):
                yield BatchItem(chunk.start + at, error=error)
            continue
        yield from _read(http, batch["id"], chunk)


def _chunks(requests: "Iterable[Mapping[str, Any]]", size: int) -> Iterator[_Chunk]:
    start, length = 0, 0
    chunk: "list[Mapping[str, Any]]" = []
    for request in requests:
        more = len(json.dumps(request))
        if len(chunk) == size or (chunk and length + more > MAX_BYTES):
            yield _Chunk(start, chunk)
            start, length, chunk = start + len(chunk), 0, []
        chunk.append(request)
        length += more
    if chunk:
        yield _Chunk(start, chunk)


def _read(http: Http, batch_id: str, chunk: _Chunk) -> Iterator[BatchItem]:
    at, pause = 0, MIN_PAUSE
    while at < len(chunk.requests):
        path = f"/batches/{quote(batch_id, safe='')}/results?from={at}&limit={LINES_PER_READ}"
        lines = http.send("GET", path, headers={"Accept": NDJSON})
        before = at
        for line in lines:
            item = _outcome(http, line, chunk.start)
            if item is None:
                break
            yield item
            at += 1
        pause = MIN_PAUSE if at > before else min(MAX_PAUSE, pause * 1.5)
        if at - before < len(lines):
            time.sleep(pause)


def _outcome(http: Http, line: "Mapping[str, Any]", start: int) -> "BatchItem | None":
    """None for a task that has not ended."""
    index = start + int(line["index"])
    if "problem" in line:
        return BatchItem(index, error=ApiError(line["problem"]))
    task = with_result(http, Task.of(line))
    if not task.is_over:
        return None
    return BatchItem(index, result=task.result or {}) if task.state == "succeeded" else BatchItem(index, error=TaskError(task))
