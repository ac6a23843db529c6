"""The array and its origins: one folder, and all that is in it."""

import asyncio
import pathlib
import signal
import subprocess
import sys
import time

import disks
import pages
from processes import Failed, Origin, Served, free_ports

HERE = pathlib.Path(__file__).parent
MEMBERS = ["m1", "m2", "m3"]
MEMBER = """\
name = "{name}"
listen = "127.0.0.1:{port}"
master = "{master}"
state = "{state}"

[hosts]
{hosts}

[limits]
first_byte = "5s"     # an origin that hangs is found out within a short window
idle = "20s"
client_connections = 0

[cache]
memory = "16MB"       # both far less than what is asked for: something always has to go
memory_object = "1MB"
folder = "{cache}"
size = "96MB"

[access_log]
path = "{log}"
"""


class Array:
    def __init__(self, folder, binary, base_port):
        self.dir, self.binary = pathlib.Path(folder), binary
        self.disks, self.members, self.origins = {}, {}, {}
        self.purges = []  # of all members: (asked, done, pattern of URLs)
        ports = iter(range(base := free_ports(base_port, 6), base + 6))
        self.table = self.dir / "day.pat"
        url = f"http://127.0.0.1:{next(ports)}"
        self.master = Served("master", [binary, "master", "--table", self.table, "--listen", url[7:]],
                             self.dir / "master.log", int(url.rpartition(":")[2]))
        hosts = ""
        for host in pages.HOSTS:
            name, port = host.partition(".")[0], next(ports)
            self.origins[name] = Origin(name, [sys.executable, "-B", HERE / "origin.py", str(port)],
                                        self.dir / f"origin-{name}.log")
            hosts += f'"{host}" = "127.0.0.1:{port}"\n'
        self.can_mount = disks.can_mount(self.dir)
        for name in MEMBERS:
            port, config = next(ports), self.dir / f"{name}.toml"
            self.disks[name] = (disks.Disk if self.can_mount else disks.Folder)(self.dir / "disks" / name)
            config.write_text(MEMBER.format(
                name=name, port=port, master=self.master.url, hosts=hosts, state=self.dir / f"{name}.state",
                cache=self.disks[name].cache, log=self.dir / f"{name}.access.log"))
            self.members[name] = Served(name, [binary, "member", "--config", config], self.dir / f"{name}.log", port)

    @property
    def ours(self):
        """Everything that is parray."""
        return [self.master, *self.members.values()]

    async def start(self):
        for disk in self.disks.values():
            disk.prepare()
        await self.parray("pat", "init", "--file", self.table, "--array-name", "day")
        for name, member in self.members.items():
            await self.parray("pat", "add", "--file", self.table, f"{name}:{member.port}", "--ip", "127.0.0.1")
        for origin in self.origins.values():
            await origin.become("up")
        for process in self.ours:
            await process.start()
        await self.until(lambda: all(member.status == "ok" for member in self.members.values()),
                         "all members have the table")

    async def parray(self, *arguments, code=0):
        """A command; fails if it ends with another exit code."""
        child = await asyncio.create_subprocess_exec(
            self.binary, *arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        said, _ = await asyncio.wait_for(child.communicate(), 30)
        if child.returncode != code:
            raise Failed(f"parray {' '.join(map(str, arguments))}: exit code {child.returncode}, not {code}: "
                         f"{said.decode(errors='replace').strip()}")

    async def edit(self, *arguments, code=0):
        """A command that edits the running master's table."""
        await self.parray("pat", arguments[0], "--master", self.master.url, *arguments[1:], code=code)

    async def rotate(self):
        """Renames the access logs, and waits until the members write new ones."""
        for name in MEMBERS:
            log = self.dir / f"{name}.access.log"
            log.rename(log.with_suffix(".log.1"))
            self.members[name].send(signal.SIGUSR1)
        await self.until(lambda: all((self.dir / f"{name}.access.log").exists() for name in MEMBERS),
                         "all members write new access logs")

    async def until(self, true, what):
        deadline = time.time() + 10
        while not await asyncio.to_thread(true):
            if time.time() > deadline:
                raise Failed(f"after 10 s it is not so that {what}")
            await asyncio.sleep(0.1)

    def destroy(self):
        """Whatever happens: nothing runs and nothing is mounted afterwards."""
        for process in [*self.ours, *self.origins.values()]:
            process.destroy()
        for disk in self.disks.values():
            disk.remove()
