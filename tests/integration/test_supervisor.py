#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Start, reload, restart and end of the real daemon, and what its control socket says."""
import errno
import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import unittest

import tap
from tracexd import AUDITD, BUILD, CHILDREN, CONFIG, SOURCE, Daemon, wait_until

AS_NOBODY = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
INJECT = os.path.join(BUILD, "tests/lib/inject-syscall")
NOT_ROOT = os.getuid() != 0


def status_of(pid, key):
    with open(f"/proc/{pid}/status", encoding="utf-8") as f:
        return re.search(rf"^{key}:[ \t]*(.*)$", f.read(), re.M).group(1).split()


class Control(unittest.TestCase):
    def test_the_status_is_whole_and_counts_connections(self):
        with Daemon().start() as d:
            d.emit("--durable")
            status = wait_until(lambda: self.status_when(d, accepted=1, open=0), 20, "the client is counted and gone")
            self.assertTrue(status["ok"])
            self.assertTrue(status["supervisor"]["ready"])
            self.assertEqual(status["supervisor"]["origin"], "test.example/audit")
            for name in ("ingest", "ledger", "signer"):
                self.assertEqual(status[name]["state"], "ready")
                self.assertTrue(status[name]["sandbox"]["seccomp"])
                self.assertTrue(d.status_of(name))
            self.assertNotIn("forward", status)

    @staticmethod
    def status_when(daemon, **wanted):
        status = daemon.ask("status")
        connections = status["supervisor"]["connections"]
        return status if all(connections[k] == v for k, v in wanted.items()) else None

    def test_what_is_not_a_request_is_answered(self):
        with Daemon().start() as d:
            self.assertEqual(d.ask("ping"), {"ok": True})
            self.assertEqual(d.ask("ping\n"), {"ok": True})
            for request in ("pong", "status now", "x" * 1000, "ping\0x"):
                self.assertFalse(d.ask(request)["ok"])

    def test_callers_that_say_nothing_do_not_keep_others_out(self):
        with Daemon().start() as d:
            silent = [socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(30)]
            for s in silent:
                s.connect(os.path.join(d.dir, "run/control.sock"))

            def answered():
                try:
                    return d.ask("ping")["ok"]
                except OSError:  # refused before it had asked
                    return False
            wait_until(answered, 20, "an answer")
            for s in silent:
                s.close()

    @unittest.skipIf(NOT_ROOT, "needs root to become somebody else")
    def test_another_user_is_refused_whatever_the_mode(self):
        with Daemon(CONFIG.replace('control.sock, mode: "0600"', 'control.sock, mode: "0666"')).start() as d:
            script = ("import contextlib, socket, sys\n"
                      "s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)\n"
                      "s.connect(sys.argv[1])\n"
                      "with contextlib.suppress(BrokenPipeError): s.send(b'status')\n"
                      "print(s.recv(1 << 18).decode())\n")
            said = subprocess.run([*AS_NOBODY, "/usr/bin/python3", "-c", script, os.path.join(d.dir, "run/control.sock")],
                                  check=True, stdout=subprocess.PIPE, text=True, cwd="/").stdout
            self.assertEqual(json.loads(said), {"ok": False, "error": "only root and the daemon's own user are answered"})


