"""A real server of S3 on this machine, and a proxy before it that makes the trouble that networks and stores make."""

import logging
import random
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path

import boto3
from moto.server import ThreadedMotoServer

KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
PART = 5 * 1024 * 1024
_names = count(1)
_ERRORS = {
    "503": (503, "SlowDown"),
    "500": (500, "InternalError"),
    "skew": (403, "RequestTimeTooSkewed"),
}
_OF_HOP = frozenset({"connection", "host", "transfer-encoding", "content-length", "date", "server", "expect"})
_SLOW_S = 0.3

Fault = Callable[[str, str, int], str]
"""What becomes of a request, by its method, its path and how many were made before: an error of `_ERRORS`, `reset` or
`lost` (the answer), `cut` or `bent` (the body), `slow`, or nothing."""


@cache
def address() -> str:
    """The address of the server, which is started once in a process."""
    # it tells of every request
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    return f"http://{host}:{port}"


class Bucket:
    """A bucket of its own, looked at from the side."""

    def __init__(self) -> None:
        self.name = f"bucket-{next(_names)}"
        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        self.client = boto3.client("s3", region_name="us-east-1", endpoint_url=address(), **keys)
        self.client.create_bucket(Bucket=self.name)

    def __str__(self) -> str:
        return f"s3://{self.name}"

    def put(self, key: str, content: bytes, acl: str = "public-read") -> None:
        """Put an object there."""
        self.client.put_object(Bucket=self.name, Key=key, Body=content, ACL=acl)

    def put_folder(self, folder: Path, prefix: str) -> None:
        """Put every file of a folder there."""
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                self.put(f"{prefix}/{path.relative_to(folder).as_posix()}", path.read_bytes())

    def put_in_parts(self, key: str, content: bytes) -> None:
        """Put an object there in parts."""
        place = {"Bucket": self.name, "Key": key}
        place["UploadId"] = self.client.create_multipart_upload(**place, ACL="public-read")["UploadId"]
        parts = []
        for number, first in enumerate(range(0, len(content), PART), start=1):
            made = self.client.upload_part(**place, PartNumber=number, Body=content[first : first + PART])
            parts.append({"PartNumber": number, "ETag": made["ETag"]})
        self.client.complete_multipart_upload(**place, MultipartUpload={"Parts": parts})

    def get(self, key: str) -> bytes:
        """The content of an object."""
        return bytes(self.client.get_object(Bucket=self.name, Key=key)["Body"].read())

    def kind(self, key: str) -> str:
        """What a browser is told an object is."""
        return str(self.client.head_object(Bucket=self.name, Key=key)["ContentType"])

    def delete(self, key: str) -> None:
        """Remove an object."""
        self.client.delete_object(Bucket=self.name, Key=key)

    def objects(self, prefix: str = "") -> dict[str, tuple[str, int]]:
        """ETag and time of the last change of every object, by its key."""
        found = {}
        for page in self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix):
            for each in page.get("Contents", ()):
                found[each["Key"]] = (each["ETag"], each["LastModified"].timestamp())
        return found

    def copy_to(self, folder: Path, prefix: str) -> Path:
        """Every object below a prefix as a file."""
        for key in self.objects(f"{prefix}/"):
            target = folder / key.removeprefix(f"{prefix}/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(self.get(key))
        return folder


def no_fault(_method: str, _path: str, _number: int) -> str:
    """No trouble at all."""
    return ""


def by_chance(shares: Mapping[str, float], seed: int = 0) -> Fault:
    """Each fault in such a share of the requests."""
    rng, lock = random.Random(seed), threading.Lock()

    def fault(_method: str, _path: str, _number: int) -> str:
        with lock:
            drawn = rng.random()
        for name, share in shares.items():
            drawn -= share
            if drawn < 0:
                return name
        return ""

    return fault


class Proxy:
    """What stands between the program and the server.

    Attributes
    ----------
    url : str
    fault : Fault
        May be changed while it runs.
    asked : list of (method, path, fault)
    took : list of (method, path)
        What took effect, in the order in which it did.
    n_bytes : int
        Of all bodies that were given.
    """

    def __init__(self, fault: Fault, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.fault = fault
        self.asked: list[tuple[str, str, str]] = []
        self.took: list[tuple[str, str]] = []
        self.n_bytes = 0


@contextmanager
def faulty(fault: Fault = no_fault) -> Iterator[Proxy]:
    """A proxy before the server."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.proxy = Proxy(fault, server.server_port)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.proxy
        finally:
            server.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    proxy: Proxy


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:
            # a store keeps nothing of an object whose sender died in the middle of it
            self.close_connection = True
            return
        proxy = self.server.proxy
        fault = proxy.fault(self.command, self.path, len(proxy.asked))
        proxy.asked.append((self.command, self.path, fault))
        if fault in _ERRORS:
            self._refuse(*_ERRORS[fault])
            return
        if fault == "reset":
            self._hang_up()
            return
        if fault == "slow":
            time.sleep(_SLOW_S)
        if fault == "bent" and self.command == "PUT":
            body = _bent(body)
        status, headers, answer = self._ask(body)
        if status < 300:
            proxy.took.append((self.command, self.path))
        self._answer(status, headers, answer, fault)

    do_HEAD = do_PUT = do_POST = do_DELETE = do_GET  # noqa: N815 - as the standard library has it

    def _ask(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = HTTPConnection(address().removeprefix("http://"), timeout=60)
        wanted = {name: value for name, value in self.headers.items() if name.lower() not in _OF_HOP}
        try:
            connection.request(self.command, self.path, body or None, wanted)
            reply = connection.getresponse()
            return reply.status, reply.getheaders(), reply.read()
        finally:
            connection.close()

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes, fault: str) -> None:
        if fault == "lost":
            self._hang_up()
            return
        self.send_response_only(status)
        length = {name.lower(): value for name, value in headers}.get("content-length", str(len(body)))
        for name, value in headers:
            if name.lower() not in _OF_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", length if self.command == "HEAD" else str(len(body)))
        self.end_headers()
        if fault == "bent" and self.command == "GET":
            body = _bent(body)
        self.server.proxy.n_bytes += len(body) if self.command == "GET" else 0
        if fault == "cut" and body:
            self.wfile.write(body[: len(body) // 2])
            self._hang_up()
            return
        self.wfile.write(body)

    def _refuse(self, status: int, code: str) -> None:
        body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{code}</Message></Error>".encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(0 if self.command == "HEAD" else len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _hang_up(self) -> None:
        """Break the connection, as a firewall or a server that is restarted does."""
        self.close_connection = True
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *args: object) -> None:
        """Say nothing."""

    def handle(self) -> None:
        try:
            super().handle()
        except (OSError, HTTPException):
            self.close_connection = True


def _bent(body: bytes) -> bytes:
    """With one bit tipped: rarely the same twice, which would put it right."""
    if not body:
        return body
    place = random.randrange(len(body))
    return body[:place] + bytes([body[place] ^ 1 << random.randrange(8)]) + body[place + 1 :]
