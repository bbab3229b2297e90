/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "auditd/supervisor/reload.h"
#include "libtx/conf/schema.h"

static void name_it(struct tx_buf *names, bool same, const char *name) {
    if (same)
        return;
    if (names->len > 1)
        tx_buf_char(names, ',');
    tx_buf_json_string(names, name, strlen(name));
}

void tx_reload_compare(const struct tx_conf *a, const struct tx_conf *b, struct tx_buf *names) {
    tx_buf_char(names, '[');
    for (const struct tx_conf_key *key = tx_conf_keys; key->path; key++)
        name_it(names, tx_conf_key_same(key, a, b), key->path);
    name_it(names, tx_durability_equal(&a->durability, &b->durability), "durability");
    tx_buf_char(names, ']');
}
