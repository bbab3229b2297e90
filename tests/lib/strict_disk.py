# SPDX-License-Identifier: MIT
"""A file system that promises what POSIX does, and no more, for finding out what a power cut could leave.

- Of what was written since a file's last fsync or fdatasync, any part may be on the disk: each sector of 512 bytes by
  itself, in any order, and the file's length with or without it.
- A name is on the disk when its directory was synced since; before that, any of the changes may be, or none. Syncing a
  file does not sync its name.
- A mode is on the disk after fsync, not after fdatasync.

A Disk is fed with the calls of a trace (disk_trace.py); crash() gives one state that the power cut may leave.
"""
import collections
import os

SECTOR = 512


class File:
    def __init__(self, mode):
        self.data = b""  # as on the disk
        self.changes = []  # since then: (offset, bytes), or (length, None)
        self.mode = self.wanted_mode = mode

    def length(self):
        n = len(self.data)
        for offset, data in self.changes:
            n = offset if data is None else max(n, offset + len(data))
        return n

    def sync(self, mode):
        self.data = apply(self.data, self.changes)
        self.changes = []
        if mode:
            self.mode = self.wanted_mode


class Directory:
    def __init__(self):
        self.names = {}  # as on the disk
        self.changes = []  # since then: each a dict of name → File, Directory or None, all at once

    def now(self):
        names = dict(self.names)
        for change in self.changes:
            put_names(names, change)
        return names

    def sync(self):
        self.names = self.now()
        self.changes = []


def put_names(names, change):
    for name, thing in change.items():
        if thing is None:
            names.pop(name, None)
        else:
            names[name] = thing


def apply(data, changes):
    data = bytearray(data)
    for offset, piece in changes:
        if piece is None:
            del data[offset:]
            data.extend(bytes(offset - len(data)))
        else:
            data.extend(bytes(max(0, offset + len(piece) - len(data))))
            data[offset:offset + len(piece)] = piece
    return bytes(data)


class Process:
    """The descriptors of one process: (directory), or [file, position, whether it appends].

    Calls come in the order in which they were begun: a thread's open may have been given the number of a close of
    another thread's that was begun later, and done sooner.
    """

    def __init__(self, name, directories):
        self.name = name
        self.fds = dict(directories)
        self.open = set(directories)
        self.closes_to_come = collections.Counter()  # of what had the number before

    def opened(self, fd, thing):
        if fd in self.open:
            self.closes_to_come[fd] += 1
        self.open.add(fd)
        self.fds.pop(fd, None)
        if thing is not None:
            self.fds[fd] = thing

    def closed(self, fd):
        if self.closes_to_come[fd] > 0:
            self.closes_to_come[fd] -= 1
            return
        self.open.discard(fd)
        self.fds.pop(fd, None)


