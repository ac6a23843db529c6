"""The scenarios, and what parray has to reach in each: the one place to change a goal."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Scenario:
    name: str
    what: str
    # How peers are started: hit, pass, front or front-real.
    mode: str
    # What is measured: cpu (microseconds a request), tunnel (microseconds a MiB), idle and idle-tunnels (MB), slow (MiB),
    # latency (milliseconds).
    kind: str
    file: str
    # Peers beside parray, with the highest ratio parray/peer that is good enough; None: no goal.
    peers: dict = field(default_factory=dict)
    # The highest figure of parray's own that is good enough.
    limit: float | None = None
    # The highest ratio of others' latency (p99) beside what is measured to that without.
    harm: float | None = None
    keys: int = 100
    connections: int = 64


SCENARIOS = [
    Scenario("hit-1k", "1 KiB from the memory cache", "hit", "cpu", "1k",
             {"haproxy": 1.15, "nginx": 0.8, "trafficserver": 0.75, "squid": 0.6, "varnish": None}),
    Scenario("hit-64k", "64 KiB from the memory cache", "hit", "cpu", "64k",
             {"haproxy": 0.8, "nginx": 1.0, "trafficserver": None, "squid": None, "varnish": None}),
    Scenario("pass-1k", "1 KiB passed through, nothing cached", "pass", "cpu", "1k",
             {"haproxy": 1.15, "nginx": None, "trafficserver": None, "squid": 0.4}),
    Scenario("front-1k", "1 KiB, a front before three light stand-ins for members", "front", "cpu", "1k",
             {"haproxy": 1.15, "nginx": None, "squid": 0.3}, keys=1000),
    Scenario("front-1k-real", "1 KiB, a front before three Squids with warm caches", "front-real", "cpu", "1k",
             {"haproxy": 1.15, "squid": 0.3}, keys=1000),
    Scenario("pass-10m", "10 MiB passed through, nothing cached", "pass", "cpu", "10m",
             {"haproxy": 0.65, "nginx": None, "trafficserver": None, "squid": None}, keys=4, connections=8),
    Scenario("idle", "memory with 10 000 idle clients, after one request each", "pass", "idle", "1k",
             dict.fromkeys(["haproxy", "nginx", "trafficserver", "squid"]), limit=160, connections=10_000),
    Scenario("slow-reader", "growth of memory while one client takes 1 GiB slowly", "pass", "slow", "1g",
             dict.fromkeys(["haproxy", "nginx", "trafficserver", "squid"]), limit=4, harm=2),
    Scenario("tunnel", "1 GiB at a time through CONNECT", "pass", "tunnel", "1g",
             dict.fromkeys(["trafficserver", "squid"])),
    Scenario("idle-tunnels", "memory with 4 000 silent tunnels, after one request in each", "pass", "idle-tunnels", "1k",
             dict.fromkeys(["trafficserver", "squid"]), connections=4000),
    Scenario("latency-hit", "latency at 2 000 requests a second, 1 KiB from the memory cache", "hit", "latency", "1k",
             dict.fromkeys(["haproxy", "nginx", "trafficserver", "squid", "varnish"])),
    Scenario("latency-pass", "latency at 2 000 requests a second, 1 KiB passed through", "pass", "latency", "1k",
             dict.fromkeys(["haproxy", "nginx", "trafficserver", "squid"])),
]

UNITS = {"cpu": "µs of CPU a request", "tunnel": "µs of CPU a MiB", "idle": "MB resident",
         "idle-tunnels": "MB resident", "slow": "MiB", "latency": "ms, p99"}
