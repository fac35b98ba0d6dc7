"""A page that takes a moment to be ready, and answers what it has taken before it ends."""

import http.server
import os
import signal
import threading
import time


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = os.environ.get("WHO", "").encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


time.sleep(1)  # as a model that is loaded
server = http.server.ThreadingHTTPServer(("0.0.0.0", 8080), Page)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever()
