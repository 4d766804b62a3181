import json
import logging

from modelyard._logs import JsonFormatter


def line(**fields: object) -> dict[str, object]:
    record = logging.makeLogRecord({"levelname": "WARNING", "msg": "It is %s.", "args": ("hot",), **fields})
    parsed: dict[str, object] = json.loads(JsonFormatter().format(record))
    return parsed


def test_a_line_has_the_fields_of_the_instance() -> None:
    logged = line(taskId="a", degrees=40)

    assert {**logged, "time": ""} == {
        "level": "warn",
        "time": "",
        "message": "It is hot.",
        "taskId": "a",
        "degrees": 40,
    }
    assert str(logged["time"]).endswith("Z")


def test_an_error_has_its_traceback() -> None:
    try:
        raise ValueError("Too hot.")
    except ValueError as error:
        logged = line(exc_info=(type(error), error, error.__traceback__))

    error_fields = logged["error"]
    assert isinstance(error_fields, dict)
    assert error_fields["message"] == "Too hot."
    assert "test_logs.py" in error_fields["stack"]
