"""Requests to one path of an HTTP server, and what came back, as JSON on stdout.

    python load.py PORT SECONDS CONNECTIONS RATE BODY

RATE 0: every connection sends its next request when its last is answered. Else so many requests a
second come in all, evenly, whatever is answered; each takes an idle connection, or opens one up to
CONNECTIONS, or waits for one (which its time includes).
"""

import asyncio
import json
import sys
import time
from collections import Counter, deque


class Connection(asyncio.Protocol):
    """One at a time: a request out, its answer in."""

    def __init__(self, load: "Load") -> None:
        self.load, self.since, self.buffer = load, 0.0, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def send(self, since: float) -> None:
        self.since = since
        self.transport.write(self.load.request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, found, body = self.buffer.partition(b"\r\n\r\n")
        if not found:
            return
        at = head.lower().index(b"content-length: ") + 16
        if len(body) < int(head[at:].split(b"\r\n", 1)[0]):
            return
        self.buffer = b""
        self.load.answered(self, int(head[9:12]))

    def connection_lost(self, error: Exception | None) -> None:
        self.load.lost(self)


class Load:
    """All connections, and their record."""

    def __init__(self, port: int, seconds: float, most: int, rate: float, body: bytes) -> None:
        self.port, self.seconds, self.most, self.rate = port, seconds, most, rate
        lines = ["POST /predict HTTP/1.1", "host: localhost", "content-type: application/json"]
        head = "\r\n".join([*lines, f"content-length: {len(body)}", "", ""])
        self.request = head.encode() + body
        self.times: dict[int, list[float]] = {}
        self.idle: deque[Connection] = deque()
        self.overdue: deque[float] = deque()
        self.errors = 0
        self.over = False

    async def run(self) -> dict[str, object]:
        loop = asyncio.get_running_loop()
        made = [
            (await loop.create_connection(lambda: Connection(self), "127.0.0.1", self.port))[1]
            for _ in range(self.most)
        ]
        self.idle.extend(made)
        self.end = time.perf_counter() + self.seconds
        began = time.perf_counter()
        if self.rate:
            await self.evenly(began)
        else:
            while self.idle:
                self.idle.popleft().send(time.perf_counter())
            await asyncio.sleep(self.seconds)
        self.over = True
        counts = Counter({status: len(times) for status, times in self.times.items()})
        good = sorted(self.times.get(200, [0.0]))
        return {
            "seconds": time.perf_counter() - began,
            "statuses": counts,
            "errors": self.errors,
            "p50": good[len(good) // 2],
            "p99": good[int(len(good) * 0.99)],
        }

    async def evenly(self, began: float) -> None:
        sent = 0
        while (now := time.perf_counter()) < self.end:
            while sent < (now - began) * self.rate:
                due = began + sent / self.rate
                sent += 1
                if self.idle:
                    self.idle.popleft().send(due)
                else:
                    self.overdue.append(due)
            await asyncio.sleep(0.001)

    def answered(self, connection: Connection, status: int) -> None:
        now = time.perf_counter()
        if now > self.end:
            return
        self.times.setdefault(status, []).append(now - connection.since)
        if not self.rate:
            connection.send(now)
        elif self.overdue:
            connection.send(self.overdue.popleft())
        else:
            self.idle.append(connection)

    def lost(self, connection: Connection) -> None:
        if not self.over:
            self.errors += 1


if __name__ == "__main__":
    port, seconds, most, rate = (float(word) for word in sys.argv[1:5])
    load = Load(int(port), seconds, int(most), rate, sys.argv[5].encode())
    print(json.dumps(asyncio.run(load.run())))
