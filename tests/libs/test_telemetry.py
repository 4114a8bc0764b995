"""Logs: readable, one line an event, and without secrets."""

import io
import json
import logging

import pytest
import structlog

from libs import telemetry


@pytest.fixture
def log_stream() -> io.StringIO:
    return io.StringIO()


def test_json_line_carries_service_and_request_id(log_stream: io.StringIO) -> None:
    telemetry.configure_logs("qc", "json", log_stream)
    telemetry.begin_request("abc-12345678")

    structlog.get_logger().info("analysis done", verdict="pass")

    line = json.loads(log_stream.getvalue())
    assert (line["service"], line["request_id"], line["verdict"]) == ("qc", "abc-12345678", "pass")


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("api_key", "hunter2", "hunter2"),
        ("authorization", "Bearer abc.def.ghi", "abc.def.ghi"),
        ("why", "Incorrect API key provided: sk-proj-abcdef123456", "abcdef123456"),
        ("why", "key AIzaSyA1234567890abcdefghijklmnop is wrong", "SyA1234567890"),
        ("dsn", "postgresql://usage:hunter2@127.0.0.1/aiqc", "hunter2"),
        ("why", "cannot reach postgresql://usage:hunter2@127.0.0.1/aiqc", "hunter2"),
    ],
)
def test_secret_is_not_written(
    log_stream: io.StringIO, form: str, name: str, value: str, secret: str
) -> None:
    telemetry.configure_logs("qc", form, log_stream)

    structlog.get_logger().warning("something", **{name: value})

    assert secret not in log_stream.getvalue()
    assert "[hidden]" in log_stream.getvalue()


def test_text_of_others_cannot_make_a_line_of_its_own(log_stream: io.StringIO) -> None:
    telemetry.configure_logs("qc", "text", log_stream)

    structlog.get_logger().info("GET /x\n12:00:00 INFO forged", file="a\nb\x1b[31m")

    assert log_stream.getvalue().count("\n") == 1
    assert "\x1b" not in log_stream.getvalue()


def test_warnings_of_libraries_come_in_the_same_form(log_stream: io.StringIO) -> None:
    telemetry.configure_logs("qc", "json", log_stream)

    logging.getLogger("some.package").warning("odd")

    assert json.loads(log_stream.getvalue())["service"] == "qc"


def test_connection_that_its_caller_left_is_no_news_and_a_fault_is(
    log_stream: io.StringIO,
) -> None:
    telemetry.configure_logs("qc", "json", log_stream)
    server = logging.getLogger("aiohttp.server")
    for error in (ConnectionResetError("left"), RuntimeError("a fault")):
        server.error("Error handling request", exc_info=error)

    lines = log_stream.getvalue().splitlines()
    assert len(lines) == 1
    assert "a fault" in lines[0]


def test_pool_whose_server_is_away_says_so_on_one_line(log_stream: io.StringIO) -> None:
    telemetry.configure_logs("qc", "text", log_stream)
    logging.getLogger("asyncpg.pool").warning("retrying", exc_info=OSError("refused"))

    assert log_stream.getvalue().count("\n") == 1
