/* SPDX-License-Identifier: MIT */
#ifndef TX_CTL_MASK_H
#define TX_CTL_MASK_H

/*
 * What the commands of `tracexctl mask` share: rules made ready, the record that a value is tried
 * in, and lines of texts. Nothing here asks the daemon, and keys are zeros: pseudonyms are
 * nobody's.
 */

#include <getopt.h>

#include "libtx/base/buf.h"
#include "libtx/mask/mask.h"
#include "tools/ctl/ctl.h"

/* --- rules (mask.c) --- */

struct tx_ctl_policy {
    struct tx_conf *conf;
    struct tx_mask *mask; /* borrows from it */
};

/* Of the file of -c, or the built-in ones. What is wrong is said; TX_CTL_FAILED then. */
int tx_ctl_policy_init(const struct tx_ctl *ctl, struct tx_ctl_policy *ret);
/* Compiles `conf`, which is taken. */
int tx_ctl_policy_make(struct tx_conf *conf, struct tx_ctl_policy *ret);
/* Runs the file's own examples and tests. What does not hold is said; TX_CTL_FAILED then. */
int tx_ctl_policy_try(const struct tx_ctl *ctl, const struct tx_ctl_policy *policy);
void tx_ctl_policy_deinit(struct tx_ctl_policy *policy);

/* -c may stand behind a command's name too. */
void tx_ctl_take_config(struct tx_ctl *ctl, const char *path);
/* "all", or names of detectors and packs with commas. False (which is said): there is none. */
bool tx_ctl_take_detectors(const struct tx_masking *masking, const char *list,
                           struct tx_detector_set *ret);
/* One of two words. False (which is said): neither. */
bool tx_ctl_take_word(const char *option, const char *value, const char *first, const char *second,
                      bool *ret_second);

/* Lines for a person, as tx_terminal_put does, but that newlines stay. */
void tx_ctl_put_lines(struct tx_text text);
/* A string of JSON; what is not UTF-8 is U+FFFD. */
void tx_ctl_put_string(struct tx_buf *b, struct tx_text text);

/* --- the record that a value is tried in (mask-case.c) --- */

struct tx_ctl_case {
    struct tx_text event, field;
    enum tx_value_type type;
    enum tx_value_label label;
    struct tx_source source; /* its texts are borrowed from the command's words */
    struct tx_field of_value;
};

#define TX_CTL_CASE_OPTIONS                                                                        \
    {"event", required_argument, NULL, 'E'}, {"field", required_argument, NULL, 'F'},              \
        {"type", required_argument, NULL, 'T'}, {"label", required_argument, NULL, 'L'}, {         \
        "sender", required_argument, NULL, 'S'                                                     \
    }

void tx_ctl_case_init(struct tx_ctl_case *c);
/* One of the options above. False (which is said, without the value of any field): it is none. */
bool tx_ctl_case_take(struct tx_ctl_case *c, int option, const char *value);
const char *tx_ctl_case_type(const struct tx_ctl_case *c);

/* The record of that one field, as if received now. False: the value is not of the type. */
bool tx_ctl_case_record(struct tx_ctl_case *c, struct tx_text value, struct tx_record *ret);

/* What came out, as a text: of numbers that stayed, `value`. */
struct tx_text tx_ctl_case_out(const struct tx_ctl_case *c, struct tx_text value);

/* --- lines (mask-lines.c) --- */

/* A record's fields have no more room than that. */
#define TX_CTL_LINE_BYTES (TX_LIMIT_FIELDS_BYTES - 1024u)

struct tx_ctl_lines {
    int fd;
    char *data; /* wiped */
    size_t start, end;
    bool at_end;
    uint64_t number; /* of the line that was given last, from 1 */
};

int tx_ctl_lines_init(struct tx_ctl_lines *lines, int fd);
void tx_ctl_lines_deinit(struct tx_ctl_lines *lines);

/* 1 and a line, borrowed until the next call, without its newline; 0 at the end; < 0. Of a line
 * that is longer than TX_CTL_LINE_BYTES nothing but that is given. Before it waits for input,
 * standard output is flushed. */
int tx_ctl_lines_next(struct tx_ctl_lines *lines, struct tx_text *ret, bool *ret_too_long);

/* --- the commands --- */

int tx_ctl_mask_test(struct tx_ctl *ctl, int argc, char **argv);
int tx_ctl_mask_explain(struct tx_ctl *ctl, int argc, char **argv);
int tx_ctl_mask_lint(struct tx_ctl *ctl, int argc, char **argv);
int tx_ctl_mask_diff(struct tx_ctl *ctl, int argc, char **argv);
int tx_ctl_mask_bench(struct tx_ctl *ctl, int argc, char **argv);
int tx_ctl_mask_list(struct tx_ctl *ctl, int argc, char **argv);
int tx_ctl_mask_preset(struct tx_ctl *ctl, int argc, char **argv);

#endif
