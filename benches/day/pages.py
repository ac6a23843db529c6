"""What the origins serve: every byte follows from URL, language and time, so that a client can check it."""

import functools
import hashlib
import random
import re
from dataclasses import dataclass

HOSTS = ["one.test", "two.test"]
LANGUAGES = ["de", "en", "fr"]


@dataclass(frozen=True)
class Kind:
    """Pages that are alike. Ranges are (least, most)."""
    name: str
    share: float  # of all pages, in percent
    bytes: tuple = (200, 64 << 10)
    max_age: tuple = (20, 60)  # seconds; None: no-store
    lasts: tuple = (30, 120)  # seconds until the content changes
    status: int = 200
    chunked: bool = False
    varies: bool = False
    delay: tuple = (0, 0)  # seconds before the head


KINDS = [
    Kind("common", 35.7),
    Kind("brief", 17, max_age=(2, 8), lasts=(4, 20)),
    Kind("lasting", 12, max_age=(3600, 3600), lasts=(600, 900)),
    Kind("chunked", 9, chunked=True),
    Kind("varied", 8, varies=True),
    Kind("private", 8, max_age=None),
    Kind("missing", 4, bytes=(200, 2 << 10), max_age=(5, 10), status=404),
    Kind("slow", 3, delay=(0.2, 1.5)),
    Kind("broken", 1.5, bytes=(200, 2 << 10), max_age=None, status=500),
    Kind("medium", 1, bytes=(64 << 10, 1 << 20)),
    Kind("large", 0.5, bytes=(1 << 20, 8 << 20), max_age=(60, 300), lasts=(120, 300)),
    Kind("streamed", 0.3, bytes=(1 << 20, 4 << 20), max_age=(60, 300), lasts=(120, 300), chunked=True),
]
SHARES = [kind.share for kind in KINDS]


@dataclass(frozen=True)
class Page:
    host: str
    path: str
    kind: Kind
    length: int
    max_age: int  # 0: no-store
    lasts: int
    delay: float

    @property
    def url(self):
        return f"http://{self.host}{self.path}"

    def version(self, at):
        return int(at / self.lasts)

    def tag(self, version, language):
        """The ETag: names the page too, so that a head of another page shows."""
        mark = hashlib.sha256(self.url.encode()).hexdigest()[:12]
        return f'"{mark}-{version}-{language}"'

    def version_of(self, tag, language):
        """The version that a tag names; None if it is not one of this page and language."""
        found = re.fullmatch(r'"\w+-(\d+)-\w*"', tag or "")
        return int(found[1]) if found and tag == self.tag(int(found[1]), language) else None

    def size(self, version):
        """Differs from version to version, so that a head with the body of another version shows."""
        return self.length + version % 61

    def body(self, version, language):
        """Begins with what it is of, and nowhere repeats itself."""
        make = small if self.length <= 64 << 10 else made
        return make(f"{self.url} {language} {version}\n".encode(), self.size(version))

    def language(self, wanted):
        return wanted if self.kind.varies else ""


def made(name, size):
    return (name + hashlib.shake_128(name).digest(size))[:size]


small = functools.lru_cache(1000)(made)


@functools.cache
def page(number):
    """The page of this number; the same in every process."""
    dice = random.Random(number)
    kind = dice.choices(KINDS, SHARES)[0]
    least, most = kind.bytes
    return Page(
        host=HOSTS[number % 2],
        path=f"/{kind.name}/{number}",
        kind=kind,
        length=int(least * (most / least) ** dice.random()),  # small ones more often
        max_age=dice.randint(*kind.max_age) if kind.max_age else 0,
        lasts=dice.randint(*kind.lasts),
        delay=dice.uniform(*kind.delay))


def page_at(host, path):
    """The page with this URL, or None."""
    found = re.fullmatch(r"/(\w+)/(\d+)", path)
    wanted = page(int(found[2])) if found else None
    return wanted if wanted and (wanted.host, wanted.path) == (host, path) else None
