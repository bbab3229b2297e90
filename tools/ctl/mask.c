/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "libtx/base/buf.h"
#include "libtx/detect/detect.h"
#include "libtx/mask/mask.h"
#include "tools/ctl/ctl.h"

#define LINE_BYTES (TX_LIMIT_FIELDS_BYTES - 1024u)
/* A line's JSON: each byte escaped, twice, and the spans. */
#define ANSWER_BYTES (16u * TX_LIMIT_FIELDS_BYTES)

struct test {
    bool json;
    struct tx_detect_options options;
    struct tx_conf *conf;
    struct tx_mask *mask; /* borrows from it */
    struct tx_detect_memory *memory;
    struct tx_matches matches;
    char *line;
    size_t cap;
    uint8_t *answer;
};

/* --- options --- */

static int take_packs(struct test *test, const char *list) {
    if (strcmp(list, "all") == 0)
        return 0;
    test->options.wanted = (struct tx_detector_set){.word = {0}};
    _cleanup_(tx_freep) char *copy = strdup(list);
    char *rest = copy;
    for (char *name; copy && (name = strsep(&rest, ","));) {
        struct tx_detector_set found;
        char pack[64];
        snprintf(pack, sizeof(pack), "pack:%s", name);
        if (!tx_mask_detectors_named(pack, &found) && !tx_mask_detectors_named(name, &found)) {
            tx_ctl_say("there is no pack or detector '%s' (tracexctl mask list)", name);
            return -EINVAL;
        }
        tx_detectors_or(&test->options.wanted, &found);
    }
    return copy ? 0 : -ENOMEM;
}

static int take_word(const char *option, const char *value, const char *first, const char *second,
                     bool *ret_second) {
    *ret_second = strcmp(value, second) == 0;
    if (*ret_second || strcmp(value, first) == 0)
        return 0;
    tx_ctl_say("--%s is %s or %s, not '%s'", option, first, second, value);
    return -EINVAL;
}

static int take_options(struct test *test, int argc, char **argv) {
    static const struct option options[] = {{"format", required_argument, NULL, 'f'},
                                            {"packs", required_argument, NULL, 'p'},
                                            {"context", required_argument, NULL, 'x'},
                                            {NULL, 0, NULL, 0}};
    int option, r = 0;

    while (r == 0 && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'f')
            r = take_word("format", optarg, "text", "json", &test->json);
        else if (option == 'p')
            r = take_packs(test, optarg);
        else if (option == 'x')
            r = take_word("context", optarg, "words", "assume", &test->options.assume_context);
        else
            r = -EINVAL;
    }
    return r == 0 && optind < argc ? -EINVAL : r;
}

/* --- one line --- */

static struct tx_text mask_text(struct test *test, struct tx_text text) {
    struct tx_field field = {.name = TX_TEXT("text"), .type = TX_VALUE_STR, .text = text};
    struct tx_record record = {.event = TX_TEXT("mask.test"), .n_fields = 1, .fields = &field};
    tx_mask_wipe(test->mask);
    tx_mask_record(test->mask, &record);
    return field.dropped ? TX_TEXT("") : field.text;
}

static void put_spans(const struct test *test, struct tx_buf *b) {
    tx_buf_str(b, "{\"spans\":[");
    for (size_t i = 0; i < test->matches.n && !test->matches.overflow; i++) {
        const struct tx_match *match = &test->matches.match[i];
        tx_buf_str(b, i > 0 ? ",{\"start\":" : "{\"start\":");
        tx_buf_dec(b, match->start);
        tx_buf_str(b, ",\"end\":");
        tx_buf_dec(b, match->end);
        tx_buf_str(b, ",\"detector\":\"");
        tx_buf_str(b, tx_detector_infos[match->detector].name);
        tx_buf_str(b, "\"}");
    }
    tx_buf_str(b, "],\"out\":");
}

