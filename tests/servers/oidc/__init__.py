"""A small OpenID Connect provider on loopback (OpenID Connect Core 1.0, code flow with PKCE) that can be told to lie."""

import base64
import hashlib
import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm


class Provider:
    """``claims`` are those of the person who signs in; the other attributes make it misbehave."""

    def __init__(self) -> None:
        self.claims: dict[str, Any] = {
            "sub": "person-1",
            "email": "new@person.example",
            "email_verified": True,
            "name": "New Person",
        }
        self.refuses = False
        self.overrides: dict[str, Any] = {}
        self.leaves_out_id_token = False
        self.signs_with_foreign_key = False
        self.client_id, self.client_secret = "echopilot", "a secret of the test"
        self.asked: list[dict[str, str]] = []
        self._codes: dict[str, dict[str, str]] = {}
        self._key, self._foreign = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
        provider = self

        class Handler(_Handler):
            pass

        Handler.provider = provider
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def configuration(self) -> dict[str, Any]:
        return {"issuer": self.issuer, "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token", "userinfo_endpoint": f"{self.issuer}/userinfo",
                "jwks_uri": f"{self.issuer}/keys", "response_types_supported": ["code"],
                "token_endpoint_auth_methods_supported": ["client_secret_post"], "code_challenge_methods_supported": ["S256"],
                "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["RS256"]}  # fmt: skip

    def keys(self) -> dict[str, Any]:
        return {
            "keys": [
                {**json.loads(RSAAlgorithm.to_jwk(self._key.public_key())), "kid": "k1", "alg": "RS256", "use": "sig"}
            ]
        }

    def authorize(self, query: dict[str, str]) -> str:
        """Where the browser is sent back to."""
        self.asked.append(query)
        answer = {"state": query["state"]}
        if self.refuses:
            answer["error"] = "access_denied"
        else:
            answer["code"] = secrets.token_urlsafe(16)
            self._codes[answer["code"]] = query
        return f"{query['redirect_uri']}?{urlencode(answer)}"

    def token(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        query = self._codes.pop(form.get("code", ""), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest()).rstrip(
            b"="
        )
        if (
            query is None
            or form.get("client_secret") != self.client_secret
            or form.get("redirect_uri") != query["redirect_uri"]
            or query.get("code_challenge") != challenge.decode()
            or query.get("code_challenge_method") != "S256"
        ):
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {**self.claims, "iss": self.issuer, "aud": self.client_id, "iat": now, "exp": now + 300,
                  "nonce": query.get("nonce"), **self.overrides}  # fmt: skip
        key = self._foreign if self.signs_with_foreign_key else self._key
        token = jwt.encode(claims, key, algorithm="RS256", headers={"kid": "k1"})
        answer = {"access_token": secrets.token_urlsafe(16), "token_type": "Bearer", "expires_in": 300}
        return 200, answer if self.leaves_out_id_token else {**answer, "id_token": token}


class _Handler(BaseHTTPRequestHandler):
    provider: Provider

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/authorize":
            self.send_response(302)
            self.send_header("Location", self.provider.authorize(query))
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        bodies = {"/.well-known/openid-configuration": self.provider.configuration, "/keys": self.provider.keys,
                  "/userinfo": lambda: self.provider.claims}  # fmt: skip
        make = bodies.get(parts.path)
        self._send(200 if make else 404, make() if make else {"error": "not_found"})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self._send(*self.provider.token({name: values[0] for name, values in parse_qs(body).items()}))

    def _send(self, status: int, document: Any) -> None:
        data = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: Any) -> None:
        """Quiet."""
