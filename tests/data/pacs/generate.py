#!/usr/bin/env python3
"""Writes the large PAC files into a directory: generate.py DIRECTORY

Each run writes the same bytes, with any Python 3.
"""

import sys
from pathlib import Path

# Names that urls.txt has hosts of, or below.
KNOWN = [
    "example.com", "mail.example.com", "ads.example.com", "api.example.com", "video.example.com", "news.example.com",
    "example.org", "cdn.example.org", "docs.example.org", "six.example.org", "chat.example.org",
    "corp.test", "eu.corp.test", "us.corp.test", "wiki.corp.test", "dev.corp.test", "partner1.test", "partner2.test",
    "campus.test", "library.campus.test", "cs.campus.test", "games.test", "social.test", "video.test",
    "shop.example", "bank.example", "news.example", "music.example", "video.example", "search.example", "chat.example",
    "blocked.test", "tracker.test", "ads.test", "pixel.test", "stats.example", "banner.example", "gone.invalid",
]  # fmt: skip
TOPS = ["test", "example", "invalid", "example.com", "example.org"]
SYLLABLES = (
    "ba be bi bo ca ce co da de di do fa fi ga ge go ha he hi jo ka ke ki la le li lo ma me mi mo na ne ni no "
    "pa pe pi po ra re ri ro sa se si so ta te ti to va ve vi wa we xo ya ze zu "
    "ant bar con del ern fox gin hub ing jet kit lab net oak pix qui red sun tek urn vox web yel zen"
).split()


class Lcg:
    """The generator of the C standard's example, of which the upper bits are taken."""

    def __init__(self, seed):
        self.state = seed

    def below(self, limit):
        self.state = (self.state * 1103515245 + 12345) % 2147483648
        return (self.state >> 8) % limit

    def choose(self, items):
        return items[self.below(len(items))]

    def name(self, fewest=2, most=5):
        parts = [self.choose(SYLLABLES) for _ in range(fewest + self.below(most - fewest + 1))]
        if self.below(6) == 0:
            parts.insert(1 + self.below(len(parts)), "-")
            parts.append(self.choose(SYLLABLES))
        if self.below(9) == 0:
            parts.append(str(self.below(100)))
        return "".join(parts)


