# SPDX-License-Identifier: Apache-2.0
"""Tasks of asyncio, counted by the program itself: for each function whose coroutines are tasks how many
were created, how often they were resumed, and how many came to their end. Printed as JSON at the end.

    tasks.py many TASKS STEPS | mixed | block | gil | fork | exec | crash | serve
    tasks.py uvloop MODE …     with that loop
    tasks.py wait MODE …       first says "ready" and waits for a line
"""
import asyncio
import collections
import json
import os
import sys
import threading
import time

counts = collections.defaultdict(collections.Counter)
notes = {}


def resumed():
    counts[asyncio.current_task().get_coro().__qualname__]["resumed"] += 1


def counted(function):
    """The task's own beginning and end; what it awaits says `resumed` itself."""
    async def run(*args):
        resumed()
        return await function(*args)
    run.__qualname__ = run.__name__ = function.__qualname__

    def create(*args):
        counts[function.__qualname__]["created"] += 1
        task = asyncio.get_running_loop().create_task(run(*args))
        task.add_done_callback(lambda _: counts[function.__qualname__].update(finished=1))
        return task
    return create


async def pause(times=1):
    for _ in range(times):
        await asyncio.sleep(0)
        resumed()


async def of(future):
    """One suspension: of a future that is not done yet."""
    try:
        return await future
    finally:
        resumed()


@counted
async def worker(steps):
    await pause(steps)


async def many(tasks, steps):
    resumed()
    await of(asyncio.gather(*[worker(steps) for _ in range(tasks)]))


class Nested:
    async def leaf(self):
        await pause(2)
        return 1

    async def middle(self):
        return sum([await self.leaf() for _ in range(3)])

    async def outer(self):
        return await self.middle() + await self.leaf()


nested = counted(Nested.outer)


@counted
async def fails():
    await pause(3)
    raise ValueError("on purpose")


@counted
async def fails_at_once():
    raise ValueError("on purpose")


@counted
async def is_cancelled(at_end):
    try:
        await of(asyncio.get_running_loop().create_future())
    except asyncio.CancelledError:
        await pause(at_end)
        raise


@counted
async def never_started():
    await pause()


@counted
async def refuses_to_be_cancelled():
    try:
        await of(asyncio.get_running_loop().create_future())
    except asyncio.CancelledError:
        await pause(4)


async def generate(n):
    for i in range(n):
        await pause()
        yield i


@counted
async def consumes():
    assert [i async for i in generate(10)] == list(range(10))


class Resource:
    async def __aenter__(self):
        await pause()

    async def __aexit__(self, *_):
        await pause(2)


@counted
async def holds():
    async with Resource():
        await pause()


@counted
async def awaits(task):
    await of(task)


def no_function():
    async def inside():
        await pause(5)
    return inside


local = counted(no_function())


@counted
async def größe():
    await pause()


async def mixed():
    resumed()
    cancelled = [is_cancelled(n) for n in range(3)]
    stubborn, unborn = refuses_to_be_cancelled(), never_started()
    unborn.cancel()
    tasks = [nested(Nested()), fails(), fails_at_once(), consumes(), consumes(), holds(),
             awaits(worker(7)), local(), größe(), *cancelled, stubborn, unborn]
    await pause(2)
    for task in [*cancelled, stubborn]:
        task.cancel()
    await of(asyncio.gather(*tasks, return_exceptions=True))
    # The same addresses, again and again.
    for i in range(50):
        await of(worker(i % 3))


def sleep_for(seconds):
    begin = time.monotonic_ns()
    time.sleep(seconds)
    notes.setdefault("slept_ns", []).append(time.monotonic_ns() - begin)


class Handler:
    async def bad(self):
        await pause()
        sleep_for(0.2)


bad = counted(Handler.bad)


async def block():
    resumed()
    for _ in range(5):
        others = [worker(3) for _ in range(3)]
        await of(asyncio.gather(bad(Handler()), *others))


@counted
async def computes(until):
    while time.monotonic() < until:
        begin = time.monotonic()
        while time.monotonic() < begin + 0.05:
            sum(range(1000))
        await pause()


@counted
async def locks(lock):
    with lock:
        pass


def hog(until):
    while time.monotonic() < until:
        sum(range(1000))


def hold(lock, taken):
    with lock:
        taken.set()
        time.sleep(0.1)


async def gil():
    resumed()
    lock, taken = threading.Lock(), threading.Event()
    holder = threading.Thread(target=hold, args=(lock, taken))
    holder.start()
    taken.wait()
    await of(locks(lock))
    holder.join()
    until = time.monotonic() + 0.5
    thread = threading.Thread(target=hog, args=(until,))
    thread.start()
    await of(computes(until))
    thread.join()


async def answer(reader, writer):
    """A request a connection: what there is of HTTP."""
    counts["answer"].update(created=1)
    request = (await reader.readline()).split()
    while (await reader.readline()).strip():
        pass
    path = request[1].decode()
    if path == "/slow":
        sleep_for(0.2)
    body = json.dumps({"path": path, **notes}).encode()
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    await writer.drain()
    writer.close()
    counts["answer"].update(finished=1)
    if path == "/quit":
        asyncio.get_running_loop().call_later(0.05, stop.set)


async def serve():
    global stop
    stop = asyncio.Event()
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await stop.wait()
    server.close()


def run(function, *words):
    counts[function.__qualname__].update(created=1)
    asyncio.run(function(*map(int, words)))
    counts[function.__qualname__].update(finished=1)


async def crash():
    resumed()
    await of(worker(20))
    os.abort()


def main(mode, *words):
    if mode == "wait":
        print("ready", flush=True)
        sys.stdin.readline()
        mode, *words = words
    if mode == "uvloop":
        import uvloop
        uvloop.install()
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
        run({"many": many, "mixed": mixed, "block": block, "gil": gil, "crash": crash,
             "serve": serve}[mode], *words)
    print(json.dumps({"counts": counts, **notes}), flush=True)


main(*sys.argv[1:])
