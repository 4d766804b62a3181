"""The client against a server that answers as told."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from unittest import mock

import pytest

from modelyard.client import ApiError, Client, TaskError, UnreachableError

Answer = tuple[int, dict[str, str], Any]
NDJSON = {"Content-Type": "application/x-ndjson"}
SUCCEEDED = {"id": "t", "state": "succeeded", "result": {"value": 1}}


class Scripted(ThreadingHTTPServer):
    answers: list[Answer]
    asked: list[tuple[float, dict[str, str]]]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Scripted

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append((time.monotonic(), dict(self.headers.items())))
        status, headers, body = self.server.answers[min(len(self.server.asked), len(self.server.answers)) - 1]
        lines = body if isinstance(body, list) else [body]
        text = body.encode() if isinstance(body, str) else "\n".join(json.dumps(line) for line in lines).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def scripted(*answers: Answer) -> Iterator[Scripted]:
    server = Scripted(("127.0.0.1", 0), Handler)
    server.answers, server.asked = list(answers), []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def test_a_submit_is_repeated_with_the_same_key_after_the_time_that_the_api_asks_for() -> None:
    with scripted((429, {"Retry-After": "1"}, {}), (503, {}, {}), (200, {}, SUCCEEDED)) as server:
        assert Client(server.url).predict("m", {}) == {"value": 1}

    keys = {headers["Idempotency-Key"] for _, headers in server.asked}
    assert len(server.asked) == 3 and len(keys) == 1
    assert server.asked[1][0] - server.asked[0][0] >= 0.99


def test_a_retry_waits_until_the_date_that_a_proxy_asks_for() -> None:
    later = time.time() + 60
    with scripted((503, {"Retry-After": formatdate(later, usegmt=True)}, {}), (200, {}, SUCCEEDED)) as server:
        waits: "list[float]" = []
        with mock.patch("modelyard.client._http.time.sleep", waits.append):
            Client(server.url).predict("m", {})

    assert len(waits) == 1 and 0 < waits[0] <= 60


def test_a_refusal_is_not_repeated_and_carries_its_problem() -> None:
    problem = {"type": "/problems/invalid-input", "status": 422, "detail": "No.", "errors": [{"pointer": "/a", "message": "b"}]}
    with scripted((422, {}, problem)) as server, pytest.raises(ApiError, match="No.") as raised:
        Client(server.url).predict("m", {})

    assert (raised.value.code, raised.value.status) == ("invalid-input", 422)
    assert raised.value.errors == [{"pointer": "/a", "message": "b"}]
    assert len(server.asked) == 1


def test_a_task_without_a_result_is_an_error() -> None:
    error = {"code": "timeout", "message": "Too slow.", "retryable": True}
    with scripted((200, {}, {"id": "t", "state": "failed", "error": error})) as server:
        with pytest.raises(TaskError, match="Too slow.") as raised:
            Client(server.url).predict("m", {})

    assert (raised.value.code, raised.value.retryable) == ("timeout", True)


def test_a_stream_has_every_change() -> None:
    def told(number: int, name: str, data: "dict[str, Any]") -> str:
        return f"id: 0.0.0.{number}\nevent: {name}\ndata: {json.dumps(data)}\n\n"

    first = told(1, "state", {"id": "t", "state": "running"}) + told(2, "progress", {"fraction": 0.5, "message": "Half."})
    rest = told(3, "state", {"id": "t", "state": "succeeded"})
    with scripted((200, {}, first + rest[:20]), (200, {}, ":\n\n"), (200, {}, rest)) as server:
        seen = list(Client(server.url).stream("t"))

    assert [task.state for task in seen] == ["running", "running", "succeeded"]
    assert seen[1].progress == {"fraction": 0.5, "message": "Half."}
    assert [headers.get("Last-Event-Id") for _, headers in server.asked] == [None, "0.0.0.2", "0.0.0.2"]


def test_a_batch_keeps_the_order_and_goes_on_after_a_failure() -> None:
    refused = {"index": 1, "state": "refused", "problem": {"status": 422, "detail": "No."}}
    lines: list[Answer] = [
        (202, {}, {"id": "b"}),
        (200, NDJSON, [{"index": 0, **SUCCEEDED}, refused, {"index": 2, "id": "t", "state": "running"}]),
        (200, NDJSON, [{"index": 2, **SUCCEEDED}]),
    ]
    with scripted(*lines) as server:
        items = list(Client(server.url).batch("m", [{}, {}, {}]))

    assert [item.index for item in items] == [0, 1, 2]
    assert [item.error is None for item in items] == [True, False, True]


def test_an_api_that_does_not_answer_is_named() -> None:
    with pytest.raises(UnreachableError, match="127.0.0.1:1 does not answer"):
        Client("http://127.0.0.1:1", retries=0).predict("m", {})


def test_a_stream_waits_as_the_api_asks_and_then_gives_up() -> None:
    with scripted((429, {"Retry-After": "7"}, {}), (503, {}, {"detail": "Down."})) as server:
        waits: "list[float]" = []
        with mock.patch("modelyard.client._http.time.sleep", waits.append):
            with pytest.raises(ApiError, match="Down."):
                list(Client(server.url, retries=2).stream("t"))

    assert waits[0] == 7 and len(server.asked) == 3


def test_a_stream_says_that_nothing_answers() -> None:
    with pytest.raises(UnreachableError, match="127.0.0.1:1 does not answer"):
        list(Client("http://127.0.0.1:1", retries=0).stream("t"))


def test_another_program_is_named() -> None:
    with scripted((200, {"Content-Type": "text/html"}, "<h1>Welcome</h1>")) as server:
        with pytest.raises(UnreachableError, match="another program"):
            Client(server.url).predict("m", {})


def test_a_problem_that_is_no_object_is_a_refusal_all_the_same() -> None:
    with scripted((400, {}, 7)) as server, pytest.raises(ApiError, match="The API answered 400."):
        Client(server.url).predict("m", {})


def test_a_url_without_a_scheme_is_refused() -> None:
    with pytest.raises(ValueError, match="must begin with http"):
        Client("localhost:8000")
