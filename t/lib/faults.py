#!/usr/bin/env python3
"""A registry that misbehaves: a proxy in front of a real one, or alone. Prints its port, ends with its parent.

    faults.py --log FILE [OPTION]... SCENARIO[=ARGUMENT,...]...

The first scenario that takes a request answers it; what none takes is passed on (404 where there is no
upstream, 200 for /v2/). Scenarios of blobs and manifests take GET (and HEAD where that makes sense)
of those; what an engine exports is a blob, too. The others take everything. --on narrows all of them to
the paths it matches.

  retry-after=N,WHEN     429 for the first N requests; WHEN is the header's value ("-": no such header)
  unavailable=N          503 for the first N requests
  status=CODE            always
  never                  no answer, the connection stays open
  drop                   the connection is closed at once
  redirect-loop          to itself
  redirect               blobs are at another port of --elsewhere (default 127.0.0.1)
  cut=K,N                blobs longer than K bytes break off there, the first N times (default 1); Range is
                         honoured
  cut-whole=K,N          the same; Range is ignored and all of it sent with 200
  cut-shifted=K,N        the same; the answer to Range begins one byte too late, and says so
  cut-quietly=K,N        the same as cut, without a Content-Length: only the digest tells
  give-up=K              exports end after K bytes with the document by which Docker says that it failed
  slow=K,SECONDS         blobs stop after K bytes for so long, then go on
  wrong-header           manifests come with the Docker-Content-Digest of something else
  no-header              manifests come without it
  wrong-body             manifests and blobs have one byte changed
  wrong-range=K          answers to Range have one byte changed, the Kth from their end
  longer-body            blobs have a byte too many
  type=TYPE              manifests say that they are of this media type, in header and body
  big=BYTES              manifests are followed by so many spaces
  challenge=HEADER       401 with this WWW-Authenticate for requests without Authorization

One line of the log per request, written before it is answered, its fields parted by tabs: "main" or
"elsewhere", method and path, Authorization, Range ("-" where there is none).
"""

import argparse
import hashlib
import http.client
import http.server
import inspect
import json
import os
import re
import socket
import ssl
import sys
import threading
import time
import urllib.parse

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "content-length"}
BLOB = re.compile(r"/blobs/[a-z0-9]+:|/images/[^/]+/get$")
MANIFEST = re.compile(r"/manifests/")


class Answer:
    """What is sent: `cut` is after how many bytes of the body the connection ends."""

    def __init__(self, status, headers=(), body=b""):
        self.status = status
        self.headers = list(headers)
        self.body = body
        self.cut = None
        self.pause = None
        self.quiet = False

    def set(self, name, value):
        self.headers = [item for item in self.headers if item[0].lower() != name.lower()]
        if value is not None:
            self.headers.append((name, value))


class Closed(Exception):
    """The connection ends here."""


