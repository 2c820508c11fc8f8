"""Settings of the documentation site: `make docs`. Pages are the Markdown files of the repository."""

import sys
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from diagram import flowchart

import cgbench

project = "cgbench"
release = version = cgbench.__version__
root_doc = "docs/index"
# The repository is the source, so that links between files are the same there and on the site.
include_patterns = [
    "docs/**.md",
    "config/README.md",
    "results/reference/default/leaderboard.md",
    "results/reference/full/alanine_dipeptide/leaderboard.md",
    "results/reference/full/chignolin/leaderboard.md",
    "*.md",
]
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]

myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]
myst_fence_as_directive = ["mermaid"]
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
suppress_warnings = ["ref.python"]  # shapes such as [n_atoms] in docstrings are no references

html_theme = "theme"
html_theme_path = [str(HERE)]
# Style and scripts of the results site, for the same look.
html_static_path = [str(HERE.parent / "src/cgbench/site/assets"), str(HERE / "theme/static")]
html_css_files = ["docs.css"]
html_js_files = ["page.js"]
html_copy_source = False
html_additional_pages = {"index": "forward.html"}
html_title = "cgbench"


class Mermaid(Directive):
    """A flowchart, drawn when the site is built, because a browser would need a script of 3 MB for it."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the picture as SVG."""
        return [nodes.raw("", flowchart("\n".join(self.content)), format="html")]


def setup(app: Sphinx) -> None:
    """Add what Sphinx does not have."""
    app.add_directive("mermaid", Mermaid)
