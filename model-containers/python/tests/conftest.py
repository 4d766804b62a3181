from __future__ import annotations

from google.protobuf import descriptor_pb2


def descriptor_set() -> bytes:
    """The contract of a model: `Ask {text, count}`, `Tell {text, mood, scores, data, score, parts}`, and the enum `Mood`."""
    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="talk.proto", package="talk", syntax="proto3")
    text = field(name="text", number=1, type=field.TYPE_STRING, label=field.LABEL_OPTIONAL)
    count = field(name="count", number=2, type=field.TYPE_INT32, label=field.LABEL_OPTIONAL)
    mood = field(name="mood", number=2, type=field.TYPE_ENUM, type_name=".talk.Mood", label=field.LABEL_OPTIONAL)
    file.message_type.add(name="Ask", field=[text, count])
    scores = field(name="scores", number=3, type=field.TYPE_DOUBLE, label=field.LABEL_REPEATED)
    data = field(name="data", number=4, type=field.TYPE_BYTES, label=field.LABEL_OPTIONAL)
    score = field(name="score", number=5, type=field.TYPE_DOUBLE, label=field.LABEL_OPTIONAL)
    parts = field(
        name="parts", number=6, type=field.TYPE_MESSAGE, type_name=".talk.Tell", label=field.LABEL_REPEATED
    )
    file.message_type.add(name="Tell", field=[text, mood, scores, data, score, parts])
    values = [descriptor_pb2.EnumValueDescriptorProto(name=name, number=i) for i, name in enumerate(["CALM", "GLAD"])]
    file.enum_type.add(name="Mood", value=values)
    return descriptor_pb2.FileDescriptorSet(file=[file]).SerializeToString()
