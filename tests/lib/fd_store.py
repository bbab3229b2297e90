# SPDX-License-Identifier: MIT
"""A service manager's descriptor store (sd_pid_notify_with_fds(3)), played: what a daemon gives it to keep, the next
one is given at its start.

As a program it puts descriptors where sd_listen_fds(3) looks for them, and becomes another:

    fd_store.py FD:NAME,... PROGRAM [ARGUMENT...]
"""
import array
import fcntl
import os
import select
import socket
import sys
import threading

FIRST = 3


class Store:
    """`daemon` is a tracexd.Daemon that has not been started."""

    def __init__(self, daemon, limit=9344):
        self.path = os.path.join(daemon.dir, "notify")
        self.limit, self.kept, self.said = limit, [], []
        self.takes = threading.Event()  # cleared: it reads nothing, as one that hangs
        self.takes.set()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.lock = threading.Lock()
        daemon.environment.update(NOTIFY_SOCKET=self.path, FDSTORE=str(limit))
        daemon.prefix = self.prefix
        self.ended = False
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def close(self):
        self.ended = True
        self.takes.set()
        self.thread.join()
        self.socket.close()
        self.drop(lambda name: True)

    def run(self):
        while not self.ended:
            self.takes.wait()
            if select.select([self.socket], [], [], 0.05)[0]:
                self.take()

    def take(self):
        data, ancillary, _, _ = self.socket.recvmsg(4096, 4096, socket.MSG_CMSG_CLOEXEC)
        fds = array.array("i")
        for level, kind, content in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                fds.frombytes(content)
        words = dict(x.split("=", 1) for x in data.decode().split("\n") if "=" in x)
        with self.lock:
            self.said.append(words)
            if words.get("FDSTOREREMOVE") == "1":
                self.drop(lambda name: name == words["FDNAME"])
            keeps = words.get("FDSTORE") == "1" and words.get("FDPOLL") == "0"
            for fd in fds:
                if keeps and len(self.kept) < self.limit:
                    self.kept.append((words["FDNAME"], fd))
                else:
                    os.close(fd)

    def drop(self, is_one):
        for name, fd in [x for x in self.kept if is_one(x[0])]:
            self.kept.remove((name, fd))
            os.close(fd)

    def names(self):
        with self.lock:
            return sorted(name for name, _ in self.kept)

    def prefix(self):
        """What is put before a daemon's command, and the descriptors that it inherits."""
        with self.lock:
            kept = list(self.kept)
        described = ",".join(f"{fd}:{name}" for name, fd in kept)
        return [sys.executable, os.path.abspath(__file__), described], [fd for _, fd in kept]


def main():
    given = [x.split(":", 1) for x in sys.argv[1].split(",") if x]
    high = [fcntl.fcntl(int(fd), fcntl.F_DUPFD_CLOEXEC, FIRST + 2 * len(given) + 10000) for fd, _ in given]
    for fd, _ in given:
        os.close(int(fd))
    for number, fd in enumerate(high):
        os.dup2(fd, FIRST + number)
    if given:
        os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(given)),
                          LISTEN_FDNAMES=":".join(name for _, name in given))
    os.execv(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()
