"""Predictions, tasks and batches of a Modelyard API, with the standard library alone."""

from ._batch import BatchItem
from ._client import Client
from ._errors import ApiError, ClientError, TaskError, UnreachableError
from ._task import Task

__all__ = ["ApiError", "BatchItem", "Client", "ClientError", "Task", "TaskError", "UnreachableError"]
