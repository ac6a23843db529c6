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


def memory_files(pid):
    """How many files in memory (memfd_create) a process has open, and the bytes that they take."""
    count = taken = 0
    for link in os.scandir(f"/proc/{pid}/fd"):
        try:
            if os.readlink(link.path).startswith("/memfd:"):
                taken += os.stat(link.path).st_blocks * 512
                count += 1
        except OSError:
            continue  # closed meanwhile
    return count, taken


def rss(pids):
    """
    Resident bytes of these processes, with those of their files in memory; what they share counts for each of them.
    """
    total = 0
    for pid in pids:
        try:
            pages = int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1])
            total += pages * os.sysconf("SC_PAGE_SIZE") + memory_files(pid)[1]
        except OSError:
            continue
    return total


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
