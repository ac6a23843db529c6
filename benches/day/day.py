"""One day: the load runs, what is on the schedule happens, and every failure is held against it."""

import asyncio
import collections
import signal
import subprocess
import time
from dataclasses import dataclass

import check
import schedule
from processes import Failed
from traffic import Traffic
from watch import Watch

# Idle connections between members are kept for 50 s.
SETTLE = 70
# A disk that failed is left alone for 60 s, then tried again; what is too large for memory waits for that.
LEFT_ALONE = 90
# Failures of a kind that are kept, and told at once.
KEPT, SAID = 200, 10


@dataclass
class Window:
    """A trouble that has begun."""
    trouble: schedule.Trouble
    begin: float
    began: float  # when it had begun for sure
    end: float = float("inf")
    failures: int = 0

    def excuses(self, failure):
        for excuse in self.trouble.excuses:
            end = self.began if excuse.only_begin else self.end
            if (failure.kind in excuse.kinds and excuse.host in ("", failure.host)
                    and excuse.member in ("", failure.member)
                    and (not excuse.manners or failure.manner in excuse.manners)
                    and failure.began <= end + excuse.grace and self.begin <= failure.at):
                return True
        return False


class Day:
    def __init__(self, array, minutes, hours, rate, seed, say):
        self.array, self.seconds, self.say = array, minutes * 60, say
        self.first_hour, self.last_hour = hours
        self.traffic = Traffic(array, rate, seed, self.failed)
        self.watch = Watch(array.ours)
        self.windows, self.mishaps = [], []
        self.failures, self.kinds = [], collections.Counter()  # those that nothing explains
        self.start = 0  # when it was, or would have been, midnight

    @property
    def hour(self):
        return (time.time() - self.start) / self.seconds * 24

    @property
    def length(self):
        """Seconds of the hours that are run."""
        return (self.last_hour - self.first_hour) / 24 * self.seconds

    @property
    def troubles(self):
        return [trouble for trouble in schedule.DAY if self.first_hour <= trouble.hour < self.last_hour]

    def left_out(self):
        return [trouble for trouble in self.troubles if trouble.disk and not self.array.can_mount]

    async def run(self):
        await self.array.start()
        self.watch.note_quiet()
        self.start = time.time() - self.first_hour / 24 * self.seconds
        watching = asyncio.create_task(self.watch.run())
        happening = asyncio.create_task(self.happen())
        try:
            await self.traffic.run(time.monotonic() + self.length)
            await happening
        finally:
            happening.cancel()
            watching.cancel()
        for origin in self.array.origins.values():
            origin.destroy()  # and with it the connections to it
        self.watch.sample()
        self.say("the day is over; waiting until connections between members are closed")
        open_still = await self.watch.settle(SETTLE)
        self.mishaps += [f"{name} has {more} more open files than before the day" for name, more in open_still.items()]
        await self.close()

    async def happen(self):
        """Everything on the schedule, one after the other."""
        steps = []
        for trouble in self.troubles:
            if trouble not in self.left_out():
                at = trouble.hour / 24 * self.seconds
                steps.append((at, trouble, True))
                if trouble.end:
                    steps.append((at + min(trouble.hours / 24 * self.seconds, trouble.at_most), trouble, False))
        open_windows = {}
        for at, trouble, begins in sorted(steps, key=lambda step: step[0]):
            await asyncio.sleep(self.start + at - time.time())
            try:
                if begins:
                    self.say(trouble.what)
                    window = open_windows[trouble.what] = Window(trouble, time.time(), float("inf"))
                    self.windows.append(window)
                    await trouble.begin(self.array)
                    window.began = time.time()
                    if not trouble.end:
                        window.end = time.time()
                else:
                    self.say(f"{trouble.what}: over")
                    await trouble.end(self.array)
                    open_windows[trouble.what].end = time.time()
            except (Failed, OSError, AssertionError, subprocess.SubprocessError) as e:
                self.mishaps.append(f"{trouble.what}: {type(e).__name__}: {e}")
                self.say(self.mishaps[-1])

    def failed(self, failure):
        window = next((window for window in self.windows if window.excuses(failure)), None)
        if window and failure.kind != check.WRONG:
            window.failures += 1
            return
        self.kinds[failure.kind] += 1
        if self.kinds[failure.kind] <= KEPT:
            self.failures.append(failure)
        if self.kinds[failure.kind] <= SAID:
            self.say(f"FAILED: {failure.kind}, {failure.manner} {failure.url} by {failure.member}: {failure.details}")

    async def close(self):
        """Reads the last counts, and ends everything in good order."""
        for member in self.array.members.values():
            if not member.runs:
                continue
            log = member.ask("/healthz")["access_log"]
            self.mishaps += [f"{member.name}: {log[what]} lines of the access log are {what}"
                             for what in ("dropped", "failed") if log[what]]
            disk = member.ask("/api/v1/cache")["disk"]["state"]
            mended = max((window.end for window in self.windows if window.trouble.disk == member.name), default=0)
            if disk != "ok" and time.time() > mended + LEFT_ALONE:
                self.mishaps.append(f"{member.name}: its disk is {disk}, more than {LEFT_ALONE} s after it was mended")
        for process in self.array.ours:
            if process.runs:
                await process.end(signal.SIGTERM)
            good = {signal.SIGKILL: -signal.SIGKILL, signal.SIGTERM: 0}
            self.mishaps += [f"{process.name} ended with {code} after {number.name}"
                             for number, code in process.codes if code != good[number]]
