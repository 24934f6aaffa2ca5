"""A real HTTP server on this machine in place of a metadata service."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

RECORD = {
    "object_type": "Subject",
    "subject_id": "m 1",
    "subject_details": {
        "sex": "Female",
        "date_of_birth": "2025-12-01",
        "species": {"name": "Mus musculus", "registry_identifier": "NCBI:txid10090"},
        "strain": {"name": "Unknown", "species": "Mus musculus"},
        "genotype": "Thy1-GCaMP6f/wt",
        "source": {"name": "Jackson Laboratory", "abbreviation": "JAX"},
    },
}


@contextmanager
def serving(status=200, body=b"", content_type="application/json", wait_s=0.0, headers=()):
    """A server on a free port that gives one answer to everything, and the paths that it was asked for."""
    asked = []
    stopped = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            stopped.wait(wait_s)
            self.send_response(status)
            for name, value in [("Content-Type", content_type), ("Content-Length", str(len(body))), *headers]:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        stopped.set()
        server.shutdown()
        thread.join()
        server.server_close()
