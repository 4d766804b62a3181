from typing import Any, Mapping

from ._task import Task


class ClientError(Exception):
    """Every error of the client."""


class ApiError(ClientError):
    """The API refused a request. ``problem`` is its answer (RFC 9457)."""

    def __init__(self, problem: "Mapping[str, Any]") -> None:
        super().__init__(problem.get("detail", ""))
        self.problem = dict(problem)
        self.status: int = problem.get("status", 0)

    @property
    def code(self) -> str:
        """The last part of the type, for example ``model-not-found``."""
        return str(self.problem.get("type", "")).rsplit("/", 1)[-1]

    @property
    def errors(self) -> "list[dict[str, str]]":
        """Invalid fields: ``pointer`` and ``message``."""
        return list(self.problem.get("errors", []))


class UnreachableError(ClientError):
    """The API did not answer, also after retries."""


class TaskError(ClientError):
    """A task ended without a result."""

    def __init__(self, task: Task) -> None:
        error = task.error or {}
        super().__init__(error.get("message", f"The task has ended as {task.state}."))
        self.task = task
        self.code: str = error.get("code", task.state)
        #: Whether the same request may succeed later.
        self.retryable: bool = error.get("retryable", False)
