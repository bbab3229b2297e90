/* SPDX-License-Identifier: MIT */
#ifndef TX_CONF_CONF_H
#define TX_CONF_CONF_H

/*
 * The configuration file (config/tracex.yaml is its manual): YAML by libyaml's events, walked by a
 * schema. Every key has a default. Errors are collected, all of one run, each with
 * file:line:column, the line, a caret, what was expected and "did you mean". Unknown and duplicate
 * keys, anchors, aliases, tags, several documents and wrong types are errors.
 */

#include <sys/types.h>

#include "libtx/base/bytes.h"
#include "libtx/conf/durability.h"
#include "libtx/conf/stream.h"
#include "libtx/mask/policy/masking.h"
#include "libtx/record/record.h"

struct tx_conf {
    char *user;         /* NULL: children keep the uid */
    char *socket_path;  /* paths are absolute: relative ones were joined to the file's directory */
    mode_t socket_mode; /* default 0666 */
    char *control_path;
    mode_t control_mode; /* default 0600 */
    char *state_dir;

    struct tx_stream streams[TX_STREAM_N]; /* `log:` is that of TX_STREAM_AUDIT */

    int64_t epoch_ns;       /* keys.epoch */
    uint64_t epoch_records; /* keys.epoch_records, default 1000000 */

    char *vault_dir; /* default: `vault` beside keys.dir */

    struct tx_durability durability;

    struct tx_masking masking;

    enum tx_record_severity journald_min_severity;
};

/* Reads `text`; `name` is the file's path, for messages and for relative paths. Errors are appended
 * to *errors (text for people, one paragraph each). 0; < 0 for no memory.
 * _E_INVALID  there was an error; *ret is not set.
 * _E_MASKING  all errors lie in `masking:`, or it is no YAML and would be without the lines of that
 *             section; *ret is set, and its masking is a lockdown, in which
 *             every string is masked. `refuse_bad_config` says whether the file wants that used. */
enum { TX_CONF_E_INVALID = 1, TX_CONF_E_MASKING = 2 };
TX_MUST_USE int tx_conf_parse(const char *name, struct tx_text text, struct tx_bytes *errors,
                              struct tx_conf **ret);

/* Opens and reads the file first: a missing one, a directory, one of more than
 * TX_LIMIT_CONFIG_BYTES, or one that group or others may write (when it belongs to root) is an
 * error in *errors too. The text that was read is put into *ret_text when that is not NULL, so that
 * others can show it. */
TX_MUST_USE int tx_conf_load(const char *path, struct tx_bytes *errors, struct tx_bytes *ret_text,
                             struct tx_conf **ret);
void tx_conf_free(struct tx_conf *conf);
TX_DEFINE_CLEANUP(struct tx_conf *, tx_conf_free);

/* The effective configuration as YAML, every key with its value (`tracex-auditd -T`). */
TX_MUST_USE int tx_conf_render(const struct tx_conf *conf, struct tx_bytes *b);

/* The same for a process that opens no file and looks up no user: reading it needs neither. The
 * log's name is left out when nobody said it, since an existing log keeps its own. */
TX_MUST_USE int tx_conf_render_to_hand_on(const struct tx_conf *conf, struct tx_bytes *b);

#endif
