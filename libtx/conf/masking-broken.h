/* SPDX-License-Identifier: MIT */
#ifndef TX_CONF_MASKING_BROKEN_H
#define TX_CONF_MASKING_BROKEN_H

/*
 * A file that is no YAML because of its section `masking:`: the lines of the section are found by
 * how they begin, so that the rest can be read without them. It knows no YAML.
 */

#include <stdbool.h>

#include "libtx/base/text.h"

/* From the line `masking:` up to the next one that begins with another key. False when there is no
 * such line, or several. */
bool tx_masking_lines(struct tx_text text, struct tx_text *ret);

/* Whether somebody wrote `on_bad_config: refuse` there. */
bool tx_masking_lines_refuse(struct tx_text lines);

#endif
