"""Requests to steer that another site may let a browser send, by their headers."""

from itertools import product

__all__ = ["CROSS_SITE", "GOOD"]

GOOD = [("host", "app.example"), ("content-type", "application/json"), ("x-ostinato", "1")]
_OTHERS = [
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
_FORMS = [
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "text/plain",
    "text/plain; application/json",
    "text/plain, application/json",
    "application/jsonp",
    "text/json",
    "",
]


def _cross_site() -> list[list[tuple[str, str]]]:
    """Return the headers of requests that another site may let a browser send."""
    host, json, mark = GOOD
    found = [[host, json, mark, ("origin", other)] for other in _OTHERS]
    found += [
        [host, json, mark, ("sec-fetch-site", site), ("origin", origin)]
        for site, origin in product(
            ["cross-site", "same-site", "", "Same-Origin", "none, cross-site", "null", "none none"],
            ["https://app.example", "https://evil.example", "null"],
        )
    ]
    found += [[host, json, mark, *sites] for sites in _twice("sec-fetch-site", "same-origin")]
    found += [[host, json, mark, *origins] for origins in _twice("origin", "https://app.example")]
    found += [[host, ("content-type", form), mark] for form in _FORMS]
    found += [[host, ("content-type", form)] for form in _FORMS]
    found += [[host, ("content-type", form), ("origin", _OTHERS[0])] for form in _FORMS]
    found += [[host, ("content-type", form), mark, ("origin", _OTHERS[0])] for form in _FORMS]
    found += [[host, json, mark, ("content-type", form)] for form in _FORMS]
    found += [[host, json, *marks] for marks in _marks()]
    found += [[host, json, mark, ("host", "evil.example"), ("origin", _OTHERS[0])]]
    found += [[json, mark, ("origin", "https://app.example")], [host, mark], [host, json], []]
    return found


def _twice(name: str, good: str) -> list[list[tuple[str, str]]]:
    bad = "cross-site" if name == "sec-fetch-site" else "https://evil.example"
    return [[(name, good), (name, bad)], [(name, bad), (name, good)], [(name, bad), (name, bad)]]


def _marks() -> list[list[tuple[str, str]]]:
    values = ["", "0", "2", "true", "1, 1", " 1", "01"]
    return [[("x-ostinato", value)] for value in values] + [[("x-ostinato", "1")] * 2]


CROSS_SITE = _cross_site()
