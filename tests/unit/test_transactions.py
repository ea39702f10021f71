"""What only type checkers read."""

from ostinato._transactions import AsyncTransaction, Transaction


def test_what_guards_a_run_is_known_by_what_it_can_do() -> None:
    """SQLAlchemy's sessions and connections have it; the library imports none of them for that."""
    assert hasattr(Transaction, "execute")
    assert hasattr(Transaction, "rollback")
    assert hasattr(AsyncTransaction, "run_sync")
