/* SPDX-License-Identifier: MIT */
#ifndef TX_MASK_MASK_H
#define TX_MASK_MASK_H

/*
 * The masking engine behind one header: a policy is compiled once and applied to records. Masking
 * is a pure function of record and policy. It knows no socket, no file and no log.
 *
 * Whatever goes wrong with a value (a limit, no memory, invalid JSON), the value is redacted whole.
 */

#include "libtx/base/bytes.h"
#include "libtx/crypto/hash.h"
#include "libtx/detect/detect.h"
#include "libtx/record/record.h"

/* --- rules, as libtx/conf reads them --- */

/* When several match, the strictest wins: drop_record, drop, redact, hash, mask. */
enum tx_mask_action_kind {
    TX_MASK_REDACT, /* the value becomes "[redacted]" */
    TX_MASK_KEEP, /* `mask`: keep first and last characters, '*' for the rest; where that would show
                     more than half of the value, it is redacted */
    TX_MASK_HASH, /* "hmac:" and 32 hex digits of HMAC-SHA-256(key, value) */
    TX_MASK_DROP, /* the field is left out */
    TX_MASK_DROP_RECORD,
};

struct tx_mask_action {
    enum tx_mask_action_kind kind;
    uint32_t keep_first;
    uint32_t keep_last;
};

/* A rule matches when each list that is not empty has a match; one without any list is an error.
 * Strings are owned by the rule. */
struct tx_mask_rule {
    char *id;
    char *
        *events; /* globs: `*` stays within a dotted part, `**` does not; "*" alone is any event */
    size_t n_events;
    char **fields; /* globs; case, camelCase and the separators _ - . are folded */
    size_t n_fields;
    char **detectors; /* names; only what they find is changed, not the whole value */
    size_t n_detectors;
    bool label_pii;
    bool label_secret;
    struct tx_mask_action action;
    bool builtin; /* of a preset; a rule of the file wins over it for what it names */
};

#define TX_MASK_RULES_MAX 1000 /* of a file */

/* Ids of the built-in set begin so; the file's must not. */
#define TX_MASK_BUILTIN_PREFIX "builtin-"

struct tx_mask_rules {
    bool preset_none; /* `masking: {preset: none}` */
    size_t n_rules;
    struct tx_mask_rule *rules; /* the file's, owned */
};

void tx_mask_rules_deinit(struct tx_mask_rules *rules);

/* A detector's name, or `pack:` and a pack's. False when there is none; *ret is set anew. */
bool tx_mask_detectors_named(const char *name, struct tx_detector_set *ret);

/* Appends the policy in its effective form (YAML: the built-in set and the file's rules, in the
 * order in which they apply, one spelling for one meaning): the bytes of policies/<sha256>.yaml. */
TX_MUST_USE int tx_mask_rules_render(const struct tx_mask_rules *rules, struct tx_bytes *b);

/* --- the compiled policy --- */

struct tx_mask; /* immutable; holds a scratch arena, so it belongs to one thread */

/* `key` is for the action `hash` (TX_MASK_KEY_BYTES_MIN at least; NULL with n_key 0 when no rule
 * hashes). Nothing of `rules` is borrowed. -EINVAL when the key is too short, there are too many
 * rules, or a rule has an empty or overlong pattern or an unknown detector. */
#define TX_MASK_KEY_BYTES_MIN 32
TX_MUST_USE int tx_mask_new(const struct tx_mask_rules *rules, const void *key, size_t n_key,
                            struct tx_mask **ret);
void tx_mask_free(struct tx_mask *mask);
TX_DEFINE_CLEANUP(struct tx_mask *, tx_mask_free);

/* SHA-256 of what tx_mask_rules_render gives. */
const struct tx_digest *tx_mask_policy(const struct tx_mask *mask);

/* Masks message, correlation_id, comm, exe and every field; sets the marks of struct tx_record and
 * its policy. First replaces what is not UTF-8 by U+FFFD and brings JSON into the log's spelling
 * (one that is not valid is masked whole, `error:json`). Changed values live in the mask's arena
 * until the next tx_mask_wipe. Cannot fail. */
void tx_mask_record(struct tx_mask *mask, struct tx_record *record);

/* As if every detector's context words stood near each candidate; for trying detectors. */
void tx_mask_assume_context(struct tx_mask *mask, bool assume);

/* Wipes the arena: everything that tx_mask_record gave since the last wipe is gone. */
void tx_mask_wipe(struct tx_mask *mask);

#endif