def spread(items, among):
    """The items at even distances among others, in order."""
    step = len(among) // len(items)
    out = list(among)
    for index in reversed(range(len(items))):
        out.insert(index * step + step // 2, items[index])
    return out


def object_table():
    """Some 500 KB of an object literal, and a walk along the labels."""
    lcg = Lcg(1)
    names = {}
    while len(names) < 26000:
        names.setdefault(f"{lcg.name()}.{lcg.choose(TOPS)}", None)
    rows = [f'  "{name}": {lcg.below(8)}' for name in spread(KNOWN, list(names))]
    return (
        "// A table of twenty-six thousand names as an object literal, asked label by label.\n"
        "var domains = {\n" + ",\n".join(rows) + "\n};\n"
        """
function FindProxyForURL(url, host) {
  var rest = host, depth = 0, dot;
  while (!Object.prototype.hasOwnProperty.call(domains, rest)) {
    dot = rest.indexOf(".");
    if (dot < 0) return "DIRECT";
    rest = rest.substring(dot + 1);
    depth++;
  }
  return "PROXY p" + domains[rest] + "-" + depth + ".test:3128";
}
"""
    )


def if_chain():
    """More than three thousand conditions, one after the other."""
    lcg = Lcg(2)
    names = [f"{lcg.name(3, 5)}.{lcg.choose(TOPS[:3])}" for _ in range(3400)]
    rows = []
    for number, name in enumerate(spread(KNOWN, names)):
        known = name in KNOWN
        form = 4 if known and number % 2 else number % 16
        if form in (0, 5):
            condition = f'shExpMatch(host, "*.{name}")'
        elif form == 1:
            condition = f'host == "{name}" || host == "www.{name}"'
        elif form == 2:
            condition = f'url.substring(0, {len(name) + 7}) == "http://{name}"'
        elif form == 3:
            condition = f'host.length > {len(name)} && host.indexOf(".{name}") == host.length - {len(name) + 1}'
        elif form == 4:
            condition = f'dnsDomainIs(host, "{name}")'
        else:
            condition = f'dnsDomainIs(host, ".{name}")'
        answer = "DIRECT" if lcg.below(5) == 0 else f"PROXY p{lcg.below(12)}.test:{8000 + number}"
        rows.append(f'  if ({condition}) return "{answer}";')
    return (
        "// A chain of three thousand four hundred conditions in one function.\n"
        "function FindProxyForURL(url, host) {\n" + "\n".join(rows) + '\n  return "PROXY end-of-chain.test:8080";\n}\n'
    )


def regexp_list():
    """Some 300 KB of regular expressions, each tried."""
    lcg = Lcg(3)
    words = ["ads?", "banner", "track(?:er|ing)", "pop(?:up|under)", "pixel", "sponsor", "click", "count(?:er)?"]
    rows = []
    for number in range(5300):
        name = lcg.name(3, 6)
        top = lcg.choose(TOPS).replace(".", "\\.")
        form = lcg.below(6)
        if form == 0:
            rows.append(f"/^https?:\\/\\/(?:[\\w-]+\\.)*{name}\\.{top}(?::\\d+)?\\//")
        elif form == 1:
            rows.append(f"/^\\w+:\\/\\/(?:www|m)\\.{name}[0-9]{{0,3}}\\.{top}\\/(?!static\\/)/")
        elif form == 2:
            rows.append(f"/\\/{name}\\/(?:{lcg.choose(words)})[^\\/]*\\.(?:gif|js|php)$/i")
        elif form == 3:
            rows.append(f"/[?&]{name}=(\\d+|[a-f0-9]{{{4 + lcg.below(9)}}})(?:&|$)/")
        elif form == 4:
            rows.append(f"/\\/\\/{lcg.choose(words)}\\d*\\.{name}\\.(?:test|example)[:\\/]/")
        else:
            rows.append(f"/\\b{name}[-_.]?{lcg.choose(words)}\\b/")
    real = [f"/^\\w+:\\/\\/(?:[^\\/:]+\\.)?{name.replace('.', chr(92) + '.')}(?::\\d+)?\\//" for name in KNOWN]
    real += ["/[?&]ad=\\d/", "/\\/v(\\d)\\/[a-z]+\\/\\1?\\d/", "/^https:\\/\\/\\d+(?:\\.\\d+){3}\\//", "/\\[2001:db8:/"]
    return (
        "// A list of five thousand three hundred regular expressions, tried one after the other.\n"
        "var list = [\n  " + ",\n  ".join(spread(real, rows)) + "\n];\n"
        """
function FindProxyForURL(url, host) {
  for (var i = 0; i < list.length; i++)
    if (list[i].test(url)) return "PROXY r" + i + "of" + list.length + ".test:" + (1000 + i % 7000);
  return "DIRECT";
}
"""
    )


def packed_string():
    """1.8 MB of names, by top-level domain and length, with letters for frequent pieces."""
    lcg = Lcg(4)
    pieces = [a + b for a in ("co", "net", "sun", "web", "ma") for b in ("ra", "ti", "lab", "no", "se")] + ["zen-"]
    names = dict.fromkeys(KNOWN)
    size = 0
    while size < 2_000_000:
        label = lcg.name(3, 6)
        if lcg.below(3) == 0:
            label += lcg.choose(pieces) + lcg.choose(SYLLABLES)
        name = f"{label}.{lcg.choose(TOPS)}"
        if name not in names:
            names[name] = None
            size += len(label) + 1
    buckets = {}
    for name in names:
        label, top = name.split(".", 1)
        buckets.setdefault(top, {}).setdefault(len(label), []).append(label)
    rows = []
    for top in sorted(buckets):
        lengths = []
        for length in sorted(buckets[top]):
            text = " ".join(sorted(buckets[top][length]))
            for number, piece in enumerate(pieces):
                text = text.replace(piece, chr(65 + number))
            lengths.append(f'    {length}: "{text}"')
        rows.append(f'  "{top}": {{\n' + ",\n".join(lengths) + "\n  }")
    return (
        "// Names packed by top-level domain and length, unpacked when loading by split and join, found by halving.\n"
        f'var pieces = "{" ".join(pieces)}".split(" ");\n'
        "var packed = {\n" + ",\n".join(rows) + "\n};\n"
        """
var names = 0;
for (var top in packed) {
  for (var length in packed[top]) {
    var text = packed[top][length];
    for (var i = pieces.length - 1; i >= 0; i--) text = text.split(String.fromCharCode(65 + i)).join(pieces[i]);
    packed[top][length] = text.split(" ");
    names += packed[top][length].length;
  }
}

function find(sorted, name) {
  var low = 0, high = sorted.length - 1;
  while (low <= high) {
    var middle = low + high >> 1;
    if (sorted[middle] == name) return middle;
    if (sorted[middle] < name) low = middle + 1; else high = middle - 1;
  }
  return -1;
}

function FindProxyForURL(url, host) {
  var labels = host.split("."), label, bucket, at;
  for (var i = labels.length - 2; i >= 0; i--) {
    label = labels[i];
    bucket = packed[labels.slice(i + 1).join(".")];
    if (!bucket) break;
    if (!bucket[label.length]) continue;
    at = find(bucket[label.length], label);
    if (at >= 0) return "PROXY n" + at + ".test:" + (8000 + i) + "; PROXY of" + names + ".test:80";
  }
  return "DIRECT";
}
"""
    )


FILES = {
    "large-object-table.pac": object_table,
    "large-if-chain.pac": if_chain,
    "large-regexp-list.pac": regexp_list,
    "large-packed-string.pac": packed_string,
}


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip().splitlines()[0])
    directory = Path(sys.argv[1])
    directory.mkdir(parents=True, exist_ok=True)
    for name, make in FILES.items():
        (directory / name).write_text(make(), encoding="ascii", newline="\n")


if __name__ == "__main__":
    main()
