"""The page's files: what a browser may do with them, how long it keeps them, where they lie."""

from __future__ import annotations

import importlib
import re
import sys
import zipfile
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from rankzero.serving import page
from rankzero.serving.page import assets

STATIC = Path(page.__file__).with_name("static")


@pytest.fixture(scope="module")
def client():
    return TestClient(Starlette(routes=page.routes()))


@pytest.mark.parametrize("path", ["/", "/upload"])
def test_the_document_is_asked_for_again_and_not_sent_again(client, path):
    first = client.get(path)
    assert first.headers["content-type"] == "text/html; charset=utf-8"
    assert first.headers["cache-control"] == "no-cache"
    again = client.get(path, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_all_that_the_document_names_is_there_and_kept_for_a_year(client):
    named = re.findall(r'(?:href|src)="(page/[^"]+)"', client.get("/").text)
    assert {Path(one).name for one in named} == {one.name for one in STATIC.iterdir()} - {
        "index.html"
    }
    for one in named:
        found = client.get(f"/{one}")
        assert found.status_code == 200, one
        assert "immutable" in found.headers["cache-control"]
        assert found.headers["x-content-type-options"] == "nosniff"


def test_modules_import_only_what_is_there():
    """Also what no test happens to run: an import that fails stops the whole page."""
    for module in STATIC.glob("*.js"):
        text = module.read_text(encoding="utf-8")
        for names, other in re.findall(r"import \{([^}]*)\} from \"\./([\w.]+)\"", text):
            exported = (STATIC / other).read_text(encoding="utf-8")
            for name in filter(None, (one.strip() for one in names.split(","))):
                assert re.search(rf"export (async )?(const|function|class) {name}\b", exported), (
                    name
                )


def test_an_older_page_gets_what_there_is_and_does_not_keep_it(client):
    found = client.get("/page/0123456789abcdef/main.js")
    assert found.content == (STATIC / "main.js").read_bytes()
    assert found.headers["cache-control"] == "no-cache"
    assert client.get("/page/0123456789abcdef/secrets.js").status_code == 404


def test_the_policy_lets_in_nothing_from_elsewhere_and_no_script_in_the_document(client):
    found = client.get("/")
    policy = dict(one.split(" ", 1) for one in found.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    allowed = {word for rule in policy.values() for word in rule.split()}
    assert allowed == {"'none'", "'self'", "'script'", "data:", "blob:"}
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert "<style" not in found.text
    assert re.findall(r"<script(?![^>]* src=)", found.text) == []
    assert re.findall(r"\son\w+=", found.text) == []


def test_the_files_are_found_within_an_archive(tmp_path, monkeypatch):
    """As in a pod, where they travel zipped."""
    archive = tmp_path / "some.zip"
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("zipped_page/__init__.py", "")
        made.write(assets.__file__, "zipped_page/assets.py")
        for one in STATIC.iterdir():
            made.write(one, f"zipped_page/static/{one.name}")
    monkeypatch.syspath_prepend(str(archive))
    try:
        assert importlib.import_module("zipped_page.assets").read() == assets.read()
    finally:
        for name in [name for name in sys.modules if name.startswith("zipped_page")]:
            del sys.modules[name]
