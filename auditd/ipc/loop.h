/* SPDX-License-Identifier: MIT */
#ifndef TX_IPC_LOOP_H
#define TX_IPC_LOOP_H

/*
 * An epoll loop: each source is a descriptor with a handler; a timer is a source on the boot clock.
 * It is level-triggered and single-threaded. It does not own the descriptors of sources, except
 * timers'.
 */

#include <stdint.h>

#include "libtx/base/error.h"

struct tx_loop;
struct tx_source_handle;

/* Called with the events of epoll_wait(2). < 0 ends the loop and is returned by tx_loop_run. */
typedef int (*tx_loop_handler)(void *data, uint32_t events);

TX_MUST_USE int tx_loop_new(struct tx_loop **ret);
void tx_loop_free(struct tx_loop *loop);
TX_DEFINE_CLEANUP(struct tx_loop *, tx_loop_free);

/* Watches fd. The handle is valid until it is removed, also within a handler. */
TX_MUST_USE int tx_loop_add(struct tx_loop *loop, int fd, uint32_t events, tx_loop_handler handler,
                            void *data, struct tx_source_handle **ret);
TX_MUST_USE int tx_loop_modify(struct tx_loop *loop, struct tx_source_handle *source,
                               uint32_t events);
/* NULL is fine. May be called within any handler, its own too; the descriptor is not closed. */
void tx_loop_remove(struct tx_loop *loop, struct tx_source_handle *source);

/* A timer that is off; its handler gets events = 0. */
TX_MUST_USE int tx_loop_add_timer(struct tx_loop *loop, tx_loop_handler handler, void *data,
                                  struct tx_source_handle **ret);
/* Fires once at `boot_ns` (tx_clock_boot; in the past: at once), then each `repeat_ns` (0: not
 * again). boot_ns = 0 switches it off. */
TX_MUST_USE int tx_loop_set_timer(struct tx_source_handle *timer, int64_t boot_ns,
                                  int64_t repeat_ns);

/* Runs until tx_loop_stop (0) or a handler fails. */
TX_MUST_USE int tx_loop_run(struct tx_loop *loop);
void tx_loop_stop(struct tx_loop *loop);

#endif
