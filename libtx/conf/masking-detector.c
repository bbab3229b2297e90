/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "libtx/base/fd.h"
#include "libtx/base/file.h"
#include "libtx/conf/masking-read.h"
#include "libtx/detect/detect.h"
#include "libtx/pattern/contains.h"

#define REGEX_BYTES TX_PATTERN_BYTES
#define WORD_BYTES 256
#define WORDS_FILE_BYTES (256u * 1024u)
#define CONTEXT_WORDS_MAX 64
#define EXAMPLES_MAX 100
#define NEAR_MAX 1024

/* --- one more in the list --- */

static struct tx_masking_detector *grow(struct tx_masking_reader *r,
                                        const struct tx_conf_node *node) {
    struct tx_masking *to = r->to;

    if (to->n_detectors >= TX_MASKING_CUSTOM_MAX) {
        tx_masking_node_error(r, node,
                              "a file has at most %d detectors of its own, the regex of a rule's "
                              "match among them",
                              TX_MASKING_CUSTOM_MAX);
        return NULL;
    }
    struct tx_masking_detector *more =
        reallocarray(to->detectors, to->n_detectors + 1, sizeof(*more));
    if (!more) {
        r->errors->failed = -ENOMEM;
        return NULL;
    }
    to->detectors = more;
    more[to->n_detectors] = (struct tx_masking_detector){.field_names = true,
                                                         .before = 64,
                                                         .after = 32,
                                                         .confidence = 80,
                                                         .line = node->line,
                                                         .column = node->column};
    return &more[to->n_detectors++];
}

/* NULL, and an error was told, when it cannot be compiled. */
static struct tx_pattern *compile(struct tx_masking_reader *r, const struct tx_conf_node *node,
                                  struct tx_pattern_options options) {
    struct tx_pattern *pattern = NULL;
    struct tx_pattern_error error;

    options.states = r->to->limits.regex_states;
    int result = tx_pattern_new((struct tx_text){node->text, strlen(node->text)}, &options, &error,
                                &pattern);
    if (result < 0)
        r->errors->failed = result;
    else if (result > 0)
        tx_masking_node_error(r, node, "this pattern cannot be used, from its byte %zu on: %s",
                              error.at + 1, error.reason);
    return pattern;
}

void tx_masking_regex_check(struct tx_masking_reader *r, const struct tx_conf_node *node,
                            struct tx_pattern_options options) {
    tx_pattern_free(compile(r, node, options));
}

/* The text that is looked for first must not hide a match. */
static void check_literal(struct tx_masking_reader *r, const struct tx_conf_node *node,
                          const struct tx_pattern *pattern, bool ignore_case) {
    struct tx_literal literal;
    struct tx_pattern_error error;

    tx_literal_set((struct tx_text){node->text, strlen(node->text)}, ignore_case, &literal);
    int result = tx_pattern_contains(pattern, &literal, &error);
    if (result < 0)
        r->errors->failed = result;
    else if (result > 0)
        tx_masking_node_error(r, node, "this is not what each match of the regex has: %s",
                              error.reason);
}

void tx_masking_regex_read(struct tx_masking_reader *r, const struct tx_conf_node *node,
                           const char *rule, struct tx_masking_list *ret) {
    char id[TX_MASKING_ID_BYTES + sizeof(TX_MASKING_REGEX_SUFFIX)];
    const char *text = tx_masking_node_text(
        r, node, "a regular expression, such as '[A-Z]{2}[0-9]{6}'", REGEX_BYTES);
    struct tx_masking_detector *detector = text ? grow(r, node) : NULL;

    if (!detector)
        return;
    tx_masking_regex_check(r, node, (struct tx_pattern_options){.capture = false});
    snprintf(id, sizeof(id), "%.*s%s", TX_MASKING_ID_BYTES, rule, TX_MASKING_REGEX_SUFFIX);
    detector->id = tx_masking_node_copy(r, id);
    detector->regex = tx_masking_node_copy(r, text);
    tx_masking_node_add(r, ret, id);
}

/* --- what it looks for --- */

