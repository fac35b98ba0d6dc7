"""Sphinx configuration. `make docs` builds with warnings as errors."""

import sys
import tomllib
from pathlib import Path

_here = Path(__file__).parent
sys.path.insert(0, str(_here / "ext"))

with (_here.parent / "pyproject.toml").open("rb") as file:
    _project = tomllib.load(file)["project"]

project = "rankzero"
author = "The rankzero authors"
copyright = "The rankzero authors, Apache-2.0"
release = version = _project["version"]

extensions = ["myst_parser", "generated"]
exclude_patterns = ["_build", "ext"]
nitpicky = True
myst_enable_extensions = ["deflist", "colon_fence"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"rankzero {version}"
html_show_copyright = False
html_copy_source = False
