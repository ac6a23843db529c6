"""What /proc tells: CPU time and memory of process trees, and of the whole machine."""

import os
import pathlib

TICK_US = 1_000_000 // os.sysconf("SC_CLK_TCK")


def _stat(pid):
    """Fields of /proc/PID/stat from the third on; the second, a name, may have blanks."""
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def tree(root):
    """The process and all that descend from it."""
    parents = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int(_stat(entry.name)[1])
            except OSError:
                continue  # ended meanwhile
    found, todo = [], [root] if root in parents else []
    while todo:
        pid = todo.pop()
        found.append(pid)
        todo += [child for child, parent in parents.items() if parent == pid]
    return found


def cpu_us(root):
    """User and system time of the tree, with that of its children that have ended."""
    total = 0
    for pid in tree(root):
        try:
            total += sum(int(field) for field in _stat(pid)[11:15])
        except OSError:
            continue
    return total * TICK_US


def rss(pids):
    """Resident bytes of these processes; what they share counts for each of them."""
    pages = 0
    for pid in pids:
        try:
            pages += int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1])
        except OSError:
            continue
    return pages * os.sysconf("SC_PAGE_SIZE")


def machine_us():
    """User, nice and system time of all processes of the machine."""
    fields = pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()
    return sum(int(field) for field in fields[1:4]) * TICK_US


def describe():
    """The machine in one line."""
    model = next((line.partition(":")[2].strip()
                  for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), "unknown processor")
    return f"{os.cpu_count()} x {model}, {os.uname().sysname} {os.uname().release}"
