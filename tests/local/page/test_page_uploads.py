"""Files: how they come to the page, and what is hostile about them."""

from __future__ import annotations

import json
import shutil

import pytest

# The first test of a machine may install the browser.
pytestmark = pytest.mark.timeout(900)

EVIL = '"><img src=x onerror="document.title=1">.png'


def test_a_picture_chosen_by_the_button(page, served, picture):
    page.open(served("Colours"))
    page.choose(".drop button", picture)
    page.says("sea.png")
    assert page.js("document.activeElement.textContent") == "Choose another"
    page.click("button.main")
    page.says("Answered in")
    best, score, *_ = page.text(".labels li").split("\n")
    assert best == "red"
    assert score.endswith("%")
    page.click(".ways details:first-child summary")
    assert json.loads(page.text(".ways pre"))["output"][0]["label"] == "red"
    page.click(".ways details:last-child summary")
    assert "--data-binary '@sea.png'" in page.text(".command")
    assert page.problems == []


def test_a_dropped_picture_and_its_nearest(page, served, picture):
    """All that the page needs comes from its server: what it did is held against its log."""
    url = served("Nearest")
    page.open(f"{url}/upload")
    page.says("Ready")
    page.drop(
        "#result", picture
    )  # also beside the place for it: else the file would replace the page
    page.says("sea.png")
    page.click("button.main")
    page.says("Answered in")
    captions = page.js(
        "[...document.querySelectorAll('.gallery .caption')].map(e => e.textContent)"
    )
    assert captions[:2] == ["Your picture", "Morning at sea"]
    assert len(captions) == 4
    distances = page.js("[...document.querySelectorAll('.gallery .score')].map(e => e.textContent)")
    found = [float(text.removeprefix("distance ")) for text in distances]
    assert found == sorted(found)
    assert found[0] < 0.01
    loaded = "[...document.querySelectorAll('.gallery img')].every(e => e.naturalWidth > 0)"
    page.until(loaded, "all pictures to be shown")
    strangers = [one for one in page.requests if not one.startswith((url, "data:", "blob:" + url))]
    assert strangers == []
    assert page.problems == []


def test_a_pasted_picture(page, served, picture):
    page.open(served("Colours"))
    page.says("Ready")
    octets = list(picture.read_bytes())
    page.js(
        f"""(() => {{ const data = new DataTransfer();
        data.items.add(new File([new Uint8Array({octets})], 'pasted.png', {{type: 'image/png'}}));
        document.dispatchEvent(new ClipboardEvent('paste', {{clipboardData: data}})); }})()"""
    )
    page.says("pasted.png")
    page.click("button.main")
    page.says("Answered in")


def test_hostile_names_and_captions_are_text(page, served, picture, tmp_path):
    evil = shutil.copy(picture, tmp_path / EVIL)
    page.open(served("Evil"))
    page.says("Ready")
    page.choose(".drop button", evil)
    page.says(EVIL)
    page.click("button.main")
    page.says("Answered in")
    assert "<script>" in page.text(".gallery")
    assert "<script>" in page.text("h1")
    page.click(".ways details:last-child summary")
    assert EVIL in page.text(".command")
    # Nothing became an element, and nothing ran or was asked for.
    assert page.js("document.querySelectorAll('body script, [onerror]').length") == 0
    assert page.js("document.title").startswith("<img")
    assert page.problems == []


def test_files_that_are_not_what_they_should_be(page, served, tmp_path, picture):
    page.open(served("Colours"))
    page.says("Ready")
    empty, large, text = (tmp_path / name for name in ("empty.png", "large.png", "text.png"))
    empty.write_bytes(b"")
    large.write_bytes(bytes(11 << 20))
    text.write_text("%PDF-1.7")
    page.choose(".drop button", empty)
    page.says("The file is empty.")
    page.drop(".drop", large)
    page.says("The file has 11 MiB; at most 10 MiB are taken.")
    assert not any("predict" in one for one in page.requests)
    page.drop(".drop", text)
    page.says("This browser cannot show it.")
    page.click("button.main")
    page.says("This is no picture, but a PDF.")
    assert page.text("[role=alert] dl").startswith("Next")
    # A PNG by its content, whatever its name says.
    page.drop(".drop", shutil.copy(picture, tmp_path / "wrong.gif"))
    page.click("button.main")
    page.says("Answered in")


def test_a_slow_upload_shows_how_far_it_is_and_can_be_cancelled(page, served, tmp_path):
    page.open(served("Colours"))
    page.says("Ready")
    large = tmp_path / "large.png"
    large.write_bytes(bytes(8 << 20))
    page.drop(".drop", large)
    page.says("8.0 MiB")
    page.uplink(1 << 20)
    page.click("button.main")
    page.until("/Sending, [1-9]/.test(document.body.innerText)", "the upload to get on")
    assert 0 < page.js("document.querySelector('progress').value") < 1
    page.click("#result button")
    page.says("Cancelled.")
    # The button has gone; who used it is not sent back to the page's top.
    assert page.js("document.activeElement.id") == "result"
    page.uplink(-1)


def test_a_recording(page, serve):
    url = serve("Loudness")
    page.grant(url, "audioCapture")
    page.open(url)
    page.says("Ready")
    page.click(".drop button + button")
    page.says("Stop · 1 s")
    page.click(".drop button + button")
    page.says("recording.wav")
    page.click("button.main")
    page.says("Answered in")
    rows = dict(row.split("\t") for row in page.text("#outcome tbody").split("\n"))
    assert float(rows["seconds"]) > 0.5
    assert float(rows["loudest"]) > 0
