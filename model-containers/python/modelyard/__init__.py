"""Write models for Modelyard in Python: a class with ``setup`` and ``predict``."""

from ._model import Aborted, Context, InvalidInput, Model

__all__ = ["Aborted", "Context", "InvalidInput", "Model"]
