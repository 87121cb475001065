# SPDX-License-Identifier: Apache-2.0
"""Tasks of Trio, counted by Trio itself, which tells an instrument of each step: for each function whose
coroutines are tasks how many were created, how often they were resumed, and how many came to their end. Printed
as JSON at the end.

    trio_tasks.py many TASKS STEPS | mixed | block | fork | exec | crash | serve
    trio_tasks.py wait MODE …       first says "ready" and waits for a line
"""
import collections
import contextvars
import functools
import json
import os
import sys
import time

import trio

counts = collections.defaultdict(collections.Counter)
notes = {}


class Count(trio.abc.Instrument):
    def __init__(self):
        self.stepped = set()

    def before_task_step(self, task):
        name = task.coro.__qualname__
        if task not in self.stepped:
            self.stepped.add(task)
            counts[name]["created"] += 1
        counts[name]["resumed"] += 1

    def task_exited(self, task):
        counts[task.coro.__qualname__]["finished"] += 1


async def pause(times=1):
    for _ in range(times):
        await trio.sleep(0)


async def worker(steps):
    await pause(steps)


async def many(tasks, steps):
    async with trio.open_nursery() as nursery:
        for _ in range(tasks):
            nursery.start_soon(worker, steps)


class Nested:
    async def leaf(self):
        await pause(2)
        return 1

    async def middle(self):
        return await self.leaf() + await self.leaf()

    async def outer(self):
        return await self.middle() + await self.leaf()


async def fails():
    await pause(3)
    raise ValueError("on purpose")


async def fails_at_once():
    raise ValueError("on purpose")


async def sleeps():
    await trio.sleep(0.01)


async def times_out():
    with trio.move_on_after(0.01):
        await trio.sleep_forever()
    await pause()


async def is_cancelled(at_end):
    try:
        await trio.sleep_forever()
    finally:
        with trio.CancelScope(shield=True):
            await pause(at_end)


async def cancels():
    async with trio.open_nursery() as nursery:
        for at_end in range(3):
            nursery.start_soon(is_cancelled, at_end)
        await pause(2)
        nursery.cancel_scope.cancel()


async def never_gets_far():
    await trio.sleep_forever()


async def cancelled_at_once():
    async with trio.open_nursery() as nursery:
        nursery.start_soon(never_gets_far)
        nursery.cancel_scope.cancel()


async def produces(channel):
    async with channel:
        for i in range(10):
            await channel.send(i)


async def consumes(channel):
    assert [i async for i in channel] == list(range(10))


async def generate(n):
    for i in range(n):
        await pause()
        yield i


async def iterates():
    assert [i async for i in generate(10)] == list(range(10))


async def asks_a_thread():
    assert await trio.to_thread.run_sync(sum, [1, 2]) == 3

    def back():
        trio.from_thread.run(pause)
        return trio.from_thread.run_sync(len, "four")
    assert await trio.to_thread.run_sync(back) == 4


class Called:
    """Not a function: the interpreter calls it in another way."""
    def __call__(self, coroutine):
        try:
            coroutine.send(None)
        except StopIteration:
            return 1


async def runs_in_contexts():
    async def inner():
        pass
    context = contextvars.copy_context()
    for _ in range(20):
        assert context.run(Called(), inner()) == 1  # in Context.run, and not by it: no task's step
        assert context.run(contextvars.copy_context().run, len, "four") == 4
        try:
            context.run(context.run, len)
        except RuntimeError:  # it is entered already
            pass
        await pause()


async def starts_another_loop():
    """While this task's step goes on."""
    def run():
        trio.run(worker, 5, instruments=[Count()])
    await pause()
    await trio.to_thread.run_sync(run)


def no_function():
    async def inside():
        await pause(5)
    return inside


async def größe():
    await pause()


async def wants_to_start(task_status=trio.TASK_STATUS_IGNORED):
    await pause()
    task_status.started()
    await pause()


async def swallows(function):
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(function)
            nursery.start_soon(never_gets_far)
    except Exception:  # or a group of them
        pass


async def mixed():
    send, receive = trio.open_memory_channel(3)
    async with trio.open_nursery() as nursery:
        for function in (Nested().outer, functools.partial(swallows, fails),
                         functools.partial(swallows, fails_at_once), sleeps, times_out, cancels,
                         cancelled_at_once, functools.partial(produces, send),
                         functools.partial(consumes, receive), iterates, asks_a_thread,
                         runs_in_contexts, starts_another_loop, no_function(), größe):
            nursery.start_soon(function)
        await nursery.start(wants_to_start)
    # The same addresses, again and again.
    for i in range(50):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(worker, i % 3)


def sleep_for(seconds):
    begin = time.monotonic_ns()
    time.sleep(seconds)
    notes.setdefault("slept_ns", []).append(time.monotonic_ns() - begin)


class Handler:
    async def bad(self):
        await pause()
        sleep_for(0.2)


async def block():
    for _ in range(5):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(Handler().bad)
            for _ in range(3):
                nursery.start_soon(worker, 3)


async def answer(stream):
    """A word a connection."""
    word = await stream.receive_some()
    if word == b"slow":
        sleep_for(0.2)
    await stream.send_all(json.dumps(notes).encode())
    await stream.aclose()
    if word == b"quit":
        stop.set()


async def accepts(nursery, listener):
    while True:
        nursery.start_soon(answer, await listener.accept())


async def serve():
    global stop
    stop = trio.Event()
    async with trio.open_nursery() as nursery:
        listener, = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(accepts, nursery, listener)
        print(listener.socket.getsockname()[1], flush=True)
        await stop.wait()
        nursery.cancel_scope.cancel()


async def crash():
    await worker(20)
    os.abort()


def run(function, *words):
    trio.run(function, *map(int, words), instruments=[Count()])


def main(mode, *words):
    if mode == "wait":
        print("ready", flush=True)
        sys.stdin.readline()
        mode, *words = words
    if mode == "fork":
        child = os.fork()
        run(many, 10, 20 if child else 30)
        if child:
            os.waitpid(child, 0)
    elif mode == "exec":
        run(many, 10, 20)
        print(json.dumps({"counts": counts}), flush=True)
        os.execv(sys.executable, [sys.executable, __file__, "many", "10", "30"])
    else:
        run({"many": many, "mixed": mixed, "block": block, "crash": crash, "serve": serve}[mode],
            *words)
    print(json.dumps({"counts": counts, **notes}), flush=True)


main(*sys.argv[1:])
