# SPDX-License-Identifier: Apache-2.0
"""Greenlets, counted by the program itself: for each function how many ran it, how often they were switched to,
and how many came to their end. Printed as JSON at the end.

    greenlets.py raw | gevent
"""
import collections
import json
import sys
import time

import greenlet

counts = collections.defaultdict(collections.Counter)
notes = {}


def begins(name):
    counts[name].update(created=1, resumed=1)


def ends(name):
    counts[name].update(finished=1)


def worker(rounds):
    begins("worker")
    for _ in range(rounds):
        main.switch()
        counts["worker"].update(resumed=1)
    ends("worker")


class Server:
    def handler(self, other):
        begins("Server.handler")
        other.switch(3)  # straight to another one, whose parent it becomes
        counts["Server.handler"].update(resumed=1)
        ends("Server.handler")


def fails():
    begins("fails")
    main.switch()
    counts["fails"].update(resumed=1)
    ends("fails")
    raise ValueError("on purpose")


def ends_at_once():
    begins("ends_at_once")
    ends("ends_at_once")


def is_killed():
    begins("is_killed")
    try:
        main.switch()
    except greenlet.GreenletExit:
        counts["is_killed"].update(resumed=1)
        ends("is_killed")
        raise


def raw():
    workers = [greenlet.greenlet(worker) for _ in range(10)]
    for rounds, each in enumerate(workers):
        each.switch(100 + rounds)
    while alive := [each for each in workers if not each.dead]:
        for each in alive:
            each.switch()
    for _ in range(20):  # the same addresses again and again
        greenlet.greenlet(ends_at_once).switch()
    failing = greenlet.greenlet(fails)
    failing.switch()
    try:
        failing.switch()
        assert False
    except ValueError:
        pass
    killed = greenlet.greenlet(is_killed)
    killed.switch()
    killed.throw()
    first = greenlet.greenlet(Server().handler)
    second = greenlet.greenlet(worker)
    first.switch(second)
    while not second.dead:
        second.switch()
    first.switch()


def sleep_for(seconds):
    begin = time.monotonic_ns()
    time.sleep(seconds)
    notes.setdefault("slept_ns", []).append(time.monotonic_ns() - begin)


def pause(gevent, name, times):
    for _ in range(times):
        gevent.sleep(0)
        counts[name].update(resumed=1)


def polite(gevent, times):
    begins("polite")
    pause(gevent, "polite", times)
    ends("polite")


def blocker(gevent):
    begins("blocker")
    pause(gevent, "blocker", 1)
    sleep_for(0.2)
    pause(gevent, "blocker", 1)
    ends("blocker")


def of_gevent():
    import gevent
    gevent.joinall([gevent.spawn(polite, gevent, 50) for _ in range(20)])
    gevent.joinall([gevent.spawn(blocker, gevent), gevent.spawn(polite, gevent, 5)])
    gevent.sleep(0.05)  # idle


main = greenlet.getcurrent()
{"raw": raw, "gevent": of_gevent}[sys.argv[1]]()
print(json.dumps({"counts": counts, **notes}), flush=True)
