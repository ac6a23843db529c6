"""The clients: a few hundred browsers that share one rate of requests, and check whatever they get."""

import asyncio
import collections
import itertools
import random
import re
import time
from dataclasses import dataclass

import check
import pages
import wire

BROWSERS = 500
URLS = 20_000
ZIPF = 0.9
# How often, in percent. What is left is plain.
MANNERS = {"range": 5, "conditional": 5, "head": 3, "post": 3, "hang-up": 2, "slow reader": 1, "tunnel": 1, "reload": 1}


@dataclass
class Failure:
    at: float  # seconds since the epoch
    began: float
    kind: str  # a status; refused, closed, cut, timeout, malformed; or what check.py says
    host: str
    manner: str
    member: str
    url: str
    details: str


class Browser:
    """One request at a time; a connection to each member is kept."""

    def __init__(self):
        self.links = {}
        self.asked = ""  # the last member

    async def link(self, name, port):
        kept = self.links.pop(name, None)
        if kept and kept.again:
            return kept
        if kept:
            kept.close()
        return await wire.Link.open(port)

    def keep(self, name, link):
        link.used = True
        self.links[name] = link

    def close(self):
        for link in self.links.values():
            link.close()
        self.links.clear()


class Traffic:
    def __init__(self, array, rate, seed, on_failure):
        self.array, self.rate, self.dice = array, rate, random.Random(seed)
        self.on_failure = on_failure
        self.weights = list(itertools.accumulate(1 / rank ** ZIPF for rank in range(1, URLS + 1)))
        self.numbers = range(URLS)
        self.idle, self.running = [Browser() for _ in range(BROWSERS)], set()
        self.tags = collections.OrderedDict()  # ETags seen lately, by URL and language
        self.counts, self.kept_hits = collections.Counter(), collections.Counter()

    async def run(self, until):
        """Paced: when all browsers wait, what is due meanwhile is not made up for."""
        start, due = time.monotonic(), 0
        while (now := time.monotonic()) < until:
            while due < (now - start) * self.rate:
                due += 1
                if not self.idle:
                    self.counts["held back"] += 1
                    continue
                browser = self.idle.pop(self.dice.randrange(len(self.idle)))
                task = asyncio.create_task(self.browse(browser))
                self.running.add(task)
                task.add_done_callback(self.running.discard)
            await asyncio.sleep(0.005)
        if self.running:
            await asyncio.wait(self.running, timeout=wire.PATIENCE + 5)
        for browser in self.idle:
            browser.close()

    async def browse(self, browser):
        request, began = self.request(), time.time()
        failed = None
        try:
            response = await asyncio.wait_for(self.fetch(browser, request), wire.PATIENCE)
            failed = check.fault(request, response, began, time.time(), self.array.purges)
            if not failed:
                self.note(request, response, began)
        except TimeoutError:
            failed = "timeout", f"after {wire.PATIENCE} s"
        except (wire.Refused, wire.Closed, wire.Cut) as e:
            failed = type(e).__name__.lower(), str(e)
        except (ValueError, IndexError, asyncio.LimitOverrunError) as e:
            failed = "malformed", str(e)
        finally:
            self.idle.append(browser)
        self.counts["requests"] += 1
        self.counts[request.manner] += 1
        if failed:
            kind, details = failed
            self.on_failure(Failure(time.time(), began, kind, request.host, request.manner, browser.asked, request.url,
                                    details))

    async def fetch(self, browser, request):
        """Asks a member at random, and the next one if it does not take the connection."""
        names = list(self.array.members)
        self.dice.shuffle(names)
        for name in names:
            browser.asked = name
            while True:
                try:
                    link = await browser.link(name, self.array.members[name].port)
                except OSError:
                    self.counts["went to another member"] += 1
                    break
                try:
                    return await self.exchange(browser, name, link, request)
                except wire.Closed:
                    # One that was kept may have been closed while we wrote: every browser tries again then.
                    if not link.used:
                        raise
        raise wire.Refused("no member takes connections")

    async def exchange(self, browser, name, link, request):
        done = False
        try:
            target, fields = request.url, request.fields()
            if request.manner == "tunnel":
                target = target.removeprefix(f"http://{request.host}")
                await link.ask("CONNECT", f"{request.host}:443", {"Host": f"{request.host}:443"})
                opened = await link.answer("CONNECT")
                if opened.status != 200:
                    return opened
            body = request.body if request.method == "POST" else None
            if body and len(body) % 2:
                body = [body[at:at + 9000] for at in range(0, len(body), 9000)]
            await link.ask(request.method, target, fields, body)
            response = await link.answer(request.method, pause=0.02 * (request.manner == "slow reader"),
                                         leave=request.manner == "hang-up")
            done = response.whole and request.manner != "tunnel" and response["connection"] != "close"
            return response
        finally:
            if done:
                browser.keep(name, link)
            else:
                link.close()

    def request(self):
        dice = self.dice
        manner = dice.choices([*MANNERS, "plain"], [*MANNERS.values(), 100 - sum(MANNERS.values())])[0]
        if manner == "post":
            host = dice.choice(pages.HOSTS)
            return check.Request(None, manner, "POST", body=dice.randbytes(int(10 * 20_000 ** dice.random())),
                                 host=host, url=f"http://{host}/echo/{dice.randrange(1000)}")
        page = pages.page(dice.choices(self.numbers, cum_weights=self.weights)[0])
        request = check.Request(page, manner, language=dice.choice(pages.LANGUAGES), host=page.host, url=page.url)
        if manner == "head":
            request.method = "HEAD"
        elif manner == "range":
            first = dice.randrange(page.length)
            request.span = first, dice.randrange(first, page.length)
        elif manner == "conditional":
            request.tag = self.tags.get((page.url, page.language(request.language)), "")
        return request

    def note(self, request, response, began):
        self.counts["bytes"] += len(response.body)
        if request.page is None:
            return
        if response.status == 200:
            self.tags[request.page.url, request.page.language(request.language)] = response["etag"]
            if len(self.tags) > 2000:
                self.tags.popitem(last=False)
        hit = re.search(r"(?:^|, )(\w+); hit", response["cache-status"])
        if hit:
            self.counts["hits"] += 1
            started = self.array.members[hit[1]].started
            if float(response["x-made"] or 0) < started < began:  # it was stored before the member's start
                self.kept_hits[hit[1], started] += 1