class Sockets(unittest.TestCase):
    def test_one_that_is_removed_is_made_anew_and_connections_live_on(self):
        with Daemon().start() as d:
            worker = d.emit_in_background("--count", 1000000000, "--durable", "--pace", 1000, "--event", "through")
            wait_until(lambda: d.records("through"), 20, "it logs")
            for path in (d.socket, os.path.join(d.dir, "run/control.sock")):
                mode = os.stat(path).st_mode
                os.unlink(path)
                wait_until(lambda path=path: os.path.exists(path), 20, "it is there again")
                wait_until(lambda path=path, mode=mode: os.stat(path).st_mode == mode, 20, "with its mode")
            d.emit("--durable", "--event", "after")
            self.assertEqual(d.status()["supervisor"]["connections"]["accepted"], 2, "nobody had to come again")
            worker.terminate()
            worker.wait()
            self.assertEqual(d.stop(), 0)
            self.assertEqual(len(d.records("after")), 1)

    def test_one_that_is_taken_by_others_is_told_of_and_theirs_stays(self):
        with Daemon().start() as d:
            os.unlink(d.socket)
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as other:
                other.bind(d.socket)
                other.listen()
                wait_until(lambda: d.status()["supervisor"]["socket_lost"], 20, "it is told")
                self.assertEqual(d.stderr().count("is not our socket any more"), 1)
            wait_until(lambda: not d.status()["supervisor"]["socket_lost"], 20, "it is mended")
            d.emit("--durable", "--event", "after")
            self.assertEqual(d.stop(), 0)
            self.assertFalse(os.path.exists(d.socket))


class Reload(unittest.TestCase):
    RULE = "masking:\n  rules:\n    - {id: colour, match: {fields: [colour]}, action: redact}\n"

    def test_good_rules_come_into_force_and_bad_ones_do_not(self):
        with Daemon().start() as d:
            d.emit("--durable", "--event", "one", "--field", "colour=red")
            d.write_config(CONFIG + self.RULE)
            self.assertEqual(d.ask("reload"), {"ok": True, "needs_restart": []})
            d.emit("--durable", "--event", "two", "--field", "colour=red")
            d.write_config(CONFIG + "nonsense: 1\n")
            answer = d.ask("reload")
            self.assertFalse(answer["ok"])
            self.assertIn("nonsense", answer["error"])
            self.assertIn("nonsense", d.stderr())
            d.emit("--durable", "--event", "three", "--field", "colour=red")
            self.assertEqual(d.stop(), 0)
            colours = {r["event"]: r["data"]["colour"] for r in d.records() if "colour" in r.get("data", {})}
            self.assertEqual(colours["one"], "red")
            self.assertNotIn("red", (colours["two"], colours["three"]))

    def test_sighup_reloads_too_and_a_restart_of_ingest_keeps_the_rules(self):
        with Daemon().start() as d:
            d.emit("--durable", "--event", "one", "--field", "colour=red")
            d.write_config(CONFIG + self.RULE)
            os.kill(d.supervisor(), signal.SIGHUP)
            wait_until(lambda: "are in force" in d.stderr(), 20, "the new rules")
            os.kill(d.child("tracex-ingest"), signal.SIGKILL)
            d.emit("--durable", "--event", "two", "--field", "colour=red")
            self.assertEqual(d.stop(), 0)
            self.assertNotEqual(d.records("two")[0]["data"]["colour"], "red")

    def test_users_are_looked_up_before_ingest_gets_the_rules(self):
        """In its sandbox ingest can open no file: it would be killed for looking one up."""
        me = pwd.getpwuid(os.getuid()).pw_name
        with Daemon().start() as d:
            ingest = d.child("tracex-ingest")
            d.write_config(CONFIG + self.RULE.replace("fields: [colour]", "fields: [colour], sender: {uid: %s}" % me))
            self.assertTrue(d.ask("reload")["ok"])
            d.emit("--durable", "--event", "mine", "--field", "colour=red")
            self.assertEqual(d.child("tracex-ingest"), ingest)
            d.write_config(CONFIG + self.RULE.replace("fields: [colour]", "fields: [colour], sender: {uid: no-such-user}"))
            answer = d.ask("reload")
            self.assertFalse(answer["ok"])
            self.assertIn("there is no user 'no-such-user'", answer["error"])
            self.assertEqual(d.stop(), 0)
            self.assertNotEqual(d.records("mine")[0]["data"]["colour"], "red")

    def test_keys_that_need_a_restart_are_named(self):
        with Daemon().start() as d:
            d.write_config(CONFIG.replace("dir: log", "dir: elsewhere").replace("epoch: 15min", "epoch: 1h"))
            self.assertEqual(d.ask("reload")["needs_restart"], ["log.dir", "keys.epoch", "streams.trace.dir"])