static void take_words(struct tx_masking_reader *r, const struct tx_conf_node *node, char *text,
                       struct tx_masking_list *ret) {
    char *save = NULL;

    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        line[strcspn(line, "\r")] = '\0';
        if (!line[0] || line[0] == '#')
            continue;
        if (strlen(line) > WORD_BYTES || ret->n >= TX_MASKING_ITEMS_MAX) {
            tx_masking_node_error(r, node,
                                  "the file has more than %d words, or one of more than "
                                  "%d bytes",
                                  TX_MASKING_ITEMS_MAX, WORD_BYTES);
            return;
        }
        tx_masking_node_add(r, ret, line);
    }
    if (ret->n == 0)
        tx_masking_node_error(r, node, "there is no word in the file");
}

/* As the configuration itself: a regular file, and nobody but root may write what root owns. */
static int read_trusted(const char *path, struct tx_bytes *ret, const char **why) {
    _cleanup_(tx_fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return -errno;
    *why = !S_ISREG(st.st_mode) ? "it is not a regular file"
           : st.st_uid == 0 && st.st_mode & (S_IWGRP | S_IWOTH)
               ? "others than root may write it: run chmod go-w on it"
               : NULL;
    return *why ? -EPERM : tx_file_read_fd(fd, WORDS_FILE_BYTES, ret);
}

static void read_words_file(struct tx_masking_reader *r, const struct tx_conf_node *node,
                            struct tx_masking_list *ret) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes text = TX_BYTES_INIT;
    const char *name = tx_masking_node_text(r, node, "the path of a file with a word a line", 4000);
    const char *why = NULL;

    _cleanup_(tx_freep) char *path = name ? tx_masking_node_path(r, name) : NULL;
    if (!path)
        return;
    int result = read_trusted(path, &text, &why);
    if (result == 0)
        result = tx_bytes_append(&text, "", 1);
    if (result == -ENOMEM)
        r->errors->failed = result;
    else if (result < 0)
        tx_masking_node_error(r, node, "cannot read %s: %s", path, why ? why : strerror(-result));
    else if (!tx_utf8_valid((char *)text.data, text.len) ||
             strlen((char *)text.data) + 1 != text.len)
        tx_masking_node_error(r, node, "%s is not UTF-8 text", path);
    else
        take_words(r, node, (char *)text.data, ret);
}

static void read_pattern(struct tx_masking_reader *r, const struct tx_conf_node *node,
                         struct tx_masking_detector *ret) {
    const struct tx_conf_node *regex = tx_masking_node_get(node, "regex");
    const struct tx_conf_node *literal = tx_masking_node_get(node, "literal");
    const struct tx_conf_node *file = tx_masking_node_get(node, "words_file");
    const char *text;

    if (!regex && !literal && !file)
        tx_masking_node_error(r, node, "the detector has no regex, literal or words_file");
    if (file && (regex || literal))
        tx_masking_node_error(r, file, "words_file stands alone, without regex and literal");
    else if (file)
        read_words_file(r, file, &ret->literals);
    if (regex && (text = tx_masking_node_text(r, regex, "a regular expression", REGEX_BYTES)))
        ret->regex = tx_masking_node_copy(r, text);
    if (!literal)
        return;
    if (!regex)
        tx_masking_node_list(r, literal, "a text or a list of texts to look for", WORD_BYTES,
                             &ret->literals);
    else if ((text = tx_masking_node_text(r, literal, "the text that every match of the regex has",
                                          WORD_BYTES)))
        ret->required_literal = tx_masking_node_copy(r, text);
}

static void read_flags(struct tx_masking_reader *r, const struct tx_conf_node *node,
                       struct tx_masking_detector *ret) {
    if (!tx_masking_node_items(r, node, "flags: i (ignore case), w (whole words)", 2))
        return;
    for (size_t i = 0; i < tx_masking_node_n(node); i++) {
        const struct tx_conf_node *item = tx_masking_node_item(node, i);
        const char *text = item->kind == TX_CONF_SCALAR ? item->text : "?";
        if (text[strspn(text, "iw")])
            tx_masking_node_expected(r, item, "flags: i (ignore case), w (whole words)");
        ret->ignore_case |= strchr(text, 'i') != NULL;
        ret->whole_words |= strchr(text, 'w') != NULL;
    }
}

