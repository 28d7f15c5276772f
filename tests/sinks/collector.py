"""A collector on this machine, of Segment's or Snowplow's messages: what came, what it says."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["Collector", "Request", "collecting"]


@dataclass(frozen=True)
class Request:
    """A request whose body came whole."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def messages(self) -> list[dict[str, Any]]:
        """Messages in a request of Segment's or Snowplow's trackers."""
        found: list[dict[str, Any]] = self.body["batch" if "batch" in self.body else "data"]
        return found


@dataclass
class Collector:
    """What came in, in order."""

    url: str = ""
    answer: Callable[[int], tuple[int, str]] = lambda number: (200, "{}")
    """Number of a request, from 0, to the status and the text of the answer."""
    requests: list[Request] = field(default_factory=list)

    @property
    def messages(self) -> list[dict[str, Any]]:
        """Messages of all requests, whatever was answered."""
        return [message for request in self.requests for message in request.messages]


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector that runs inside the `with` block."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            body = self.rfile.read(length)
            if len(body) < length:  # who sent it was killed
                self.close_connection = True
                return
            headers = dict(self.headers.items())
            collector.requests.append(Request(self.path, headers, json.loads(body)))
            status, text = collector.answer(len(collector.requests) - 1)
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", text)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def do_GET(self) -> None:
            """What a client asks for that was sent on by a redirect."""
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            """Nothing is wrong here: clients are killed."""

    with Server(("127.0.0.1", 0), Handler) as server:
        collector.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield collector
        finally:
            server.shutdown()
            thread.join()
