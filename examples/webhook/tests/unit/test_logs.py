import io
import json
import logging
import sys
import threading
import warnings

import pytest

from src import logs


@pytest.fixture
def lines():
    """Returns what was logged since, each line parsed."""
    root = logging.getLogger()
    kept = (root.handlers[:], root.level, sys.excepthook, threading.excepthook)
    stream = io.StringIO()
    logs.setup("INFO", stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:], level, sys.excepthook, threading.excepthook = kept
    root.setLevel(level)
    logging.captureWarnings(False)


def test_a_line_is_an_object_with_time_level_message(lines):
    logging.getLogger("webhook").info("hello %s", "you", extra={"n": 1})
    (line,) = lines()
    assert line["level"] == "INFO"
    assert line["message"] == "hello you"
    assert line["n"] == 1
    assert line["time"].endswith("Z")


@pytest.mark.parametrize(
    "name", ["werkzeug", "waitress", "waitress.queue", "flask.app"]
)
def test_libraries_write_through_the_same_handler(lines, name):
    logging.getLogger(name).warning("two\nlines")
    (line,) = lines()
    assert line["logger"] == name
    assert line["message"] == "two\nlines"


def test_below_the_level_nothing(lines):
    logging.getLogger("waitress").debug("detail")
    assert lines() == []


def test_exceptions_and_odd_values_stay_on_one_line(lines):
    try:
        raise ValueError("bad\nvalue")
    except ValueError:
        logging.getLogger("webhook").exception("failed", extra={"what": object()})
    (line,) = lines()
    assert "ValueError" in line["exception"]
    assert line["what"].startswith("<object")


def test_warnings_are_logged(lines):
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn("soon gone", DeprecationWarning)
    assert "soon gone" in lines()[0]["message"]


def test_uncaught_exceptions_are_logged(lines):
    # again: pytest puts a thread hook of its own in place for the test itself
    logs.setup("INFO", logging.getLogger().handlers[0].stream)
    error = RuntimeError("lost")
    sys.excepthook(RuntimeError, error, None)
    thread = threading.Thread(target=lambda: 1 / 0)
    thread.start()
    thread.join()
    assert [line["level"] for line in lines()] == ["CRITICAL", "CRITICAL"]


def test_an_interrupt_is_no_error(lines):
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert lines() == []