/* --- how it is believed --- */

/* [from, to) */
static void read_range(struct tx_masking_reader *r, const struct tx_conf_node *node,
                       const char *name, uint32_t *ret_from, uint32_t *ret_to) {
    const struct tx_conf_node *range = tx_masking_node_get(node, name);

    if (!range || range->kind != TX_CONF_LIST || range->n != 2) {
        tx_masking_node_expected(r, range ? range : node, "%s: [FROM, TO], bytes of the match",
                                 name);
        return;
    }
    if (tx_masking_node_count(r, range->entries[0].value, 0, 1023, ret_from))
        tx_masking_node_count(r, range->entries[1].value, *ret_from + 1, 1024, ret_to);
}

static void read_validator(struct tx_masking_reader *r, const struct tx_conf_node *node,
                           struct tx_masking_detector *ret) {
    static const char *const words[] = {
        [TX_VALID_NONE] = "none",         [TX_VALID_LUHN] = "luhn",
        [TX_VALID_VERHOEFF] = "verhoeff", [TX_VALID_MOD97] = "mod97",
        [TX_VALID_MOD11_10] = "mod11_10", NULL};
    static const char *const known[] = {"crc32_base62", NULL};
    static const char *const parts[] = {"over", "check", NULL};
    int word = TX_VALID_NONE;

    if (node->kind != TX_CONF_MAP) {
        if (tx_masking_node_word(r, node, words, &word))
            ret->validator = (enum tx_masking_validator)word;
        return;
    }
    if (!tx_masking_node_map(r, node, "a validator", known))
        return;
    const struct tx_conf_node *crc = tx_masking_node_get(node, "crc32_base62");
    if (!crc) {
        tx_masking_node_expected(r, node, "{crc32_base62: {over: [FROM, TO], check: [FROM, TO]}}");
        return;
    }
    ret->validator = TX_VALID_CRC32_BASE62;
    if (!tx_masking_node_map(r, crc, "{over: [FROM, TO], check: [FROM, TO]}", parts))
        return;
    read_range(r, crc, "over", &ret->over_from, &ret->over_to);
    read_range(r, crc, "check", &ret->check_from, &ret->check_to);
    if (ret->check_to && ret->check_to - ret->check_from != 6)
        tx_masking_node_error(r, crc, "check has six digits: [%u, %u]", ret->check_from,
                              ret->check_from + 6);
}

static void read_near(struct tx_masking_reader *r, const struct tx_conf_node *node,
                      const char *what, struct tx_masking_list *ret) {
    if (tx_masking_node_items(r, node, what, CONTEXT_WORDS_MAX))
        tx_masking_node_list(r, node, what, 64, ret);
}

static void read_context(struct tx_masking_reader *r, const struct tx_conf_node *node,
                         struct tx_masking_detector *ret) {
    static const char *const known[] = {"words", "before", "after", "field_names", "exclude", NULL};
    const struct tx_conf_node *part;

    if (!tx_masking_node_map(r, node, "{words: [...], before: BYTES, after: BYTES}", known))
        return;
    if ((part = tx_masking_node_get(node, "words")))
        read_near(r, part, "words, one of which stands near", &ret->context);
    if ((part = tx_masking_node_get(node, "exclude")))
        read_near(r, part, "words, none of which stands near", &ret->exclude);
    if (!tx_masking_node_get(node, "words") && !tx_masking_node_get(node, "exclude"))
        tx_masking_node_expected(r, node, "words or exclude");
    if ((part = tx_masking_node_get(node, "before")))
        tx_masking_node_count(r, part, 0, NEAR_MAX, &ret->before);
    if ((part = tx_masking_node_get(node, "after")))
        tx_masking_node_count(r, part, 0, NEAR_MAX, &ret->after);
    if ((part = tx_masking_node_get(node, "field_names")))
        tx_masking_node_bool(r, part, &ret->field_names);
}

