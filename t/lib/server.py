#!/usr/bin/env python3
"""A small HTTP server for the tests of probe: prints its port, answers by path, ends with its parent.

/status/N answers N; /json a document; /slow/SECONDS late; /flaky N times 503, then 200; /count how often
it was asked; /echo the request's method, headers and body; /big a long body; /half a body cut short;
/redirect to /json; /unsteady fails every third time.
"""

import http.server
import json
import os
import socketserver
import sys
import threading
import time

counts = {}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def answer(self, status, body, kind="text/plain", length=None):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        if length is not None:
            self.close_connection = True
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self):
        parts = self.path.split("/")[1:]
        counts[self.path] = counts.get(self.path, 0) + 1
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if parts[0] == "status":
            self.answer(int(parts[1]), b"status\n")
        elif parts[0] == "json":
            document = {"status": "healthy", "n": 7, "list": [1, {"a/b": True, "c~d": None}], "s": "7"}
            self.answer(200, json.dumps(document).encode(), "application/json")
        elif parts[0] == "slow":
            time.sleep(float(parts[1]))
            self.answer(200, b"late\n")
        elif parts[0] == "flaky":
            self.answer(503 if counts[self.path] <= int(parts[1]) else 200, b"flaky\n")
        elif parts[0] == "unsteady":
            self.answer(500 if counts[self.path] % 3 == 0 else 200, b"unsteady\n")
        elif parts[0] == "count":
            self.answer(200, str(counts.get("/" + "/".join(parts[1:]), 0)).encode())
        elif parts[0] == "echo":
            document = {"method": self.command, "body": body.decode(), "headers": dict(self.headers)}
            self.answer(200, json.dumps(document).encode(), "application/json")
        elif parts[0] == "big":
            self.answer(200, b"x" * (2 << 20))
        elif parts[0] == "half":
            self.answer(200, b"half", length=100)
        elif parts[0] == "redirect":
            self.send_response(302)
            self.send_header("Location", "/json")
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self.answer(404, b"no\n")

    do_POST = do_PUT = do_HEAD = do_DELETE = do_GET


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True


class UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True

    def get_request(self):
        request, _ = super().get_request()
        return request, ("unix", 0)


def main():
    if len(sys.argv) > 1:
        server = UnixServer(sys.argv[1], Handler)
        print("ready", flush=True)
    else:
        server = Server(("127.0.0.1", 0), Handler)
        print(server.server_port, flush=True)
    parent = os.getppid()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    while os.getppid() == parent:
        time.sleep(0.2)


main()
