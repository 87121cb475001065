# SPDX-License-Identifier: Apache-2.0
"""Greenlets, counted by the program itself: for each function how many ran it, how often they were switched to,
and how many came to their end. Printed as JSON at the end.

    greenlets.py raw | gevent | fork | exec | crash segv | crash abort
    greenlets.py wait MODE     first says "ready" and waits for a line
    greenlets.py early         greenlets of gevent that are there when it says "ready" and waits for a line; it
                               counts what is afterwards
"""
import collections
import ctypes
import json
import os
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


def there_before(gevent, line, seconds):
    line.wait()
    counts["there_before"].update(resumed=1)
    if seconds:
        sleep_for(seconds)
    pause(gevent, "there_before", 5)
    ends("there_before")


def of_gevent_from_before():
    import gevent.event
    import gevent.socket
    line = gevent.event.Event()
    all_of_them = [gevent.spawn(there_before, gevent, line, 0.2 if i == 3 else 0) for i in range(10)]
    gevent.sleep(0)
    print("ready", flush=True)
    gevent.socket.wait_read(sys.stdin.fileno())
    line.set()
    gevent.joinall(all_of_them)


def tell():
    print(json.dumps({"counts": counts, **notes}), flush=True)


def forks():
    raw()
    child = os.fork()
    if child == 0:
        counts.clear()
    raw()
    if child:
        assert os.waitpid(child, 0)[1] == 0


def becomes_another():
    raw()
    tell()
    os.execv(sys.executable, [sys.executable, __file__, "raw"])


def falls(how):
    begins("falls")
    for _ in range(20):
        main.switch()
        counts["falls"].update(resumed=1)
    tell()
    if how == "segv":
        ctypes.string_at(0)
    os.abort()


def crash(how):
    fallen = greenlet.greenlet(falls)
    fallen.switch(how)
    while True:
        fallen.switch()


main = greenlet.getcurrent()
mode, *words = sys.argv[1:]
if mode == "wait":
    print("ready", flush=True)
    sys.stdin.readline()
    mode, *words = words
{"raw": raw, "gevent": of_gevent, "early": of_gevent_from_before, "fork": forks, "exec": becomes_another,
 "crash": crash}[mode](*words)
tell()
