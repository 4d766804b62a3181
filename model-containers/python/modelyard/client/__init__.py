"""Predictions, tasks and batches of a Modelyard API, with the standard library alone."""

from ._client import BatchItem, Client
from ._errors import ApiError, ClientError, TaskError, UnreachableError
from ._task import Task

__all__ = ["ApiError", "BatchItem", "Client", "ClientError", "Task", "TaskError", "UnreachableError"]
