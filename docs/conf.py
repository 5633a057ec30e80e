"""The site that `make docs` builds from these pages: Sphinx, which reads them by MyST as they are shown elsewhere too.

Nothing in it is fetched from another host when it is read: the theme brings its own fonts and scripts.
"""

from importlib.metadata import version as version_of

project = "zbnntp"
author = "the zbnntp developers"
copyright = "the zbnntp developers; AGPL-3.0-or-later"
version = release = version_of("zbnntp")

extensions = ["myst_parser"]
myst_heading_anchors = 4
html_theme = "furo"
html_title = f"zbnntp {release}"
html_copy_source = False
html_show_sphinx = False
