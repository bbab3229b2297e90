/* SPDX-License-Identifier: MIT */
#ifndef TX_CONF_MASKING_H
#define TX_CONF_MASKING_H

/*
 * The section `masking:` of a configuration (docs/masking.md is its manual), read into struct
 * tx_masking: presets and packs are put in, names of users are looked up, files of words are read.
 * What compiles it needs no file any more.
 */

#include "libtx/conf/conf.h"
#include "libtx/conf/tree.h"
#include "libtx/mask/policy/masking.h"

/* `node` is the section's value, NULL when there is none; `directory` is the file's own, for
 * relative paths. 0; TX_CONF_E_MASKING when there was an error, which `errors` tells: then *ret is
 * a policy that masks every string (`lockdown`), and says `on_bad_config` as the file does if that
 * could be read; < 0 for no memory: *ret is empty. The caller deinits *ret. */
TX_MUST_USE int tx_conf_masking_read(const struct tx_conf_node *node, struct tx_text directory,
                                     struct tx_conf_errors *errors, struct tx_masking *ret);

/* Makes it a policy that masks every string; it keeps what `on_bad_config` says. */
void tx_conf_masking_lock_down(struct tx_masking *masking);

/* A preset or pack as it is built in: config/presets/NAME.yaml. */
struct tx_preset {
    const char *name;
    uint32_t version;
    bool is_pack;
    const char *text;
    size_t n;
};
extern const struct tx_preset tx_presets[]; /* ends with name == NULL; newest of a name first */

#endif
