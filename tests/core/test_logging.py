"""Every line is one JSON object with the bound context and without secrets, whoever wrote it."""

import io
import json
import logging

import pytest
import structlog

from apps.core.context import bind_log_context
from apps.core.logging import build_formatter, logging_config
from apps.core.redaction import SecretText


@pytest.fixture
def lines():
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(build_formatter(style="json"))
    logger = logging.getLogger("apps.test_logging")
    logger.addHandler(handler)
    logger.setLevel("DEBUG")
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logger.removeHandler(handler)


def test_a_line_of_the_standard_library_carries_context_and_extras(lines):
    with bind_log_context(request_id="r" * 10, tenant="acme", run="7", step="draft"):
        logging.getLogger("apps.test_logging").info("did %s in %d ms", "this", 5, extra={"count": 3})
    (line,) = lines()
    assert line["event"] == "did this in 5 ms"
    assert (line["level"], line["logger"]) == ("info", "apps.test_logging")
    assert (line["request_id"], line["tenant"], line["run"], line["step"], line["count"]) == (
        "r" * 10,
        "acme",
        "7",
        "draft",
        3,
    )
    assert line["timestamp"].endswith("Z")


def test_a_line_of_structlog_looks_the_same(lines):
    with bind_log_context(tenant="acme"):
        structlog.get_logger("apps.test_logging").warning("did it", count=3)
    (line,) = lines()
    assert (line["event"], line["level"], line["tenant"], line["count"]) == ("did it", "warning", "acme", 3)


def test_secrets_in_text_arguments_extras_context_and_stack_traces_are_masked(lines):
    logger = logging.getLogger("apps.test_logging")
    with bind_log_context(authorization="Bearer abcdefghijklmnop"):
        logger.info(
            "calling with sk-abcdefghijklmnop",
            extra={"headers": {"Authorization": "abcdef"}, "note": SecretText("hush")},
        )
        logger.info("url %s", "https://u:hunter2@host/?token=hunter2hunter2")
        try:
            raise ValueError("Bearer abcdefghijklmnop")
        except ValueError:
            logger.exception("failed")
    text = json.dumps(lines())
    assert len(lines()) == 3
    for secret in ("abcdefgh", "abcdef", "hunter2", "hush"):
        assert secret not in text
    assert "ValueError" in text


def test_a_text_with_line_breaks_cannot_forge_a_second_line(lines):
    logging.getLogger("apps.test_logging").info('x\n{"event": "forged"}\r\n%s', "y\nz")
    assert len(lines()) == 1


def test_values_json_does_not_know_become_text(lines):
    logging.getLogger("apps.test_logging").info("x", extra={"thing": object(), "when": {1, 2}})
    assert "object" in lines()[0]["thing"]


def test_the_setting_sends_everything_to_standard_error():
    config = logging_config(level="info", style="json")
    assert config["root"] == {"handlers": ["stderr"], "level": "INFO"}
    assert config["handlers"]["stderr"]["class"] == "logging.StreamHandler"
    assert isinstance(build_formatter(style="console"), logging.Formatter)


def test_lines_of_django_about_a_request_show_neither_path_nor_query(lines):
    class Match:
        route = "reset/<str:token>/"

    class Request:
        path = "/reset/very-secret/"
        resolver_match = Match()

        def __repr__(self):
            return "GET /reset/very-secret/?key=hunter2"

    logging.getLogger("apps.test_logging").error(
        "Internal Server Error: %s", "/reset/very-secret/", extra={"request": Request()}
    )
    assert lines()[0]["event"] == "Internal Server Error: /reset/<str:token>/"
    assert "very-secret" not in json.dumps(lines())
