"""HTTP/1.1 as the clients speak it: connections, requests and responses, and nothing that a library would hide."""

import asyncio
import re
from dataclasses import dataclass

# So long a client waits for anything. Longer than a member waits for another one that hangs.
PATIENCE = 40


class Refused(Exception):
    """Nobody takes a connection."""


class Closed(Exception):
    """The connection ended before a byte of a response."""


class Cut(Exception):
    """The connection ended within a response: anybody can see that something is missing."""


@dataclass
class Response:
    status: int
    fields: dict
    body: bytes = b""
    whole: bool = True  # False: we left

    def __getitem__(self, name):
        return self.fields.get(name, "")


class Link:
    """A connection to a member."""

    def __init__(self, reader, writer):
        self.reader, self.writer, self.used = reader, writer, False

    @classmethod
    async def open(cls, port):
        return cls(*await asyncio.wait_for(asyncio.open_connection("127.0.0.1", port), PATIENCE))

    def close(self):
        self.writer.transport.abort()

    async def ask(self, method, target, fields, body=None):
        """Sends a request. A body that is a list of pieces is sent in chunks."""
        if isinstance(body, list):
            fields = fields | {"Transfer-Encoding": "chunked"}
            body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in body) + b"0\r\n\r\n"
        elif body is not None:
            fields = fields | {"Content-Length": len(body)}
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        try:
            self.writer.write(f"{method} {target} HTTP/1.1\r\n{lines}\r\n".encode() + (body or b""))
            await self.writer.drain()
        except ConnectionError:
            pass  # there may be a response all the same; if not, reading tells

    async def head(self):
        try:
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        except asyncio.IncompleteReadError as e:
            raise (Cut("within the head") if e.partial else Closed()) from e
        except ConnectionError as e:
            raise Closed() from e
        first, *lines = head.rstrip().split("\r\n")
        fields = {}
        for line in lines:
            name, _, value = line.partition(":")
            name, value = name.lower(), value.strip()
            fields[name] = f"{fields[name]}, {value}" if name in fields else value
        return Response(int(first.split(" ", 2)[1]), fields)

    async def answer(self, method, pause=0, leave=False):
        """A whole response. `pause`: seconds between two pieces; `leave`: hangs up after the first."""
        response = await self.head()
        while response.status < 200:
            response = await self.head()
        if method == "HEAD" or response.status in (204, 304) or method == "CONNECT" and response.status == 200:
            return response
        pieces = []
        try:
            async for piece in self.body(response):
                pieces.append(piece)
                if leave:
                    response.whole = False
                    break
                if pause:
                    await asyncio.sleep(pause)
        except (asyncio.IncompleteReadError, ConnectionError) as e:
            got = sum(map(len, pieces))
            raise Cut(f"after {got} bytes, content-length {response['content-length'] or 'none'}, "
                      f"cache-status {response['cache-status'] or 'none'}") from e
        response.body = b"".join(pieces)
        return response

    async def body(self, response):
        if response["transfer-encoding"] == "chunked":
            while size := int((await self.reader.readuntil(b"\r\n")).partition(b";")[0], 16):
                yield (await self.reader.readexactly(size + 2))[:-2]
            await self.reader.readuntil(b"\r\n")
            return
        if not re.fullmatch(r"\d+", response["content-length"]):
            raise ConnectionError("the response has no length")
        missing = int(response["content-length"])
        while missing:
            piece = await self.reader.read(min(missing, 1 << 16))
            if not piece:
                raise asyncio.IncompleteReadError(b"", missing)
            missing -= len(piece)
            yield piece

    @property
    def again(self):
        """Whether another request may follow."""
        return not self.reader.at_eof() and not self.writer.transport.is_closing()
