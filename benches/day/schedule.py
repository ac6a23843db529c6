"""What goes wrong, when, and which failures that explains: the one place to change the day."""

from dataclasses import dataclass, field
from typing import Callable

import actions


@dataclass(frozen=True)
class Excuse:
    """Failures that a trouble explains. What is not named is never explained: wrong bytes, what is too old, …"""
    kinds: set
    host: str = ""  # of this origin only
    member: str = ""  # of clients of this member only
    manners: set = frozenset()  # of these requests only
    only_begin: bool = False  # not for as long as it lasts
    grace: float = 3  # seconds after it, for what was on its way


@dataclass(frozen=True)
class Trouble:
    hour: float
    what: str
    begin: Callable
    hours: float = 0
    end: Callable | None = None
    at_most: float = 1e9  # seconds, however long the day
    excuses: list = field(default_factory=list)
    disk: str = ""  # of this member; only where disks can be mounted


def origin_fails(host):
    """Whatever has to go to this origin fails; what is stored may be used although it is too old."""
    return [Excuse({"502", "504", "cut", "closed", "too old"}, host=host)]


def killed(name):
    """
    A member that was killed cuts what it is sending, to clients and to other members. A request that it may have
    carried out, and that may not be repeated, is answered 502.
    """
    return [Excuse({"closed"}, member=name, only_begin=True), Excuse({"cut"}, only_begin=True),
            Excuse({"502"}, manners={"post", "tunnel"}, only_begin=True)]


# Restarts come before the member's disk fails, and not soon after a purge: afterwards there must be hits from before.
DAY = [
    Trouble(2.0, "access logs are rotated", actions.rotate),
    Trouble(2.5, "master is killed", actions.kill_master, 0.8, actions.start_master),
    Trouble(3.6, "origin one is down", actions.origin("one", "down"), 0.7, actions.origin("one", "up"),
            excuses=origin_fails("one.test")),
    Trouble(5.0, "m1 is killed", actions.kill("m1"), 0.5, actions.start("m1"), excuses=killed("m1")),
    Trouble(6.2, "everything is purged", actions.purge),
    Trouble(7.0, "m3 is not in the table", actions.remove("m3"), 1.0, actions.add("m3")),
    Trouble(8.2, "m2 has three times the load", actions.load_factor("m2", 300), 0.8, actions.load_factor("m2", 100)),
    Trouble(9.3, "origin two hangs", actions.origin("two", "hang"), 0.4, actions.origin("two", "up"), at_most=20,
            excuses=origin_fails("two.test")),
    Trouble(9.9, "m3 is restarted in good order", actions.stop("m3"), 0.2, actions.start("m3")),
    Trouble(10.4, "m2 is stopped for a moment", actions.pause("m2"), 0.3, actions.resume("m2"), at_most=4),
    Trouble(11.0, "m3's disk is full", actions.disk("m3", "fill"), 1.0, actions.disk("m3", "make_room"), disk="m3"),
    Trouble(12.4, "origin one cuts its bodies", actions.origin("one", "cut"), 0.5, actions.origin("one", "up"),
            excuses=origin_fails("one.test")),
    Trouble(13.3, "table file is damaged by hand", actions.damage_table, 0.6, actions.mend_table),
    Trouble(14.2, "m1's disk is read-only", actions.disk("m1", "make_read_only"), 0.8,
            actions.disk("m1", "make_writable"), disk="m1"),
    Trouble(15.3, "m2 is killed", actions.kill("m2"), 0.5, actions.start("m2"), excuses=killed("m2")),
    Trouble(16.1, "both origins are down: two", actions.origin("two", "down"), 0.5, actions.origin("two", "up"),
            at_most=20, excuses=origin_fails("two.test")),
    Trouble(16.15, "both origins are down: one", actions.origin("one", "down"), 0.5, actions.origin("one", "up"),
            at_most=20, excuses=origin_fails("one.test")),
    Trouble(17.2, "master is killed, its table damaged", actions.kill_master_and_table, 0.6,
            actions.mend_and_start_master),
    Trouble(18.1, "a ban of what is brief", actions.ban("/brief/")),
    # Longer than others wait for it: they ask the next one, but for what may not be repeated.
    Trouble(18.5, "m3 is stopped for long", actions.pause("m3"), 0.5, actions.resume("m3"), at_most=25,
            excuses=[Excuse({"502", "504"}, manners={"post", "tunnel"})]),
    Trouble(19.4, "m1's disk is taken away", actions.disk("m1", "take_away"), 0.8, actions.disk("m1", "put_back"),
            disk="m1"),
    # Damage shows where it is read: in the middle of a large body that is on its way already.
    Trouble(20.5, "a third of m2's files is damaged", actions.damage_files("m2"), 0.7, actions.purge,
            excuses=[Excuse({"cut"})]),
    Trouble(22.1, "m2 is off", actions.edit("off", "m2"), 0.4, actions.edit("on", "m2")),
]
