import json
import random
import time
from email.utils import parsedate_to_datetime
from http.client import HTTPException, HTTPResponse
from typing import Any, Callable, Iterator, Mapping, TypeVar
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from ._errors import ApiError, UnreachableError

T = TypeVar("T")

# Answers that say "later", and that repeatable requests try again.
LATER = frozenset({429, 502, 503, 504})
NDJSON = "application/x-ndjson"
FIRST_DELAY = 0.2
MAX_DELAY = 10.0


class Http:
    """Sends requests, and repeats them while the API asks for patience or cannot be reached."""

    def __init__(self, url: str, token: "str | None", retries: int, timeout: float) -> None:
        if not url.lower().startswith(("http://", "https://")):
            raise ValueError(f"The URL must begin with http:// or https://, not {url}.")
        self._url = url.rstrip("/")
        self._token = token
        self._retries = retries
        self._timeout = timeout

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: "Mapping[str, str] | None" = None,
        repeatable: bool = True,
    ) -> Any:
        """The JSON of the answer, ``None`` without one, a list for lines. Raises ``ApiError`` or ``UnreachableError``."""
        return self._repeated(repeatable, lambda: self._once(method, path, body, headers or {}))

    def transfer(self, method: str, url: str, headers: "Mapping[str, str] | None" = None, body: "bytes | None" = None) -> bytes:
        """Sends or gets a large payload at an address that the API has given. The address says who may use it."""
        target = self._url + url if url.startswith("/") else url

        def once() -> bytes:
            request = Request(target, data=body, method=method, headers=dict(headers or {}))
            if body is not None and not request.has_header("Content-type"):
                # Otherwise urllib says that it is a form.
                request.add_header("Content-Type", "application/octet-stream")
            with urlopen(request, timeout=self._timeout) as answer:
                content: bytes = answer.read()
                return content

        return self._repeated(True, once)

    def _repeated(self, repeatable: bool, once: "Callable[[], T]") -> T:
        attempt = 0
        while True:
            last = not repeatable or attempt >= self._retries
            try:
                return once()
            except HTTPError as error:
                problem = _problem(error)
                if last or error.code not in LATER:
                    raise ApiError(problem) from None
                time.sleep(_delay(error.headers.get("Retry-After"), attempt))
            except (URLError, HTTPException, OSError) as error:
                if last:
                    raise UnreachableError(f"{self._url} does not answer.") from error
                time.sleep(_delay(None, attempt))
            attempt += 1

    def events(self, path: str, headers: "Mapping[str, str]") -> "Iterator[tuple[str, str, Any]]":
        """Server-sent events as id, name and data, until the connection ends. Connecting is repeated as in ``send``."""
        request = self._request("GET", path, {"Accept": "text/event-stream", **headers})
        connection = self._repeated(True, lambda: urlopen(request, timeout=self._timeout))
        fields: "dict[str, str]" = {}
        try:
            with connection as answer:
                for raw in answer:
                    line = raw.decode().rstrip("\n")
                    if line:
                        name, _, value = line.partition(": ")
                        fields[name] = value
                    elif "id" in fields and "data" in fields:
                        yield fields["id"], fields.get("event", ""), json.loads(fields["data"])
                        fields = {}
                    else:
                        fields = {}
        except (HTTPException, OSError):
            # The caller connects again.
            pass

    def _request(self, method: str, path: str, headers: "Mapping[str, str]") -> Request:
        request = Request(self._url + path, method=method, headers={"Accept": "application/json", **headers})
        if self._token is not None:
            request.add_header("Authorization", f"Bearer {self._token}")
        return request

    def _once(self, method: str, path: str, body: Any, headers: "Mapping[str, str]") -> Any:
        request = self._request(method, path, headers)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        answer: HTTPResponse
        with urlopen(request, timeout=self._timeout) as answer:
            text = answer.read()
            lines = (answer.headers.get("Content-Type") or "").startswith(NDJSON)
        try:
            if lines:
                return [json.loads(line) for line in text.splitlines() if line.strip()]
            return json.loads(text) if text else None
        except ValueError as error:
            other = "another program may have the port"
            raise UnreachableError(f"{self._url} answers, but not as a Modelyard API does: {other}.") from error


def _delay(asked: "str | None", attempt: int) -> float:
    if asked is not None and asked.isdigit():
        return float(asked)
    try:
        # A date, as proxies send it.
        return max(0.0, parsedate_to_datetime(asked or "").timestamp() - time.time())
    except (TypeError, ValueError):
        pass
    return min(MAX_DELAY, FIRST_DELAY * 2.0**attempt) * (0.5 + random.random() / 2)


def _problem(error: HTTPError) -> "dict[str, Any]":
    problem = {"type": "about:blank", "status": error.code, "detail": f"The API answered {error.code}."}
    try:
        problem.update(json.load(error))
    except (TypeError, ValueError, HTTPException, OSError):
        # A proxy answered without a problem.
        pass
    return problem