static void read_examples(struct tx_masking_reader *r, const struct tx_conf_node *node,
                          struct tx_masking_detector *ret) {
    static const char *const known[] = {"true", "false", NULL};
    static const char what[] = "texts, 100 at most";
    const struct tx_conf_node *part;

    if (!tx_masking_node_map(r, node, "{true: [...], false: [...]}", known))
        return;
    if ((part = tx_masking_node_get(node, "true")) &&
        tx_masking_node_items(r, part, what, EXAMPLES_MAX))
        tx_masking_node_list(r, part, what, REGEX_BYTES, &ret->examples_true);
    if ((part = tx_masking_node_get(node, "false")) &&
        tx_masking_node_items(r, part, what, EXAMPLES_MAX))
        tx_masking_node_list(r, part, what, REGEX_BYTES, &ret->examples_false);
}

/* --- a detector --- */

static void check_regex(struct tx_masking_reader *r, const struct tx_conf_node *node,
                        const struct tx_masking_detector *detector) {
    _cleanup_(tx_pattern_freep) struct tx_pattern *pattern =
        compile(r, tx_masking_node_get(node, "regex"),
                (struct tx_pattern_options){.ignore_case = detector->ignore_case,
                                            .whole_words = detector->whole_words,
                                            .capture = detector->capture == 1});
    if (pattern && detector->required_literal)
        check_literal(r, tx_masking_node_get(node, "literal"), pattern, detector->ignore_case);
}

static void read_detector(struct tx_masking_reader *r, const struct tx_conf_node *node,
                          struct tx_masking_detector *ret) {
    static const char *const known[] = {"regex",      "literal",   "words_file", "flags",
                                        "capture",    "validator", "entropy",    "context",
                                        "confidence", "examples",  NULL};
    const struct tx_conf_node *part;

    if (!tx_masking_node_map(r, node, "a detector, such as {regex: 'E[0-9]{6}'}", known))
        return;
    read_pattern(r, node, ret);
    if ((part = tx_masking_node_get(node, "flags")))
        read_flags(r, part, ret);
    if ((part = tx_masking_node_get(node, "capture")))
        tx_masking_node_count(r, part, 0, 1, &ret->capture);
    if (part && !tx_masking_node_get(node, "regex"))
        tx_masking_node_error(r, part, "capture needs a regex beside it");
    if (ret->regex)
        check_regex(r, node, ret);
    if ((part = tx_masking_node_get(node, "validator")))
        read_validator(r, part, ret);
    if ((part = tx_masking_node_get(node, "entropy")))
        tx_masking_node_number(r, part, "bits for each character, from 0 to 8, such as 3.5", 0, 8,
                               &ret->entropy);
    if ((part = tx_masking_node_get(node, "context")))
        read_context(r, part, ret);
    if ((part = tx_masking_node_get(node, "confidence")))
        tx_masking_node_percent(r, part, &ret->confidence);
    if ((part = tx_masking_node_get(node, "examples")))
        read_examples(r, part, ret);
}

static void read_name(struct tx_masking_reader *r, const struct tx_conf_node *key,
                      struct tx_masking_detector *ret) {
    const char *name = tx_masking_node_id(r, key, "a detector's name");
    if (!name)
        return;
    if (tx_masking_detect_is_built_in(name) || strcmp(name, "any") == 0 ||
        strcmp(name, "value") == 0)
        tx_masking_node_error(r, key, "'%s' is built in already: choose another name", name);
    ret->id = tx_masking_node_copy(r, name);
}

void tx_masking_detectors_read(struct tx_masking_reader *r, const struct tx_conf_node *node) {
    if (tx_masking_node_is_null(node))
        return;
    if (node->kind != TX_CONF_MAP) {
        tx_masking_node_expected(r, node,
                                 "detectors by name, such as {staff: {regex: 'E[0-9]{6}'}}");
        return;
    }
    for (size_t i = 0; i < node->n; i++) {
        struct tx_masking_detector *detector = grow(r, node->entries[i].key);
        if (!detector)
            return;
        read_name(r, node->entries[i].key, detector);
        read_detector(r, node->entries[i].value, detector);
    }
}
