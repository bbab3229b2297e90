# SPDX-License-Identifier: MIT
"""Those beside whom ./bench measures: each really started, with sockets and files of its own in a directory.

`peers(build, directory)` gives those that can run here. Each has a name, and seconds(n): how long n records take from
the first call until all are stored. Its CPU seconds for them are in .cpu afterwards.
"""
import json
import os
import shutil
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PRIVATE = os.path.join(HERE, "../lib/private-journald")


def cpu_seconds(pid):
    """Of all its threads, by the scheduler's count in nanoseconds."""
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/schedstat", encoding="ascii") as f:
            total += int(f.read().split()[0])
    return total / 1e9


class Journald:
    """On the disk, in a namespace of its own (tests/lib/private-journald)."""

    def __init__(self, build, directory, sealed):
        self.name = "journald, Seal=yes" if sealed else "journald"
        self.tool = os.path.join(build, "tests/bench/bench-peer")
        self.directory, self.sealed, self.cpu = directory, sealed, 0.0

    def seconds(self, n):
        log = os.path.join(self.directory, "journal")
        os.makedirs(log)
        environment = dict(os.environ, PRIVATE_JOURNALD_LOG=log, PRIVATE_JOURNALD_SEAL="yes" if self.sealed else "")
        try:
            result = subprocess.run([PRIVATE, "python3", os.path.abspath(__file__), self.tool, str(n)], env=environment,
                                    stdout=subprocess.PIPE, text=True, check=True, timeout=600)
        finally:
            shutil.rmtree(log)
        figures = json.loads(result.stdout)
        self.cpu = figures["cpu"]
        return figures["seconds"]


def inside_journald(tool, n):
    """Within the namespace: until the journal has taken and synced all."""
    with open("/run/journald.pid", encoding="ascii") as f:
        pid = int(f.read())
    before, start = cpu_seconds(pid), time.perf_counter()
    subprocess.run([tool, "journal", n], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["journalctl", "--sync"], check=True, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "cpu": cpu_seconds(pid) - before}))


class Syslog:
    """What reads a socket and writes a file."""

    def __init__(self, build, directory):
        self.tool = os.path.join(build, "tests/bench/bench-peer")
        self.root, self.directory, self.cpu = os.path.join(build, "peers/root"), directory, 0.0
        self.socket, self.file = os.path.join(directory, "log.sock"), os.path.join(directory, "log.txt")
        libraries = [os.path.join(self.root, "usr/lib", x) for x in ("x86_64-linux-gnu", "syslog-ng", "syslog-ng/3.38")]
        self.environment = dict(os.environ, LD_LIBRARY_PATH=":".join(libraries))

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)
        return self.path(name)

    def lines(self):
        try:
            with open(self.file, "rb") as f:
                return sum(chunk.count(b"\n") for chunk in iter(lambda: f.read(1 << 20), b""))
        except FileNotFoundError:
            return 0

    def wait_for(self, condition, what):
        end = time.monotonic() + 300
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f"{self.name}: {what} did not come")
            time.sleep(0.001)

    def wait_for_lines(self, n):
        """By the file's size, since counting lines takes time."""
        self.wait_for(lambda: self.lines() >= 1, "the first line")
        with open(self.file, "rb") as f:
            length = len(f.readline())
        self.wait_for(lambda: os.path.getsize(self.file) >= length * n, f"{n} lines")

    def seconds(self, n):
        os.makedirs(self.directory)
        process = subprocess.Popen(self.command(), env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        try:
            self.wait_for(lambda: os.path.exists(self.socket), "its socket")
            time.sleep(0.3)
            before, start = cpu_seconds(process.pid), time.perf_counter()
            subprocess.run([self.tool, "syslog", self.socket, str(n)], check=True, stdout=subprocess.DEVNULL)
            self.wait_for_lines(n)
            seconds = time.perf_counter() - start
            self.cpu = cpu_seconds(process.pid) - before
            if self.lines() != n:
                raise AssertionError(f"{self.name} wrote {self.lines()} lines of {n}")
            return seconds
        finally:
            process.kill()
            process.wait()
            shutil.rmtree(self.directory)


class Rsyslog(Syslog):
    name = "rsyslog, imuxsock to omfile"

    def command(self):
        modules = os.path.join(self.root, "usr/lib/x86_64-linux-gnu/rsyslog")
        config = self.write("rsyslog.conf", f"""
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="{self.socket}" RateLimit.Interval="0")
action(type="omfile" file="{self.file}")
""")
        return [os.path.join(self.root, "usr/sbin/rsyslogd"), "-n", "-M", modules, "-f", config,
                "-i", self.path("rsyslog.pid")]


class SyslogNg(Syslog):
    name = "syslog-ng, $(slog)"

    def make_keys(self):
        slogkey = os.path.join(self.root, "usr/bin/slogkey")
        for arguments in (("-m", self.path("master.key")), ("-d", self.path("master.key"), "00:11:22:33:44:55", "bench",
                                                           self.path("host.key"))):
            subprocess.run([slogkey, *arguments], env=self.environment, check=True, stdout=subprocess.DEVNULL)

    def command(self):
        self.make_keys()
        modules = os.path.join(self.root, "usr/lib/syslog-ng/3.38")
        config = self.write("syslog-ng.conf", f"""@version: 3.38
options {{ stats-freq(0); keep-hostname(yes); use-dns(no); }};
source s {{ unix-dgram("{self.socket}" flags(no-parse)); }};
template t {{ template("$(slog -k {self.path("host.key")} -m {self.path("mac.dat")} $RAWMSG $MSG)\\n"); }};
destination d {{ file("{self.file}" template(t)); }};
log {{ source(s); destination(d); flags(flow-control); }};
""")
        return [os.path.join(self.root, "usr/sbin/syslog-ng"), "-F", "--module-path", modules, "-f", config,
                "-p", self.path("pid"), "-c", self.path("control"), "-R", self.path("persist"), "--no-caps"]


def peers(build, directory):
    found = [Journald(build, directory, sealed) for sealed in (False, True)]
    if os.path.exists(os.path.join(build, "peers/unpacked")):
        found += [kind(build, os.path.join(directory, "syslog")) for kind in (Rsyslog, SyslogNg)]
    return found


if __name__ == "__main__":
    import sys
    inside_journald(*sys.argv[1:3])
