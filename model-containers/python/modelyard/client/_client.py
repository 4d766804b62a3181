import time
from dataclasses import replace
from typing import Any, Iterable, Iterator, Mapping
from urllib.parse import quote
from uuid import uuid4

from ._batch import BatchItem, outcomes
from ._errors import TaskError
from ._http import Http
from ._large import submit, with_result
from ._task import Task

# Longest wait of one request, in seconds.
WAIT = 25
# Pauses before a new connection, in seconds.
RECONNECT = 0.2
MAX_RECONNECT = 5.0


class Client:
    """A client of one API. Threads may share it.

    ``token`` is a token or an API key. A request is repeated up to ``retries`` times while the API answers 429, 502,
    503 or 504 or cannot be reached, after the time that ``Retry-After`` says. ``timeout`` is in seconds, per request.
    """

    def __init__(
        self,
        url: str = "http://localhost:8000",
        token: "str | None" = None,
        retries: int = 4,
        timeout: float = 60.0,
    ) -> None:
        self._http = Http(url, token, retries, timeout)

    def predict(self, model: str, request: "Mapping[str, Any]", **options: Any) -> "dict[str, Any]":
        """The result of a request. Raises ``TaskError`` when the task ends without a result."""
        task = self._submit(model, request, wait=WAIT, **options)
        if not task.is_over:
            task = self.wait(task.id)
        if task.state != "succeeded":
            raise TaskError(task)
        return task.result or {}

    def submit(self, model: str, request: "Mapping[str, Any]", **options: Any) -> Task:
        """Submits a request and returns its task at once.

        Options: ``idempotency_key`` (a random one otherwise), ``deadline_seconds``,
        ``timeout_seconds`` and ``priority`` (``low``, ``normal`` or ``high``).
        """
        return self._submit(model, request, **options)

    def wait(self, task_id: str) -> Task:
        """The task when it has ended."""
        while True:
            task = self._task(task_id, WAIT)
            if task.is_over:
                return task

    def stream(self, task_id: str) -> Iterator[Task]:
        """The task as it is now and after every change of its state or progress, until it has ended."""
        latest: "Task | None" = None
        for name, data in self.events(task_id):
            if name == "state":
                latest = with_result(self._http, Task.of(data))
                yield latest
            elif name == "progress" and latest:
                latest = replace(latest, progress=data)
                yield latest

    def events(self, task_id: str) -> "Iterator[tuple[str, dict[str, Any]]]":
        """What happens to a task until it has ended: ``state``, ``progress``, ``partial`` and ``history``.

        Connects again where a connection breaks, and goes on after the last event.
        """
        path = f"/tasks/{quote(task_id, safe='')}/events"
        headers = {"Prefer": f"wait={WAIT}"}
        failures = 0
        while True:
            before = headers.get("Last-Event-ID")
            for last_id, name, data in self._http.events(path, headers):
                headers["Last-Event-ID"] = last_id
                yield name, data
                if name == "state" and Task.of(data).is_over:
                    return
            failures = 0 if headers.get("Last-Event-ID") != before else failures + 1
            time.sleep(min(RECONNECT * 2.0**failures, MAX_RECONNECT))

    def batch(
        self,
        model: str,
        requests: "Iterable[Mapping[str, Any]]",
        size: int = 250,
        idempotency_key: "str | None" = None,
    ) -> Iterator[BatchItem]:
        """The outcomes of many requests, in their order. One that fails does not stop the others.

        ``size`` requests (1 to 1,000) are submitted with each call. Repeats with the same ``idempotency_key``, requests
        and size return the same tasks.
        """
        return outcomes(self._http, model, requests, size, idempotency_key or str(uuid4()))

    def request(self, method: str, path: str, body: Any = None) -> Any:
        """Any other route: the JSON of its answer. Only GET and DELETE are repeated."""
        return self._http.send(method, path, body, repeatable=method in ("GET", "DELETE"))

    def _submit(
        self,
        model: str,
        request: "Mapping[str, Any]",
        idempotency_key: "str | None" = None,
        deadline_seconds: "int | None" = None,
        timeout_seconds: "int | None" = None,
        priority: "str | None" = None,
        wait: "int | None" = None,
    ) -> Task:
        headers: "dict[str, str]" = {}
        if wait is not None:
            headers["Prefer"] = f"wait={wait}"
        if deadline_seconds is not None:
            headers["Task-Deadline"] = str(deadline_seconds)
        if timeout_seconds is not None:
            headers["Task-Timeout"] = str(timeout_seconds)
        if priority is not None:
            headers["Task-Priority"] = priority
        return submit(self._http, model, request, idempotency_key or str(uuid4()), headers)

    def _task(self, task_id: str, wait: int) -> Task:
        path = f"/tasks/{quote(task_id, safe='')}"
        return with_result(self._http, Task.of(self._http.send("GET", path, headers={"Prefer": f"wait={wait}"})))
