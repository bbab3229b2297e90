/* SPDX-License-Identifier: MIT */
#ifndef TX_MASK_MASKING_H
#define TX_MASK_MASKING_H

/*
 * The section `masking:` of a configuration as plain data, presets and packs included: what
 * libtx/conf reads and the engine compiles (docs/masking.md is its manual). It knows no YAML and
 * finds nothing. Every string and list is owned by the struct it stands in; tx_masking_deinit frees
 * them all.
 */

#include <stdbool.h>
#include <stdint.h>

#include "libtx/base/bytes.h"

#define TX_MASKING_RULES_MAX 1000 /* of a file; presets and packs come on top */
#define TX_MASKING_CUSTOM_MAX                                                                      \
    128 /* detectors of a file, the `regex` of a rule's match among them */
#define TX_MASKING_KEYS_MAX 32
#define TX_MASKING_DEFAULT_KEY "default" /* keys.dir/pseudonym.key; always there */

/* A list of strings. */
struct tx_masking_list {
    size_t n;
    char **item;
};

/* --- what is done --- */

/* From lax to strict: of several that claim a byte, the last in this order wins. */
enum tx_masking_action_kind {
    TX_ACTION_ALLOW,
    TX_ACTION_REPLACE,   /* a text of the file's */
    TX_ACTION_MASK,      /* first and last characters stay */
    TX_ACTION_IP,        /* the network's part stays */
    TX_ACTION_DATE,      /* the year, the month or the week stays */
    TX_ACTION_BUCKET,    /* the range that a number lies in */
    TX_ACTION_ROUND,     /* fewer decimals: coordinates, amounts */
    TX_ACTION_URL,       /* the parts that are named stay */
    TX_ACTION_KEEP_ONLY, /* of a JSON object the members that are named */
    TX_ACTION_COMMIT,    /* a salted hash, which whoever has the key can open for one record */
    TX_ACTION_PSEUDONYM, /* the same for the same value, within a domain and a key's epoch */
    TX_ACTION_ENCRYPT,   /* under a key of the subject's, which can be destroyed */
    TX_ACTION_REDACT,
    TX_ACTION_DROP_FIELD,
    TX_ACTION_DROP_RECORD, /* a tombstone stays */
    TX_ACTION_N,
};

enum tx_masking_date { TX_DATE_YEAR, TX_DATE_MONTH, TX_DATE_WEEK };
enum tx_masking_scope { TX_SCOPE_DOMAIN, TX_SCOPE_DETECTOR, TX_SCOPE_FIELD, TX_SCOPE_EVENT };
enum tx_masking_url { TX_URL_KEEP, TX_URL_DROP, TX_URL_REDACT };

struct tx_masking_action {
    enum tx_masking_action_kind kind;
    union {
        struct {
            char *text; /* with ${detector}, ${rule} and ${n} */
        } replace;
        struct {
            uint32_t keep_first, keep_last; /* characters; 64 at most each */
            uint32_t min_hidden; /* fewer hidden ones: redacted. And never more shown than hidden */
            uint32_t fixed_length; /* hidden ones are written as so many, and no fewer than
                                      min_hidden and what is shown; 0: as many as there are */
            bool keep_separators; /* default true: single spaces, dashes, dots and slashes within */
            char character[5];    /* one character of UTF-8, default "*" */
        } mask;
        struct {
            uint8_t v4_prefix, v6_prefix; /* bits that stay; default 24 and 48 */
        } ip;
        struct {
            enum tx_masking_date to;
        } date;
        struct {
            double width; /* > 0, or the edges */
            size_t n_edges;
            double *edges; /* ascending */
        } bucket;
        struct {
            uint8_t digits; /* after the point */
        } round;
        struct {
            enum tx_masking_url userinfo; /* default DROP; KEEP: a password becomes [redacted] */
            enum tx_masking_url
                query; /* of the parameters that are not in query_keep; default REDACT */
            struct tx_masking_list query_keep;
            enum tx_masking_url fragment; /* default DROP */
            bool path_ids;                /* segments of a path that look like ids become {id} */
        } url;
        struct {
            struct tx_masking_list keys;
        } keep_only;
        struct {
            char *key; /* id; default TX_MASKING_DEFAULT_KEY */
        } commit;
        struct {
            char *key;    /* id; default TX_MASKING_DEFAULT_KEY */
            char *domain; /* values are equal to each other within one; default "default" */
            enum tx_masking_scope scope; /* what joins the domain */
            uint16_t bits;               /* 64, 80, 96 … 256; default 128 */
            bool canonical;              /* default true: one spelling of what one detector found */
            bool hex;                    /* else base32 */
            bool keep_domain;            /* of an e-mail address: what follows the @ stays */
        } pseudonym;
        struct {
            char *subject; /* the field (a name, or a JSON pointer into one) whose value names the
                              person */
            char *also_index; /* a key's id: a pseudonym stands in front, to search for; or NULL */
        } encrypt;
    };
};

