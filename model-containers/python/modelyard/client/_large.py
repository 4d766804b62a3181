import json
from hashlib import sha256
from typing import Any, Mapping
from urllib.parse import quote

from ._errors import ApiError
from ._http import Http
from ._task import Task

# Larger requests are uploaded.
MAX_CALL_BYTES = 4 * 2**20


def submit(http: Http, model: str, request: "Mapping[str, Any]", key: str, headers: "Mapping[str, str]") -> Task:
    """Submits a request, by way of an upload if it is large."""
    path = f"/models/{quote(model, safe='')}"
    named = {"Idempotency-Key": key}
    body = json.dumps(dict(request)).encode()
    if len(body) <= MAX_CALL_BYTES:
        return with_result(http, Task.of(http.send("POST", f"{path}/tasks", dict(request), {**named, **headers})))
    announced = {"size": len(body), "sha256": sha256(body).hexdigest(), "type": "application/json"}
    upload = http.send("POST", f"{path}/uploads", announced, named)
    http.transfer(upload["method"], upload["url"], upload["headers"], body)
    return with_result(http, Task.of(http.send("POST", upload["links"]["submit"], headers=headers)))


def with_result(http: Http, task: Task) -> Task:
    """The task with its result, also where the answer has only a link to it."""
    link = _link(task)
    if link is None:
        return task
    try:
        result = http.transfer("GET", link)
    except ApiError as error:
        if error.status not in (403, 404):
            raise
        # The link has expired since the task was read. A new answer has a new one.
        again = Task.of(http.send("GET", f"/tasks/{quote(task.id, safe='')}"))
        result = http.transfer("GET", _link(again) or link)
    return task.with_result(json.loads(result))


def _link(task: Task) -> "str | None":
    if task.state != "succeeded" or task.result is not None:
        return None
    link: "str | None" = (task.raw.get("links") or {}).get("result")
    return link
