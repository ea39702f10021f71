"""Workers that differ: by their declarations, their clocks, and who steers; and runs that last."""

import os
import signal
from collections.abc import Callable
from itertools import pairwise

from tests.cluster.fleet import Fleet, at
from tests.support.servers import Server
from tests.support.waiting import wait_for

OLD, NEW = 0.5, 0.3


def test_s19_a_deploy_with_another_period_and_its_rollback_never_mix_the_two(fleet: Fleet):
    """S19: the newer declaration counts, and the older one again once nobody acts on the newer."""
    old = fleet.start(2, tasks=("beat",), period=OLD)
    fleet.wait_for("beat", 3)
    new = fleet.start(2, tasks=("beat",), period=NEW)
    wait_for(lambda: any(fleet.lines("beat", pid) for pid in new), what=fleet.complaints)
    fleet.wait_for_more("beat", 3)
    # One of the older ones crashes in the middle of the deploy, and is started again.
    fleet.kill(old[0])
    restarted = fleet.start(tasks=("beat",), period=OLD)
    fleet.wait_for("ready", pid=restarted[0])
    fleet.wait_for_more("beat", 3)
    fleet.end(old[1], *restarted)
    fleet.wait_for_more("beat", 3)
    again = fleet.start(2, tasks=("beat",), period=OLD)
    fleet.wait_for("ready", 7)
    fleet.end(*new)
    wait_for(lambda: any(fleet.lines("beat", pid) for pid in again), what=fleet.complaints)
    fleet.wait_for_more("beat", 3)
    fleet.end()

    lines = sorted(fleet.lines("beat"), key=lambda line: line[1])
    old += restarted
    generations = {str(pid): each for each, pids in enumerate((old, new, again)) for pid in pids}
    ran = [generations[line[-1]] for line in lines]
    assert ran == sorted(ran)
    assert set(ran) == {0, 1, 2}
    assert fleet.twice() == []


def test_s78_the_clocks_of_workers_may_be_wrong(server: Server, fleet_at: Callable[[str], Fleet]):
    """S78: by seconds or minutes; nothing is run too early, or twice, or left out."""
    fleet = fleet_at(server.address)
    for skew in (-300, -5, 0, 5, 300):
        fleet.start(tasks=("beat", "hourly"), skew=skew)
    fleet.wait_for("ready", 5)
    fleet.wait_for_more("beat", 15)
    fleet.end()

    assert fleet.twice() == []
    assert len(fleet.lines("hourly")) == 1
    # The server's clock is that of this machine, read in whole milliseconds.
    assert min(float(line[3]) for line in fleet.lines("beat")) > -0.002
    dues = sorted(at(line) - float(line[3]) for line in fleet.lines("beat"))
    steps = [round((later - earlier) / 0.2, 3) for earlier, later in pairwise(dues)]
    assert all(step == round(step) for step in steps)


def test_s32_runs_that_outlast_their_period_overlap_only_where_they_may(fleet: Fleet):
    """S32: over all workers together, and what is skipped is recorded."""
    policies = ("skip", "queue_one", "allow")
    fleet.start(3, tasks=[f"slow-{policy}" for policy in policies], period=0.4)
    for policy in policies:
        fleet.wait_for(f"slow-{policy} ends", 4)
    fleet.end()

    for policy in policies:
        begun = {line[1]: at(line) for line in fleet.lines(f"slow-{policy} begins")}
        ended = {line[1]: at(line) for line in fleet.lines(f"slow-{policy} ends")}
        spans = sorted((begun[due], ended[due]) for due in ended)
        overlaps = [earlier[1] > later[0] for earlier, later in pairwise(spans)]
        assert any(overlaps) == (policy == "allow"), policy
    skipped = {str(run.reason) for run in fleet.runs("slow-skip") if run.reason}
    assert skipped == {"overlap"}
    assert fleet.twice() == []


def test_s92_s93_eight_workers_trigger_and_two_pause_and_resume(fleet: Fleet):
    """S92, S93: each run that was asked for is run once, and a pause of one ends by another."""
    workers = fleet.start(8, tasks=("manual", "beat"))
    fleet.wait_for("manual", 1)
    fleet.wait_for("ready", 8)

    for pid in workers:
        os.kill(pid, signal.SIGUSR2)
    wait_for(
        lambda: len(fleet.lines("triggered")) + len(fleet.lines("trigger refused")) == 8,
        what=fleet.complaints,
    )
    triggered = len(fleet.lines("triggered"))
    fleet.wait_for("manual", 1 + triggered)
    with fleet.store() as store:
        os.kill(workers[0], signal.SIGUSR1)
        wait_for(lambda: store.read(["manual"]).rows["manual"].paused)
        # Another worker resumes only what it knows to be paused.
        resumed = [0]

        def resume() -> bool:
            os.kill(workers[1], signal.SIGHUP)
            resumed[0] += 1
            return not store.read(["manual"]).rows["manual"].paused

        wait_for(resume)
    fleet.end()

    assert triggered >= 1
    tokens = [int(line[2]) for line in fleet.lines("manual")]
    assert len(tokens) == len(set(tokens)) == 1 + triggered
    assert len([run for run in fleet.runs("manual") if run.started]) == 1 + triggered
