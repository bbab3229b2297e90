# SPDX-License-Identifier: MIT
"""ext4 on a disk whose writes and flushes are written down (log-disk.c), and the disks that a power cut may leave of it:
everything before the last flush, and of what was written since nothing, all up to a moment, or any part of it with
one write torn at a sector."""
import os
import shutil
import struct
import subprocess
import time

BUILD = os.environ.get("TX_BUILD", "build")
LOG_DISK = os.path.join(BUILD, "tests/lib/log-disk")
EVENT = struct.Struct("<cQI")
SECTOR = 512
MIB = 1 << 20


class Unavailable(Exception):
    """No such disks can be made here."""


def run(*command):
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if result.returncode != 0:
        raise Unavailable(f"{' '.join(command)}: {result.stderr.strip()}")
    return result.stdout.strip()


class Mounted:
    """A file system's image that is mounted on `place`."""

    def __init__(self, image, place):
        os.makedirs(place, exist_ok=True)
        self.place = place
        self.loop = run("losetup", "-f", "--show", image)
        try:
            run("mount", "-t", "ext4", self.loop, place)
        except Unavailable:
            run("losetup", "-d", self.loop)
            raise

    def close(self):
        for _ in range(100):
            if subprocess.run(["umount", self.place], stderr=subprocess.DEVNULL, check=False).returncode == 0:
                break
            time.sleep(0.02)
        run("losetup", "-d", self.loop)


class BlockDisk:
    """In `directory`; ext4 is on it, mounted on .place."""

    def __init__(self, directory, size=24 * MIB):
        if not os.access(LOG_DISK, os.X_OK) or os.getuid() != 0 or not os.path.exists("/dev/fuse") or not shutil.which("mkfs.ext4"):
            raise Unavailable("it needs root, /dev/fuse and mkfs.ext4")
        self.size = size
        self.image, self.log, self.fuse = (os.path.join(directory, x) for x in ("image", "events", "fuse"))
        self.place = os.path.join(directory, "mounted")
        os.mkdir(self.fuse)
        with open(self.image, "wb") as f:
            f.truncate(size)
        self.server = subprocess.Popen([LOG_DISK, self.image, self.log, self.fuse], stdout=subprocess.PIPE, text=True)
        self.mounted = None
        if self.server.stdout.readline() != "mounted\n":
            self.server.wait()
            raise Unavailable("FUSE cannot be mounted")
        try:
            run("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0,nodiscard", self.disk)
            self.mount()
        except Unavailable:
            self.close()
            raise

    @property
    def disk(self):
        return os.path.join(self.fuse, "disk")

    def mount(self):
        self.mounted = Mounted(self.disk, self.place)

    def unmount(self):
        self.mounted.close()
        self.mounted = None

    def write(self, name, text):
        with open(os.path.join(self.fuse, name), "wb", buffering=0) as f:
            f.write(text.encode())

    def mark(self, text):
        self.write("mark", text)

    def fail(self, count):
        """The next `count` writes of blocks fail, which are not of what was written to files before."""
        self.write("fail", "0")
        run("sync", "-f", self.place)
        self.write("fail", str(count))

    def close(self):
        if self.mounted:
            self.unmount()
        subprocess.run(["umount", "-l", self.fuse], check=False)
        self.server.terminate()
        self.server.wait(30)
        self.server.stdout.close()

    def events(self):
        """(letter, offset, bytes)."""
        with open(self.log, "rb") as f:
            data = f.read()
        at = 0
        while at + EVENT.size <= len(data):
            letter, offset, n = EVENT.unpack_from(data, at)
            at += EVENT.size
            yield letter.decode(), offset, data[at:at + n]
            at += n


class Cuts:
    """Goes through the events."""

    def __init__(self, events, size):
        self.events = events
        self.durable = bytearray(size)
        self.pending = []
        self.marks = []

    def moments(self):
        for event in self.events:
            letter, offset, data = event
            if letter == "W":
                self.pending.append((offset, data))
            elif letter == "F":
                for at, piece in self.pending:
                    self.durable[at:at + len(piece)] = piece
                self.pending = []
            else:
                self.marks.append(data.decode())
            yield self

    def image(self, how, random):
        image = bytearray(self.durable)
        landed = []
        if how == "prefix":
            landed = self.pending[:random.randrange(len(self.pending) + 1)]
        elif how == "all":
            landed = self.pending
        elif how == "any":
            landed = [x for x in self.pending if random.random() < 0.5]
            if landed:
                torn = random.randrange(len(landed))
                offset, piece = landed[torn]
                landed[torn] = (offset, piece[:random.randrange(len(piece) // SECTOR + 1) * SECTOR])
        for offset, piece in landed:
            image[offset:offset + len(piece)] = piece
        return image
