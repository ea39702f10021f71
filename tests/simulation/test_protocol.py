"""The protocol of claims in thousands of seeded histories, and each of its rules got wrong once."""

import pytest

from tests.simulation.driver import Driver
from tests.simulation.history import History, first_violation
from tests.simulation.judging import BrokenRuleError
from tests.simulation.mutants import MUTANTS

# So many histories must do to notice that a rule is broken.
_NOTICED_WITHIN = 2_500


@pytest.mark.timeout(7_200)
def test_s29_s75_to_s86_the_protocol_holds_whatever_fails(request: pytest.FixtureRequest):
    """S29, S75 to S86: messages get lost, machines pause and die, and no rule of it is broken."""
    chosen = request.config.getoption("--simulation-seed")
    number = request.config.getoption("--simulation-seeds")
    seeds = range(number) if chosen is None else range(chosen, chosen + 1)

    found = first_violation(seeds)

    assert found is None, _told(found[0])


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_s75_to_s86_a_rule_that_is_broken_is_noticed(mutant: type[Driver]):
    """S29, S75 to S86: a worker that gets one rule wrong is convicted, within few histories."""
    found = first_violation(range(_NOTICED_WITHIN), mutant)

    assert found is not None
    assert found[1].clause == _SHOWN_BY.get(mutant.__name__, (mutant.__doc__ or "")[:3])


def test_the_same_seed_is_the_same_history():
    """A seed that fails is looked at as often as it takes."""
    first, second = (History(7, traced=True) for _ in range(2))

    first.run()
    second.run()

    assert first.world.trace == second.world.trace
    assert first.world.trace


# Where another clause shows it than the one that is broken.
_SHOWN_BY = {
    "ExpiredIsWon": "S86",
    "KnownByHost": "S84",
    "NoLeaseCheck": "I1",
    "ReadThenWrite": "I1",
    "ReleasedIsForgotten": "S84",
}


def _told(seed: int) -> str:
    """Return what happened in the history of *seed*, up to what should not have."""
    history = History(seed, traced=True)
    try:
        history.run()
    except BrokenRuleError as violation:
        wrong = str(violation)
    again = f"look at it again with --simulation-seed={seed}"
    return "\n".join(
        [wrong, again, str(history.task), str(history.world.rates), *history.world.trace]
    )
