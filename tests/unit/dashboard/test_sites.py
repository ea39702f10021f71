"""Which requests to steer a browser may have sent for another site."""

import pytest

from ostinato.dashboard._answer import Asked
from ostinato.dashboard._sites import refusal_of
from tests.support.cross_site import CROSS_SITE, GOOD


def test_s96_there_are_a_hundred_of_them() -> None:
    """S96: No two are the same."""
    assert len({tuple(each) for each in CROSS_SITE}) == 100


@pytest.mark.parametrize("headers", CROSS_SITE, ids=str)
def test_s96_what_another_site_may_have_sent_is_refused(headers: list[tuple[str, str]]) -> None:
    """S96: A form, an image or a script elsewhere; cookies go along with it, and change nothing."""
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
    """S96: Old browsers say less than new ones, programs nothing."""
    for charset in ("", "; charset=utf-8"):
        host, (_, json), mark = GOOD
        headers = [host, ("content-type", json + charset), mark, *more]

        assert refusal_of(Asked(headers=headers)) is None
