/* SPDX-License-Identifier: MIT */
#ifndef TX_CONF_SCHEMA_H
#define TX_CONF_SCHEMA_H

/*
 * The table of keys: what each is called, of which type, within which limits, what it is when
 * nobody says it, and where it goes in struct tx_conf. Reading, defaults and `tracex-auditd -T` all
 * walk this one table. `masking:` has a shape of its own: libtx/conf/masking.h.
 */

#include "libtx/conf/conf.h"

enum tx_conf_type {
    TX_CONF_TYPE_PATH,   /* char *; relative ones are joined to the file's directory */
    TX_CONF_TYPE_NAME,   /* char *; a user's name */
    TX_CONF_TYPE_ORIGIN, /* char * */
    TX_CONF_TYPE_SIZE,   /* uint64_t, bytes */
    TX_CONF_TYPE_SIZE_OR_OFF,
    TX_CONF_TYPE_SPACE_OR_OFF, /* uint64_t: bytes, or TX_CONF_SHARE | percent */
    TX_CONF_TYPE_TIME,         /* int64_t, ns */
    TX_CONF_TYPE_TIME_OR_OFF,
    TX_CONF_TYPE_COUNT, /* uint64_t */
    TX_CONF_TYPE_BOOL,
    TX_CONF_TYPE_MODE,   /* mode_t */
    TX_CONF_TYPE_EVENTS, /* struct tx_masking_list: globs of event names, perhaps none */
    TX_CONF_TYPE_WORD,   /* an enum: the index in `words` */
    TX_CONF_TYPE_FIXED,  /* must be just the default: version, log.hash */
};

struct tx_conf_key {
    const char *path; /* "log.segment.max_bytes" */
    enum tx_conf_type type;
    size_t offset;            /* in struct tx_conf */
    const char *default_text; /* NULL: computed, or none */
    uint64_t min, max;        /* SIZE, TIME, COUNT */
    const char *const *words; /* WORD */
};

/* Ends with path == NULL; keys of one section stand together, in the order of `-T`. */
extern const struct tx_conf_key tx_conf_keys[];

/* Whether the key has the same value in both. */
bool tx_conf_key_same(const struct tx_conf_key *key, const struct tx_conf *a,
                      const struct tx_conf *b);

#endif
