"""One process's heap of next instants."""

from collections import Counter
from random import Random

import pytest

from ostinato import Scheduler
from ostinato._engine import _agenda
from ostinato._engine._agenda import Agenda
from ostinato._engine._standing import Standing


def standings(count: int) -> list[Standing]:
    """Return how so many tasks stand."""
    scheduler = Scheduler()

    async def nothing() -> None: ...

    for number in range(count):
        scheduler.every(seconds=1, name=str(number))(nothing)
    return [Standing(task) for task in scheduler.tasks.values()]


def test_what_is_due_is_taken_in_the_order_of_its_instants() -> None:
    """Equal instants keep the order in which they were put."""
    agenda, (a, b, c, d) = Agenda(), standings(4)
    for at, standing in [(30, a), (10, b), (20, c), (10, d)]:
        agenda.put(at, standing)

    taken = list(agenda.take_due(20))

    assert taken == [b, d, c]
    assert (agenda.next_at(), len(agenda)) == (30, 1)
    assert list(agenda.take_due(29.9)) == []
    assert list(agenda.take_due(30)) == [a]
    assert (agenda.next_at(), len(agenda)) == (None, 0)


def test_what_is_due_a_grain_later_is_gathered() -> None:
    """Without a grain each instant has a wake-up of its own; with one, two neighbours share it."""
    agenda, (a, b, c) = Agenda(), standings(3)
    for at, standing in [(10, a), (11, b), (13, c)]:
        agenda.put(at, standing)

    shared = [agenda.next_at(1)]
    alone = [agenda.next_at()]
    for at in (10, 11):
        list(agenda.take_due(at))
        shared.append(agenda.next_at(1))
        alone.append(agenda.next_at())

    assert shared == [11, 11, 13]
    assert alone == [10, 11, 13]


def test_any_number_may_stand_at_one_instant() -> None:
    """They are taken together, in the order in which they were put."""
    agenda, everyone = Agenda(), standings(4)
    for standing in everyone:
        agenda.put(10, standing)

    assert len(agenda) == 4
    assert list(agenda.take_due(10)) == everyone


def test_the_last_instant_counts() -> None:
    """A task stands on it once."""
    agenda, (a, b) = Agenda(), standings(2)
    agenda.put(10, a)
    agenda.put(20, a)
    agenda.put(20, a)
    agenda.put(15, b)

    assert (len(agenda), agenda.next_at()) == (2, 15)
    assert list(agenda.take_due(100)) == [b, a]


def test_what_was_taken_back_is_not_taken() -> None:
    """However it was put there, and put there again."""
    agenda, (a, b) = Agenda(), standings(2)
    agenda.put(10, a)
    agenda.put(10, b)
    agenda.remove(a)
    agenda.remove(a)
    agenda.remove(b)
    agenda.put(10, b)

    assert (len(agenda), agenda.next_at()) == (1, 10)
    assert list(agenda.take_due(10)) == [b]
    assert agenda.next_at() is None


def test_who_is_put_back_while_it_is_taken_comes_again_at_its_instant() -> None:
    """A tick that is taken may bring the next, due already."""
    agenda, (a, b) = Agenda(), standings(2)
    agenda.put(10, a)
    agenda.put(20, b)
    taken = []

    for standing in agenda.take_due(20):
        taken.append(standing)
        if taken == [a]:
            agenda.put(15, a)
            agenda.put(30, b)

    assert taken == [a, a]
    assert agenda.next_at() == 30


def test_every_instant_can_be_shifted() -> None:
    """Those that were taken back are gone with it."""
    agenda, (a, b, c) = Agenda(), standings(3)
    agenda.put(10, a)
    agenda.put(10, b)
    agenda.put(20, c)
    agenda.remove(c)
    agenda.remove(a)
    agenda.put(10, a)

    moved = agenda.shift(-7)

    assert sorted(each.name for each in moved) == ["0", "1"]
    assert (len(agenda), agenda.next_at()) == (2, 3)
    assert sorted(each.name for each in agenda.take_due(3)) == ["0", "1"]


def test_what_was_taken_back_does_not_pile_up() -> None:
    """Of many instants that mean nothing any more, most are thrown away."""
    agenda, everyone = Agenda(), standings(3)
    for number in range(10 * _agenda._MANY_STALE):
        agenda.put(1_000_000 + number, everyone[number % 3])

    assert len(agenda) == 3
    assert len(agenda.instants) <= 2 * _agenda._MANY_STALE
    assert len(list(agenda.take_due(float("inf")))) == 3


def test_what_is_thrown_away_is_more_than_what_is_kept() -> None:
    """Clearing up costs a look at every task: there must be many that stand nowhere any more."""
    many = _agenda._MANY_STALE
    agenda, alone, (task,) = Agenda(), Agenda(), standings(1)
    everyone = [Standing(task.task) for _ in range(many + 2)]
    for number in range(many + 1):
        alone.put(number, task)
    for number, standing in enumerate(everyone):
        agenda.put(number, standing)
    for number in range(many + 1):
        agenda.put(5_000 + number, everyone[0])

    assert len(alone.instants) == many + 1
    assert len(agenda.instants) == 2 * many + 3
    alone.put(5_000, task)
    agenda.put(10_000, everyone[0])
    assert alone.instants == [5_000]
    assert sorted(agenda.instants) == [*range(1, many + 2), 10_000]
    assert list(agenda.take_due(many + 1)) == everyone[1:]


@pytest.mark.parametrize("seed", range(4))
def test_an_agenda_is_a_table_of_instants(seed: int) -> None:
    """Each task stands at the instant that it was put at last; what is left over is counted."""
    agenda, everyone, random = Agenda(), standings(5), Random(seed)
    model: dict[Standing, int] = {}

    for _ in range(300):
        action = random.choice(["put", "put", "put", "put", "remove", "take", "shift", "look"])
        number, figure = random.randrange(5), random.randrange(-1, 4)
        standing = everyone[number]
        match action:
            case "put":
                agenda.put(figure, standing)
                model[standing] = figure
            case "remove":
                agenda.remove(standing)
                model.pop(standing, None)
            case "take":
                due = sorted(at for at in model.values() if at <= figure)
                taken = list(agenda.take_due(figure))
                assert [model.pop(each) for each in taken] == due
            case "shift":
                assert Counter(agenda.shift(figure)) == Counter(model.keys())
                model = {each: at + figure for each, at in model.items()}
            case _:
                assert agenda.next_at() == min(model.values(), default=None)
        left_over = _entries(agenda) - len(model)
        assert len(agenda) == len(model)
        assert {each: each.entry for each in everyone if each.entry is not None} == model
        assert agenda._stale == left_over
        assert sorted(agenda.instants) == sorted(agenda._due)
        assert bool(agenda.instants) is bool(_entries(agenda))


def test_who_is_put_where_it_stands_already_leaves_nothing_over() -> None:
    """A tick that is looked at again is no second entry."""
    agenda, (a,) = Agenda(), standings(1)

    for _ in range(3):
        agenda.put(10, a)

    assert _entries(agenda) == 1


def _entries(agenda: Agenda) -> int:
    return sum(len(each) if isinstance(each, list) else 1 for each in agenda._due.values())
