"""One JSON object per line on standard output, whoever logs."""

import json
import logging
import sys
import threading
from datetime import datetime, timezone

# what every LogRecord has; anything beyond came through extra=
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


class JsonFormatter(logging.Formatter):
    def format(self, record):
        moment = datetime.fromtimestamp(record.created, timezone.utc)
        line = {
            "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        for key, value in vars(record).items():
            if key not in _STANDARD and key not in line:
                line[key] = value
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def _uncaught(kind, value, trace):
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("webhook").critical(
        "uncaught exception", exc_info=(kind, value, trace)
    )


def setup(level="INFO", stream=None):
    """Send every logger, warning and uncaught exception through one handler."""
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # libraries that brought handlers of their own write through ours
    for name in ("werkzeug", "waitress", "waitress.queue", "flask.app", "src.app"):
        logger = logging.getLogger(name)
        logger.handlers[:] = []
        logger.setLevel(logging.NOTSET)
        logger.propagate = True
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    threading.excepthook = lambda args: _uncaught(
        args.exc_type, args.exc_value, args.exc_traceback
    )
