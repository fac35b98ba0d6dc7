"""The page as people use it: boxes, samples, keys, a phone, and what it says of what is wrong."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from support import debian, ports

pytestmark = pytest.mark.timeout(900)

#: Every text's contrast with what lies behind it, where it is less than it should be.
FAINT = """[...document.querySelectorAll('body *')].filter(e => {
  if (!e.checkVisibility() || e.closest('.spoken, [disabled]')) return false;
  if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) return false;
  const parts = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  let ground = e;
  const clear = (one) => (parts(getComputedStyle(one).backgroundColor)[3] ?? 1) === 0;
  while (clear(ground)) ground = ground.parentElement;
  const style = getComputedStyle(e);
  const [a, b] = [light(parts(e.namespaceURI.endsWith('svg') ? style.fill : style.color)),
                  light(parts(getComputedStyle(ground).backgroundColor))];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5;
}).map(e => e.outerHTML.slice(0, 120))"""


def test_a_sample_is_one_click_to_a_table(page, served):
    page.open(served("Words"))
    page.click(".samples button")
    page.says("Answered in")
    rows = page.text("#outcome tbody").split("\n")
    assert rows[0].split("\t")[:2] == ["a", "5"]
    assert page.js("document.querySelector('textarea').value").startswith("A rose")
    assert page.problems == []


def test_the_keyboard_is_enough(page, served):
    page.open(served("Words"))
    page.says("Ready")
    focus = "document.activeElement.tagName + ' ' + document.activeElement.textContent"
    page.press("Tab")
    assert page.js(focus) == "A Skip to the input"
    page.press("Tab")
    page.type("to be or not to be")
    page.press("Tab")
    assert page.js(focus) == "BUTTON Ask the model"
    ring = "getComputedStyle(document.activeElement).outlineWidth"
    assert page.js(ring) == "2px"
    page.press("Enter")
    page.says("Answered in")
    assert page.js("document.getElementById('spoken').textContent").startswith("The result is here")
    for _ in range(8):
        page.press("Tab")
        if page.js(focus) == "SUMMARY Show as JSON":
            break
    page.press("Enter")
    page.says('"columns"')


@pytest.mark.parametrize("name", ["Nearest", "Words", "Curve"])
def test_it_fits_a_phone_by_day_and_by_night(page, served, name):
    page.screen(360, 740, phone=True)
    page.open(served(name))
    page.click(".samples button")
    page.says("Answered in")
    page.js("document.querySelectorAll('details').forEach(e => e.open = true)")
    assert page.js("document.documentElement.scrollWidth") == 360
    heights = (
        "[...document.querySelectorAll('form button')].map(e => e.getBoundingClientRect().height)"
    )
    assert [one for one in page.js(heights) if 0 < one < 44] == []
    assert page.js(FAINT) == []
    page.screen(360, 740, phone=True, dark=True)
    assert page.js(FAINT) == []
    # Whoever hears the page hears a name for all that can be used.
    nameless = [
        role for role, name in page.tree() if role in ("button", "textbox", "image") and not name
    ]
    assert nameless == []
    camera = page.js("document.querySelector('.camera')?.checkVisibility() ?? null")
    assert camera is (True if name == "Nearest" else None)


def test_what_cannot_be_right_is_told_beside_the_box_and_not_sent(page, served):
    page.open(served("Curve"))
    page.click("textarea")
    for text, told in (
        ("", "Write some JSON first"),
        ('{"damping": 0.1,}', "This is no JSON, line 1, column 17"),
        ('{"steps": 3}', 'It lacks "damping".'),
        ('{"damping": 9}', "damping must be at most 2."),
        ('{"damping": "x"}', "damping must be a number."),
    ):
        page.js("document.querySelector('textarea').value = ''")
        page.type(text)
        page.click("button.main")
        page.says(told)
    assert page.js("document.querySelector('textarea').getAttribute('aria-invalid')") == "true"
    assert not any("predict" in one for one in page.requests)
    page.js("document.querySelector('textarea').value = ''")
    page.type('{"damping": 0.1, "steps": 8}')
    page.click("button.main")
    page.says("Answered in")
    assert page.js("document.querySelectorAll('svg .line').length") == 2
    page.click("#outcome details summary")
    assert len(page.text("#outcome tbody").split("\n")) == 9


def test_an_array_may_come_as_a_row_of_a_table(page, served):
    page.open(served("Flower"))
    page.click("textarea")
    page.type("5.1\t3.5\t1.4")
    page.click("button.main")
    page.says("This is 3; 4 numbers are wanted.")
    page.type("\t0.2")
    page.click("button.main")
    page.says("Answered in")
    assert page.text(".labels li").startswith("setosa")


def test_an_error_is_shown_as_the_server_says_it(page, served):
    page.open(served("Words"))
    page.click("textarea")
    page.type("please refuse this")
    page.click("button.main")
    page.says("The word “refuse” is not counted here.")
    shown = page.text("[role=alert].problem")
    assert "Leave it out." in shown
    assert "422 bad-input" in shown
    assert page.js(FAINT) == []
    assert page.js("document.querySelector('textarea').value") == "please refuse this"


def test_the_command_below_does_what_the_page_did(page, served):
    debian.program(lambda: shutil.which("curl"), "curl")
    page.open(served("Words"))
    page.click("textarea")
    page.type("@it's $HOME or \\n it's `not`")  # a shell's words, and curl's
    page.click("button.main")
    page.says("Answered in")
    page.click(".ways details:last-child summary")
    assert run(page.text(".command")) == json.loads(shown(page))
    page.open(served("Colours"))
    page.click(".samples button")
    page.says("Answered in")
    page.click(".ways details:last-child summary")
    assert run(page.text(".command")) == json.loads(shown(page))


def shown(page):
    return page.js("document.querySelector('.ways pre').textContent")


def run(command):
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_a_token_is_asked_for_once_and_kept_in_the_tab(page, serve, tmp_path):
    secret = tmp_path / "token"
    secret.write_text("open-sesame")
    url = serve("Colours", "--token-file", str(secret))
    page.open(url)
    page.says("This model asks for a token")
    page.type("wrong-one")
    page.press("Enter")
    page.says("The server did not take this token.")
    page.type("open-sesame")
    page.press("Enter")
    page.click(".samples button.picture")  # its picture was fetched with the token, too
    page.says("Answered in")
    page.click(".ways details:last-child summary")
    assert page.text(".command").count('-H "Authorization: Bearer $TOKEN"') == 2
    assert "sesame" not in page.js("document.documentElement.outerHTML")
    assert not any("sesame" in one for one in page.requests)
    page.open(f"{url}/upload")
    page.says("Ready")
    kept = "[Object.keys(sessionStorage), Object.keys(localStorage), document.cookie]"
    assert page.js(kept) == [["rankzero-token"], [], ""]


def test_the_page_is_there_while_the_model_loads(page, serve, tmp_path):
    gate = tmp_path / "model"
    with ports.free(1) as [port]:
        page.open(serve("Slow", "--model", str(gate), port=port))
    page.says("The model is loading")
    page.click("textarea")
    page.type("one two two")
    page.click("button.main")
    page.says("The model is being loaded.")
    page.until("/Try again in [1-9]/.test(document.body.innerText)", "how long to wait")
    gate.touch()
    page.says("Ready")
    page.says("Roses")  # the samples come with the model
    page.until(
        "[...document.querySelectorAll('#result button')].some(e => !e.disabled)", "a button"
    )
    page.click("#result button")
    page.says("Answered in")
    assert page.text("#outcome tbody").startswith("two\t2")
