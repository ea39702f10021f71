"""Long responses are compressed for those who take them so."""

import gzip

import pytest

from ostinato.dashboard._answer import Answer, Asked
from ostinato.dashboard._compressing import compressed, takes_gzip


@pytest.mark.parametrize(
    ("accepted", "takes"),
    [
        ("gzip", True),
        ("br, GZIP , deflate", True),
        ("deflate, gzip;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip; q=0.00, br", False),
        ("x-gzip2, br", False),
        ("", False),
    ],
)
def test_who_takes_it_says_so(accepted: str, *, takes: bool) -> None:
    """As a browser does, and not where it is ruled out."""
    assert takes_gzip(Asked(headers=[("accept-encoding", accepted)])) is takes


def test_what_is_long_is_compressed() -> None:
    """What is short is sent as it is."""
    short, long = Answer(200, b"x" * 4_095), Answer(200, b"x" * 4_096, headers={"ETag": "1"})

    sent = compressed(long)

    assert compressed(short) is short
    assert gzip.decompress(sent.body) == long.body
    assert len(sent.body) < 100
    assert sent.headers == {"ETag": "1", "Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
