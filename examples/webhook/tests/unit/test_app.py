import json
import logging
import os
import signal
import threading
import time

import pytest

from src import app as service
from src import config, events, healthcheck
from tests.unit.test_events import GOOD

SECRET = b"key"


def client(state=None, **settings):
    return service.create_app(config.Settings(**settings), state).test_client()


def post(target, event=GOOD, secret=SECRET, **arguments):
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    headers = {"X-Webhook-Signature": events.sign(secret, body)} if secret else {}
    arguments = {"content_type": "application/json", "headers": headers, **arguments}
    return target.post("/webhook", data=body, **arguments)


def said(answer):
    # not answer.json: that needs the application, which may be gone by now
    return json.loads(answer.data)


def test_health():
    answer = client().get("/health")
    assert answer.status_code == 200
    assert said(answer)["status"] == "healthy"
    assert said(answer)["uptime_seconds"] >= 0
    assert answer.headers["X-Request-Id"]


def test_live():
    assert said(client().get("/health/live")) == {"status": "alive"}


def test_ready_until_stopping():
    state = service.State()
    target = client(state)
    assert said(target.get("/health/ready"))["status"] == "ready"
    state.stopping = True
    answer = target.get("/health/ready")
    assert (answer.status_code, said(answer)["status"]) == (503, "stopping")
    assert target.get("/health/live").status_code == 200


@pytest.mark.parametrize(
    "settings,code,says",
    [
        ({"secret": SECRET}, 200, "configured"),
        ({}, 503, "missing"),
        ({"production": False}, 200, "not needed"),
    ],
)
def test_secrets(settings, code, says):
    answer = client(**settings).get("/health/secrets")
    assert answer.status_code == code
    assert said(answer)["secrets"] == {"webhook": says}
    assert "key" not in answer.text


def test_webhook_accepts():
    answer = post(client(secret=SECRET))
    assert answer.status_code == 200
    assert said(answer) == events.process(GOOD)


def test_the_sample_of_the_readme():
    with open(
        os.path.join(os.path.dirname(__file__), "..", "event.json"), "rb"
    ) as file:
        body = file.read()
    signature = (
        "sha256=8787b5cfbc9e09456dc864ee4babab8c82db67c4cf5d8e87b28b7059fdaf50af"
    )
    answer = client(secret=b"trial-key").post(
        "/webhook",
        data=body,
        content_type="application/json",
        headers={"X-Webhook-Signature": signature},
    )
    assert answer.status_code == 200
    assert said(answer)["revision"] == "2789592c95b1f54c"


def test_webhook_without_a_secret_in_development():
    target = client(production=False)
    assert post(target, secret=None).status_code == 200


def test_webhook_without_a_secret_in_production_fails_closed():
    assert post(client()).status_code == 503


@pytest.mark.parametrize("secret", [None, b"other"])
def test_webhook_with_a_wrong_signature(secret):
    assert post(client(secret=SECRET), secret=secret).status_code == 401


@pytest.mark.parametrize(
    "event,arguments,code",
    [
        (b"{", {}, 400),
        (b"\xff", {}, 400),
        (b"null", {}, 422),
        ({"id": "x"}, {}, 422),
        (GOOD, {"content_type": "text/plain"}, 415),
        (b" " * (config.MAX_BODY + 1), {}, 413),
    ],
    ids=["cut", "not-utf8", "null", "incomplete", "not-json", "too-large"],
)
def test_webhook_refuses(event, arguments, code):
    answer = post(client(secret=SECRET), event, **arguments)
    assert answer.status_code == code
    assert said(answer)["status"] == "refused"


@pytest.mark.parametrize(
    "method,path,code", [("GET", "/", 404), ("GET", "/webhook", 405)]
)
def test_other_paths(method, path, code):
    answer = client().open(path, method=method)
    assert (answer.status_code, said(answer)["status"]) == (code, "refused")


def test_a_fault_of_ours_is_500_and_logged(monkeypatch, caplog):
    monkeypatch.setattr(events, "process", lambda event: 1 / 0)
    answer = post(client(secret=SECRET))
    assert (answer.status_code, said(answer)["status"]) == (500, "failed")
    assert "ZeroDivisionError" in caplog.text


def test_polling_of_health_is_not_logged_at_info(caplog):
    caplog.set_level(logging.INFO)
    target = client()
    target.get("/health")
    assert "request" not in caplog.messages
    target.get("/health/secrets")
    assert "request" in caplog.messages


@pytest.fixture
def free_port():
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def own_signals():
    kept = {n: signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGINT)}
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)


def set_environment(monkeypatch, **values):
    for name in ("PORT", "HOST", "LOG_LEVEL", "WEBHOOK_SECRET", "FLASK_ENV"):
        monkeypatch.delenv(name, raising=False)
    for name, value in values.items():
        monkeypatch.setenv(name, str(value))


def test_main_serves_until_sigterm(monkeypatch, free_port, own_signals, capsys):
    set_environment(
        monkeypatch, HOST="127.0.0.1", PORT=free_port, FLASK_ENV="production"
    )
    verdicts = []

    def ask_and_stop():
        deadline = time.monotonic() + 10
        while healthcheck.check(port=free_port) and time.monotonic() < deadline:
            time.sleep(0.05)
        verdicts.append(healthcheck.main([]))
        verdicts.append(healthcheck.main(["/health/secrets"]))
        os.kill(os.getpid(), signal.SIGTERM)

    asker = threading.Thread(target=ask_and_stop)
    asker.start()
    assert service.main() == 0
    asker.join()
    assert verdicts == [0, 1]
    assert healthcheck.main([]) == 1


def test_main_refuses_wrong_settings(monkeypatch, own_signals):
    set_environment(monkeypatch, PORT="none")
    assert service.main() == 2


def test_main_says_when_the_port_is_taken(monkeypatch, own_signals, free_port):
    import socket

    set_environment(monkeypatch, HOST="127.0.0.1", PORT=free_port)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", free_port))
        taken.listen()
        assert service.main() == 1
