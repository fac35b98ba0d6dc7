"""The least that uvicorn answers: what a server's own work is measured against."""

import sys

import uvicorn

HEADERS = [(b"content-type", b"text/plain"), (b"content-length", b"5")]


async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": b"hello"})


if __name__ == "__main__":
    uvicorn.run(
        app, port=int(sys.argv[1]), loop="asyncio", http="h11", lifespan="off",
        access_log=False, log_level="error",
    )  # fmt: skip
