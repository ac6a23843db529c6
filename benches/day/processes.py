"""Programs that are started, hurt and ended, and the ports that they take."""

import asyncio
import json
import socket
import subprocess
import time
import urllib.request


class Failed(Exception):
    """Something could not be started, ended, or asked for."""


class Process:
    """A program that may be started many times; its standard error goes on in one file."""

    def __init__(self, name, command, log):
        self.name, self.command, self.log = name, command, log
        self.child, self.started, self.wanted, self.codes = None, 0, False, []

    async def start(self):
        self.started = time.time()
        with open(self.log, "ab") as log:
            self.child = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
        self.wanted = True

    async def answer(self):
        line = await asyncio.wait_for(asyncio.to_thread(self.child.stdout.readline), 20)
        if not line:
            raise Failed(f"{self.name} ended: {self.log.read_text(errors='replace')[-500:]}")
        return line.decode().strip()

    @property
    def runs(self):
        return self.child is not None and self.child.poll() is None

    def send(self, number):
        self.child.send_signal(number)

    async def end(self, number):
        """Ends it; the exit code is kept."""
        self.wanted = False
        if self.runs:
            self.child.send_signal(number)
        try:
            self.codes.append((number, await asyncio.to_thread(self.child.wait, 30)))
        except subprocess.TimeoutExpired:
            self.codes.append((number, None))
            self.destroy()

    def destroy(self):
        self.wanted = False
        if self.runs:
            self.child.kill()
            self.child.wait()


class Served(Process):
    """One of parray's: has told where it listens when it is started."""

    def __init__(self, name, command, log, port):
        super().__init__(name, command, log)
        self.port, self.url = port, f"http://127.0.0.1:{port}"

    async def start(self):
        await super().start()
        await self.answer()

    def ask(self, path):
        """One of its own pages that are JSON."""
        with urllib.request.urlopen(self.url + path, timeout=10) as page:
            return json.load(page)

    @property
    def status(self):
        return self.ask("/healthz")["status"]


class Origin(Process):
    async def become(self, mode):
        if not self.runs:
            await self.start()
        self.child.stdin.write(f"{mode}\n".encode())
        self.child.stdin.flush()
        await self.answer()


def free_ports(first, count):
    """
    The first `count` ports in a row from `first` on that nobody uses. Not any that the system offers: those it also
    gives to outgoing connections, and then a member that was killed could not have its port again.
    """
    for base in range(first, 32768 - count, count):
        held = []
        try:
            for port in range(base, base + count):
                held.append(socket.socket())
                held[-1].bind(("127.0.0.1", port))
            return base
        except OSError:
            continue
        finally:
            for port in held:
                port.close()
    raise SystemExit(f"error: no {count} free ports in a row from {first} on\nhint: choose others with --base-port")
