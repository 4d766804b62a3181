from dataclasses import dataclass, replace
from typing import Any, Mapping

OVER = frozenset({"succeeded", "failed", "canceled", "expired"})


@dataclass(frozen=True)
class Task:
    """One prediction request to one model, as the API describes it."""

    id: str
    model: str
    state: str
    attempts: int
    #: ``None`` until the task has succeeded.
    result: "dict[str, Any] | None"
    error: "dict[str, Any] | None"
    #: Known durations in milliseconds: ``queued_ms``, ``run_ms`` and ``total_ms``.
    timings: "dict[str, int]"
    #: Everything that the API answered.
    raw: "dict[str, Any]"
    #: What the model told last: ``fraction`` and ``message``.
    progress: "dict[str, Any] | None" = None

    @property
    def is_over(self) -> bool:
        """Whether the task has ended and never changes again."""
        return self.state in OVER

    def with_result(self, result: "dict[str, Any]") -> "Task":
        """The same task with a result that its answer had only a link to."""
        return replace(self, result=result, raw={**self.raw, "result": result})

    @staticmethod
    def of(body: "Mapping[str, Any]") -> "Task":
        return Task(
            id=body["id"],
            model=body.get("model", ""),
            state=body["state"],
            attempts=body.get("attempts", 0),
            result=body.get("result"),
            error=body.get("error"),
            timings=dict(body.get("timings") or {}),
            raw=dict(body),
            progress=body.get("progress"),
        )
