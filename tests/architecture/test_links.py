import re
from pathlib import PurePosixPath

import pytest

LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\((?P<target>[^()\s]+)(?: \"[^\"]*\")?\)")
HEADING = re.compile(r"^#{1,6} +(?P<title>.+?) *#*$", re.MULTILINE)
CODE = re.compile(r"^(?P<fence>```+).*?^(?P=fence)`*$|<!--.*?-->", re.MULTILINE | re.DOTALL)
INLINE_CODE = re.compile(r"`[^`\n]+`")


@pytest.fixture(scope="session")
def pages(tracked: dict[str, str]) -> dict[str, str]:
    """Return the text of every Markdown file without its blocks of code, by its path."""
    return {path: CODE.sub("", text) for path, text in tracked.items() if path.endswith(".md")}


def test_every_relative_link_leads_somewhere(pages: dict[str, str], tracked: dict[str, str]):
    """A file that a page links to is in the repository, and has the heading after the `#`."""
    folders = {parent.as_posix() for path in tracked for parent in PurePosixPath(path).parents}
    broken = [
        f"{path}: {target}"
        for path, text in pages.items()
        for target in _relative_targets(text)
        if not _leads_somewhere(_resolved(path, target), pages, tracked.keys() | folders)
    ]

    assert broken == []


def test_every_image_says_what_it_shows(pages: dict[str, str]):
    """Who cannot see a picture reads its alternative text."""
    silent = [path for path, text in pages.items() if re.search(r"!\[\s*\]\(", text)]

    assert silent == []


@pytest.mark.parametrize(
    ("title", "anchor"),
    [
        ("S11", "s11"),
        ("A `def` run: what, and why?", "a-def-run-what-and-why"),
        ("[repeat_every](repeat-every.md)", "repeat_every"),
    ],
)
def test_a_heading_has_the_anchor_that_readers_see(title: str, anchor: str):
    """A heading is linked to the way the usual renderers of Markdown do it."""
    assert _anchors(f"# {title}\n") == {anchor}


def _relative_targets(text: str) -> list[str]:
    targets = [found["target"] for found in LINK.finditer(INLINE_CODE.sub("code", text))]
    return [target for target in targets if not re.match(r"[a-z]+:", target)]


def _resolved(path: str, target: str) -> tuple[str, str]:
    """Return the path below the root and the anchor that *target* means, on the page *path*."""
    file, _, anchor = target.partition("#")
    parts: list[str] = []
    for part in (PurePosixPath(path).parent / file).parts if file else PurePosixPath(path).parts:
        if part == ".." and parts:
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts) or ".", anchor


def _leads_somewhere(place: tuple[str, str], pages: dict[str, str], existing: set[str]) -> bool:
    path, anchor = place
    if path not in existing:
        return False
    return not anchor or anchor in _anchors(pages.get(path, ""))


def _anchors(text: str) -> set[str]:
    """Return the anchors of the headings in *text*; a title that comes again gets a number."""
    anchors: set[str] = set()
    for found in HEADING.finditer(text):
        title = LINK.sub(lambda link: link[0][1:].partition("]")[0], found["title"])
        anchor = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        times = 0
        while (numbered := f"{anchor}-{times}" if times else anchor) in anchors:
            times += 1
        anchors.add(numbered)
    return anchors
