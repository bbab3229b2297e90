# SPDX-License-Identifier: MIT
"""What the parts of ./bench share: one line of the table, the programs that measure, and the daemon's own use of the machine."""
import json
import os
import re
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../lib"))
from peers import cpu_seconds  # noqa: E402
from tracexd import BUILD, CHILDREN, CONFIG, VERIFY, Daemon, wait_until  # noqa: E402,F401  pylint: disable=unused-import

BENCH = os.path.join(BUILD, "tests/bench")


def title(text):
    print("\n" + text, flush=True)


def row(what, figure, beside=""):
    print(f"  {what:<62} {figure:>14}  {beside}", flush=True)


def goal(what, value, limit, unit="", most=True):
    """A figure beside what is asked: at most, or at least, `limit`."""
    met = value <= limit if most else value >= limit
    figure = f"{value:.2f}{unit}" if abs(value) < 100 else f"{value:,.0f}{unit}"
    row(what, figure, f"asked: {'at most' if most else 'at least'} {limit:,g}{unit}; {'met' if met else 'MISSED'}")


def tool(name, *arguments, daemon=None):
    environment = dict(os.environ, TRACEX_SOCKET=daemon.socket) if daemon else None
    result = subprocess.run([os.path.join(BENCH, name), *map(str, arguments)], check=True, text=True,
                            stdout=subprocess.PIPE, env=environment)
    return json.loads(result.stdout)


def median(values):
    return statistics.median(values)


def pids(daemon):
    return [daemon.supervisor()] + [p for p in map(daemon.child, CHILDREN) if p]


def pss_mib(daemon):
    total = 0
    for pid in pids(daemon):
        with open(f"/proc/{pid}/smaps_rollup", encoding="utf-8") as f:
            total += int(re.search(r"^Pss:\s+(\d+)", f.read(), re.M).group(1))
    return total / 1024


def daemon_cpu(daemon):
    """CPU seconds of each process, by its name."""
    names = ["tracex-auditd", *CHILDREN]
    return dict(zip(names, map(cpu_seconds, pids(daemon))))


def plain_config(**changes):
    config = CONFIG.replace("compress: zstd", "compress: none")
    for old, new in changes.items():
        config = config.replace(old, new)
    return config
