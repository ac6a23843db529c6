"""Is a response one that the origin gave, for this URL, and recent enough? Decides, and does nothing else."""

import hashlib
import re
from dataclasses import dataclass

# Between what clocks of whole seconds say and what is, and for responses on their way.
SLACK = 2.5
WRONG = "wrong bytes"


@dataclass
class Request:
    page: object  # None: an echo
    manner: str = "plain"
    method: str = "GET"
    language: str = ""
    span: tuple | None = None  # the first and the last byte
    tag: str = ""  # for If-None-Match
    body: bytes = b""
    host: str = ""
    url: str = ""

    def fields(self):
        found = {"Host": self.host}
        if self.page and self.page.kind.varies:
            found["Accept-Language"] = self.language
        if self.span:
            found["Range"] = f"bytes={self.span[0]}-{self.span[1]}"
        if self.tag:
            found["If-None-Match"] = self.tag
        if self.manner == "reload":
            found["Cache-Control"] = "no-cache"
        return found


def fault(request, response, began, now, purges):
    """What is wrong, as (kind, details), or None. `purges` are (asked, done, pattern of URLs)."""
    if request.page is None:
        return echo(request, response)
    page, status = request.page, response.status
    expected = {page.kind.status}
    if page.kind.status == 200:
        expected |= {206} if request.span else {304} if request.tag else set()
    if status not in expected:
        return str(status), response["proxy-status"] or f"expected {expected}"
    return content(request, response, now) or age(request, response, began, purges)


def echo(request, response):
    if response.status != 200:
        return str(response.status), response["proxy-status"] or "expected 200"
    if response.body != hashlib.sha256(request.body).hexdigest().encode():
        return WRONG, f"echo of {len(request.body)} bytes is {response.body[:80]}"
    return None


def content(request, response, now):
    page, tag = request.page, response["etag"]
    language = page.language(request.language)
    version = page.version_of(tag, language)
    if version is None:
        return WRONG, f"ETag {tag} is none of {page.url} in language {language!r}"
    if version > page.version(now + 0.1):
        return WRONG, f"version {version} is to come"
    if response["content-language"] != language:
        return WRONG, f"Content-Language is {response['content-language']!r}, not {language!r}"
    if response.status == 304:
        return None if tag == request.tag else (WRONG, f"304 has {tag}, asked was {request.tag}")
    size, length = page.size(version), response["content-length"]
    if request.method == "HEAD":
        return None if length in ("", str(size)) else (WRONG, f"HEAD has Content-Length {length}, not {size}")
    body = page.body(version, language)
    if response.status == 206:
        found = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", response["content-range"])
        if not found or (int(found[1]), int(found[2])) != request.span or found[3] not in (str(size), "*"):
            return WRONG, f"Content-Range is {response['content-range']!r}, asked was {request.span} of {size}"
        body = body[request.span[0]:request.span[1] + 1]
    elif length and int(length) != size:
        return WRONG, f"Content-Length is {length}, not {size}"
    if not response.whole:
        body = body[:len(response.body)]
    if response.body != body:
        at = next((at for at, (a, b) in enumerate(zip(response.body, body)) if a != b), len(body))
        return WRONG, f"{len(response.body)} bytes, not {len(body)}; the first other one is {at} of version {version}"
    return None


def age(request, response, began, purges):
    page, made = request.page, float(response["x-made"] or 0)
    version = page.version_of(response["etag"], page.language(request.language))
    if version < page.version(began - page.max_age - SLACK):
        late = began - page.max_age - (version + 1) * page.lasts
        return "too old", f"{late:.1f} s longer than max-age={page.max_age}; {response['cache-status']}"
    if request.manner == "reload" and made < began - SLACK:
        return "not reloaded", f"made {began - made:.1f} s before it was asked for; {response['cache-status']}"
    for asked, done, pattern in purges:
        if made < asked - SLACK and done <= began and pattern.search(page.url):
            return "purged", f"made {asked - made:.1f} s before the purge; {response['cache-status']}"
    return None
