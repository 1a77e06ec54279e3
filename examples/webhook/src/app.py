"""The service: python -m src.app"""

import logging
import os
import signal
import sys
import time
import uuid

import waitress
from flask import Flask, g, jsonify, request
from werkzeug.exceptions import HTTPException

from src import __version__, config, events, logs

log = logging.getLogger("webhook")


class State:
    """What changes while the service runs."""

    def __init__(self):
        self.started = time.monotonic()
        self.stopping = False
        self.accepted = 0


def _answer(status, code=200, **members):
    response = jsonify(status=status, **members)
    response.status_code = code
    return response


def _add_health(app, settings, state):
    @app.get("/health")
    def health():
        return _answer(
            "healthy",
            service="webhook",
            version=__version__,
            uptime_seconds=round(time.monotonic() - state.started, 3),
        )

    @app.get("/health/live")
    def live():
        return _answer("alive")

    @app.get("/health/ready")
    def ready():
        checks = {
            "accepting": not state.stopping,
            "secret": bool(settings.secret) or not settings.production,
        }
        if state.stopping:
            return _answer("stopping", 503, checks=checks)
        # without its secret the service answers its health and refuses events:
        # that is for /health/secrets to tell, a restart would not mend it
        return _answer("ready", checks=checks)

    @app.get("/health/secrets")
    def secrets():
        if settings.secret:
            return _answer("healthy", secrets={"webhook": "configured"})
        if settings.production:
            return _answer("unhealthy", 503, secrets={"webhook": "missing"})
        return _answer("healthy", secrets={"webhook": "not needed"})


def _add_webhook(app, settings, state):
    @app.post("/webhook")
    def webhook():
        # waitress refuses these itself, chunked ones included; another server may not
        if (request.content_length or 0) > config.MAX_BODY:
            return _answer("refused", 413, error="larger than 256 KiB")
        body = request.get_data()
        if settings.secret:
            signature = request.headers.get("X-Webhook-Signature")
            if not events.signature_holds(settings.secret, body, signature):
                return _answer("refused", 401, error="the signature does not hold")
        elif settings.production:
            return _answer("refused", 503, error="no secret is configured")
        if not request.is_json:
            return _answer("refused", 415, error="not application/json")
        try:
            answer = events.process(request.get_json())
        except events.Invalid as invalid:
            return _answer("refused", 422, problems=invalid.problems)
        state.accepted += 1
        log.info(
            "event accepted",
            extra={"event": answer["id"], "package": answer["package"]},
        )
        return _answer(**answer)


def create_app(settings=None, state=None):
    settings = settings or config.load()
    state = state or State()
    app = Flask("webhook", static_folder=None)
    _add_health(app, settings, state)
    _add_webhook(app, settings, state)

    @app.before_request
    def begin():
        g.begun = time.monotonic()
        g.request_id = uuid.uuid4().hex

    @app.after_request
    def finish(response):
        response.headers["X-Request-Id"] = g.request_id
        # the orchestrator's polling would drown everything else
        quiet = request.path.startswith("/health") and response.status_code < 400
        log.log(
            logging.DEBUG if quiet else logging.INFO,
            "request",
            extra={
                "request_id": g.request_id,
                "method": request.method,
                "path": request.path,
                "status": response.status_code,
                "milliseconds": round((time.monotonic() - g.begun) * 1000, 2),
            },
        )
        return response

    @app.errorhandler(HTTPException)
    def refused(error):
        return _answer("refused", error.code, error=error.description)

    @app.errorhandler(Exception)
    def failed(error):
        log.error("request failed", exc_info=error, extra={"path": request.path})
        return _answer("failed", 500, error="internal error")

    return app


class Server:
    """waitress, stopped so that requests under way are still answered."""

    def __init__(self, app, settings, state):
        self.settings = settings
        self.state = state
        self.server = waitress.create_server(
            app,
            host=settings.host,
            port=settings.port,
            threads=settings.threads,
            max_request_body_size=config.MAX_BODY,
            ident=None,
        )

    def stop(self, number=None, frame=None):
        self.state.stopping = True
        self.server.pull_trigger()

    def _turn(self):
        self.server.asyncore.loop(timeout=1, map=self.server._map, count=1)

    def _busy(self):
        channels = list(self.server.active_channels.values())
        return any(c.requests or c.total_outbufs_len for c in channels)

    def run(self):
        log.info(
            "listening",
            extra={"port": int(self.server.effective_port), "version": __version__},
        )
        while not self.state.stopping:
            self._turn()
        log.info("stopping", extra={"accepted": self.state.accepted})
        # no new connections; those that are open get their answers
        self.server.del_channel()
        self.server.socket.close()
        deadline = time.monotonic() + self.settings.stop_grace
        while self._busy() and time.monotonic() < deadline:
            self._turn()
        left = self._busy()
        self.server.task_dispatcher.shutdown(timeout=1)
        log.log(logging.WARNING if left else logging.INFO, "stopped")


def main():
    logs.setup()
    try:
        settings = config.load()
    except config.ConfigError as error:
        log.critical("%s", error)
        return 2
    logs.setup(settings.log_level)
    # read above; Flask 2.2 would remark on it in a line that is not JSON
    os.environ.pop("FLASK_ENV", None)
    if settings.production and not settings.secret:
        log.warning("no webhook secret is configured: every event will be refused")
    state = State()
    try:
        server = Server(create_app(settings, state), settings, state)
    except OSError as error:
        log.critical("cannot listen on port %d: %s", settings.port, error)
        return 1
    signal.signal(signal.SIGTERM, server.stop)
    signal.signal(signal.SIGINT, server.stop)
    server.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