static int answer(struct test *test, struct tx_text line) {
    struct tx_buf b = tx_buf_of(test->answer, ANSWER_BYTES);

    tx_detect(test->memory, line, &test->options, &test->matches);
    struct tx_text out = mask_text(test, line);
    if (test->json) {
        put_spans(test, &b);
        tx_buf_json_string(&b, out.p, out.n);
        tx_buf_char(&b, '}');
    } else {
        tx_buf_put(&b, out.p, out.n);
    }
    tx_buf_char(&b, '\n');
    if (b.full) {
        tx_ctl_say("a line is too long");
        return TX_CTL_FAILED;
    }
    fwrite(b.data, 1, b.len, stdout);
    return TX_CTL_OK;
}

static int test_lines(struct test *test) {
    int status = TX_CTL_OK;
    ssize_t n;

    while (status == TX_CTL_OK && (n = getline(&test->line, &test->cap, stdin)) >= 0) {
        size_t n_line = (size_t)n - (test->line[n - 1] == '\n');
        if (n_line > LINE_BYTES) {
            tx_ctl_say("a line is longer than %u bytes", LINE_BYTES);
            return TX_CTL_FAILED;
        }
        status = answer(test, (struct tx_text){test->line, n_line});
    }
    return status;
}

static struct tx_conf *make_default(void) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes errors = TX_BYTES_INIT;
    struct tx_conf *conf = NULL;
    return tx_conf_parse("default", TX_TEXT("version: 1\n"), &errors, &conf) == 0 ? conf : NULL;
}

/* What the rules would make of it; pseudonyms are made with keys of zeros, so they are nobody's. */
static int make_mask(const struct tx_ctl *ctl, struct test *test) {
    static const uint8_t bytes[TX_MASK_KEY_BYTES_MIN];
    struct tx_mask_key keys[TX_MASKING_KEYS_MAX];

    test->conf = ctl->config_given ? tx_ctl_load(ctl) : make_default();
    if (!test->conf)
        return TX_CTL_FAILED;
    const struct tx_masking *masking = &test->conf->masking;
    for (size_t i = 0; i < masking->n_keys; i++)
        keys[i] = (struct tx_mask_key){masking->keys[i].id, bytes, sizeof(bytes)};
    int r = tx_mask_new(masking, keys, masking->n_keys, NULL, &test->mask);
    if (r < 0) {
        tx_ctl_say("cannot use the rules: %s", strerror(-r));
        return TX_CTL_FAILED;
    }
    tx_mask_assume_context(test->mask, test->options.assume_context);
    return TX_CTL_OK;
}

static int run_test(const struct tx_ctl *ctl, int argc, char **argv) {
    static struct test test;
    test.options.wanted = tx_detectors_all;
    if (take_options(&test, argc, argv) < 0)
        return TX_CTL_USAGE;
    test.answer = malloc(ANSWER_BYTES);
    bool has_memory = test.answer && tx_detect_memory_new(LINE_BYTES, &test.memory) == 0;
    int status = has_memory ? make_mask(ctl, &test) : TX_CTL_FAILED;
    if (status == TX_CTL_OK)
        status = test_lines(&test);
    if (test.line)
        explicit_bzero(test.line, test.cap);
    free(test.line);
    free(test.answer);
    tx_detect_memory_free(test.memory);
    tx_mask_free(test.mask);
    tx_conf_free(test.conf);
    return status;
}

static int run_list(void) {
    for (size_t d = 0; d < TX_DETECT_N; d++)
        printf("%-20s %s\n", tx_detector_infos[d].name, tx_pack_names[tx_detector_infos[d].pack]);
    return TX_CTL_OK;
}

int tx_ctl_mask(const struct tx_ctl *ctl, int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "test") == 0)
        return run_test(ctl, argc - 1, argv + 1);
    if (argc == 2 && strcmp(argv[1], "list") == 0)
        return run_list();
    return TX_CTL_USAGE;
}