class Restarts(unittest.TestCase):
    def test_connections_outlive_each_child(self):
        with Daemon().start() as d:
            worker = d.emit_in_background("--count", 1000000000, "--durable", "--pace", 1000, "--event", "through")
            for name in CHILDREN:
                before = d.status()[name[7:]]["restarts"]
                os.kill(wait_until(lambda n=name: d.child(n), 20, name), signal.SIGKILL)
                wait_until(lambda n=name, b=before: d.status()[n[7:]]["restarts"] > b and
                           d.status()[n[7:]]["state"] == "ready", 30, f"{name} is back")
            accepted = d.status()["supervisor"]["connections"]["accepted"]
            worker.terminate()
            worker.wait()
            self.assertEqual(accepted, 1)
            self.assertEqual(d.stop(), 0)
            self.assertEqual(d.verify()[0], 0)

    def test_what_was_queued_survives_a_kill_of_the_supervisor_though_its_client_is_gone(self):
        with Daemon().start() as d:
            d.emit("--durable")
            os.kill(d.child("tracex-ledger"), signal.SIGSTOP)  # nothing becomes durable now
            d.emit("--count", 50, "--event", "queued")
            ledger = d.child("tracex-ledger")
            os.kill(d.supervisor(), signal.SIGKILL)
            os.kill(ledger, signal.SIGCONT)
            d.process.wait()
            d.start()
            self.assertEqual(d.stop(), 0)
            self.assertEqual(len(d.records("queued")), 50)

    def test_children_end_with_their_supervisor(self):
        with Daemon().start() as d:
            pids = [d.child(name) for name in CHILDREN]
            os.kill(d.supervisor(), signal.SIGKILL)
            d.process.wait()

            def gone():
                return not any(os.path.exists(f"/proc/{pid}") and status_of(pid, "State")[0] != "Z" for pid in pids)
            wait_until(gone, 20, "the children are gone")

    def test_a_thousand_clients_leave_no_descriptor_behind(self):
        with Daemon().start() as d:
            d.emit("--durable")

            def held():
                return [len(os.listdir(f"/proc/{pid}/fd")) for pid in (d.supervisor(), d.child("tracex-ingest"))]
            wait_until(lambda: d.status()["supervisor"]["connections"]["open"] == 0, 20, "nobody is connected")
            before = held()
            for number in range(1000):
                with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
                    s.connect(d.socket)
                    if number % 2:  # every other one does not read its WELCOME
                        for fd in socket.recv_fds(s, 64, 1)[1]:
                            os.close(fd)
            wait_until(lambda: d.status()["supervisor"]["connections"]["open"] == 0, 60, "all are gone")
            # The question about the status itself holds two for a moment.
            wait_until(lambda: all(now <= then for now, then in zip(held(), before)), 20, f"no more than {before}")
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:  # the control: one that stays is seen
                s.connect(d.socket)
                received = socket.recv_fds(s, 64, 1)[1]
                wait_until(lambda: held()[1] > before[1], 20, "its descriptor is seen")
                for fd in received:
                    os.close(fd)


