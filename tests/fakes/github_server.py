"""Serves the fake over HTTP on loopback: what `requests` makes of it is part of what is tested."""

from __future__ import annotations

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from fakes.fake_github import FakeGithub

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fakes.github_wire import Response
    from fakes.github_world import World


class _Handler(BaseHTTPRequestHandler):
    """Passes requests on; a cut body is announced in full and ends early."""

    protocol_version = "HTTP/1.1"
    answer: Callable[[str, str, dict[str, str], bytes], Response]

    def do_GET(self) -> None:
        self._serve("GET", b"")

    def do_POST(self) -> None:
        self._serve("POST", self.rfile.read(int(self.headers.get("Content-Length", "0"))))

    def _serve(self, method: str, body: bytes) -> None:
        try:
            response = type(self).answer(method, self.path, dict(self.headers), body)
        except (ConnectionResetError, TimeoutError):
            self.close_connection = True  # not one byte is answered
            return
        told = response.headers.pop("Content-Length", str(len(response.content)))
        self.send_response_only(response.status_code)  # its Date is the fake's
        for name, value in response.headers.items():
            self.send_header(name, value)
        if response.status_code != 304:
            self.send_header("Content-Length", told)
        self.end_headers()
        self.wfile.write(response.content)
        if told != str(len(response.content)):
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has there
        """Print nothing."""


@contextlib.contextmanager
def serving(world: World, prefix: str = "", **options: int) -> Iterator[FakeGithub]:
    """Serve a fake on a free port; its `base` is the address.

    Args:
        world: The repository.
        prefix: Path before every other, as `/api/v3` on an Enterprise Server.
        options: What `FakeGithub` takes.
    """
    handler = type("Handler", (_Handler,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        base = f"http://127.0.0.1:{server.server_port}{prefix}"
        github = FakeGithub(world, base=base, **options)
        root = base.removesuffix(prefix)

        def answer(method: str, path: str, headers: dict[str, str], body: bytes) -> Response:
            document = json.loads(body) if body else None
            return github.handle(method, root + path, headers, document)

        handler.answer = staticmethod(answer)  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield github
        finally:
            server.shutdown()
            thread.join()