/* --- what it is done to --- */

enum tx_masking_type { /* bits */
                       TX_TYPE_STRING = 1,
                       TX_TYPE_INT = 2,
                       TX_TYPE_FLOAT = 4,
                       TX_TYPE_BYTES = 8,
                       TX_TYPE_BOOL = 16,
                       TX_TYPE_MAP = 32, /* a JSON object or array */
};

struct tx_masking_ids {
    size_t n;
    uint32_t *id;
};

/* Who sent the record, as the kernel says. Lists that are not empty must each have a match; what is
 * not known matches nothing. */
struct tx_masking_sender {
    struct tx_masking_ids uids, gids;   /* names were looked up when the file was read */
    struct tx_masking_list units, exes; /* globs: `*` is anything but '/', `**` anything */
};

/* All that is not empty must hold. An empty match is met by everything. */
struct tx_masking_match {
    struct tx_masking_list events; /* globs of names, see glob.h */
    struct tx_masking_list
        fields; /* globs of names, or JSON pointers (RFC 6901) with * and **: /p/STAR/q */
    struct tx_masking_list keys;  /* globs of the keys of JSON members, whatever is above them */
    unsigned types;               /* bits; 0: any */
    bool label_pii, label_secret; /* any of them */
    bool has_sender;
    struct tx_masking_sender sender;

    /* Of a span; in a rule's own match only, not within `all`, `any`, `none`. A rule that has
     * detectors claims what they find, one without claims the value as a whole. */
    struct tx_masking_list
        detectors; /* names, "pack:NAME", or of `detectors:`; `regex` stands here by its own name */
    uint8_t min_confidence; /* percent */
    uint32_t min_count;     /* so many in one record, or the rule does nothing */

    size_t n_all, n_any, n_none;
    struct tx_masking_match *all;  /* classes */
    struct tx_masking_match *any;  /* at least one, when there are some */
    struct tx_masking_match *none; /* `not`, and `except` */
};

enum tx_masking_source { TX_FROM_PRESET, TX_FROM_PACK, TX_FROM_FILE };

struct tx_masking_rule {
    char *id; /* "secure-default/card", "pci/cvv", or as the file has it */
    enum tx_masking_source source;
    struct tx_masking_match match;
    struct tx_masking_action action;
    bool locked;       /* a floor: no `allow` and no `replaces` reaches what it claims */
    bool shadow;       /* claims nothing; is counted and told by `explain` */
    bool type_to_null; /* on_type_change: null; a number that is changed becomes null instead of a
                          string */
    char *reason;      /* NULL: none; always there with ALLOW */
    char *approved_by;
    int64_t expires; /* ns since 1970; 0: never. From then on the rule does not exist (ALLOW;
                        `until` of a shadow) */
    struct tx_masking_list
        replaces; /* ids of unlocked preset rules that do nothing where this rule's match holds */
    size_t line;  /* in the file, for messages; 0: preset */
};

/* --- detectors of the file --- */

enum tx_masking_validator {
    TX_VALID_NONE,
    TX_VALID_LUHN,
    TX_VALID_VERHOEFF,
    TX_VALID_MOD97,
    TX_VALID_MOD11_10,
    TX_VALID_CRC32_BASE62, /* over [from, to) of the match, base62 of six digits at [check_from,
                              check_to) */
};

struct tx_masking_detector {
    char *id;
    char *regex;                     /* one of these three */
    struct tx_masking_list literals; /* `literal`, or the words of `words_file` */
    char *required_literal;          /* `literal` beside `regex`: every match has it; NULL: none */
    bool ignore_case, whole_words;   /* flags: i, w */
    uint32_t capture;                /* 0: the whole match is what is found; 1: the first group */
    enum tx_masking_validator validator;
    uint32_t over_from, over_to, check_from, check_to;
    double entropy;                 /* bits for each character, at least; 0: any */
    struct tx_masking_list context; /* words, one of which must stand near; none: alone */
    struct tx_masking_list exclude; /* words, none of which may stand near */
    uint32_t before, after;         /* bytes that are near; default 64 and 32 */
    bool field_names;               /* context words count in the field's name too; default true */
    uint8_t confidence;             /* percent, default 80 */
    struct tx_masking_list examples_true, examples_false;
    size_t line, column; /* in the file, for messages */
};

/* --- what is let through --- */

struct tx_masking_cidr {
    uint8_t address[16]; /* IPv4 as ::ffff:a.b.c.d */
    uint8_t bits;        /* of 128 */
};

