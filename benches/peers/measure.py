"""Is a peer doing what is to be measured? If so: one measurement of it."""

import os
import re
import time

import load
import proc
from load import Failed


def check(site, running, scenario):
    """Warms the peer up, and makes sure that it hits, passes or routes as it should."""
    port, url = running.port, site.url(scenario.mode, "1k" if scenario.file == "1g" else scenario.file)
    keys, before, first, again = range(scenario.keys), 0, [], []
    with load.connect(port) as link:
        for answers in ([], first, again):
            before = load.seen(site.ports["status"])
            answers += [load.get(link, url, key) for key in keys]
    asked = load.seen(site.ports["status"]) - before - 1
    if scenario.mode in ("hit", "front-real") and asked > 0:
        raise Failed(f"does not hit: the origin saw {asked} of {scenario.keys} requests")
    if scenario.mode in ("pass", "front") and asked < scenario.keys:
        raise Failed(f"does not pass through: the origin saw {asked} of {scenario.keys} requests")
    if scenario.mode.startswith("front"):
        name = {"front": r"(?im)^x-stand-in: *(\d+)", "front-real": r"(?im)^x-cache:.*\bfrom (real-\d)"}[scenario.mode]
        ways = [[re.findall(name, head) for head in heads] for heads in (first, again)]
        members = {way[0] for way in ways[0] if way}
        if len(members) < 3 or not all(ways[0]) or ways[0] != ways[1]:
            raise Failed(f"does not route each URL to one of three members: {sorted(members)} were seen")


def closed_loop(site, running, scenario, seconds):
    before = load.seen(site.ports["status"])
    run = load.wrk(running.port, site.url(scenario.mode, scenario.file), scenario.keys, scenario.connections,
                   seconds, running.root)
    asked = load.seen(site.ports["status"]) - before - 1
    if not run["requests"] or run["errors"]:
        raise Failed(f"{run['errors']} errors in {run['requests']} requests")
    if scenario.mode in ("hit", "front-real") and asked > run["requests"] * 0.01:
        raise Failed(f"no longer hits: the origin saw {asked} of {run['requests']} requests")
    if scenario.mode in ("pass", "front") and asked < run["requests"] * 0.99:
        raise Failed(f"no longer passes through: the origin saw {asked} of {run['requests']} requests")
    return {"figure": run["cpu_us"] / run["requests"], "requests_per_second": round(run["requests"] / run["seconds"]),
            "core_busy": round(run["cpu_us"] / run["seconds"] / 1e6, 2)}


def milliseconds(latencies):
    return {name: round(load.percentile(latencies, per_mille) * 1000, 3)
            for name, per_mille in [("p50", 500), ("p99", 990), ("p99.9", 999)]}


def latency(site, running, scenario, seconds):
    found = milliseconds(load.open_loop(running.port, site.url(scenario.mode, scenario.file), 2000, seconds))
    return {"figure": found["p99"]} | found


def idle(site, running, scenario, _seconds):
    before = proc.rss(proc.tree(running.root))
    full = load.idle(running.port, site.url(scenario.mode, scenario.file), scenario.connections, running.root)
    return {"figure": full / 1e6, "before_mb": round(before / 1e6, 1)}


def tunnel(site, running, scenario, seconds):
    url, taken, before, start = site.url(scenario.mode, scenario.file), 0, proc.cpu_us(running.root), time.monotonic()
    with load.tunnel(running.port, url) as link:
        while (elapsed := time.monotonic() - start) < seconds:
            taken += load.swallow(link, url)
    mib, used = taken / (1 << 20), proc.cpu_us(running.root) - before
    return {"figure": used / mib, "mib_per_second": round(mib / elapsed), "core_busy": round(used / elapsed / 1e6, 2)}


def idle_tunnels(site, running, scenario, _seconds):
    url, before = site.url(scenario.mode, scenario.file), proc.rss(proc.tree(running.root))
    full = load.idle(running.port, url, scenario.connections, running.root, lambda port: load.tunnel(port, url))
    return {"figure": full / 1e6, "before_mb": round(before / 1e6, 1)}


def slow_reader(site, running, scenario, seconds):
    others = site.url(scenario.mode, "1k")
    without = milliseconds(load.open_loop(running.port, others, 1000, seconds))
    before = proc.rss(proc.tree(running.root))
    reader = load.SlowReader(running.port, site.url(scenario.mode, scenario.file), running.root)
    reader.start()
    try:
        beside = milliseconds(load.open_loop(running.port, others, 1000, seconds))
    finally:
        peak = reader.stop()
    return {"figure": max(0, peak - before) / (1 << 20), "p99_without": without["p99"], "p99_beside": beside["p99"]}


KINDS = {"cpu": closed_loop, "tunnel": tunnel, "latency": latency, "idle": idle, "idle-tunnels": idle_tunnels,
         "slow": slow_reader}


def measure(site, running, scenario, seconds):
    """One measurement; `noisy` if others took more than a tenth of a core meanwhile."""
    ours, machine, at = proc.cpu_us(os.getpid()), proc.machine_us(), os.times().elapsed
    found = KINDS[scenario.kind](site, running, scenario, seconds)
    elapsed = os.times().elapsed - at
    others = (proc.machine_us() - machine) - (proc.cpu_us(os.getpid()) - ours)
    return found | {"noisy": others > elapsed * 1e5}