class UnixConnection(http.client.HTTPConnection):
    """To a socket in the file system."""

    def __init__(self, path):
        super().__init__("localhost", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def upstream(self, drop=()):
        """The real registry's answer to this request."""
        settings = self.server.settings
        if settings.upstream is None:
            return Answer(200 if self.path.rstrip("/") == "/v2" else 404)
        url = urllib.parse.urlsplit(settings.upstream)
        if url.scheme == "unix":
            connection = UnixConnection(url.path)
        elif url.scheme == "https":
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            connection = http.client.HTTPSConnection(url.netloc, context=context, timeout=60)
        else:
            connection = http.client.HTTPConnection(url.netloc, timeout=60)
        connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in HOP_BY_HOP | set(drop):
                connection.putheader(name, value)
        if self.body or "Content-Length" in self.headers:
            connection.putheader("Content-Length", str(len(self.body)))
        connection.endheaders(self.body)
        response = connection.getresponse()
        answer = Answer(response.status, body=response.read())
        for name, value in response.getheaders():
            if name.lower() not in HOP_BY_HOP or (self.command == "HEAD" and name.lower() == "content-length"):
                answer.headers.append((name, value))
        connection.close()
        return answer

    def send(self, answer):
        self.send_response_only(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        if answer.quiet:
            self.send_header("Connection", "close")
        elif self.command != "HEAD":
            self.send_header("Content-Length", str(len(answer.body)))
        elif not any(name.lower() == "content-length" for name, value in answer.headers):
            self.send_header("Content-Length", "0")
        self.end_headers()
        if self.command == "HEAD":
            return
        if answer.pause is not None:
            self.wfile.write(answer.body[: answer.pause[0]])
            self.wfile.flush()
            time.sleep(answer.pause[1])
            self.wfile.write(answer.body[answer.pause[0] :])
            return
        if answer.cut is not None and answer.cut < len(answer.body):
            self.wfile.write(answer.body[: answer.cut])
            raise Closed
        self.wfile.write(answer.body)
        if answer.quiet:
            raise Closed

    def handle_all(self):
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            self.body = self.read_chunks()
        else:
            self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.write_log(self)
        try:
            self.send(self.server.decide(self))
        except (Closed, OSError):
            self.close_connection = True
            try:
                self.connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def read_chunks(self):
        body = b""
        while True:
            size = int(self.rfile.readline().split(b";")[0], 16)
            body += self.rfile.read(size)
            self.rfile.readline()
            if size == 0:
                return body

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = handle_all


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, settings, name):
        super().__init__(("127.0.0.1", 0), Handler)
        self.settings = settings
        self.name = name

    def handle_error(self, request, client_address):
        pass  # clients go away: that is what many of these are for

    def write_log(self, handler):
        fields = (
            self.name,
            f"{handler.command} {handler.path}",
            handler.headers.get("Authorization", "-"),
            handler.headers.get("Range", "-"),
        )
        with self.settings.lock, open(self.settings.log, "a", encoding="utf-8") as file:
            print(*fields, sep="\t", file=file)

    def decide(self, handler):
        settings = self.settings
        if self.name == "elsewhere":
            # it hands out what it is asked for, as a store behind signed URLs does
            del handler.headers["Authorization"]
            if settings.upstream_authorization is not None:
                handler.headers["Authorization"] = settings.upstream_authorization
            return handler.upstream()
        if settings.on is None or settings.on.search(handler.path):
            for scenario in settings.scenarios:
                answer = scenario(handler)
                if answer is not None:
                    return answer
        return handler.upstream()


class Scenarios:
    """Each method makes a function that answers a request or leaves it to the next."""

    def __init__(self, settings):
        self.settings = settings
        self.lock = settings.lock

    def first(self, count):
        """True for so many calls."""
        left = [int(count)]

        def take():
            with self.lock:
                left[0] -= 1
                return left[0] >= 0

        return take

    @staticmethod
    def is_longer(reply, size):
        """Blobs that are not do not count among the first N."""
        return reply.status in (200, 206) and len(reply.body) > int(size)

    @staticmethod
    def is_get(handler, what):
        return handler.command == "GET" and what.search(handler.path)

    def retry_after(self, count="1", when="0"):
        take = self.first(count)

        def answer(handler):
            if not take():
                return None
            headers = [] if when == "-" else [("Retry-After", when)]
            return Answer(429, headers, b'{"errors":[{"code":"TOOMANYREQUESTS","message":"slowly"}]}')

        return answer

    def unavailable(self, count="1"):
        take = self.first(count)
        return lambda handler: Answer(503, body=b"not now\n") if take() else None

    def status(self, code):
        def answer(handler):
            reply = Answer(int(code), body=b'{"errors":[{"code":"DENIED","message":"never here"}]}')
            if reply.status == 401:
                reply.set("WWW-Authenticate", 'Basic realm="faults"')
            return reply

        return answer

    def never(self):
        def answer(handler):
            # until the other side has had enough
            while handler.connection.recv(4096):
                pass
            raise Closed

        return answer

    def drop(self):
        def answer(handler):
            raise Closed

        return answer

    def redirect_loop(self):
        return lambda handler: Answer(307, [("Location", handler.path)])

    def redirect(self):
        def answer(handler):
            if not BLOB.search(handler.path) or handler.command not in ("GET", "HEAD"):
                return None
            place = f"http://{self.settings.elsewhere}:{self.settings.elsewhere_port}{handler.path}"
            return Answer(307, [("Location", place)])

        return answer

    def cut(self, size, count="1"):
        take = self.first(count)

        def answer(handler):
            if not self.is_get(handler, BLOB):
                return None
            reply = handler.upstream()
            reply.cut = int(size) if self.is_longer(reply, size) and take() else None
            return reply

        return answer

    def cut_quietly(self, size, count="1"):
        answer_cut = self.cut(size, count)

        def answer(handler):
            reply = answer_cut(handler)
            if reply is not None:
                reply.quiet = True
            return reply

        return answer

    def cut_whole(self, size, count="1"):
        take = self.first(count)

        def answer(handler):
            if not self.is_get(handler, BLOB):
                return None
            reply = handler.upstream(drop=("range",))
            reply.set("Accept-Ranges", None)
            reply.cut = int(size) if self.is_longer(reply, size) and take() else None
            return reply

        return answer

    def cut_shifted(self, size, count="1"):
        take = self.first(count)

        def answer(handler):
            if not self.is_get(handler, BLOB):
                return None
            wanted = re.match(r"bytes=(\d+)-", handler.headers.get("Range", ""))
            reply = handler.upstream(drop=("range",))
            if reply.status != 200:
                return reply
            if wanted:
                start = int(wanted.group(1)) + 1
                total = len(reply.body)
                reply.status = 206
                reply.body = reply.body[start:]
                reply.set("Content-Range", f"bytes {start}-{total - 1}/{total}")
            elif self.is_longer(reply, size) and take():
                reply.cut = int(size)
            return reply

        return answer

    def give_up(self, size):
        def answer(handler):
            if not self.is_get(handler, BLOB):
                return None
            reply = handler.upstream()
            words = {"errorDetail": {"message": "layer does not exist"}, "error": "layer does not exist"}
            reply.body = reply.body[: int(size)] + json.dumps(words, separators=(",", ":")).encode() + b"\r\n"
            return reply

        return answer

    def slow(self, size, seconds):
        def answer(handler):
            if not self.is_get(handler, BLOB):
                return None
            reply = handler.upstream()
            # whoever is refused need not wait for it
            if reply.status < 400:
                reply.pause = (int(size), float(seconds))
            return reply

        return answer

    def wrong_header(self):
        def answer(handler):
            if handler.command not in ("GET", "HEAD") or not MANIFEST.search(handler.path):
                return None
            reply = handler.upstream()
            if reply.status == 200:
                reply.set("Docker-Content-Digest", "sha256:" + hashlib.sha256(b"something else").hexdigest())
            return reply

        return answer

    def no_header(self):
        def answer(handler):
            if handler.command not in ("GET", "HEAD") or not MANIFEST.search(handler.path):
                return None
            reply = handler.upstream()
            reply.set("Docker-Content-Digest", None)
            return reply

        return answer

    def wrong_body(self):
        def answer(handler):
            if not self.is_get(handler, BLOB) and not self.is_get(handler, MANIFEST):
                return None
            reply = handler.upstream()
            if reply.status == 200 and reply.body:
                # JSON stays JSON of the same length: the last letter of its last string changes
                at = reply.body.rfind(b'"') - 1 if reply.body.startswith(b"{") else len(reply.body) - 1
                byte = b"1" if reply.body[at : at + 1] == b"0" else b"0"
                reply.body = reply.body[:at] + byte + reply.body[at + 1 :]
            return reply

        return answer

    def wrong_range(self, back="1"):
        def answer(handler):
            if not self.is_get(handler, BLOB):
                return None
            reply = handler.upstream()
            if reply.status == 206:
                at = len(reply.body) - int(back)
                reply.body = reply.body[:at] + bytes([reply.body[at] ^ 1]) + reply.body[at + 1 :]
            return reply

        return answer

    def longer_body(self):
        def answer(handler):
            if not self.is_get(handler, BLOB):
                return None
            reply = handler.upstream()
            if reply.status == 200:
                reply.body += b"\n"
            return reply

        return answer

    def type(self, media_type):
        def answer(handler):
            if handler.command not in ("GET", "HEAD") or not MANIFEST.search(handler.path):
                return None
            reply = handler.upstream()
            if reply.status != 200:
                return reply
            reply.set("Content-Type", media_type)
            if reply.body:
                document = json.loads(reply.body)
                document["mediaType"] = media_type
                reply.body = json.dumps(document).encode()
                reply.set("Docker-Content-Digest", "sha256:" + hashlib.sha256(reply.body).hexdigest())
            return reply

        return answer

    def big(self, size):
        def answer(handler):
            if not self.is_get(handler, MANIFEST):
                return None
            reply = handler.upstream()
            reply.body += b" " * int(size)
            return reply

        return answer

    def challenge(self, header):
        def answer(handler):
            if handler.headers.get("Authorization") is not None:
                return None
            return Answer(401, [("WWW-Authenticate", header)], b'{"errors":[{"code":"UNAUTHORIZED"}]}')

        return answer


def scenario_of(scenarios, text):
    """The function for NAME=ARGUMENT,...; the last argument may hold commas itself."""
    name, _, arguments = text.partition("=")
    method = getattr(scenarios, name.replace("-", "_"), None)
    if method is None or name in ("first", "is-get", "is-longer", "lock", "settings"):
        raise ValueError(f"no scenario '{name}'")
    count = len(inspect.signature(method).parameters)
    return method(*(arguments.split(",", count - 1) if arguments else ()))


def main():
    parser = argparse.ArgumentParser(description="a registry that misbehaves")
    parser.add_argument("--log", required=True)
    parser.add_argument("--upstream", help="http://HOST:PORT, https://HOST:PORT or unix://PATH of the real one")
    parser.add_argument("--upstream-authorization", help="what `elsewhere` tells the real one of itself")
    parser.add_argument("--on", type=re.compile, help="only for paths that match")
    parser.add_argument("--elsewhere", default="127.0.0.1", help="the host to which blobs are redirected")
    parser.add_argument("--tls-cert", help="of `main`; `elsewhere` is plain HTTP always")
    parser.add_argument("--tls-key")
    parser.add_argument("scenario", nargs="+")
    settings = parser.parse_args()
    settings.lock = threading.Lock()
    scenarios = Scenarios(settings)
    settings.scenarios = []
    for text in settings.scenario:
        try:
            settings.scenarios.append(scenario_of(scenarios, text))
        except (TypeError, ValueError) as problem:
            parser.error(f"{text}: {problem}")
    open(settings.log, "a", encoding="utf-8").close()
    parent = os.getppid()
    elsewhere = Server(settings, "elsewhere")
    settings.elsewhere_port = elsewhere.server_port
    threading.Thread(target=elsewhere.serve_forever, daemon=True).start()
    server = Server(settings, "main")
    if settings.tls_cert:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(settings.tls_cert, settings.tls_key)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    while os.getppid() == parent:
        time.sleep(0.2)


if __name__ == "__main__":
    sys.exit(main())
