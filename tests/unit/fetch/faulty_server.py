"""Local file server with faults on demand."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CONTENT = bytes(range(256)) * 4000
HALF = len(CONTENT) // 2


class Server(ThreadingHTTPServer):
    """Serves ``files`` with ranges; ``faults`` answer the first requests instead, one each."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/"
        self.files = {"/data.bin": CONTENT}
        self.faults = []
        self.requests = []
        self.sent = 0
        self.closing = threading.Event()

    def handle_error(self, request, client_address):
        """Stay quiet when a client hangs up."""


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.requests.append((self.path, self.headers.get("Range")))
        fault = self.server.faults.pop(0) if self.server.faults else honest
        fault(self, self.server.files.get(self.path))

    def begin(self, code, **headers):
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def send(self, data):
        # Counted first: once the last byte is out, the test goes on before this thread does.
        self.server.sent += len(data)
        self.wfile.write(data)

    def log_message(self, *_):
        """Say nothing."""


def etag(body):
    return f'"{hashlib.sha256(body).hexdigest()[:8]}"'


def honest(handler, body):
    if body is None:
        return handler.begin(404)
    asked, known = handler.headers.get("Range"), handler.headers.get("If-Range")
    offset = int(asked.removeprefix("bytes=").rstrip("-")) if asked and known == etag(body) else 0
    if offset >= len(body):
        return handler.begin(416, Content_Range=f"bytes */{len(body)}")
    extra = {"Content_Range": f"bytes {offset}-{len(body) - 1}/{len(body)}"} if offset else {}
    handler.begin(206 if offset else 200, Content_Length=len(body) - offset, ETag=etag(body), **extra)
    handler.send(body[offset:])


def status(code, **headers):
    return lambda handler, body: handler.begin(code, **headers)


def part_of(handler, body, n_bytes=HALF, pause=None):
    """Send the beginning of the whole file, then hang up, or wait."""
    handler.begin(200, Content_Length=len(body), ETag=etag(body))
    handler.send(body[:n_bytes])
    if pause:
        handler.server.closing.wait(pause)


def trickle(handler, body):
    handler.begin(200, Content_Length=len(body), ETag=etag(body))
    for k in range(20):
        handler.send(body[k : k + 1])
        handler.server.closing.wait(0.1)


def ignores_range(handler, body):
    handler.begin(200, Content_Length=len(body), ETag=etag(body))
    handler.send(body)


def wrong_byte(handler, body):
    ignores_range(handler, body[:-1] + b"?")


def wrong_range(handler, body):
    handler.begin(206, Content_Range=f"bytes 7-{len(body) - 1}/{len(body)}", Content_Length=len(body) - 7)
    handler.send(body[7:])


def claims(n_bytes):
    def answer(handler, body):
        handler.begin(200, Content_Length=n_bytes, ETag=etag(body))
        handler.send(body)

    return answer


def without_length(handler, body):
    handler.begin(200)
    handler.send(body)


def chunked_without_end(handler, body):
    handler.protocol_version = "HTTP/1.1"
    handler.begin(200, Transfer_Encoding="chunked")
    for _ in range(3):
        handler.send(f"{len(body):x}\r\n".encode() + body + b"\r\n")
