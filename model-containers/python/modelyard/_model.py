"""The API for models."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

logger = logging.getLogger("modelyard.model")
MAX_MESSAGE_LENGTH = 1000


class InvalidInput(Exception):
    """The request can never succeed: the task fails at once with this message. Other exceptions are retried."""

    code = "invalid_input"
    retryable = False


class Aborted(Exception):
    """The run was aborted. Raised by ``Context.raise_if_aborted``."""

    code = "aborted"


class Context:
    """One request while it runs."""

    def __init__(
        self,
        task_id: str,
        attempt: int,
        trace: Mapping[str, str],
        report: Callable[..., None] | None = None,
        request_id: str = "",
    ) -> None:
        self.task_id = task_id
        #: The ``X-Request-Id`` of the submit; empty if unknown.
        self.request_id = request_id
        #: 1 on the first run of the task.
        self.attempt = attempt
        #: The caller's W3C Trace Context; empty without one.
        self.trace = trace
        trail = {"taskId": task_id, **({"requestId": request_id} if request_id else {})}
        #: Every line has the ids of the task and of the request.
        self.logger: logging.LoggerAdapter[logging.Logger] = logging.LoggerAdapter(logger, trail)
        self._report = report
        self._abort = threading.Event()
        self._cause: str | None = None

    @property
    def aborted(self) -> bool:
        """Whether the run timed out, lost its lease or must stop. After 5 s more, the process is killed."""
        return self._abort.is_set()

    @property
    def abort_cause(self) -> str | None:
        """``timeout``, ``deadline``, ``lease-lost``, ``task-ended`` or ``stopping``; None while it is not aborted."""
        return self._cause

    def raise_if_aborted(self) -> None:
        """Call between the steps of a long run. Raises ``Aborted``."""
        if self.aborted:
            raise Aborted(f"The run was aborted: {self._cause}.")

    def wait(self, seconds: float) -> None:
        """Sleeps. Raises ``Aborted`` as soon as the run is aborted."""
        self._abort.wait(seconds)
        self.raise_if_aborted()

    def progress(self, fraction: float, message: str = "") -> None:
        """Tells the caller how far the run is, from 0 to 1. At most one report a second is stored, the latest."""
        if not 0 <= fraction <= 1:
            raise ValueError(f"The progress must be from 0 to 1, not {fraction}.")
        if self._report:
            self._report(fraction=float(fraction), message=message[:MAX_MESSAGE_LENGTH])

    def partial(self, response: Any) -> None:
        """Tells the caller a part of the result: a response message or a dict of its known fields, up to 128 KiB."""
        if self._report:
            self._report(response=response)

    def abort(self, cause: str) -> None:
        """Called by the runtime."""
        self._cause = cause
        self._abort.set()


class Model:
    """
    Subclass it once in ``model.py`` and write ``setup`` and either ``predict`` or ``predict_batch``. The current
    directory is the model's folder. Both may leave out the parameter ``context`` or ``contexts``.
    """

    #: The model's folder.
    folder: Path
    #: The variant to serve; None for a model without variants.
    variant: str | None
    #: The deployed version; None before the first deployment and for a model that is not versioned.
    version: str | None = None
    #: The folder with the files of the version.
    weights_folder: Path | None = None
    #: For lines that belong to no task.
    logger: logging.Logger = logger

    def setup(self) -> None:
        """Runs once per process, before the first request. Load weights here."""

    def predict(self, request: Any, context: Context) -> Any:
        """Answers one request with the response message, or with a dict of its fields."""
        raise NotImplementedError

    def predict_batch(self, requests: Sequence[Any], contexts: Sequence[Context]) -> Sequence[Any]:
        """
        Answers in the order of the requests; an exception in place of an answer fails that request alone. When it
        raises, each request is run again alone. Needs ``batching`` in the manifest.
        """
        raise NotImplementedError
