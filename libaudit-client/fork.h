/* SPDX-License-Identifier: MIT */
#ifndef TX_CLIENT_FORK_H
#define TX_CLIENT_FORK_H

/*
 * What a fork does to us. Everything of the client lies in memory that the kernel hands to a child
 * as zeros (MADV_WIPEONFORK) and leaves out of core dumps; all zero means "nothing has happened
 * yet", lock included. So a child begins as a client of its own, whatever other threads were doing,
 * and cannot send in its parent's name. Only what stands here is known across a fork: where that
 * memory is, and which descriptor was the parent's.
 */

#include "libaudit-client/client.h"

/* The client of this process. -ENOMEM; -EINVAL on Linux before 4.14. */
TX_MUST_USE int tx_fork_client(struct tx_client **ret);
/* The same, when there is one already; else NULL. */
struct tx_client *tx_fork_client_if_any(void);

/* Memory of n bytes that a fork hands to the child as zeros. */
TX_MUST_USE int tx_fork_map(size_t n, void **ret);
void tx_fork_unmap(void *p, size_t n);

/* Memory of n bytes for the ring, all zero; what was mapped before is used or unmapped. */
TX_MUST_USE int tx_fork_memory(size_t n, void **ret);

/* Remembers that `fd` is ours. */
void tx_fork_keep_fd(int fd);
/* Closes what tx_fork_keep_fd was told, here or in the parent, unless a program that closes every
 * descriptor did, and the number means something else by now. `wake`: threads that wait in poll for
 * it notice; not in a child, since it would end the parent's connection. */
void tx_fork_close_fd(bool wake);

/* Whether `fd` is that descriptor still. Asked before each use: a program that closes all its
 * descriptors may have opened one of its own with the same number. */
bool tx_fork_is_kept(int fd);

#endif
