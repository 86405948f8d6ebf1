"""The server of the page: this machine only, and nobody without the token in the address.

Every request must name this server as its host, which keeps pages of other sites from reaching it under a name of their
own (DNS rebinding), and carry the token. Nothing is allowed to other origins.
"""

from __future__ import annotations

import hmac
import json
import secrets
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from bitline.errors import BitlineError
from bitline.studio.api import ACT, READ, Answer, answer
from bitline.studio.page import ASSETS, asset, page
from bitline.studio.session import Session

HOST = "127.0.0.1"
LARGEST = 1 << 20
"""Bytes of a request."""
TOKEN = "token"
"""Name of the token in addresses."""
HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""With every answer."""
POLICY = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What the page may load."""


class StudioServer(ThreadingHTTPServer):
    """The server of one session.

    Args:
        session: what the page works on.
        port: of this machine; a free one where it is 0.

    Raises:
        BitlineError: the port is taken.

    Examples:
        >>> from pathlib import Path
        >>> from bitline.study import Study
        >>> session = Session(Study(data={"images": 4, "calibration_images": 4}), Path("studio.sqlite"))
        >>> with StudioServer(session) as server:
        ...     server.address.startswith("http://127.0.0.1:")
        True
    """

    daemon_threads = True

    def __init__(self, session: Session, port: int = 0) -> None:
        self.session = session
        self.token = secrets.token_urlsafe(24)
        try:
            super().__init__((HOST, port), _Handler)
        except OSError as error:
            raise BitlineError(f"cannot listen on port {port}: {error.strerror}; give another --port") from None

    @property
    def hosts(self) -> tuple[str, ...]:
        """Names under which this server may be asked."""
        return f"{HOST}:{self.server_port}", f"localhost:{self.server_port}"

    @property
    def address(self) -> str:
        """The page, with its token."""
        return f"http://{HOST}:{self.server_port}/?{TOKEN}={self.token}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of browsers that hang up."""


def serve(server: StudioServer) -> None:
    """Answer requests until Ctrl-C.

    Args:
        server: of a session.

    Raises:
        KeyboardInterrupt: somebody pressed Ctrl-C.

    Examples:
        In a thread, as `serve` returns only when the server is told to shut down:

        >>> from pathlib import Path
        >>> from threading import Thread
        >>> from bitline.study import Study
        >>> session = Session(Study(data={"images": 4, "calibration_images": 4}), Path("studio.sqlite"))
        >>> server = StudioServer(session)
        >>> thread = Thread(target=serve, args=(server,))
        >>> thread.start()
        >>> server.shutdown()
        >>> thread.join()
    """
    try:
        server.serve_forever(poll_interval=0.2)
    finally:
        server.session.measuring.cancel()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    """Checks who asks, and passes the question on."""

    server: StudioServer
    server_version = "bitline"
    sys_version = ""
    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_GET(self) -> None:
        """Answer what changes nothing."""
        path, question = self._asked()
        if not self._is_allowed(question):
            return
        if path == "/":
            nonce = secrets.token_urlsafe(16)
            self._send(Answer(page(self.server.token, nonce), kind="text/html"), nonce)
        elif path.startswith("/assets/") and path.removeprefix("/assets/") in ASSETS:
            self._send_asset(path.removeprefix("/assets/"))
        elif path.startswith("/api/"):
            self._send(answer(self.server.session, READ, path.removeprefix("/api/"), question))
        else:
            self._send(Answer({"error": "there is no such page"}, 404))

    def do_POST(self) -> None:
        """Answer what acts."""
        path, question = self._asked()
        length = self.headers.get("Content-Length", "")
        if not self._is_allowed(question) or not self._is_own_origin():
            return
        if not length.isdecimal() or int(length) > LARGEST:
            self.close_connection = True
            self._send(Answer({"error": "the request is too long, or does not say how long it is"}, 413))
            return
        body = self.rfile.read(int(length))
        if self.headers.get_content_type() != "application/json":
            self._send(Answer({"error": "send JSON"}, 415))
            return
        try:
            content = json.loads(body)
        except (ValueError, RecursionError):
            content = None
        if not isinstance(content, dict):
            self._send(Answer({"error": "send a JSON object"}, 400))
            return
        known = ACT if path.startswith("/api/") else {}
        self._send(answer(self.server.session, known, path.removeprefix("/api/"), content))

    def _asked(self) -> tuple[str, dict[str, str]]:
        """Path and values of the address."""
        parts = urlsplit(self.path)
        return parts.path, {name: values[-1] for name, values in parse_qs(parts.query).items()}

    def _is_allowed(self, question: dict[str, str]) -> bool:
        """Whether the request names this server and has its token; says so where it does not."""
        given = question.get(TOKEN, "").encode()
        named = self.headers.get_all("Host", [])
        if len(named) == 1 and named[0] in self.server.hosts and hmac.compare_digest(given, self.server.token.encode()):
            return True
        self.close_connection = True
        self._send(Answer({"error": "open the address that 'bitline studio' printed, with its token"}, 403))
        return False

    def _is_own_origin(self) -> bool:
        """Whether a request that acts comes from this page, as far as a browser says."""
        origin = self.headers.get("Origin")
        if origin is None or origin.removeprefix("http://") in self.server.hosts:
            return True
        self.close_connection = True
        self._send(Answer({"error": "another site asks"}, 403))
        return False

    def _send_asset(self, name: str) -> None:
        self._send(Answer(asset(name), kind=ASSETS[name]))

    def _send(self, given: Answer, nonce: str = "") -> None:
        text = given.value if isinstance(given.value, str) else json.dumps(_finite(given.value), allow_nan=False)
        content = text.encode("utf-8", "replace")
        self.send_response(given.status)
        self.send_header("Content-Type", f"{given.kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        for name, value in HEADERS.items():
            self.send_header(name, value)
        if nonce:
            self.send_header("Content-Security-Policy", POLICY.format(nonce=nonce))
        if given.file:
            safe = "".join(letter for letter in given.file if letter.isalnum() or letter in "-_.") or "file"
            self.send_header("Content-Disposition", f'attachment; filename="{safe}"')
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing: addresses have the token."""


def _finite(value: Any) -> Any:
    """Values that JSON can hold: what is not finite is unknown."""
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, dict):
        return {str(name): _finite(part) for name, part in value.items()}
    return [_finite(part) for part in value] if isinstance(value, (list, tuple)) else value
