"""Message classes from descriptors, without protoc."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.internal import enum_type_wrapper


class Messages:
    """The messages and enums of one FileDescriptorSet."""

    def __init__(self, descriptor_set: bytes) -> None:
        files = descriptor_pb2.FileDescriptorSet.FromString(descriptor_set).file
        self._pool = descriptor_pool.DescriptorPool()
        for file in files:
            self._pool.AddSerializedFile(file.SerializeToString())
        self._names = [file.name for file in files if not file.name.startswith("google/protobuf/")]
        self._classes = message_factory.GetMessageClassesForFiles(self._names, self._pool)

    def __getitem__(self, full_name: str) -> Any:
        """The class of a message. Raises ``KeyError``."""
        return self._classes[full_name]

    def as_module(self, name: str) -> ModuleType:
        """A module with every top-level message and enum, so that a model can import them."""
        module = ModuleType(name, "The messages of the model's contract.")
        for path in self._names:
            file = self._pool.FindFileByName(path)
            for message in file.message_types_by_name.values():
                setattr(module, message.name, self._classes[message.full_name])
            for enum in file.enum_types_by_name.values():
                setattr(module, enum.name, enum_type_wrapper.EnumTypeWrapper(enum))
                for value in enum.values:
                    setattr(module, value.name, value.number)
        sys.modules[name] = module
        return module
