"""Finds the model of a folder."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ._model import Model


class StartError(Exception):
    """The model cannot run. The message says how to fix the error; a traceback would not help."""


def load_model(folder: Path) -> Model:
    """Imports ``model.py`` and creates its model. Raises ``StartError``, and what the module raises."""
    path = folder / "model.py"
    spec = importlib.util.spec_from_file_location("model", path)
    if spec is None or spec.loader is None or not path.exists():
        raise StartError(f"There is no model at {path}.")
    module = importlib.util.module_from_spec(spec)
    sys.modules["model"] = module
    try:
        spec.loader.exec_module(module)
    except ImportError as error:
        if error.name != "messages":
            raise
        steps = "Check the contract in proto/models and run `npm run generate`."
        raise StartError(f"{error.msg.split(' (')[0]}. {steps}") from error
    classes = [value for value in vars(module).values() if _is_model(value) and value.__module__ == "model"]
    if len(classes) != 1:
        count = "none" if not classes else "more than one"
        raise StartError(f"{path} must define one subclass of modelyard.Model; it defines {count}.")
    model: Model = classes[0]()
    model.folder = folder
    return model


def method_of(model: Model, batches: bool) -> Callable[[Any, Any], Any]:
    """``predict`` or ``predict_batch`` with two parameters, whether it takes the second or not."""
    name = "predict_batch" if batches else "predict"
    if getattr(type(model), name) is getattr(Model, name):
        other = "predict" if batches else "predict_batch"
        has_other = getattr(type(model), other) is not getattr(Model, other)
        batching = "sets batching" if batches else "sets no batching"
        raise StartError(f"The model has no {name}{f'; its manifest {batching}' if has_other else ''}.")
    method = getattr(model, name)
    if inspect.iscoroutinefunction(method):
        raise StartError(f"{name} must be a plain function, not an async one.")
    takes_one = len(inspect.signature(method).parameters) == 1
    return (lambda request, _: method(request)) if takes_one else method


def _is_model(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, Model) and value is not Model
