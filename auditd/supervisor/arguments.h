/* SPDX-License-Identifier: MIT */
#ifndef TX_SUPERVISOR_ARGUMENTS_H
#define TX_SUPERVISOR_ARGUMENTS_H

/*
 * What each child is given at its start: the descriptors (auditd/ipc/fds.h), which are all that it
 * can reach, and the options (auditd/ipc/child.h).
 */

#include "auditd/supervisor/children.h"
#include "auditd/supervisor/links.h"
#include "auditd/supervisor/setup.h"

/* Adds the child's descriptors, without the control socket. `links`: those of each stream. */
void tx_arguments_descriptors(const struct tx_setup *setup, const struct tx_links *links,
                              const struct tx_child *child, struct tx_spawn *spawn);

/* Fills argv and its NULL. The numbers among them stay valid until the next call. */
TX_MUST_USE int tx_arguments_options(const struct tx_conf *conf, const struct tx_setup *setup,
                                     const char *config_name, const struct tx_child *child,
                                     char **argv, size_t n_argv);

#endif
