#!/bin/sh
# SPDX-License-Identifier: MIT
# What test_systemd.py has done within a container (tests/lib/in-systemd). It prints NAME=VALUE.
# usage: in_systemd.sh BUILD
set -u
build=$1
socket=/run/tracex/audit.sock
log=/var/log/tracex/audit

show() { systemctl show tracex-auditd -p "$1" --value; }
connections() {
    "$build/tools/ctl/tracexctl" -c /etc/tracex.yaml status -o json | tr ',{' '\n\n' | grep -E "\"$1\":" | head -n 1 | cut -d: -f2
}
until_active() {
    for _ in $(seq 100); do
        [ "$(show ActiveState)" = active ] && [ "$(show MainPID)" != 0 ] && return
        sleep 0.2
    done
}
emit() { TRACEX_SOCKET=$socket "$build/tests/lib/tx-emit" "$@"; }

mkdir -p /etc/systemd/system
sed -E "s|^ExecStart=.*|ExecStart=$build/auditd/supervisor/tracex-auditd --config /etc/tracex.yaml|; /^ProtectHome=/d; /^PrivateTmp=/d" \
    "$build/packaging/tracex-auditd.service" >/etc/systemd/system/tracex-auditd.service
cp "$build/packaging/tracex-auditd.socket" /etc/systemd/system/
printf 'version: 1\nforward:\n  journald: {enabled: false}\n' >/etc/tracex.yaml
systemctl daemon-reload
timeout 60 systemctl start tracex-auditd.socket tracex-auditd.service
echo "started=$?"
emit --count 1000000000 --pace 1000 --durable --event through >/dev/null 2>&1 &
client=$!
for _ in $(seq 100); do
    [ "$(connections open)" = 1 ] && break
    sleep 0.1
done
echo "before=$(connections open)/$(connections accepted)"
for number in 1 2; do
    kill -9 "$(show MainPID)"
    sleep 0.3
    until_active
    sleep 0.5
    echo "killed_$number=$(connections open)/$(connections accepted)"
done
kill "$client"
# Nothing is read now; its client is gone when everything is killed.
kill -STOP "$(pgrep -x tracex-ingest)"
emit --count 10 --event unread
kill -9 "$(show MainPID)"
sleep 0.3
until_active
timeout 60 systemctl stop tracex-auditd
echo "stopped=$?"
echo "unread=$(grep -h -o '"event":"unread"' "$log"/*.jsonl | wc -l)"
echo "through=$(grep -h -o '"event":"through"' "$log"/*.jsonl | wc -l)"
"$build/tools/auditverify/tracex-auditverify" -q "$log"
echo "verified=$?"
