"""The pages that people look at: functions from packages and a graph to HTML, without a framework.

    site = Site(packages, graph=store)
    page = site.render("en/dataset/430105-306001-2023.html", {"page": "2"})

A path is relative to wherever the site is mounted, and so is every link in it; English pages stand
under `en/`. `site.paths()` lists what a static copy of the site consists of.
"""

from opendata.pages.page import Page
from opendata.pages.site import Site

__all__ = ["Page", "Site"]
