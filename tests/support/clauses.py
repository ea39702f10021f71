"""The contract of stores, asked as a whole whether a store keeps it."""

from collections.abc import Callable

from ostinato.errors import StoreError
from ostinato.testing import StoreContract


def is_broken(factory: Callable) -> bool:
    """Return whether some clause of the contract fails for the stores that *factory* makes."""
    contract = StoreContract()
    clauses = [getattr(contract, name) for name in dir(contract) if name.startswith("test_")]
    return any(fails(clause, factory) for clause in clauses)


def fails(clause: Callable[[Callable], None], factory: Callable) -> bool:
    """Return whether *clause* fails for the stores that *factory* makes."""
    try:
        clause(factory)
    except (AssertionError, StoreError):
        return True
    return False
