#!/usr/bin/env python3
"""A token service for a registry (distribution, "Token Authentication"): prints its port, ends with its parent.

Everybody may pull below `public/`; the user may do everything. GET with or without basic authentication
(a wrong password is 401), and POST in the form of OAuth2 with grant_type password or refresh_token; a login
(offline_token, access_type) gets the refresh token. Tokens are JWT signed with RS256 by the openssl program, with the certificate in x5c.

Each request is one line of the log, before it is answered: method, user ("-" for nobody), scopes, status.
"""

import argparse
import base64
import http.server
import json
import os
import secrets
import ssl
import subprocess
import sys
import threading
import time
import urllib.parse

# docker-registry takes tokens for this long after their end
LEEWAY = 60


def pack(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def certificate(path):
    """The base64 of the DER, which is what PEM has between its lines."""
    with open(path, encoding="ascii") as file:
        return "".join(line.strip() for line in file if not line.startswith("-----"))


class Refused(Exception):
    """Wrong password, unknown token, or a request that is none: its status."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def answer(self, status, document):
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def basic_user(self):
        settings = self.server.settings
        value = self.headers.get("Authorization")
        if value is None:
            return None
        wanted = base64.b64encode(f"{settings.user}:{settings.password}".encode()).decode()
        if value != f"Basic {wanted}":
            raise Refused(401)
        return settings.user

    def form_user(self, form):
        settings = self.server.settings
        grant = form.get("grant_type", [""])[0]
        if "client_id" not in form or "service" not in form:
            raise Refused(400)
        if grant == "refresh_token":
            good = form.get("refresh_token") == [settings.refresh_token]
        elif grant == "password":
            good = form.get("username") == [settings.user] and form.get("password") == [settings.password]
        else:
            raise Refused(400)
        if not good:
            raise Refused(401)
        return settings.user

    def access(self, user, scopes):
        granted = []
        for scope in scopes:
            kind, name, actions = scope.split(":", 2)
            allowed = [
                action
                for action in actions.split(",")
                if user is not None or (action == "pull" and name.startswith("public/"))
            ]
            if kind == "repository" and allowed:
                granted.append({"type": kind, "name": name, "actions": allowed})
        return granted

    def token(self, user, scopes):
        settings = self.server.settings
        now = int(time.time())
        header = {"typ": "JWT", "alg": "RS256", "x5c": [certificate(settings.cert)]}
        claims = {
            "iss": settings.issuer,
            "sub": user or "",
            "aud": settings.service,
            "iat": now,
            "nbf": now - 10,
            "exp": now + settings.lifetime - LEEWAY,
            "jti": secrets.token_hex(8),
            "access": self.access(user, scopes),
        }
        text = ".".join(pack(json.dumps(part).encode()) for part in (header, claims))
        signed = subprocess.run(
            ["openssl", "dgst", "-sha256", "-sign", settings.key, "-binary"],
            input=text.encode(),
            capture_output=True,
            check=True,
        )
        return f"{text}.{pack(signed.stdout)}"

    def serve(self, form, find_user):
        settings = self.server.settings
        scopes = [scope for value in form.get("scope", []) for scope in value.split()]
        user = None
        status = 200
        try:
            if form.get("service", [settings.service]) != [settings.service]:
                raise Refused(400)
            if any(scope.count(":") < 2 for scope in scopes):
                raise Refused(400)
            user = find_user()
        except Refused as refusal:
            status = refusal.args[0]
        if settings.status is not None:
            status = settings.status
        self.server.write_log(self.command, user or "-", " ".join(scopes) or "-", status)
        if settings.answer is not None:
            self.answer(status, settings.answer.encode())
            return
        if status != 200:
            self.answer(status, {"error": "invalid_grant", "details": "not with these"})
            return
        token = self.token(user, scopes)
        document = {
            "expires_in": settings.says if settings.says is not None else settings.lifetime,
            "issued_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        }
        if user and (form.get("offline_token") == ["true"] or form.get("access_type") == ["offline"]):
            document["refresh_token"] = settings.refresh_token
        if settings.field in ("token", "both"):
            document["token"] = token
        if settings.field in ("access_token", "both"):
            document["access_token"] = token
        self.answer(200, document)

    def do_GET(self):
        query = urllib.parse.urlsplit(self.path).query
        self.serve(urllib.parse.parse_qs(query), self.basic_user)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        form = urllib.parse.parse_qs(body.decode("ascii", "replace"))
        self.serve(form, lambda: self.form_user(form))


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, settings):
        super().__init__(("127.0.0.1", 0), Handler)
        self.settings = settings
        self.lock = threading.Lock()
        if settings.tls_cert:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(settings.tls_cert, settings.tls_key)
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, request, client_address):
        pass  # clients that go away, or do not trust us

    def write_log(self, *fields):
        with self.lock, open(self.settings.log, "a", encoding="utf-8") as file:
            print(*fields, file=file)


def main():
    parser = argparse.ArgumentParser(description="a token service for a registry")
    parser.add_argument("--key", required=True, help="PEM, RSA: signs the tokens")
    parser.add_argument("--cert", required=True, help="PEM: one certificate of the key")
    parser.add_argument("--issuer", required=True)
    parser.add_argument("--service", required=True)
    parser.add_argument("--user", required=True)
    parser.add_argument("--password", required=True)
    parser.add_argument("--refresh-token", default="")
    parser.add_argument("--lifetime", type=int, default=300, help="seconds for which tokens are good")
    parser.add_argument("--says", type=int, help="what expires_in says, where that is not the lifetime")
    parser.add_argument("--field", choices=("token", "access_token", "both"), default="both")
    parser.add_argument("--status", type=int, help="every answer has this status")
    parser.add_argument("--answer", help="every answer is this text")
    parser.add_argument("--log", required=True)
    parser.add_argument("--tls-cert")
    parser.add_argument("--tls-key")
    settings = parser.parse_args()
    open(settings.log, "a", encoding="utf-8").close()
    parent = os.getppid()
    server = Server(settings)
    print(server.server_port, flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    while os.getppid() == parent:
        time.sleep(0.2)


if __name__ == "__main__":
    sys.exit(main())
