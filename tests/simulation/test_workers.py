"""Real workers, in hundreds of seeded histories on one virtual event loop."""

import logging
import re
from collections.abc import Iterator

import pytest

from tests.simulation.fleet import Fleet
from tests.simulation.judging import BrokenRuleError


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Say nothing of each message that is lost."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.timeout(7_200)
def test_s29_s75_to_s87_workers_keep_the_rules_whatever_fails(request: pytest.FixtureRequest):
    """S29, S75 to S87: those of `ostinato` itself, with their loop, their lanes and their doors."""
    chosen = request.config.getoption("--fleet-seed")
    number = request.config.getoption("--fleet-seeds")

    for seed in range(number) if chosen is None else [chosen]:
        try:
            Fleet(seed).run()
        except BrokenRuleError as broken:
            pytest.fail(_told(seed, broken))


def test_the_same_seed_is_the_same_history_of_workers():
    """But for their names, which no two starts share."""
    first, second = (_trace_of(3) for _ in range(2))

    assert first == second
    assert first


def _trace_of(seed: int) -> list[str]:
    fleet = Fleet(seed, traced=True)
    fleet.run()
    lines = fleet.world.trace or []
    return [re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "worker", line) for line in lines]


def _told(seed: int, broken: BrokenRuleError) -> str:
    """Return what happened in the history of *seed*, up to what should not have."""
    fleet = Fleet(seed, traced=True)
    try:
        fleet.run()
    except BrokenRuleError as again:
        broken = again
    again = f"look at it again with --fleet-seed={seed}"
    return "\n".join([str(broken), again, str(fleet.world.rates), *(fleet.world.trace or ())])
