"""One run of a model: encoded requests in, encoded responses out."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite, isnan
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import DecodeError, Message

from ._logs import describe, text_of
from ._model import Context, logger

Answer = dict[str, Any]
MAX_PARTIAL_BYTES = 128 * 1024


@dataclass(frozen=True)
class Item:
    """One request of a run."""

    run: int
    position: int
    body: bytes
    context: Context


@dataclass(frozen=True)
class Runner:
    """Binds a model to its messages."""

    method: Callable[[Any, Any], Any]
    batches: bool
    request: Any
    response: Any
    max_response_bytes: int

    def run(self, items: Sequence[Item], answer: Callable[[Item, Answer], None]) -> None:
        """Calls ``answer`` once for each item. Never raises an ``Exception``."""
        readable: list[tuple[Item, Message]] = []
        for item in items:
            try:
                readable.append((item, self.request.FromString(item.body)))
            except DecodeError as error:
                answer(item, _final("request_unreadable", f"The request cannot be read: {error}"))
        if self.batches:
            for (item, _), result in zip(readable, self._predict_each(readable)):
                answer(item, result)
        else:
            for item, request in readable:
                answer(item, self._predict(item, request))

    def _predict(self, item: Item, request: Message) -> Answer:
        try:
            return self._encode(self.method(request, item.context))
        except Exception as error:
            return _failure(error, [item])

    def _predict_each(self, items: Sequence[tuple[Item, Message]]) -> list[Answer]:
        """If a batch raises, runs each item alone, so that only the invalid request fails."""
        if not items:
            return []
        try:
            return self._predict_batch(items)
        except Exception as error:
            if len(items) == 1 or all(item.context.aborted for item, _ in items):
                failure = _failure(error, [item for item, _ in items])
                return [failure] * len(items)
        return [answer for item in items for answer in self._predict_each([item])]

    def _predict_batch(self, items: Sequence[tuple[Item, Message]]) -> list[Answer]:
        answers = list(self.method([request for _, request in items], [item.context for item, _ in items]))
        if len(answers) != len(items):
            raise ValueError(f"The model returned {len(answers)} answers to a batch of {len(items)}.")
        return [
            _failure(each, [item]) if isinstance(each, Exception) else self._encode(each)
            for (item, _), each in zip(items, answers)
        ]

    def partial(self, value: Any) -> bytes:
        """An encoded partial response. Raises for what is no response message or is too long."""
        response = self._serialize(value)
        if len(response) > MAX_PARTIAL_BYTES:
            raise ValueError(f"A partial response may have {MAX_PARTIAL_BYTES} bytes, not {len(response)}.")
        return response

    def _serialize(self, value: Any) -> bytes:
        message = json_format.ParseDict(_plain(value), self.response()) if isinstance(value, dict) else value
        if not isinstance(message, self.response):
            name = self.response.DESCRIPTOR.name
            raise TypeError(f"it is {type(value).__name__}, not {name} or a dict of its fields.")
        serialized: bytes = message.SerializeToString()
        return serialized

    def _encode(self, value: Any) -> Answer:
        try:
            response = self._serialize(value)
        except Exception as error:
            text = f"The model's response does not match its response message: {text_of(error)}"
            logger.error(text)
            return _final("result_unserializable", text)
        if len(response) <= self.max_response_bytes:
            return {"response": response}
        allowed = f"{self.max_response_bytes} are allowed."
        return _final("result_too_large", f"The model's response has {len(response)} bytes; {allowed}")


def _plain(value: Any) -> Any:
    """
    A dict of fields as canonical JSON: arrays and numbers of NumPy and its like as those of Python, bytes as base64, and
    numbers that are not finite by name.
    """
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Message):
        return json_format.MessageToDict(value, preserving_proto_field_name=True)
    if isinstance(value, dict):
        return {_plain(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, (bytes, bytearray)):
        return b64encode(value).decode()
    if isinstance(value, float) and not isfinite(value):
        return "NaN" if isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def _failure(error: Exception, items: Sequence[Item]) -> Answer:
    """The error that the task's owner sees. ``retryable = False`` on the exception ends the task; ``code`` is shown."""
    code = getattr(error, "code", None)
    if not isinstance(code, str):
        for item in items:
            item.context.logger.error("The model raised an exception.", exc_info=error)
    text = text_of(error) if isinstance(code, str) else ""
    failure = {
        "code": code if isinstance(code, str) else "model_error",
        "message": text or describe(error),
        "retryable": getattr(error, "retryable", True) is not False,
    }
    return {"failure": failure}


def _final(code: str, message: str) -> Answer:
    return {"failure": {"code": code, "message": message, "retryable": False}}
