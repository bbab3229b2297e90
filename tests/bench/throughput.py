# SPDX-License-Identifier: MIT
"""Records a second from the first call until all are stored, in turn with those who store the same record unmasked."""
import os
import subprocess
import tempfile
import time

import peers
from table import BENCH, BUILD, Daemon, daemon_cpu, goal, json, median, plain_config, row, title, tool

ROUNDS = 3
PEER_RECORDS = {"syslog-ng, $(slog)": 2000}  # it needs milliseconds for each


# name, how many at once, how sure each record is to be when its call returns; actor and order are others in each record
OURS = (("one client", 1, "queued"), ("8 clients", 8, "queued"), ("8 clients, buffered", 8, "buffered"))


def clients_at_once(daemon, clients, records, level):
    """Records a second of several processes, each with its share."""
    environment = dict(os.environ, TRACEX_SOCKET=daemon.socket)
    start = time.perf_counter()
    running = [subprocess.Popen([os.path.join(BENCH, "bench-throughput"), str(records // clients), "1", level],
                                env=environment, stdout=subprocess.PIPE, text=True) for _ in range(clients)]
    for process in running:
        if json.loads(process.communicate()[0])["records"] != records // clients or process.returncode:
            raise AssertionError("a client did not come through")
    return records // clients * clients / (time.perf_counter() - start)


def ours(records, clients, level):
    """(records a second, {process: CPU seconds})"""
    with Daemon(plain_config()).start() as d:
        time.sleep(0.3)
        before = daemon_cpu(d)
        if clients == 1:
            speed = tool("bench-throughput", records, daemon=d)["records_per_second"]
        else:
            speed = clients_at_once(d, clients, records, level)
        after = daemon_cpu(d)
        return speed, {name: after[name] - before[name] for name in after}


def run_all(records):
    """{name: [records a second]}, {name: [CPU seconds a record]}: everybody in turn, several times."""
    speeds, cpu = {}, {}
    with tempfile.TemporaryDirectory(prefix="tracex-bench-") as directory:
        others = peers.peers(BUILD, os.path.join(directory, "peer"))
        for _ in range(ROUNDS):
            for name, clients, level in OURS:
                speed, used = ours(records, clients, level)
                speeds.setdefault(name, []).append(speed)
                for process, seconds in used.items():
                    cpu.setdefault((name, process), []).append(seconds / records)
            for peer in others:
                n = PEER_RECORDS.get(peer.name, records // 4)
                speeds.setdefault(peer.name, []).append(n / peer.seconds(n))
                cpu.setdefault((peer.name, "all"), []).append(peer.cpu / n)
    return speeds, cpu


def ratio(speeds, name, of):
    """Of each round, so that what else the machine does meets both."""
    return median([a / b for a, b in zip(speeds[name], speeds[of])])


def throughput(records):
    title(f"Records a second until stored, {records} records, forwarding off (median of {ROUNDS} rounds, in turn)")
    speeds, cpu = run_all(records)
    for name, values in speeds.items():
        used = [median(v) for (who, _), v in cpu.items() if who == name]
        row(name + (": masked, chained, durable" if "client" in name else ""), f"{median(values):,.0f}/s",
            f"{sum(used) * 1e6:.2f} µs of CPU a record")
    for (name, process), values in cpu.items():
        if name == "one client":
            row(f"CPU a record, {process}", f"{median(values) * 1e6:.2f} µs")
    goal("one client, of journald", ratio(speeds, "one client", "journald"), 8, most=False)
    rsyslog = peers.Rsyslog.name
    if rsyslog in speeds:
        goal("one client, of rsyslog", ratio(speeds, "one client", rsyslog), 3, most=False)
    goal("8 clients, TX_BUFFERED", median(speeds["8 clients, buffered"]), 800000, "/s", most=False)
    goal("8 clients, of one", ratio(speeds, "8 clients", "one client"), 1, most=False)
    total = sum(median(v) for (who, _), v in cpu.items() if who == "one client")
    goal("daemon CPU a record, all processes", total * 1e6, 2, " µs")
