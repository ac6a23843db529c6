#!/usr/bin/env python3
"""
An origin: serves the pages of one port until its standard input ends.

Each line of standard input is what it does from then on: `up`, `down`, `hang` or `cut`; a line answers when it is so.
"""

import asyncio
import hashlib
import re
import sys
import time

import pages


class Gone(Exception):
    """The connection is to be closed."""


class Origin:
    def __init__(self, port):
        self.port, self.mode, self.server, self.links = port, "down", None, set()
        self.changed = asyncio.Condition()

    async def become(self, mode):
        if mode == "down" and self.server:
            self.server.close()
            for link in list(self.links):
                link.transport.abort()
            self.server = None
        elif mode != "down" and not self.server:
            self.server = await asyncio.start_server(self.serve, "127.0.0.1", self.port, backlog=1024)
        async with self.changed:
            self.mode = mode
            self.changed.notify_all()

    async def serve(self, reader, writer):
        self.links.add(writer)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                first, *lines = head.rstrip().split("\r\n")
                method, path, _ = first.split(" ", 2)
                fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
                body = await request_body(reader, fields)
                async with self.changed:
                    await self.changed.wait_for(lambda: self.mode != "hang")
                if method == "POST":
                    echo = hashlib.sha256(body).hexdigest().encode()
                    await self.send(writer, 200, {"Cache-Control": "no-store"}, echo)
                else:
                    await self.page(writer, method, path, fields)
        except (asyncio.IncompleteReadError, ConnectionError, Gone):
            pass  # the other side has gone, or shall see that we have
        finally:
            self.links.discard(writer)
            writer.close()

    async def page(self, writer, method, path, fields):
        page = pages.page_at(fields.get("host", "").partition(":")[0], path)
        if page is None:
            return await self.send(writer, 400, {}, b"no such page\n")
        if page.delay:
            await asyncio.sleep(page.delay)
        language, now = page.language(fields.get("accept-language", "en")), time.time()
        version = page.version(now)
        answer = {"ETag": page.tag(version, language), "X-Made": f"{now:.3f}",
                  "Cache-Control": f"max-age={page.max_age}" if page.max_age else "no-store"}
        if page.kind.varies:
            answer |= {"Vary": "Accept-Language", "Content-Language": language}
        if page.kind.status == 200 and answer["ETag"] in fields.get("if-none-match", ""):
            return await self.send(writer, 304, answer, None)
        body, status = page.body(version, language), page.kind.status
        span = re.fullmatch(r"bytes=(\d+)-(\d+)", fields.get("range", ""))
        if span and status == 200 and int(span[1]) <= int(span[2]) < len(body):
            answer["Content-Range"] = f"bytes {span[1]}-{span[2]}/{len(body)}"
            body, status = body[int(span[1]):int(span[2]) + 1], 206
        await self.send(writer, status, answer, body, page.kind.chunked, method == "HEAD")

    async def send(self, writer, status, fields, body, chunked=False, head_only=False):
        if chunked:
            fields["Transfer-Encoding"] = "chunked"
        elif body is not None:
            fields["Content-Length"] = len(body)
        fields["Date"] = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        writer.write(f"HTTP/1.1 {status} Of-The-Day\r\n{lines}\r\n".encode())
        if body and not head_only:
            cut = self.mode == "cut"
            if cut:
                body = body[:len(body) // 2]
            for at in range(0, len(body), 50_000):
                piece = body[at:at + 50_000]
                writer.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
                await writer.drain()
            if cut:
                raise Gone
            if chunked:
                writer.write(b"0\r\n\r\n")
        await writer.drain()


async def request_body(reader, fields):
    if fields.get("transfer-encoding") != "chunked":
        return await reader.readexactly(int(fields.get("content-length", 0)))
    body = b""
    while size := int(await reader.readuntil(b"\r\n"), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readuntil(b"\r\n")
    return body


async def main():
    origin, commands = Origin(int(sys.argv[1])), asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    while line := await commands.readline():
        await origin.become(line.decode().strip())
        print("done", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
