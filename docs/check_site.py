"""Check a built site: ``python docs/check_site.py build/site``.

Every link within the site leads to a page and a place that exist. Nothing that a page loads by
itself (scripts, styles, fonts, pictures) is from elsewhere: the site is read without a network.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {("script", "src"), ("img", "src"), ("link", "href"), ("iframe", "src"), ("source", "src")}
FOREIGN_STYLE = re.compile(r"(?:@import|url\()\s*[\"']?(?:https?:)?//[^\"')\s]+")


class Page(HTMLParser):
    """The places of a page, and the addresses it names as (tag, attribute, address)."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.places: set[str] = set()
        self.addresses: list[tuple[str, str, str]] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep what identifies a place, and what names an address."""
        for name, value in attrs:
            if name in ("id", "name") and value:
                self.places.add(value)
            if name in ("href", "src") and value:
                self.addresses.append((tag, name, value))


@cache
def read(path: Path) -> Page:
    """A page, parsed once."""
    return Page(path)


def faults(site: Path) -> Iterator[str]:
    """What is wrong with the site, a sentence each."""
    for path in sorted(site.rglob("*.html")):
        for tag, attribute, address in read(path).addresses:
            wrong = fault(path, address, loaded=(tag, attribute) in LOADED)
            if wrong:
                yield f"{path.relative_to(site)}: {address}: {wrong}"
    for path in sorted(site.rglob("*.css")):
        for found in FOREIGN_STYLE.findall(path.read_text(encoding="utf-8")):
            yield f"{path.relative_to(site)}: {found}: is from elsewhere"


def fault(page: Path, address: str, *, loaded: bool) -> str:
    """What is wrong with an address on a page, or nothing."""
    parts = urlsplit(address)
    if parts.scheme == "data":
        return ""
    if parts.scheme or parts.netloc:
        return "is from elsewhere" if loaded else ""
    target = page.parent / unquote(parts.path) if parts.path else page
    if not target.is_file():
        return "no such file"
    if parts.fragment and target.suffix == ".html":
        return "" if unquote(parts.fragment) in read(target).places else "no such place"
    return ""


if __name__ == "__main__":
    found = list(faults(Path(sys.argv[1])))
    print(*found, sep="\n", end="\n" if found else "")
    sys.exit(bool(found))
