/* SPDX-License-Identifier: MIT */
#include "auditd/supervisor/notify.h"

#include <systemd/sd-daemon.h>

#include "libtx/base/clock.h"

void tx_notify_init(struct tx_notify *notify) {
    uint64_t usec;
    notify->watchdog = sd_watchdog_enabled(0, &usec) > 0;
}

void tx_notify_feed(struct tx_notify *notify) {
    if (notify->watchdog)
        sd_notify(0, "WATCHDOG=1");
}

void tx_notify_ready(struct tx_notify *notify) {
    (void)notify;
    sd_notify(0, "READY=1");
}

void tx_notify_status(struct tx_notify *notify, const char *text) {
    (void)notify;
    sd_notifyf(0, "STATUS=%s", text);
}

void tx_notify_reloading(struct tx_notify *notify) {
    (void)notify;
    sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld",
               (long long)(tx_clock_get(CLOCK_MONOTONIC) / 1000));
}

void tx_notify_stopping(struct tx_notify *notify) {
    (void)notify;
    sd_notify(0, "STOPPING=1");
}
