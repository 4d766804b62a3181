from typing import Any

import pytest
from conftest import descriptor_set

from modelyard import Aborted, Context, InvalidInput
from modelyard._messages import Messages
from modelyard._run import Item, Runner

MESSAGES = Messages(descriptor_set())
ASK, TELL = MESSAGES["talk.Ask"], MESSAGES["talk.Tell"]


def item(text: str = "", position: int = 0, body: bytes | None = None) -> Item:
    return Item(1, position, ASK(text=text).SerializeToString() if body is None else body, Context("task", 1, {}))


def answers(method: Any, *items: Item, batches: bool = False, max_response_bytes: int = 1000) -> list[Any]:
    found: dict[int, Any] = {}
    runner = Runner(method, batches, ASK, TELL, max_response_bytes)
    runner.run(items, lambda each, answer: found.update({each.position: answer}))
    return [found[each.position] for each in items]


def test_encodes_a_message_or_a_dict() -> None:
    [one] = answers(lambda request, _: TELL(text=request.text), item("hello"))
    [other] = answers(lambda request, _: {"text": request.text, "mood": "GLAD"}, item("hello"))

    assert TELL.FromString(one["response"]).text == "hello"
    assert TELL.FromString(other["response"]).mood == 1


class Array:
    """As of NumPy, which the package does not need."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def tolist(self) -> Any:
        return self.value


def test_encodes_arrays_bytes_messages_and_numbers_that_are_not_finite() -> None:
    parts = [TELL(text="a part"), {"score": float("nan")}]
    told = {"scores": Array([0.5, float("inf")]), "data": b"\x00\xff", "score": Array(-float("inf")), "parts": parts}
    [one] = answers(lambda _, __: told, item())

    answer = TELL.FromString(one["response"])
    assert list(answer.scores) == [0.5, float("inf")]
    assert answer.data == b"\x00\xff"
    assert answer.score == -float("inf")
    assert [answer.parts[0].text, str(answer.parts[1].score)] == ["a part", "nan"]


@pytest.mark.parametrize("answer", [None, "text", {"unknown": 1}, {"mood": "SAD"}, ASK()])
def test_refuses_an_answer_that_is_not_the_response(answer: Any) -> None:
    [failed] = answers(lambda _, __: answer, item())

    assert failed["failure"]["code"] == "result_unserializable"
    assert failed["failure"]["retryable"] is False


def test_refuses_a_response_that_is_too_long() -> None:
    [failed] = answers(lambda _, __: TELL(text="x" * 100), item(), max_response_bytes=50)

    assert failed["failure"]["code"] == "result_too_large"


def test_a_request_that_cannot_be_read_fails_alone() -> None:
    def echo(requests: Any, _: Any) -> Any:
        return [TELL(text=each.text) for each in requests]

    first, second = answers(echo, item(body=b"\xff", position=0), item("fine", position=1), batches=True)

    assert first["failure"]["code"] == "request_unreadable"
    assert TELL.FromString(second["response"]).text == "fine"


def test_errors_of_a_model_are_retried_unless_they_say_otherwise() -> None:
    class Busy(Exception):
        code = "gpu_busy"

    def failure(error: Exception) -> Any:
        def predict(_: Any, __: Any) -> Any:
            raise error

        return answers(predict, item())[0]["failure"]

    assert failure(ValueError("No.")) == {"code": "model_error", "message": "ValueError: No.", "retryable": True}
    assert failure(Busy()) == {"code": "gpu_busy", "message": "Busy", "retryable": True}
    assert failure(InvalidInput("Bad.")) == {"code": "invalid_input", "message": "Bad.", "retryable": False}


def test_errors_that_cannot_be_written_fail_their_task() -> None:
    class Unspeakable(Exception):
        def __str__(self) -> str:
            raise ValueError("No text.")

    def failure(error: Exception) -> Any:
        def predict(_: Any, __: Any) -> Any:
            raise error

        return answers(predict, item())[0]["failure"]["message"]

    assert failure(Unspeakable()) == "Unspeakable"
    assert failure(ValueError("caf\udce9.csv")) == "ValueError: caf\\udce9.csv"


def test_a_batch_with_the_wrong_number_of_answers_fails() -> None:
    failed = answers(lambda _, __: [], item(), batches=True)

    assert failed[0]["failure"]["message"] == "ValueError: The model returned 0 answers to a batch of 1."


def test_a_batch_that_nobody_wants_is_not_repeated() -> None:
    runs = []
    items = [item(position=0), item(position=1)]
    for each in items:
        each.context.abort("timeout")

    def predict(requests: Any, _: Any) -> Any:
        runs.append(len(requests))
        raise ValueError

    assert [answer["failure"]["code"] for answer in answers(predict, *items, batches=True)] == ["model_error"] * 2
    assert runs == [2]


def test_a_context_tells_why_it_was_aborted() -> None:
    context = Context("task", 1, {})
    context.raise_if_aborted()

    context.abort("deadline")

    assert (context.aborted, context.abort_cause) == (True, "deadline")
    with pytest.raises(Aborted, match="The run was aborted: deadline."):
        context.wait(60)
