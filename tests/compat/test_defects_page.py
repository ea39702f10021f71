import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "upstream-defects.md"
NAMED = re.compile(r"`(?P<path>[\w/]+\.py)::(?P<test>\w+)`")


def test_every_test_that_the_page_names_exists():
    """Whoever doubts a row of the table finds the test that shows it."""
    named = NAMED.findall(PAGE.read_text("utf-8"))
    missing = [
        f"{path}::{test}"
        for path, test in named
        if not re.search(
            rf"^\s*(async )?def {test}\(", (ROOT / "tests" / path).read_text("utf-8"), re.MULTILINE
        )
    ]

    assert named
    assert missing == []


def test_every_row_of_the_page_names_its_test():
    """No defect is said to be mended without a test."""
    rows = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ")]

    assert [row for row in rows[1:] if not NAMED.search(row)] == []
