"""What the processes take: samples of memory and open files, as CSV and SVG, and whether they grow."""

import asyncio
import csv
import html
import os
import pathlib
import re
import statistics
import sys
import time
from dataclasses import dataclass, field

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "peers"))
import proc  # noqa: E402

MIB = 1 << 20
# A process that has not lived so long is still warming up.
SHORTEST = 450
# What a process may grow from the second to the last quarter of its life, after which it is warm.
GROWTH, GROWTH_BYTES, GROWTH_FILES = 0.08, 4 * MIB, 64
# What it may have open when nothing is left to do, more than before there was anything.
QUIET_FILES = 16


@dataclass
class Life:
    """One process from its start to its end."""
    name: str
    started: float
    samples: list = field(default_factory=list)  # (time, resident bytes, open files)

    @property
    def seconds(self):
        return self.samples[-1][0] - self.started if self.samples else 0

    def quarters(self, column):
        """Medians of the second and of the last quarter."""
        values = [sample[column] for sample in self.samples]
        quarter = len(values) // 4
        return [statistics.median(values[at * quarter:(at + 1) * quarter]) for at in (1, 3)]

    def verdict(self):
        """True: it does not grow; False: it does; None: it has not lived long enough."""
        if self.seconds < SHORTEST:
            return None
        (memory, later_memory), (files, later_files) = self.quarters(1), self.quarters(2)
        return (later_memory <= memory * (1 + GROWTH) + GROWTH_BYTES
                and later_files <= files * (1 + GROWTH) + GROWTH_FILES)


# A response on disk. One that is removed has " (deleted)" behind its name: to keep that open would be a leak.
STORED = re.compile(r"/[0-9a-f]{3}/[0-9a-f]{32}\.[0-9a-f]+$")


def open_files(pid):
    """Without those that are what is cached: files in memory, and larger bodies on disk."""
    count = 0
    for link in os.scandir(f"/proc/{pid}/fd"):
        try:
            name = os.readlink(link.path)
        except OSError:
            continue  # closed meanwhile
        count += not (name.startswith("/memfd:") or STORED.search(name))
    return count


class Watch:
    def __init__(self, processes):
        self.processes, self.lives, self.died, self.quiet = processes, [], [], {}

    def sample(self):
        for process in self.processes:
            if not process.runs:
                if process.wanted and process.child is not None:
                    self.died.append(f"{process.name}: exit code {process.child.returncode}")
                    process.wanted = False
                continue
            life = next((life for life in self.lives
                         if (life.name, life.started) == (process.name, process.started)), None)
            if life is None:
                self.lives.append(life := Life(process.name, process.started))
            try:
                pid = process.child.pid
                life.samples.append((time.time(), proc.rss([pid]), open_files(pid)))
            except OSError:
                continue  # ended meanwhile

    async def run(self):
        while True:
            self.sample()
            await asyncio.sleep(1)

    def note_quiet(self):
        """Before there is any load."""
        self.quiet = {process.name: open_files(process.child.pid) for process in self.processes}

    async def settle(self, seconds):
        """After the load: who still has how many files open more than before, once all had time to close them."""
        deadline = time.time() + seconds
        while True:
            more = {process.name: open_files(process.child.pid) - self.quiet[process.name]
                    for process in self.processes if process.runs}
            if max(more.values(), default=0) <= QUIET_FILES or time.time() > deadline:
                return {name: count for name, count in more.items() if count > QUIET_FILES}
            await asyncio.sleep(1)

    def write_csv(self, path, start):
        with open(path, "w", newline="", encoding="ascii") as file:
            rows = csv.writer(file)
            rows.writerow(["process", "started", "seconds", "resident_bytes", "open_files"])
            for life in self.lives:
                rows.writerows([life.name, f"{life.started - start:.1f}", f"{at - start:.1f}", memory, files]
                               for at, memory, files in life.samples)

    def write_svg(self, path, start, seconds, troubles):
        """Memory over the day; grey is trouble, as pairs of a name and (begin, end)."""
        width, height, left, top = 1200, 400, 60, 20
        highest = max((sample[1] for life in self.lives for sample in life.samples), default=MIB) * 1.1

        def x(at):
            return left + (at - start) / seconds * width

        def y(memory):
            return top + height * (1 - memory / highest)

        colours = dict(zip([process.name for process in self.processes], ["#444", "#c33", "#37c", "#393"]))
        parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 20} {top + height + 60}" '
                 'font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="#fff"/>']
        for name, (begin, end) in troubles:
            parts.append(f'<rect x="{x(begin):.1f}" y="{top}" width="{max(1, x(end) - x(begin)):.1f}" '
                         f'height="{height}" fill="#0002"><title>{html.escape(name)}</title></rect>')
        for hour in range(0, 25, 2):
            parts.append(f'<text x="{left + hour / 24 * width}" y="{top + height + 18}" text-anchor="middle">'
                         f'{hour}:00</text>')
        for quarter in range(5):
            memory = highest * quarter / 4
            parts.append(f'<path d="M{left} {y(memory):.1f}h{width}" stroke="#ddd"/>'
                         f'<text x="{left - 6}" y="{y(memory) + 4:.1f}" text-anchor="end">'
                         f'{memory / MIB:.0f} MiB</text>')
        for life in self.lives:
            points = " ".join(f"{x(at):.1f},{y(memory):.1f}" for at, memory, _ in life.samples)
            parts.append(f'<polyline points="{points}" fill="none" stroke="{colours[life.name]}" stroke-width="1.5"/>')
        for at, (name, colour) in enumerate(colours.items()):
            parts.append(f'<text x="{left + 100 * at}" y="{top + height + 44}" fill="{colour}">{name}</text>')
        path.write_text("\n".join([*parts, "</svg>\n"]), encoding="ascii")
