"""The model's end of the connection to its instance: ``model-containers/runtime/backends/README.md`` describes it."""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from ._frames import FrameWriter
from ._load import StartError, load_model, method_of
from ._logs import describe, stack_of, text_of
from ._messages import Messages
from ._model import Context, Model
from ._protocol import ModelCommand, ModelEvent
from ._run import Item, Runner


class Server:
    """Loads a model, runs its setup when requested, and answers requests."""

    def __init__(self, writer: FrameWriter, folder: Path) -> None:
        self._writer = writer
        self._folder = folder
        self._jobs: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._gathering: dict[int, list[Item]] = {}
        self._running: dict[int, dict[int, Context]] = {}
        self._lock = threading.Lock()
        self._messages: Messages
        self._contract: Any
        self._manifest: dict[str, Any] = {}
        self._model: Model
        self._runner: Runner

    def serve(self, frames: Iterable[bytes]) -> None:
        """
        Reads on a thread of its own, so that pings and aborts arrive during a run. Setup, and all runs of a model with
        one slot, are on the calling thread, because some libraries demand that.
        """
        threading.Thread(target=self._read, args=(frames,), name="modelyard-reader", daemon=True).start()
        self._work()

    def last_words(self, error: BaseException) -> None:
        """Reports the error that ends this process."""
        self._send(ModelEvent(last_words={"message": text_of(error) or type(error).__name__}))

    def _read(self, frames: Iterable[bytes]) -> None:
        try:
            for frame in frames:
                self._receive(ModelCommand.FromString(frame))
            # The instance has ended or closed the connection. Threads of the model do not keep the process alive.
            self._end(0)
        except BaseException as error:  # Nothing may end this thread and leave the process alive.
            self.last_words(error)
            self._end(1)

    def _end(self, code: int) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)

    def _work(self) -> None:
        try:
            while True:
                self._jobs.get()()
        except BaseException as error:  # SystemExit, for example, would end one thread only.
            logging.getLogger(__name__).critical("The model ended its process.", exc_info=error)
            self.last_words(error)
            self._end(1)

    def _receive(self, command: Any) -> None:
        kind = command.WhichOneof("command")
        if kind == "request":
            self._gather(command.request)
        elif kind == "abort":
            self._abort(command.abort)
        elif kind == "ping":
            self._send(ModelEvent(pong={"number": command.ping.number}))
        elif kind == "load":
            self._jobs.put(lambda: self._try(self._load, command.load))
        elif kind == "set_up":
            self._jobs.put(lambda: self._try(self._set_up, command.set_up))
        elif kind == "end_setup":
            # Setup cannot be interrupted, and the instance waits for it.
            self._fail("Setup was aborted: the instance stops.")
            self._end(0)

    def _try(self, step: Callable[[Any], None], command: Any) -> None:
        try:
            step(command)
        except Exception as error:
            stack = "" if isinstance(error, StartError) else stack_of(error)
            message = str(error) if isinstance(error, StartError) else describe(error)
            code = getattr(error, "code", "")
            self._fail(message, stack, code if isinstance(code, str) else "")

    def _fail(self, message: str, stack: str = "", code: str = "") -> None:
        self._send(ModelEvent(start_failure={"message": message, "stack": stack, "code": code}))

    def _load(self, load: Any) -> None:
        self._messages = Messages(load.descriptor_set)
        self._messages.as_module("messages")
        self._contract = load
        self._manifest = json.loads(load.manifest)
        self._model = load_model(self._folder)
        method_of(self._model, batches="batching" in self._manifest)
        described = {
            "manifest": load.manifest,
            "request_message": load.request_message,
            "response_message": load.response_message,
            "descriptor_set": load.descriptor_set,
        }
        self._send(ModelEvent(described=described))

    def _set_up(self, set_up: Any) -> None:
        self._model.variant = set_up.variant or None
        self._model.version = set_up.version or None
        self._model.weights_folder = Path(set_up.weights_folder) if set_up.weights_folder else None
        self._model.setup()
        batches = "batching" in self._manifest
        self._runner = Runner(
            method=method_of(self._model, batches),
            batches=batches,
            request=self._messages[self._contract.request_message],
            response=self._messages[self._contract.response_message],
            max_response_bytes=set_up.max_response_bytes,
        )
        for number in range(1, self._manifest.get("slots", 1)):
            threading.Thread(target=self._work, name=f"modelyard-slot-{number}", daemon=True).start()
        self._send(ModelEvent(ready={}))

    def _gather(self, request: Any) -> None:
        trace = {"traceparent": request.traceparent, "tracestate": request.tracestate} if request.traceparent else {}
        run, position = request.run, request.position

        def report(response: Any = None, **fields: Any) -> None:
            if response is not None:
                fields["response"] = self._runner.partial(response)
            self._send(ModelEvent(report={"run": run, "position": position, **fields}))

        context = Context(request.task_id, request.attempt, trace, report, request.request_id)
        item = Item(request.run, request.position, request.body, context)
        with self._lock:
            self._running.setdefault(item.run, {})[item.position] = context
        items = self._gathering.setdefault(item.run, [])
        items.append(item)
        if len(items) < request.size:
            return
        del self._gathering[item.run]
        items.sort(key=lambda each: each.position)
        self._jobs.put(lambda: self._run(items))

    def _run(self, items: list[Item]) -> None:
        self._runner.run(items, lambda item, answer: self._answer(item, answer))

    def _answer(self, item: Item, answer: dict[str, Any]) -> None:
        with self._lock:
            contexts = self._running[item.run]
            del contexts[item.position]
            if not contexts:
                del self._running[item.run]
        self._send(ModelEvent(answer={"run": item.run, "position": item.position, **answer}))

    def _abort(self, abort: Any) -> None:
        with self._lock:
            context = self._running.get(abort.run, {}).get(abort.position)
        if context:
            context.abort(abort.cause)

    def _send(self, event: Any) -> None:
        self._writer.write(event.SerializeToString())
