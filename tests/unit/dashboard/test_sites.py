"""Which requests to steer a browser may have sent for another site."""

from itertools import product

import pytest

from ostinato.dashboard._answer import Asked
from ostinato.dashboard._sites import refusal_of

GOOD = [("host", "app.example"), ("content-type", "application/json"), ("x-ostinato", "1")]
OTHERS = [
    "https://evil.example",
    "http://app.example.evil.example",
    "https://app.example@evil.example",
    "https://evil.example/app.example",
    "https://evil.example#app.example",
    "https://app.example:8443",
    "https://xapp.example",
    "https://app.ex",
    "null",
    "",
    "file://app.example",
    "app.example",
    "//app.example",
    "http://[::1",
    "https://app.example, https://evil.example",
    "https://app.example.",
    "https://app.example:",
    "ftp://app.example",
    "https:app.example",
    "javascript://app.example",
]
# What a form can declare its body as without being asked, and what is not quite JSON.
FORMS = [
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "text/plain",
    "text/plain; application/json",
    "text/plain, application/json",
    "application/jsonp",
    "text/json",
    "",
]


def cross_site() -> list[list[tuple[str, str]]]:
    """Return the headers of requests that another site may let a browser send."""
    host, json, mark = GOOD
    found = [[host, json, mark, ("origin", other)] for other in OTHERS]
    found += [
        [host, json, mark, ("sec-fetch-site", site), ("origin", origin)]
        for site, origin in product(
            ["cross-site", "same-site", "", "Same-Origin", "none, cross-site", "null", "none none"],
            ["https://app.example", "https://evil.example", "null"],
        )
    ]
    found += [[host, json, mark, *sites] for sites in _twice("sec-fetch-site", "same-origin")]
    found += [[host, json, mark, *origins] for origins in _twice("origin", "https://app.example")]
    found += [[host, ("content-type", form), mark] for form in FORMS]
    found += [[host, ("content-type", form)] for form in FORMS]
    found += [[host, ("content-type", form), ("origin", OTHERS[0])] for form in FORMS]
    found += [[host, ("content-type", form), mark, ("origin", OTHERS[0])] for form in FORMS]
    found += [[host, json, mark, ("content-type", form)] for form in FORMS]
    found += [[host, json, *marks] for marks in _marks()]
    found += [[host, json, mark, ("host", "evil.example"), ("origin", OTHERS[0])]]
    found += [[json, mark, ("origin", "https://app.example")], [host, mark], [host, json], []]
    return found


def _twice(name: str, good: str) -> list[list[tuple[str, str]]]:
    bad = "cross-site" if name == "sec-fetch-site" else "https://evil.example"
    return [[(name, good), (name, bad)], [(name, bad), (name, good)], [(name, bad), (name, bad)]]


def _marks() -> list[list[tuple[str, str]]]:
    values = ["", "0", "2", "true", "1, 1", " 1", "01"]
    return [[("x-ostinato", value)] for value in values] + [[("x-ostinato", "1")] * 2]


CROSS_SITE = cross_site()


def test_s96_there_are_a_hundred_of_them() -> None:
    """No two are the same."""
    assert len({tuple(each) for each in CROSS_SITE}) == 100


@pytest.mark.parametrize("headers", CROSS_SITE, ids=str)
def test_s96_what_another_site_may_have_sent_is_refused(headers: list[tuple[str, str]]) -> None:
    """A form, an image or a script elsewhere; cookies go along with it, and change nothing."""
    refusal = refusal_of(Asked(headers=headers))

    assert refusal is not None
    assert refusal.status in {403, 415}


@pytest.mark.parametrize(
    "more",
    [
        [],
        [("origin", "https://app.example")],
        [("origin", "HTTP://APP.EXAMPLE")],
        [("sec-fetch-site", "same-origin")],
        # A proxy has written another host; the browser knows better.
        [("sec-fetch-site", "same-origin"), ("origin", "https://outside.example")],
        [("sec-fetch-site", "none")],
    ],
    ids=str,
)
def test_s96_what_the_page_or_a_program_sends_is_not_refused(more: list[tuple[str, str]]) -> None:
    """Old browsers say less than new ones, programs nothing."""
    for charset in ("", "; charset=utf-8"):
        host, (_, json), mark = GOOD
        headers = [host, ("content-type", json + charset), mark, *more]

        assert refusal_of(Asked(headers=headers)) is None