class Walls(unittest.TestCase):
    @unittest.skipIf(NOT_ROOT, "needs root to become somebody else")
    def test_children_become_the_configured_user_and_its_directories_are_theirs(self):
        nobody = pwd.getpwuid(65534).pw_name
        with Daemon(f"user: {nobody}\n" + CONFIG).start() as d:
            d.emit("--durable", "--event", "as.user")
            for name in CHILDREN:
                self.assertEqual(status_of(d.child(name), "Uid"), ["65534"] * 4)
                self.assertEqual(status_of(d.child(name), "Groups"), [])
            self.assertEqual(status_of(d.supervisor(), "Uid")[0], "0")
            for path in ("log", "keys", "state/ledger"):
                self.assertEqual(os.stat(os.path.join(d.dir, path)).st_uid, 65534, path)
            for name in CHILDREN:
                os.kill(d.child(name), signal.SIGKILL)
                d.emit("--durable", "--event", "as.user")
            self.assertEqual(d.stop(), 0)
            d.write_config(CONFIG)  # and back: the files are root's again
            d.start()
            d.emit("--durable", "--event", "as.root")
            self.assertEqual(d.stop(), 0)
            self.assertEqual(d.verify()[0], 0)

    @unittest.skipIf(NOT_ROOT, "needs root for chroot")
    def test_without_landlock_the_status_says_so_and_the_ledger_still_reads_no_key(self):
        with Daemon(wrapper=[os.path.join(SOURCE, "tests/lib/without-landlock")]) as d:
            d.supervisor = lambda: d.process.pid  # the wrapper becomes the daemon
            d.start()
            d.emit("--durable", "--event", "no.landlock")
            status = d.status()
            for name in ("ingest", "ledger", "signer"):
                self.assertFalse(status[name]["sandbox"]["landlock"])
                self.assertTrue(status[name]["sandbox"]["chroot"])
            self.assertIn("without Landlock", d.stderr())
            self.assert_no_way_up(d)
            key = os.path.join(d.dir, "keys/pseudonym.key")
            said = subprocess.run([INJECT, str(d.child("tracex-ledger")), "openat", key], check=True, text=True,
                                  stdout=subprocess.PIPE).stdout
            self.assertEqual(said.strip(), f"= -{errno.ENOENT}")
            self.assertEqual(d.stop(), 0)
            self.assertEqual(d.verify()[0], 0)

    def assert_no_way_up(self, daemon):
        """By `..` from each directory that the ledger holds."""
        base = f"/proc/{daemon.child('tracex-ledger')}/fd"
        for fd, path, keys in (("7", "log", "../keys"), ("8", "state/ledger", "../../keys")):
            held = os.open(os.path.join(base, fd), os.O_RDONLY | os.O_DIRECTORY)
            plain = os.open(os.path.join(daemon.dir, path), os.O_RDONLY | os.O_DIRECTORY)
            try:
                self.assertEqual(os.fstat(held).st_ino, os.fstat(plain).st_ino)
                os.stat(keys, dir_fd=plain)  # the control: usually `..` does lead there
                with self.assertRaises(FileNotFoundError):
                    os.stat(keys, dir_fd=held)
            finally:
                os.close(held)
                os.close(plain)

    def test_the_supervisor_keeps_only_what_it_needs(self):
        with Daemon().start() as d:
            pid = d.supervisor()
            self.assertEqual(status_of(pid, "NoNewPrivs"), ["1"])
            self.assertEqual(status_of(pid, "Seccomp"), ["2"])
            kept = sum(1 << c for c in (5, 6, 7, 12, 18, 19))  # kill setgid setuid net_admin sys_chroot sys_ptrace
            self.assertEqual(int(status_of(pid, "CapPrm")[0], 16) & ~kept, 0)


