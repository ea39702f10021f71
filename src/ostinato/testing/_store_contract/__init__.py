"""What every store has to keep, as tests that a store's own test module inherits."""

from ostinato.testing._store_contract._beside import BesideClauses
from ostinato.testing._store_contract._claims import ClaimClauses
from ostinato.testing._store_contract._declarations import DeclarationClauses
from ostinato.testing._store_contract._history import HistoryClauses
from ostinato.testing._store_contract._leases import LeaseClauses
from ostinato.testing._store_contract._memory import MemoryClauses
from ostinato.testing._store_contract._queries import QueryClauses
from ostinato.testing._store_contract._steering import SteeringClauses
from ostinato.testing._store_contract._takeovers import TakeoverClauses
from ostinato.testing._store_contract._together import TogetherClauses

__all__ = ["StoreContract"]


class StoreContract(
    ClaimClauses,
    TogetherClauses,
    LeaseClauses,
    TakeoverClauses,
    BesideClauses,
    QueryClauses,
    SteeringClauses,
    DeclarationClauses,
    MemoryClauses,
    HistoryClauses,
):
    """The contract of stores: a subclass is the test module of one.

    The subclass has a pytest fixture `store_factory`. It returns a function that makes stores,
    unopened ones, each with the same state behind it, and closes them when the test is over.
    """
