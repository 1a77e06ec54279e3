"""The service as a process of its own, spoken to over HTTP."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from src import events
from tests.unit.test_events import GOOD

SECRET = "integration"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Service:
    def __init__(self, **environment):
        self.port = free_port()
        env = {
            "PATH": os.environ["PATH"],
            "PYTHONDONTWRITEBYTECODE": "1",
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "WEBHOOK_SECRET": SECRET,
            "FLASK_ENV": "production",
            **environment,
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "src.app"],
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def wait_ready(self):
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.process.stdout.read()
            try:
                if self.ask("/health/ready")[0] == 200:
                    return self
            except OSError:
                time.sleep(0.05)
        raise AssertionError("not ready within 20 s")

    def ask(self, path, method="GET", body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def post(self, event, secret=SECRET):
        body = json.dumps(event).encode()
        headers = {
            "Content-Type": "application/json",
            "X-Webhook-Signature": events.sign(secret.encode(), body),
        }
        return self.ask("/webhook", "POST", body, headers)

    def stop(self, number=signal.SIGTERM):
        """Exit status and log lines."""
        self.process.send_signal(number)
        try:
            output, _ = self.process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        return self.process.returncode, output.splitlines()


@pytest.fixture
def start():
    started = []

    def starter(**environment):
        service = Service(**environment)
        started.append(service)
        return service

    yield starter
    for service in started:
        if service.process.poll() is None:
            service.process.kill()
        service.process.wait()
        service.process.stdout.close()


def test_every_health_endpoint(start):
    service = start().wait_ready()
    for path, status in [
        ("/health", "healthy"),
        ("/health/ready", "ready"),
        ("/health/live", "alive"),
        ("/health/secrets", "healthy"),
    ]:
        code, answer = service.ask(path)
        assert (code, answer["status"]) == (200, status), path


def test_webhook_round_trip(start):
    service = start().wait_ready()
    code, answer = service.post(GOOD)
    assert (code, answer) == (200, events.process(GOOD))
    assert service.post(GOOD, secret="wrong")[0] == 401
    assert service.post({"id": "x"})[0] == 422


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it_gracefully(start, number):
    status, _ = start().wait_ready().stop(number)
    assert status == 0


@pytest.mark.parametrize("level", ["INFO", "DEBUG"])
def test_every_log_line_is_json(start, level):
    service = start(LOG_LEVEL=level).wait_ready()
    service.ask("/nowhere")
    service.post(GOOD)
    # not HTTP at all: what waitress has to say about it is JSON, too
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as wire:
        wire.sendall(b"\x00\xff nonsense\r\n\r\n")
        wire.recv(1024)
    _, lines = service.stop()
    records = [json.loads(line) for line in lines]
    assert records
    for record in records:
        assert {"time", "level", "message"} <= set(record)
    asked = [r for r in records if r["message"] == "request"]
    assert ("/health/ready" in {r["path"] for r in asked}) == (level == "DEBUG")


def test_a_request_under_way_is_answered_before_the_end(start):
    service = start().wait_ready()
    body = json.dumps(GOOD).encode()
    head = (
        "POST /webhook HTTP/1.1\r\nHost: localhost\r\n"
        "Content-Type: application/json\r\n"
        f"X-Webhook-Signature: {events.sign(SECRET.encode(), body)}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    ).encode()
    received = []

    def read(wire):
        while chunk := wire.recv(4096):
            received.append(chunk)

    wires = [
        socket.create_connection(("127.0.0.1", service.port), timeout=10)
        for _ in range(8)
    ]
    readers = [threading.Thread(target=read, args=(wire,)) for wire in wires]
    for wire, reader in zip(wires, readers):
        wire.sendall(head + body)
        reader.start()
    while not received:
        time.sleep(0.001)
    status, _ = service.stop()
    for wire, reader in zip(wires, readers):
        reader.join()
        wire.close()
    assert status == 0
    answered = b"".join(received)
    assert answered.count(b"200 OK") == answered.count(b"HTTP/1.1") >= 1


def test_wrong_settings_are_one_json_line_and_status_2(start):
    service = start(LOG_LEVEL="LOUD")
    output, _ = service.process.communicate(timeout=20)
    (line,) = output.splitlines()
    assert json.loads(line)["level"] == "CRITICAL"
    assert service.process.returncode == 2


def test_health_check_command(start):
    service = start().wait_ready()
    command = [sys.executable, "-m", "src.healthcheck"]
    env = {"PORT": str(service.port), "PYTHONDONTWRITEBYTECODE": "1"}
    assert subprocess.run(command, env=env).returncode == 0
    assert subprocess.run([*command, "/nowhere"], env=env).returncode == 1
    service.stop()
    assert subprocess.run(command, env=env).returncode == 1


def test_health_answers_stay_the_same_under_load(start):
    service = start().wait_ready()
    codes = []

    def ask():
        for _ in range(25):
            codes.append(service.ask("/health")[0])

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [200] * 100
