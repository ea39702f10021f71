"""The contract bites into the scripts of Redis: without any one condition it is not kept."""

from contextlib import ExitStack, closing

import pytest

from ostinato.stores.redis import RedisStore
from ostinato.stores.redis._lua import CONDITIONS
from tests.support.clauses import is_broken


@pytest.mark.parametrize("condition", CONDITIONS)
def test_s76_each_condition_of_a_script_is_needed(condition: str, redis_address: str):
    """S76: whichever is left out, a test of the contract fails."""
    with ExitStack() as stack:

        def make() -> RedisStore:
            return stack.enter_context(closing(RedisStore(redis_address, without=(condition,))))

        assert is_broken(make)
