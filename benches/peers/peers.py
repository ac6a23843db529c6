"""The programs: installed from Debian, set up in a temporary folder, started, checked and ended."""

import getpass
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time

import load
import proc

CONF = pathlib.Path(__file__).parent / "conf"
PROXY_CORE, LOAD_CORE = "0", "1"
PACKAGES = {"squid": "squid", "traffic_server": "trafficserver", "nginx": "nginx", "haproxy": "haproxy",
            "varnishd": "varnish", "wrk": "wrk"}
# In this order from the base port on.
PORTS = ["origin", "status", "light-1", "light-2", "light-3", "real-1", "real-2", "real-3",
         *(f"{peer}-{mode}" for peer in ["parray", "haproxy", "nginx", "squid", "trafficserver", "varnish"]
           for mode in ["hit", "pass", "front", "front-real"])]
FILES = {"1k": 1 << 10, "64k": 1 << 16, "10m": 10 << 20, "1g": 1 << 30}


def install():
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    missing = sorted({package for program, package in PACKAGES.items() if not shutil.which(program)})
    if not missing:
        return
    if os.geteuid() != 0:
        raise SystemExit(f"error: not root, so these have to be installed first: apt-get install {' '.join(missing)}")
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-qq"], check=True)
    subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing],
                   check=True, env=environment, stdout=subprocess.DEVNULL)


def versions(binary):
    """What was measured: the versions of Debian's packages, and parray's own."""
    names = sorted(set(PACKAGES.values()))
    asked = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}\n", *names],
                           capture_output=True, text=True, check=False)
    own = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True)
    return dict(line.split(" ", 1) for line in (own.stdout + asked.stdout).splitlines())


class Running:
    """One started program: the root of a process tree, and its port."""

    def __init__(self, process, port):
        self.process, self.port = process, port

    @property
    def root(self):
        return self.process.pid

    def stop(self):
        below = proc.tree(self.root)[1:]
        self.process.terminate()
        try:
            self.process.wait(3)
        except subprocess.TimeoutExpired:
            below += proc.tree(self.root)[1:]
            self.process.kill()
            self.process.wait()
        for pid in below:  # whatever outlived its parent
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue


class Site:
    """The temporary folder, the ports, and whatever runs."""

    def __init__(self, folder, base_port, binary):
        self.dir, self.binary, self.running, self.counter = pathlib.Path(folder), binary, {}, 0
        self.ports = {name: base_port + at for at, name in enumerate(PORTS)}
        for name, port in self.ports.items():
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError as e:
                    raise SystemExit(f"error: port {port} ({name}) cannot be used: {e.strerror}\n"
                                     "hint: choose other ports with --base-port") from e
        self.dir.chmod(0o755)
        for below in ["squid", "www/store", "www/pass"]:
            (self.dir / below).mkdir(parents=True)
        if os.geteuid() == 0:
            shutil.chown(self.dir / "squid", "proxy")  # Squid leaves root
        for kept in ["store", "pass"]:
            for name, size in FILES.items():
                with open(self.dir / "www" / kept / name, "wb") as file:
                    file.write(os.urandom(min(size, FILES["10m"])))
                    file.truncate(size)  # what is longer is a hole

    def url(self, mode, file):
        kept = "pass" if mode == "pass" else "store"
        return f"http://127.0.0.1:{self.ports['origin']}/{kept}/{file}"

    def render(self, source, target=None, **more):
        """A file of conf/ with every @name@ filled in."""
        values = {"dir": self.dir, "user": getpass.getuser()} | self.ports | more
        text = re.sub(r"@([a-z0-9-]+)@", lambda name: str(values[name[1]]), (CONF / source).read_text())
        path = self.dir / (target or source)
        path.write_text(text)
        return path

    def start(self, name, command, port, core=PROXY_CORE):
        log = self.dir / f"{name}.out"
        with open(log, "wb") as out:
            process = subprocess.Popen(["taskset", "-c", core, *map(str, command)], stdout=out, stderr=out,
                                       stdin=subprocess.DEVNULL, start_new_session=True)
        self.running[name] = running = Running(process, port)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and process.poll() is None:
            try:
                load.connect(port).close()
                return running
            except OSError:
                time.sleep(0.05)
        self.stop(name)
        raise load.Failed(f"did not start: {log.read_text(errors='replace').strip()[-500:]}")

    def stop(self, name):
        if running := self.running.pop(name, None):
            running.stop()

    def stop_all(self):
        for name in list(self.running):
            self.stop(name)

    def origin(self):
        return self.start("origin", ["nginx", "-e", self.dir / "origin.log", "-c", self.render("origin.conf")],
                          self.ports["origin"], LOAD_CORE)

    def real_members(self):
        for at in (1, 2, 3):
            name = f"real-{at}"
            if name not in self.running:
                self.squid(name, self.ports[name], "hit", LOAD_CORE)

    def peer(self, peer, mode):
        port = self.ports[f"{peer}-{mode}"]
        return getattr(self, peer)(f"{peer}-{mode}", port, mode)

    def parray(self, name, port, mode):
        table = self.render({"front": "front.pat", "front-real": "front-real.pat"}.get(mode, "member.pat"),
                            f"{name}.pat", **{"parray-hit": port})
        member = "front" if mode.startswith("front") else "member1"
        config = self.render("parray.toml", f"{name}.toml", name=member, port=port, table=table)
        return self.start(name, [self.binary, "member", "--config", config], port)

    def haproxy(self, name, port, mode):
        files = [self.render("haproxy.cfg", port=port), self.render(f"haproxy-{mode}.cfg")]
        return self.start(name, ["haproxy", "-db", "-f", files[0], "-f", files[1]], port)

    def nginx(self, name, port, mode):
        more = {"port": port, "mode-file": self.render(f"nginx-{mode}.conf")}
        config = self.render("nginx.conf", f"{name}.main", **more)
        return self.start(name, ["nginx", "-e", self.dir / "nginx.log", "-c", config], port)

    def squid(self, name, port, mode, core=PROXY_CORE):
        config = self.render("squid.conf", f"{name}.conf", name=name, port=port)
        if (CONF / f"squid-{mode}.conf").exists():
            more = self.render(f"squid-{mode}.conf", f"{name}.more")
            config.write_text(config.read_text() + more.read_text())
        service = re.sub("[^a-z0-9]", "", f"bench{port}{name}")  # its own, beside one that may run here
        return self.start(name, ["squid", "-N", "-n", service, "-f", config], port, core)

    def varnish(self, name, port, _mode):
        return self.start(name, ["varnishd", "-F", "-j", "none", "-n", self.dir / "varnish", "-s", "malloc,512m",
                                 "-a", f"127.0.0.1:{port}", "-f", self.render("varnish.vcl"),
                                 "-p", "thread_pools=1", "-p", "thread_pool_min=100"], port)

    def trafficserver(self, name, port, mode):
        root = self.dir / name
        shutil.rmtree(root, ignore_errors=True)
        for below in ["var", "log", "run", "cache", "data"]:
            (root / below).mkdir(parents=True)
        shutil.copytree("/etc/trafficserver", root / "etc")
        ours = self.render("trafficserver.config", port=port, cache=int(mode == "hit")).read_text()
        names = {line.split()[1] for line in ours.splitlines() if line.startswith("CONFIG ")}
        records = root / "etc/records.config"
        theirs = [line for line in records.read_text().splitlines() if not set(line.split()[1:2]) & names]
        records.write_text("\n".join(theirs) + "\n" + ours)
        (root / "etc/storage.config").write_text(f"{root}/cache 600M\n")
        folders = {"prefix": "/usr", "exec_prefix": "/usr", "bindir": "/usr/bin", "sbindir": "/usr/bin",
                   "sysconfdir": root / "etc", "datadir": root / "data", "includedir": "/usr/include",
                   "libdir": "/usr/lib/trafficserver", "libexecdir": "/usr/lib/trafficserver/modules",
                   "localstatedir": root / "var", "runtimedir": root / "run", "logdir": root / "log",
                   "cachedir": root / "cache"}
        (root / "runroot.yaml").write_text("".join(f"{key}: {value}\n" for key, value in folders.items()))
        return self.start(name, ["traffic_manager", f"--run-root={root}"], port)
