/* SPDX-License-Identifier: MIT */
#ifndef TX_MASK_ACTION_H
#define TX_MASK_ACTION_H

/*
 * What stands in place of a value or of a part of it: one function for all actions that give a
 * text. Which action it is has been decided; nothing here knows a rule. An action is a function of
 * its arguments alone, but for ENCRYPT, whose nonce is random.
 */

#include "libtx/base/buf.h"
#include "libtx/base/text.h"
#include "libtx/detect/detect.h"
#include "libtx/mask/action/subject.h"
#include "libtx/mask/policy/masking.h"

/* A key's bytes by its id in the configuration. Borrowed; TX_MASK_KEY_BYTES_MIN at least. */
#define TX_MASK_KEY_BYTES_MIN 32
struct tx_mask_key {
    const char *id;
    const void *bytes;
    size_t n;
};

/* The text of a value, and where it stands. All borrowed for the call. */
struct tx_action_subject {
    struct tx_text text;
    enum tx_detector
        detector; /* the only one that found it; TX_DETECT_N: none or several, or a whole value */
    const char *detector_name; /* for ${detector}; "value" when there is none */
    const char *rule;
    struct tx_text event, field; /* names */
    const uint8_t *record_id;    /* 16 bytes */
    const uint8_t *policy;       /* 8 bytes */
    int64_t received;            /* ns since 1970: which epoch of a key */
    uint32_t n;                  /* of the spans of this record that were replaced, from 1 */
    uint32_t ordinal;            /* for ENCRYPT: of the field's ciphertexts, from 1 */
    struct tx_text person;       /* for ENCRYPT: who `subject` names; n == 0: not known */
    bool is_new;                 /* nothing was masked in it yet: what _is_output is none */
};

struct tx_action_tools; /* keys set up, and memory that is wiped after each use; one thread's */

/* Keys that the rules name and that are not in `keys`: -ENOKEY; too short, or a text of REPLACE
 * that is not valid: -EINVAL. `subjects` is borrowed, and NULL where no vault is. Nothing else is
 * borrowed. */
TX_MUST_USE int tx_action_tools_new(const struct tx_masking *masking,
                                    const struct tx_mask_key *keys, size_t n_keys,
                                    const struct tx_subject_keys *subjects,
                                    struct tx_action_tools **ret);
void tx_action_tools_free(struct tx_action_tools *tools);
TX_DEFINE_CLEANUP(struct tx_action_tools *, tx_action_tools_free);

/* Wipes what is known of persons' keys: after one of them was destroyed. */
void tx_action_tools_forget(struct tx_action_tools *tools);

/* What stands in place of what is redacted. */
#define TX_ACTION_REDACTED TX_TEXT("[redacted]")

/* Writes what stands in the text's place. Not for ALLOW, REDACT, DROP_* and KEEP_ONLY. A text that
 * is redacted, or _is_output and not new, stays, but for REPLACE. When it is not 0, nothing was
 * written and the caller redacts: _E_SHOWS  the text is too short for the action, or not of its
 * kind (no address, no date); _E_FAILED a key or the vault was not to be had, or there was no room
 * (`out` is full then): an error to be counted. */
enum { TX_ACTION_E_SHOWS = 1, TX_ACTION_E_FAILED = 2 };
TX_MUST_USE int tx_action_apply(struct tx_action_tools *tools,
                                const struct tx_masking_action *action,
                                const struct tx_action_subject *subject, struct tx_buf *out);

/* Whether a text may be that of REPLACE: UTF-8 without control characters, and no other ${…} than
 * ${detector}, ${rule} and ${n}. */
bool tx_action_replace_valid(struct tx_text text);

/* Where the span of an IP address that ends at `end` should end for the action IP: behind the
 * prefix length ("/24") that a first masking wrote. */
size_t tx_action_ip_end(struct tx_text text, size_t end);

/* The one spelling of what a detector found (docs/format.md, section 8): small letters for e-mail
 * addresses, no separators for numbers, E.164 for telephones, the full form of an IP address; any
 * other text as it is. It is never longer than TX_CANONICAL_BYTES or the text. */
#define TX_CANONICAL_BYTES 64
void tx_action_canonical(enum tx_detector detector, struct tx_text text, struct tx_buf *out);

/* Whether a text was made by one of these actions, so that a second masking leaves it alone: a
 * pseudonym (also without its tag, as a detector finds it behind "token:"), a ciphertext, a
 * commitment. It tells form, not truth. */
bool tx_action_is_output(struct tx_text text);

/* What COMMIT writes, again, and the salt: with both and the value anybody can check it, and nobody
 * learns of other records. -EINVAL: the key is too short. */
#define TX_ACTION_SALT_BYTES 16
TX_MUST_USE int tx_action_commit_again(const struct tx_mask_key *key, const uint8_t *record_id,
                                       struct tx_text field, uint32_t n, struct tx_text value,
                                       struct tx_buf *out, uint8_t ret_salt[TX_ACTION_SALT_BYTES]);

#endif
