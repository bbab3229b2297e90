/* SPDX-License-Identifier: MIT */
#ifndef TX_CONF_DURABILITY_H
#define TX_CONF_DURABILITY_H

/*
 * `durability:` of the configuration, as plain data: for classes of events, how durable their
 * records are at least, and what happens when that cannot be had. Clients are told it when they
 * connect (docs/wire.md, POLICY); nothing else of the daemon uses it. No classes is the default.
 */

#include "libtx/base/bytes.h"
#include "libtx/conf/errors.h"
#include "libtx/mask/policy/masking.h"

struct tx_conf_node;

enum tx_durability_level { TX_LEVEL_QUEUED, TX_LEVEL_DURABLE };

/* The later, the stricter. */
enum tx_durability_unavailable { TX_UNAVAILABLE_DROP, TX_UNAVAILABLE_FAIL, TX_UNAVAILABLE_BLOCK };

struct tx_durability_class {
    struct tx_masking_list events; /* globs, with { } and [ ] written out */
    int level;
    int unavailable;
    bool has_timeout;
    int64_t timeout_ns; /* whole milliseconds */
};

struct tx_durability {
    size_t n;
    struct tx_durability_class *classes; /* owned */
};

void tx_durability_deinit(struct tx_durability *durability);
bool tx_durability_equal(const struct tx_durability *a, const struct tx_durability *b);

/* Reads the section; what is wrong is told in *errors. */
void tx_conf_durability_read(const struct tx_conf_node *node, struct tx_conf_errors *errors,
                             struct tx_durability *ret);
/* `durability:` with all that is in force, as YAML. */
TX_MUST_USE int tx_conf_durability_render(const struct tx_durability *durability,
                                          struct tx_bytes *b);

#endif
