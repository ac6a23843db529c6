"""What can be done to an array. In the schedule stands what is then called with the array, and awaited."""

import asyncio
import re
import signal
import time

# An edit while a hand edit of the table has to be mended first.
REFUSED = 75


def action(make):
    """Turns `async def f(array, argument…)` into `f(argument…)`, which is then called with the array."""
    def with_arguments(*arguments):
        return lambda array: make(array, *arguments)
    return with_arguments


@action
async def origin(array, name, mode):
    await array.origins[name].become(mode)


@action
async def kill(array, name):
    await array.members[name].end(signal.SIGKILL)


@action
async def stop(array, name):
    await array.members[name].end(signal.SIGTERM)


@action
async def start(array, name):
    await array.members[name].start()


@action
async def pause(array, name):
    array.members[name].send(signal.SIGSTOP)


@action
async def resume(array, name):
    array.members[name].send(signal.SIGCONT)


@action
async def disk(array, name, what):
    await asyncio.to_thread(getattr(array.disks[name], what))


@action
async def damage_files(array, name):
    if not await asyncio.to_thread(array.disks[name].rot, name):
        raise AssertionError(f"there is no file on the disk of {name}")


@action
async def edit(array, *arguments):
    await array.edit(*arguments)


def remove(name):
    return edit("remove", name)


@action
async def add(array, name):
    await array.edit("add", f"{name}:{array.members[name].port}", "--ip", "127.0.0.1")


def load_factor(name, number):
    return edit("set", name, "--load-factor", str(number))


async def purge(array):
    await forget(array, "", "purge", "--all")


@action
async def ban(array, pattern):
    await forget(array, pattern, "ban", pattern)


async def forget(array, pattern, *arguments):
    # What counts is the time before: what is fetched meanwhile is not meant by everyone.
    asked = time.time()
    await array.parray("cache", *arguments, "--table", array.master.url)
    array.purges.append((asked, time.time(), re.compile(pattern)))


async def rotate(array):
    await array.rotate()


async def kill_master(array):
    await array.master.end(signal.SIGKILL)


async def start_master(array):
    await array.master.start()


async def damage_table(array):
    await asyncio.to_thread(array.table.write_bytes, b"\xff\xfe garbage")
    await array.until(lambda: array.master.status == "degraded", "the master says that it is degraded")
    await array.edit("set", "m1", "--load-factor", "7", code=REFUSED)


async def mend_table(array):
    await array.parray("pat", "fetch", array.master.url, "-o", array.table)
    await array.until(lambda: array.master.status == "ok", "the master is well again")


async def kill_master_and_table(array):
    await kill_master(array)
    await asyncio.to_thread(array.table.write_bytes, b"\xff\xfe garbage")


async def mend_and_start_master(array):
    # Any member has the table, too.
    await array.parray("pat", "fetch", array.members["m1"].url, "-o", array.table)
    await start_master(array)
