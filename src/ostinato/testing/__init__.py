"""Time that tests drive, and a look at what happened in it."""

from ostinato.testing._clock import ManualClock
from ostinato.testing._recorder import Recorder
from ostinato.testing._simulation import Simulation, simulate
from ostinato.testing._store_contract import StoreContract

__all__ = ["ManualClock", "Recorder", "Simulation", "StoreContract", "simulate"]
