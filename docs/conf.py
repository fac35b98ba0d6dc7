"""Sphinx configuration. `make docs` builds with warnings as errors."""

import sys
from pathlib import Path

import rankzero

sys.path.insert(0, str(Path(__file__).parent / "ext"))


project = "rankzero"
author = "The rankzero authors"
copyright = "The rankzero authors, Apache-2.0"
release = version = rankzero.__version__

extensions = ["myst_parser", "generated"]
exclude_patterns = ["_build", "ext"]
nitpicky = True
myst_enable_extensions = ["deflist", "colon_fence"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"rankzero {rankzero.__version__}"
html_show_copyright = False
html_copy_source = False
