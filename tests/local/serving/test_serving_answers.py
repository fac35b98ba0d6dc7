"""One server, and everything that can be asked of it."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.home import Home
from support.serving import Server, answered, finish

APP = '''
"""What tests ask for, by name."""
import sys

from rankzero.serving import BadInput, Json, Sample

class Does:
    """Does what it is told.

    And more.
    """
    title = "A doer"
    input = Json({"type": "object", "required": ["do"], "properties": {"do": {"type": "string"}}})
    output = Json({"type": ["string", "number"]})

    def load(self, path):
        self.model = (path / "model.txt").read_text()

    def predict(self, batch):
        whats = [one["do"] for one in batch]
        if "type" in whats:
            return {"no": "list"}
        if "count" in whats:
            return []
        return [self.one(what) for what in whats]

    def one(self, what):
        if what == "raise":
            raise ValueError("a secret")
        if what == "exit":
            sys.exit(3)
        if what == "refuse":
            return BadInput("there is no face in this picture", "Send one.")
        return {"nan": float("nan"), "object": object(), "schema": [1]}.get(what, self.model)

    def samples(self):
        return [Sample("say hello", {"do": "hello"}), {"do": "again"}]
'''


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = Home(tmp_path_factory.mktemp("serving"))
    home.script(APP, "app.py")
    (home.work / "outputs").mkdir()
    (home.work / "outputs" / "model.txt").write_text("done")
    # What lies in the folder by chance is not taken for a part of the server.
    home.script("raise SystemExit('not mine')", "logging.py")
    options = ("--model", "outputs", "--max-body", "100k", "--batch-wait-ms", "20")
    yield Server(home, "app.py:Does", *options).wait()
    home.close()


def test_a_prediction_is_answered_with_the_model(server: Server) -> None:
    found = server.predict({"do": "anything"})
    assert (found.status, found.json) == (200, {"output": "done"})
    assert found.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("what", "code", "says"),
    [
        ("raise", "predictor-failed", "raised ValueError"),
        ("exit", "predictor-failed", "raised SystemExit"),
        ("type", "predictor-failed", "returned dict, not a list"),
        ("count", "predictor-failed", "0 outputs for 1 inputs"),
        ("nan", "predictor-failed", "it is nan"),
        ("object", "predictor-failed", "it is object"),
        ("schema", "predictor-failed", "does not fit its schema"),
    ],
)
def test_a_predictor_that_is_wrong_costs_only_its_answer(
    server: Server, what: str, code: str, says: str
) -> None:
    found = server.predict({"do": what})
    assert (found.status, found.error["code"]) == (500, code)
    assert says in found.error["message"]
    assert b"a secret" not in found.body
    assert server.predict({"do": "anything"}).status == 200


def test_what_the_predictor_raised_is_in_the_log_with_the_user_s_own_line(server: Server) -> None:
    request = server.predict({"do": "raise"}).error["request_id"]
    lines = [json.loads(line) for line in server.command.out.splitlines() if line[:1] == "{"]
    found = next(one for one in lines if one.get("id") == request and "frames" in one)
    assert (found["type"], found["message"]) == ("ValueError", "a secret")
    assert found["frames"][-1]["source"] == 'raise ValueError("a secret")'


def test_one_that_raises_does_not_cost_the_others_of_its_batch_theirs(server: Server) -> None:
    bodies = [json.dumps({"do": what}).encode() for what in ("fine", "raise", "refuse", "fine")]
    begun = [server.begin(body) for body in bodies]
    assert [finish(one).status for one in begun] == [200, 500, 422, 200]


def test_an_input_that_a_predictor_cannot_use_is_its_sender_s_to_mend(server: Server) -> None:
    found = server.predict({"do": "refuse"})
    assert found.status == 422
    assert found.error["message"] == "there is no face in this picture"
    assert found.error["hint"] == "Send one."


@pytest.mark.parametrize(
    ("body", "media", "status"),
    [
        (b"", "application/json", 400),
        (b"{", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b'{"do": 1}', "application/json", 422),
        (b"{}", "", 422),
        (b'{"do": "x"}', "image/png", 415),
        (b'{"do": "x"}', "application/x-www-form-urlencoded", 200),  # what curl -d says
        (b'{"do": "%s"}' % (b"x" * 100_000), "application/json", 413),
        (b"no form", "multipart/form-data; boundary=x", 400),
        (b"no form", "multipart/form-data", 400),
    ],
)
def test_bodies(server: Server, body: bytes, media: str, status: int) -> None:
    found = server.predict(body, media)
    assert found.status == status, found
    if status != 200:
        assert found.error["message"]


def test_a_body_of_unknown_length_is_cut_off_where_it_is_too_long(server: Server) -> None:
    connection = server.connect()
    chunks = iter([b"x" * 50_000] * 5)
    connection.request("POST", "/predict", chunks, encode_chunked=True)
    assert connection.getresponse().status == 413
    connection.close()


def form(name: str, filename: str | None, content: bytes) -> bytes:
    file = io.BytesIO()
    of = f'; filename="{filename}"' if filename is not None else ""
    file.write(f'--frontier\r\ncontent-disposition: form-data; name="{name}"{of}\r\n\r\n'.encode())
    file.write(content + b"\r\n--frontier--\r\n")
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "filename", "status"),
    [
        ("input", "a.json", 200),
        ("file", "../../../etc/passwd", 200),
        ("input", "/dev/null", 200),
        ("input", "\0", 200),
        ("input", None, 200),
        ("picture", "a.json", 400),
    ],
)
def test_a_form_has_one_part_and_its_file_s_name_means_nothing(
    server: Server, name: str, filename: str | None, status: int, tmp_path: Path
) -> None:
    body = form(name, filename, b'{"do": "x"}')
    assert server.predict(body, "multipart/form-data; boundary=frontier").status == status


def test_a_server_says_what_it_takes(server: Server) -> None:
    found = server.get("/api").json
    assert (found["name"], found["title"]) == ("Does", "A doer")
    assert (found["description"], found["ready"]) == ("Does what it is told.", True)
    assert found["limits"] == {"max_body": 100_000, "timeout": 30.0}
    assert found["input"]["schema"]["required"] == ["do"]
    assert [one["name"] for one in found["samples"]] == ["say hello", "sample 2"]
    for sample in found["samples"]:
        body = server.get("/" + sample["url"])
        assert server.predict(body.body, body.headers["content-type"]).status == 200
    assert server.get("/samples/2").status == 404


def test_its_openapi_document_is_one_and_its_page_needs_nobody_else(server: Server) -> None:
    document = server.get("/openapi.json").json
    assert document["openapi"].startswith("3.1")
    content = document["paths"]["/predict"]["post"]["requestBody"]["content"]
    assert content["application/json"]["examples"]["0"]["value"] == {"do": "hello"}
    page = server.get("/docs")
    assert (page.status, b"http://" in page.body, b"https://" in page.body) == (200, False, False)
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_every_request_has_an_id_and_a_line(server: Server) -> None:
    given = server.ask("GET", "/nowhere", None, {"x-request-id": "my-request"})
    assert (given.status, given.headers["x-request-id"]) == (404, "my-request")
    assert given.error["request_id"] == "my-request"
    ours = server.ask("GET", "/live", None, {"x-request-id": "with space\u00e4"})
    assert ours.headers["x-request-id"] != "with space\u00e4"
    server.command.until_said("my-request")
    line = next(line for line in server.command.out.splitlines() if "my-request" in line)
    found = json.loads(line)
    assert (found["kind"], found["status"], found["path"]) == ("request", 404, "/nowhere")


def test_a_method_that_is_not_taken_is_said_to_be(server: Server) -> None:
    found = server.get("/predict")
    assert (found.status, found.headers["allow"]) == (405, "POST")
    assert found.error["code"] == "not-allowed"


def test_one_connection_carries_many_requests(server: Server) -> None:
    connection = server.connect()
    found = [answered(connection, "POST", "/predict", {"do": "x"}).status for _ in range(3)]
    assert found == [200] * 3
    connection.close()


def test_a_port_that_is_taken_is_named(server: Server, home: Home) -> None:
    home.script(APP, "app.py")
    found = home.call("serve", "app.py:Does", "--port", str(server.port))
    assert (found.code, f"port {server.port} of 127.0.0.1 is taken" in found.err) == (3, True)
