"""The disks of the caches: each a small file system of its own that can be made to fail, if we are root."""

import os
import pathlib
import random
import subprocess

SIZE_MB = 160


def run(*command):
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


def can_mount(folder):
    """Whether disks can be had here: for root, and not in every container."""
    tried = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "parray-day", folder], check=False, stderr=subprocess.DEVNULL).returncode == 0
    if tried:
        run("umount", folder)
    return tried


class Folder:
    """What stands in for a disk where nothing can be mounted."""

    def __init__(self, path):
        self.path = pathlib.Path(path)

    def prepare(self):
        self.path.mkdir(parents=True)

    @property
    def cache(self):
        return self.path / "cache"

    def rot(self, seed):
        """Changes a byte in every third file; tells in how many."""
        dice, changed = random.Random(seed), 0
        for folder, _, names in os.walk(self.cache):
            for name in names:
                # Without its key nothing in the folder is found again: not what this is about.
                if name not in ("secret", "bans") and dice.random() < 1 / 3:
                    changed += flip(os.path.join(folder, name), dice)
        return changed

    def remove(self):
        pass


class Disk(Folder):
    """A tmpfs. It is seen through a bind mount, so that what is on it survives when the disk is taken away."""

    def __init__(self, path):
        super().__init__(path)
        self.device = self.path.with_suffix(".device")

    def prepare(self):
        super().prepare()
        self.device.mkdir()
        run("mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m", "parray-day", self.device)
        self.put_back()

    def put_back(self):
        run("mount", "--bind", self.device, self.path)

    def take_away(self):
        run("umount", "-l", self.path)

    def fill(self):
        try:
            with open(self.device / "ballast", "wb", buffering=0) as ballast:
                while True:
                    ballast.write(bytes(1 << 20))
        except OSError:
            pass  # full, as it should be

    def make_room(self):
        (self.device / "ballast").unlink()

    def make_read_only(self):
        # On top, as a mount that has files open for writing cannot become read-only.
        self.put_back()
        run("mount", "-o", "remount,bind,ro", self.path)

    make_writable = take_away

    def remove(self):
        for mount in [self.path, self.path, self.device]:
            subprocess.run(["umount", "-lq", mount], check=False)


def flip(path, dice):
    try:
        with open(path, "r+b") as file:
            size = file.seek(0, os.SEEK_END)
            at = dice.randrange(size)
            file.seek(at)
            byte = file.read(1)[0]
            file.seek(at)
            file.write(bytes([byte ^ 1 << dice.randrange(8)]))
        return 1
    except (OSError, ValueError):
        return 0  # gone meanwhile, or empty