/* Takes a span away from all unlocked rules, when it is one of these. */
struct tx_masking_allow {
    char *name;
    struct tx_masking_list detectors; /* empty: any */
    struct tx_masking_list values;    /* canonical equality */
    struct tx_masking_list
        sha256; /* hex, of the canonical value: for values that the file must not show */
    struct tx_masking_list
        domains; /* of an e-mail address or a URL's host: this one and those below it */
    size_t n_cidrs;
    struct tx_masking_cidr *cidrs;
    bool public_test_pans; /* preset: public-test-pans */
    char *regex;           /* the whole span; NULL: none */
    struct tx_masking_list events, fields;
    char *reason; /* never NULL */
    char *approved_by;
    int64_t expires; /* ns since 1970; 0: never */
    size_t line;
};

/* --- keys --- */

enum tx_masking_key_source { TX_KEY_INSTALLATION, TX_KEY_CREDENTIAL, TX_KEY_FILE };

struct tx_masking_key {
    char *id;
    enum tx_masking_key_source source;
    char *name;          /* of the credential, or the file's absolute path */
    int64_t epoch_ns;    /* 0: none, the key is the same for ever */
    int64_t overlap_ns;  /* for `tracexctl`: how long before its end an epoch's successor is told;
                            informational */
    size_t line, column; /* in the file, for messages; 0: it does not say it */
};

/* --- tests of the file --- */

struct tx_masking_pair {
    char *name;
    char *value;               /* as YAML has it */
    enum tx_masking_type type; /* quoted: STRING; else by its form; MAP: value is JSON */
    bool is_null;
};

struct tx_masking_test {
    char *event;
    uint32_t uid, gid; /* default 0 */
    char *unit, *exe;  /* NULL: not known */
    size_t n_in, n_out, n_out_regex;
    struct tx_masking_pair *in; /* fields, in order */
    struct tx_masking_pair
        *out; /* of these fields, what must come out; null: the field is dropped */
    struct tx_masking_pair *out_regex; /* likewise; the regex must match the whole value */
    bool dropped;                      /* the whole record */
    size_t line, column;
};

/* --- the whole --- */

enum tx_masking_on_error {
    TX_ON_ERROR_MASK_FIELD,
    TX_ON_ERROR_DROP_FIELD,
    TX_ON_ERROR_REJECT_RECORD
};

enum tx_masking_decode {
    TX_DECODE_JSON = 1,
    TX_DECODE_PERCENT = 2,
    TX_DECODE_BASE64 = 4,
    TX_DECODE_HEX = 8
};

struct tx_masking {
    char *preset;                 /* "secure-default@1"; NULL: none */
    struct tx_masking_list packs; /* "pci@1" … */
    bool lockdown; /* every string but event and field names is masked, numbers and booleans stay;
                      no rule counts */
    bool shadow;   /* mode: shadow for the whole file; only with i_accept_unmasked */
    bool refuse_bad_config; /* on_bad_config: refuse */
    enum tx_masking_on_error on_error;
    struct {
        uint64_t field_bytes;  /* max_field; default 64 KiB */
        bool redact_all;       /* oversize: redact_all; else the tail */
        uint32_t decode_depth; /* 0 to 4, default 2 */
        uint32_t json_depth;   /* default 32 */
        uint32_t spans;        /* of one value, default 1024; more: it is redacted whole */
        uint32_t regex_states; /* default 10000 */
    } limits;
    struct {
        bool digits;      /* nfkc_digits; default true */
        bool zero_width;  /* strip_zero_width; default true */
        bool confusables; /* letters of other scripts that look like Latin ones; default false */
    } normalise;
    unsigned decode; /* bits of tx_masking_decode; default all */

    size_t n_keys, n_detectors, n_allows, n_rules, n_tests;
    struct tx_masking_key *keys; /* the first is always TX_MASKING_DEFAULT_KEY */
    struct tx_masking_detector *detectors;
    struct tx_masking_allow *allows;
    struct tx_masking_rule *rules; /* the file's, then packs', then the preset's */
    struct tx_masking_test *tests;
};

/* Frees all that it owns; *masking is empty then. */
void tx_masking_deinit(struct tx_masking *masking);
void tx_masking_rule_deinit(struct tx_masking_rule *rule);
void tx_masking_match_deinit(struct tx_masking_match *match);

/* Appends the policy in its effective form: YAML, all that is in force, presets' and packs' rules
 * with where they come from, one spelling for one meaning, without tests and examples. These are
 * the bytes of policies/<sha256>.yaml. */
TX_MUST_USE int tx_masking_render(const struct tx_masking *masking, struct tx_bytes *b);

/* Appends what a configuration says to mean this: the lines below `masking:`, each with so many
 * times two spaces before it. Classes and files of words are written out, users are numbers. */
TX_MUST_USE int tx_masking_render_section(const struct tx_masking *masking, size_t indent,
                                          struct tx_bytes *b);

/* Whether a rule that is in force encrypts, so that the vault is needed. */
bool tx_masking_encrypts(const struct tx_masking *masking);

/* What one action is called: "mask", "drop_field" … */
const char *tx_masking_action_name(enum tx_masking_action_kind kind);

#endif
