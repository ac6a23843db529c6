"""Load and what it sees: wrk for closed loops, sockets of our own for everything else."""

import gc
import json
import pathlib
import re
import select
import socket
import struct
import subprocess
import threading
import time

import proc

HERE = pathlib.Path(__file__).parent


class Failed(Exception):
    """The peer did not do what is to be measured."""


def connect(port, receive_buffer=None):
    link = socket.socket()
    if receive_buffer:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    # Reset at the end: thousands of connections would wait for a minute otherwise.
    link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    link.settimeout(10)
    link.connect(("127.0.0.1", port))
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return link


def request(url, key):
    host = url.split("/")[2]
    return f"GET {url}?i={key} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()


def answer_length(got):
    """Length of the answer at the start of `got`; None while its head is not whole."""
    end = got.find(b"\r\n\r\n")
    if end < 0:
        return None
    head = got[:end].decode("latin-1")
    if head.split(" ", 2)[1] != "200":
        raise Failed("answered " + head.split("\r\n", 1)[0])
    length = re.search(r"(?im)^content-length: *(\d+)", head)
    if not length:
        raise Failed("answered without Content-Length")
    return end + 4 + int(length[1])


def get(link, url, key=0):
    """One request; the answer's head, as text."""
    link.sendall(request(url, key))
    got, whole = b"", None
    while whole is None or len(got) < whole:
        piece = link.recv(1 << 18)
        if not piece:
            raise Failed("closed the connection")
        got += piece
        whole = whole or answer_length(got)
    return got.partition(b"\r\n\r\n")[0].decode("latin-1")


def tunnel(port, url):
    """A connection to the origin of a URL, through CONNECT."""
    link, host, got = connect(port), url.split("/")[2], b""
    link.sendall(f"CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    while b"\r\n\r\n" not in got:
        piece = link.recv(4096)
        if not piece:
            raise Failed("closed the connection instead of a tunnel")
        got += piece
    if got.split(b" ", 2)[1] != b"200":
        raise Failed("answered CONNECT with " + got.split(b"\r\n")[0].decode("latin-1"))
    return link


def swallow(link, url):
    """One request, of whose answer the kernel drops all but the beginning; the answer's length."""
    link.sendall(request(url, 0))
    room, got, taken, whole = bytearray(1 << 20), b"", 0, None
    while whole is None or taken < whole:
        count = link.recv_into(room, 4096 if whole is None else 0, 0 if whole is None else socket.MSG_TRUNC)
        if not count:
            raise Failed("closed a tunnel within an answer")
        taken += count
        if whole is None:
            got += room[:count]
            whole = answer_length(got)
    return whole


def seen(status_port):
    """Requests that origin and stand-ins had so far, this one included."""
    with connect(status_port) as link:
        link.sendall(b"GET / HTTP/1.0\r\n\r\n")
        page = b""
        while piece := link.recv(4096):
            page += piece
    return int(page.split(b"requests")[1].split()[2])


def wrk(port, url, keys, connections, seconds, root):
    """A closed loop. Requests, errors, and CPU time of the tree below `root`."""
    before = proc.cpu_us(root)
    run = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", HERE / "proxy.lua",
         f"http://127.0.0.1:{port}", "--", url, str(keys)],
        capture_output=True, text=True, check=False)
    used = proc.cpu_us(root) - before
    line = next((line for line in run.stdout.splitlines() if line.startswith("JSON")), None)
    if line is None:
        raise Failed(f"wrk said: {(run.stdout + run.stderr).strip()}")
    return json.loads(line[4:]) | {"cpu_us": used}


def open_loop(port, url, rate, seconds, connections=50, keys=100):
    """
    `rate` requests a second, whether or not earlier ones are answered. Latencies in seconds, sorted, each counted
    from when the request was due: one that had to wait for a connection has waited.
    """
    idle = [connect(port) for _ in range(connections)]
    links, busy, latencies = list(idle), {}, []
    messages = [request(url, key) for key in range(keys)]
    total, sent = int(rate * seconds), 0
    gc.disable()
    try:
        start = time.perf_counter() + 0.05
        while len(latencies) < total:
            now = time.perf_counter()
            if now > start + seconds + 20:
                raise Failed(f"{total - len(latencies)} of {total} requests had no answer")
            while sent < total and idle and start + sent / rate <= now:
                link = idle.pop()
                link.sendall(messages[sent % keys])
                busy[link] = (start + sent / rate, b"")
                sent += 1
            # select, not epoll: its time-out is finer than a millisecond.
            wait = max(0, start + sent / rate - now) if sent < total and idle else 1
            for link in select.select(list(busy), [], [], wait)[0]:
                due, got = busy[link]
                piece = link.recv(1 << 16)
                if not piece:
                    raise Failed("closed a connection under load")
                got += piece
                whole = answer_length(got)
                if whole is not None and len(got) >= whole:
                    latencies.append(time.perf_counter() - due)
                    del busy[link]
                    idle.append(link)
                else:
                    busy[link] = (due, got)
    finally:
        gc.enable()
        for link in links:
            link.close()
    return sorted(latencies)


def percentile(ordered, per_mille):
    return ordered[min(len(ordered) - 1, len(ordered) * per_mille // 1000)]


def idle(port, url, count, root, connect=connect):
    """Resident bytes of the tree while `count` connections are idle, after one request each."""
    links = []
    try:
        for key in range(count):
            links.append(connect(port))
            get(links[-1], url, key % 100)
        time.sleep(2)
        bytes_now, ready = proc.rss(proc.tree(root)), select.poll()
        for link in links:
            ready.register(link, select.POLLIN)
        if closed := len(ready.poll(0)):
            raise Failed(f"closed {closed} of {count} idle connections")
        return bytes_now
    finally:
        for link in links:
            link.close()


class SlowReader(threading.Thread):
    """Takes 64 KiB of an answer ten times a second, and notes how much memory the tree takes at most."""

    def __init__(self, port, url, root):
        super().__init__(daemon=True)
        self.port, self.url, self.pids = port, url, proc.tree(root)
        self.peak, self.taken, self.ended = 0, 0, threading.Event()

    def run(self):
        with connect(self.port, receive_buffer=65536) as link:
            link.sendall(request(self.url, 0))
            while not self.ended.wait(0.1):
                piece = link.recv(65536)
                if not piece:
                    return
                self.taken += len(piece)
                self.peak = max(self.peak, proc.rss(self.pids))

    def stop(self):
        self.ended.set()
        self.join(15)
        if self.taken < 65536:
            raise Failed(f"gave the slow reader {self.taken} bytes")
        return self.peak
