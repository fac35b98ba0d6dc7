"""The pictures of the page in docs/guides/images: taken anew by `python scripts/screenshots.py`.

It starts the predictors of tests/local/page, and looks at them in the Chromium of this machine.
Where a font of the kind that phones and laptops have is installed (Debian's fonts-inter), it uses
that.
"""

from __future__ import annotations

import io
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests")]

from PIL import Image as Picture  # noqa: E402

from support import browser  # noqa: E402
from support.browser import Browser, Page  # noqa: E402
from support.home import Home  # noqa: E402
from support.serving import Server  # noqa: E402

PREDICTORS = ROOT / "tests" / "local" / "page" / "predictors.py"
IMAGES = ROOT / "docs" / "guides" / "images"
DESKTOP, PHONE = (1120, 640), (360, 640)
FONTS = """<fontconfig><include>/etc/fonts/fonts.conf</include>%s</fontconfig>"""
INTER = """<match><test name="family"><string>%s</string></test>
<edit name="family" mode="prepend" binding="strong"><string>Inter</string></edit></match>"""


def sample(page: Page) -> None:
    page.says("Ready")
    page.click(".samples li:nth-child(2) button")
    page.says("Answered in")


def refused(page: Page) -> None:
    page.says("Ready")
    page.click("textarea")
    page.type("Please refuse this text.")
    page.click("button.main")
    page.says("Leave it out.")


#: Name -> predictor, path, what is done first, size, whether by night.
SHOTS: dict[str, tuple[str, str, Callable[[Page], None], tuple[int, int], bool]] = {
    "gallery": ("Nearest", "/upload", sample, DESKTOP, False),
    "gallery-dark": ("Nearest", "/upload", sample, DESKTOP, True),
    "gallery-phone": ("Nearest", "/upload", sample, PHONE, False),
    "labels-phone-dark": ("Flower", "/", sample, PHONE, True),
    "plot": ("Curve", "/", sample, DESKTOP, False),
    "plot-dark": ("Curve", "/", sample, DESKTOP, True),
    "error": ("Words", "/", refused, DESKTOP, False),
}


def take(chromium: Browser, name: str, url: str) -> None:
    _, path, first, size, dark = SHOTS[name]
    with chromium.page() as page:
        page.screen(*size, dark=dark, phone=size == PHONE)
        page.open(url + path)
        first(page)
        # Bars have grown, smooth scrolling has ended, and nothing has the focus or the mouse.
        page.js("document.activeElement.blur()")
        page.until("document.getAnimations().length === 0", "all to stand still")
        page.js("scrollTo({top: 0, behavior: 'instant'})")
        # An error that the model gives is what some of them are about.
        broken = [one for one in page.problems if "/predict" not in one]
        assert broken == [], broken
        seen = Picture.open(io.BytesIO(page.picture(whole=True)))
        # 256 colours show all that there is of it, at a third of the size.
        seen.convert("RGB").quantize(256).save(IMAGES / f"page-{name}.png", optimize=True)


def main() -> None:
    program = browser.found()
    if program is None:
        sys.exit("There is no Chromium here. On Debian: apt install chromium fonts-inter")
    IMAGES.mkdir(exist_ok=True)
    wanted = sys.argv[1:] or list(SHOTS)
    with tempfile.TemporaryDirectory() as where:
        fonts = Path(where, "fonts.conf")
        fonts.write_text(
            FONTS % "".join(INTER % name for name in ("system-ui", "sans", "sans-serif"))
        )
        os.environ["FONTCONFIG_FILE"] = str(fonts)
        home = Home(Path(where, "home"))
        try:
            with browser.started(program) as chromium:
                for name in wanted:
                    server = Server(home, f"{PREDICTORS}:{SHOTS[name][0]}").wait()
                    take(chromium, name, f"http://127.0.0.1:{server.port}")
        finally:
            home.close()


if __name__ == "__main__":
    main()
