"""Refuse what another site lets a browser send: cross-site request forgery."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ostinato.dashboard._answer import JSON, Refusal

if TYPE_CHECKING:
    from ostinato.dashboard._answer import Asked

__all__ = ["refusal_of"]

_HINT = "send it from the page itself, or from a program with the header X-Ostinato: 1"


def refusal_of(asked: Asked) -> Refusal | None:
    """Return why what was *asked*, which would change something, is not done.

    A browser sends cookies along whoever asks; what it sends beside them tells who does. Neither
    a form nor a script of another site can send the header, or JSON, without being allowed to.
    """
    if asked.header("x-ostinato") != ["1"]:
        return _refusal("the header X-Ostinato: 1 is missing")
    sites = asked.header("sec-fetch-site")
    if any(site not in {"same-origin", "none"} for site in sites):
        return _refusal("another site has sent it")
    if not sites and not _is_of(asked.header("host"), asked.header("origin")):
        return _refusal("its Origin is another host")
    types = [each.partition(";")[0].strip().lower() for each in asked.header("content-type")]
    if types != [JSON]:
        message = "the body of the request is not declared as JSON"
        return Refusal(415, "not_json", message, f"send the header Content-Type: {JSON}")
    return None


def _is_of(hosts: list[str], origins: list[str]) -> bool:
    """Return whether all *origins* are of the one host in *hosts*."""
    if not origins:
        return True
    return len(hosts) == 1 and all(_host_of(origin) == hosts[0].lower() for origin in origins)


def _host_of(origin: str) -> str | None:
    try:
        split = urlsplit(origin)
    except ValueError:
        return None
    return split.netloc.lower() if split.scheme in {"http", "https"} else None


def _refusal(message: str) -> Refusal:
    return Refusal(403, "cross_site", message, _HINT)
