"""A Firestore that answers as Google does when something is wrong, which its emulator can't: a wrong project or clock.

And a token endpoint that refuses keys. The sentences are worded as people have reported them from Google's servers;
status codes decide where they can.
"""

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import grpc
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.cloud.firestore_v1.types import BatchGetDocumentsRequest, BatchGetDocumentsResponse
from google.protobuf.timestamp_pb2 import Timestamp

GET = "/google.firestore.v1.Firestore/BatchGetDocuments"
NO_DATABASE = "The database (default) does not exist for project a-school Please visit the console to add one."
NO_RIGHT = "Missing or insufficient permissions."
WRONG_MODE = "The Cloud Firestore API is not available for Firestore in Datastore Mode database projects/a-school."
SWITCHED_OFF = "Cloud Firestore API has not been used in project a-school before or it is disabled."
REVOKED = {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
WRONG_TIME = {
    "error": "invalid_grant",
    "error_description": "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe."
    " Check your iat and exp values in the JWT claim.",
}
TOKEN = {"access_token": "t", "expires_in": 3600, "token_type": "Bearer"}


class _Handler(grpc.GenericRpcHandler):
    def __init__(self, refusal: tuple[grpc.StatusCode, str] | None, ahead_s: float) -> None:
        self._refusal = refusal
        self._ahead_s = ahead_s

    def service(self, details: Any) -> Any:
        if details.method != GET:
            return None
        return grpc.unary_stream_rpc_method_handler(
            self._get,
            request_deserializer=BatchGetDocumentsRequest.deserialize,
            response_serializer=BatchGetDocumentsResponse.serialize,
        )

    def _get(self, request: BatchGetDocumentsRequest, context: grpc.ServicerContext) -> Iterator[Any]:
        if self._refusal is not None:
            context.abort(*self._refusal)
        now = Timestamp()
        now.FromMilliseconds(int((time.time() + self._ahead_s) * 1000))
        for name in request.documents:
            yield BatchGetDocumentsResponse(missing=name, read_time=now)


@contextmanager
def run_peer(refusal: tuple[grpc.StatusCode, str] | None = None, *, ahead_s: float = 0.0) -> Iterator[str]:
    """Its HOST:PORT. It refuses every get, or has no document and a clock that is `ahead_s`."""
    server = grpc.server(ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers((_Handler(refusal, ahead_s),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(None).wait()


@contextmanager
def run_token_endpoint(answer: dict[str, Any]) -> Iterator[str]:
    """The address of a token endpoint that gives one answer: a token, or a refusal."""

    class Endpoint(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            body = json.dumps(answer).encode()
            self.send_response(400 if "error" in answer else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Endpoint)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/token"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def key_file(path: Path, **changed: str) -> Path:
    """A service account's key file as Google hands it out; nobody has ever seen the key."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    values = {
        "type": "service_account",
        "project_id": "a-school",
        "private_key_id": "1",
        "private_key": pem,
        "client_email": "hub@a-school.iam.gserviceaccount.com",
        "token_uri": "http://127.0.0.1:1/token",
    }
    path.write_text(json.dumps(values | changed))
    return path