class Start(unittest.TestCase):
    def test_a_daemon_waits_for_its_dying_predecessor(self):
        with Daemon().start() as d:
            d.emit("--durable", "--event", "first")
            os.kill(d.supervisor(), signal.SIGKILL)
            d.process.wait()
            d.start()  # while the children of the one before may still be there
            d.emit("--durable", "--event", "second")
            self.assertEqual(d.stop(), 0)
            self.assertEqual([len(d.records(e)) for e in ("first", "second")], [1, 1])

    def test_two_logs_cannot_share_a_socket_and_two_state_directories_cannot_share_a_log(self):
        with Daemon().start() as d, Daemon() as other:
            for key, value in (("run/audit.sock", d.socket), ("dir: log", f"dir: {d.log}")):
                other.write_config(CONFIG.replace(key, value))
                result = subprocess.run([AUDITD, "-c", other.config], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                        text=True, timeout=60, check=False)
                self.assertEqual(result.returncode, 1, result.stderr)
                self.assertIn(value.split()[-1], result.stderr)
            d.emit("--durable")

    def test_another_origin_than_the_logs_is_refused_unless_it_is_only_the_default(self):
        with Daemon().start() as d:
            d.emit("--durable")
            self.assertEqual(d.stop(), 0)
            d.write_config(CONFIG.replace("  origin: test.example/audit\n", ""))
            d.start()
            self.assertEqual(d.status()["supervisor"]["origin"], "test.example/audit")
            self.assertEqual(d.stop(), 0)
            d.write_config(CONFIG.replace("test.example/audit", "other.example/audit"))
            result = subprocess.run([AUDITD, "-c", d.config], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                    text=True, timeout=60, check=False)
            self.assertEqual(result.returncode, 1)
            self.assertIn("other.example/audit", result.stderr)
            self.assertIn("test.example/audit", result.stderr)

    def test_a_log_that_cannot_be_continued_ends_the_daemon_with_a_status_of_its_own(self):
        with Daemon().start() as d:
            d.emit("--durable", "--count", 30)
            self.assertEqual(d.stop(), 0)
            path = os.path.join(d.log, d.segments()[-1])
            with open(path, "rb") as f:
                lines = f.read().splitlines(keepends=True)
            with open(path, "wb") as f:
                f.write(b"".join(lines[:8]))
            d.start(ready=False)
            self.assertEqual(d.process.wait(30), 3)
            self.assertIn("--new-log", d.stderr())

    def test_an_interrupt_from_a_terminal_drains_as_sigterm_does(self):
        with Daemon().start() as d:
            d.emit("--count", 2000, "--event", "before.interrupt")
            os.killpg(d.process.pid, signal.SIGINT)  # as a terminal does: every process gets it
            self.assertEqual(d.process.wait(30), 0)
            self.assertEqual(len(d.records("before.interrupt")), 2000)

    def test_the_service_manager_is_told_what_happens(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager, Daemon() as d:
            path = os.path.join(d.dir, "notify")
            manager.bind(path)
            manager.settimeout(20)
            said = []

            def hears(word):
                while not any(word in x for x in said):
                    said.append(manager.recv(4096).decode())
            d.environment.update(NOTIFY_SOCKET=path, WATCHDOG_USEC="20000000")
            d.start()
            hears("READY=1")
            hears("WATCHDOG=1")
            said.clear()
            self.assertTrue(d.ask("reload")["ok"])
            hears("RELOADING=1")
            hears("READY=1")
            os.kill(d.supervisor(), signal.SIGTERM)
            hears("STOPPING=1")
            self.assertEqual(d.process.wait(30), 0)

    @unittest.skipUnless(shutil.which("systemd-socket-activate"), "systemd-socket-activate is not installed")
    def test_a_socket_of_the_service_manager_is_used_and_left_in_place(self):
        with Daemon() as d:
            os.mkdir(os.path.join(d.dir, "run"))
            d.wrapper = ["systemd-socket-activate", "--seqpacket", "--listen", d.socket]
            d.supervisor = lambda: d.process.pid  # it becomes the daemon at the first connection
            d.start(ready=False)
            wait_until(lambda: os.path.exists(d.socket), 20, "the socket")
            d.emit("--durable", "--timeout", 20000, "--event", "activated", check=False)
            wait_until(lambda: re.search(r"\bready\b", d.stderr()), 30, "ready")
            d.emit("--durable", "--event", "activated")
            self.assertTrue(d.status()["supervisor"]["socket_activated"])
            self.assertEqual(d.stop(), 0)
            self.assertTrue(os.path.exists(d.socket))


if __name__ == "__main__":
    tap.main()
