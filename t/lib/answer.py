"""Waits until a server on this side's port answers: answer.py KIND PORT [SECONDS]; KIND is http, redis
or postgres. Only an answer in the server's own protocol counts."""

import socket
import sys
import time

QUESTIONS = {
    "http": (b"GET / HTTP/1.0\r\n\r\n", b"HTTP/1."),
    "redis": (b"PING\r\n", b"+PONG"),
    # a request for TLS: one letter comes back
    "postgres": (bytes([0, 0, 0, 8, 4, 210, 22, 47]), b""),
}


def answers(kind, port):
    question, wanted = QUESTIONS[kind]
    with socket.create_connection(("127.0.0.1", port), 1) as connection:
        connection.settimeout(5)
        connection.sendall(question)
        got = connection.recv(100)
    if kind == "postgres":
        return got in (b"N", b"S")
    return got.startswith(wanted)


def main():
    kind, port = sys.argv[1], int(sys.argv[2])
    end = time.monotonic() + float(sys.argv[3] if len(sys.argv) > 3 else 30)
    while time.monotonic() < end:
        try:
            if answers(kind, port):
                return 0
        except OSError:
            pass
        time.sleep(0.05)
    return 1


sys.exit(main())
