/* SPDX-License-Identifier: MIT */
#ifndef TX_TESTS_CLIENT_CHECK_H
#define TX_TESTS_CLIENT_CHECK_H

/*
 * What the client's tests share: a stand-in for the daemon for each test, and calls that must work.
 */

#include <check.h>
#include <tracex/audit.h>

#include "tests/client/stand-in.h"

static struct stand_in *daemon_;

static inline void set_up(void) {
    daemon_ = stand_in_start();
}

static inline void tear_down(void) {
    tx_close();
    stand_in_stop(daemon_);
}

static inline struct tx_stats stats(void) {
    struct tx_stats s = {.size = sizeof(s)};
    ck_assert_int_eq(tx_stats(&s), 0);
    return s;
}

static inline int log_one(void) {
    return tx_audit_log("x", TX_SUCCESS, TX_STR("text", "some text of a usual length"));
}

static inline void log_and_flush(void) {
    ck_assert_int_eq(log_one(), 0);
    ck_assert_int_eq(tx_flush(60000), 0);
}

#endif
