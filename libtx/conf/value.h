/* SPDX-License-Identifier: MIT */
#ifndef TX_CONF_VALUE_H
#define TX_CONF_VALUE_H

/*
 * The scalars of a configuration: a number with a unit, a mode, a word of a list. The schema says
 * which one a key has; nothing is guessed from how it looks.
 */

#include <stdbool.h>

#include "libtx/base/buf.h"
#include "libtx/base/error.h"

/* "64MiB", "1kB", "512B": an integer and a unit. -EINVAL, -ERANGE. */
TX_MUST_USE int tx_conf_value_size(const char *text, uint64_t *ret_bytes);

/* A size, or "5%": a whole number of hundredths, at most 100, as TX_CONF_SHARE | percent. */
#define TX_CONF_SHARE (UINT64_C(1) << 63)
TX_MUST_USE int tx_conf_value_space(const char *text, uint64_t *ret);

/* "100ms", "15min", "1d": an integer and a unit (ns us ms s min h d). -EINVAL, -ERANGE. */
TX_MUST_USE int tx_conf_value_time(const char *text, int64_t *ret_ns);

/* A decimal integer. -EINVAL, -ERANGE. */
TX_MUST_USE int tx_conf_value_count(const char *text, uint64_t *ret);

/* "true" or "false". -EINVAL. */
TX_MUST_USE int tx_conf_value_bool(const char *text, bool *ret);

/* Three or four octal digits, at most 0777. -EINVAL. */
TX_MUST_USE int tx_conf_value_mode(const char *text, uint32_t *ret);

/* The largest unit in which the number is whole: what the readers above take. */
void tx_conf_value_put_size(struct tx_buf *b, uint64_t bytes);
void tx_conf_value_put_space(struct tx_buf *b, uint64_t space);
void tx_conf_value_put_time(struct tx_buf *b, int64_t ns);

#endif
