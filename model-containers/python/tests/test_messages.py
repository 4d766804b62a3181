import sys

import pytest
from conftest import descriptor_set

from modelyard._messages import Messages


def test_a_model_imports_messages_and_enums() -> None:
    module = Messages(descriptor_set()).as_module("messages_of_test")
    try:
        from messages_of_test import CALM, GLAD, Ask, Mood  # type: ignore[import-not-found]
    finally:
        del sys.modules["messages_of_test"]

    assert Ask(text="hello", count=2).count == 2
    assert (CALM, GLAD, Mood.Name(1)) == (0, 1, "GLAD")
    assert module.Tell(mood=GLAD).mood == GLAD


def test_messages_of_two_contracts_with_the_same_names_are_apart() -> None:
    first, second = Messages(descriptor_set()), Messages(descriptor_set())

    assert first["talk.Ask"] is not second["talk.Ask"]
    with pytest.raises(KeyError):
        first["talk.Nothing"]