class Disk:
    def __init__(self, ignore=()):
        """`ignore`: (program, "file" or "directory") that is not synced though the program asks for it."""
        self.ignore = ignore
        self.roots = {}
        self.processes = {}

    def start(self, process, program, directories):
        """A process begins, which runs this program, with these descriptors: number → name of a root directory."""
        for name in directories.values():
            self.roots.setdefault(name, Directory())
        self.processes[process] = Process(program, {fd: self.roots[name] for fd, name in directories.items()})

    def take(self, call):
        _, process, name, arguments, result = call
        step = getattr(self, "on_" + name, None)
        if step:
            step(self.processes[process], arguments, result)

    # --- calls ---

    def directory(self, process, argument):
        thing = process.fds.get(int(argument))
        return thing if isinstance(thing, Directory) else None

    def file(self, process, argument):
        thing = process.fds.get(int(argument))
        return thing if isinstance(thing, list) else None

    def find(self, process, argument, path):
        """The directory and the last name of a path."""
        if not argument.lstrip("-").isdigit():
            return None, None
        directory = self.directory(process, argument)
        *way, last = path.decode().split("/")
        for name in way:
            directory = directory.now().get(name) if directory else None
        return directory, last

    def on_openat(self, process, a, result):
        directory, name = self.find(process, a[0], a[1])
        process.opened(result, None if directory is None else self.open(directory, name, a))

    @staticmethod
    def open(directory, name, a):
        if name == ".":
            return directory
        thing = directory.now().get(name)
        if thing is None and "O_CREAT" in a[2]:
            thing = File(int(a[3], 8))
            directory.changes.append({name: thing})
        if thing is None or isinstance(thing, Directory):
            return thing
        if "O_TRUNC" in a[2]:
            thing.changes.append((0, None))
        return [thing, 0, "O_APPEND" in a[2]]

    def on_close(self, process, a, _):
        process.closed(int(a[0]))

    def on_dup(self, process, a, result):
        process.opened(result, process.fds.get(int(a[0])))

    def on_write(self, process, a, result):
        opened = self.file(process, a[0])
        if opened:
            at = opened[0].length() if opened[2] else opened[1]
            opened[0].changes.append((at, a[1][:result]))
            opened[1] = at + result

    on_writev = on_write

    def on_pwrite64(self, process, a, result):
        opened = self.file(process, a[0])
        if opened:
            opened[0].changes.append((int(a[3]), a[1][:result]))

    on_pwritev = on_pwrite64

    def on_ftruncate(self, process, a, _):
        opened = self.file(process, a[0])
        if opened:
            opened[0].changes.append((int(a[1]), None))

    def on_fallocate(self, process, a, _):
        opened = self.file(process, a[0])
        end = int(a[2]) + int(a[3])
        if opened and "KEEP_SIZE" not in a[1] and end > opened[0].length():
            opened[0].changes.append((end, None))

    def on_fdatasync(self, process, a, _, mode=False):
        opened = self.file(process, a[0])
        if opened and (process.name, "file") not in self.ignore:
            opened[0].sync(mode)

    def on_fsync(self, process, a, result):
        directory = self.directory(process, a[0])
        if directory and (process.name, "directory") not in self.ignore:
            directory.sync()
        elif not directory:
            self.on_fdatasync(process, a, result, mode=True)

    def on_renameat(self, process, a, _):
        old, old_name = self.find(process, a[0], a[1])
        new, new_name = self.find(process, a[2], a[3])
        if old is None:
            return
        if old is not new:
            raise ValueError("a rename into another directory")
        old.changes.append({old_name: None, new_name: old.now()[old_name]})

    on_renameat2 = on_renameat

    def on_linkat(self, process, a, _):
        old, old_name = self.find(process, a[0], a[1])
        new, new_name = self.find(process, a[2], a[3])
        if old is not None:
            new.changes.append({new_name: old.now()[old_name]})

    def on_unlinkat(self, process, a, _):
        directory, name = self.find(process, a[0], a[1])
        if directory is not None:
            directory.changes.append({name: None})

    def on_mkdirat(self, process, a, _):
        directory, name = self.find(process, a[0], a[1])
        if directory is not None:
            directory.changes.append({name: Directory()})

    def on_fchmod(self, process, a, _):
        opened = self.file(process, a[0])
        if opened:
            opened[0].wanted_mode = int(a[1], 8)

    def on_fchmodat(self, process, a, _):
        directory, name = self.find(process, a[0], a[1])
        if directory is not None:
            directory.now()[name].wanted_mode = int(a[2], 8)

    # --- power cuts ---

    def crash(self, how, random, place):
        """Writes into the directory `place` what the disk may hold now. how: "none" (nothing that was not synced),
        "all", "prefix" (the changes landed in order, up to some), "any"."""
        written = {}  # a file with two names is one
        for name, directory in self.roots.items():
            os.mkdir(os.path.join(place, name), 0o750)
            self.put_directory(directory, os.path.join(place, name), how, random, written)

    def put_directory(self, directory, path, how, random, written):
        names = dict(directory.names)
        for change in choose(directory.changes, how, random):
            put_names(names, change)
        for name, thing in names.items():
            to = os.path.join(path, name)
            if isinstance(thing, Directory):
                os.mkdir(to, 0o750)
                self.put_directory(thing, to, how, random, written)
            elif thing in written:
                os.link(written[thing], to)
            else:
                with open(to, "wb") as f:
                    f.write(content(thing, how, random))
                os.chmod(to, thing.wanted_mode if how == "all" or (how == "any" and random.random() < 0.5) else thing.mode)
                written[thing] = to


def choose(changes, how, random):
    if how == "none":
        return []
    if how == "all":
        return changes
    if how == "prefix":
        return changes[:random.randrange(len(changes) + 1)]
    return [x for x in changes if random.random() < 0.5]


def content(file, how, random):
    if how != "any":
        return apply(file.data, choose(file.changes, how, random))
    landed = []
    for offset, data in file.changes:
        if data is None:
            if random.random() < 0.5:
                landed.append((offset, None))
            continue
        style = random.randrange(4)
        at = offset
        while at < offset + len(data):  # each sector by itself; or up to one; or all; or none
            end = min((at // SECTOR + 1) * SECTOR, offset + len(data))
            if style == 0 or (style == 1 and random.random() < 0.5):
                landed.append((at, data[at - offset:end - offset]))
            elif style == 2:
                if random.random() < 0.3:
                    break
                landed.append((at, data[at - offset:end - offset]))
            at = end
    result = apply(file.data, landed)
    if random.random() < 0.5:  # the length is on the disk, and what should stand there is not
        result += bytes(max(0, file.length() - len(result)))
    return result
