/* SPDX-License-Identifier: MIT */
/*
 * Each line of standard input, as the rules would write it: one line of answer for each line,
 * whatever stands in it.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "libtx/mask/own-detectors.h"
#include "tools/ctl/mask.h"
#include "tools/shared/terminal.h"

/* A line's JSON: each byte escaped, twice, and the spans. */
#define ANSWER_BYTES (16u * TX_LIMIT_FIELDS_BYTES)
#define STDOUT_BYTES (1024u * 1024u)

struct test {
    bool json, assume_context, to_terminal;
    const char *packs;
    struct tx_ctl_case of_line;
    struct tx_ctl_policy policy;
    struct tx_detect_options options;
    struct tx_reading reading;
    struct tx_custom *custom; /* NULL: none */
    struct tx_detect_memory *memory;
    struct tx_matches matches;
    struct tx_ctl_lines lines;
    uint8_t *answer; /* wiped */
    int status;
};

static int take_options(struct tx_ctl *ctl, struct test *test, int argc, char **argv) {
    static const struct option options[] = {TX_CTL_CASE_OPTIONS,
                                            {"format", required_argument, NULL, 'f'},
                                            {"packs", required_argument, NULL, 'p'},
                                            {"context", required_argument, NULL, 'x'},
                                            {NULL, 0, NULL, 0}};
    int option;
    bool good = true;

    while (good && (option = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
        if (option == 'c')
            tx_ctl_take_config(ctl, optarg);
        else if (option == 'f')
            good = tx_ctl_take_word("format", optarg, "text", "json", &test->json);
        else if (option == 'p')
            test->packs = optarg;
        else if (option == 'x')
            good = tx_ctl_take_word("context", optarg, "words", "assume", &test->assume_context);
        else
            good = tx_ctl_case_take(&test->of_line, option, optarg);
    }
    return good && optind == argc ? TX_CTL_OK : TX_CTL_USAGE;
}

/* --- one line --- */

static void put_spans(const struct test *test, struct tx_buf *b) {
    const struct tx_masking *masking = &test->policy.conf->masking;

    tx_buf_str(b, "{\"spans\":[");
    for (size_t i = 0; i < test->matches.n && !test->matches.overflow; i++) {
        const struct tx_match *match = &test->matches.match[i];
        tx_buf_str(b, i > 0 ? ",{\"start\":" : "{\"start\":");
        tx_buf_dec(b, match->start);
        tx_buf_str(b, ",\"end\":");
        tx_buf_dec(b, match->end);
        tx_buf_str(b, ",\"detector\":\"");
        tx_buf_str(b, tx_mask_detector_name(masking, match->detector));
        tx_buf_str(b, "\"}");
    }
    tx_buf_str(b, "],\"out\":");
}

/* What cannot be tried is masked whole, and the exit status says so. */
static struct tx_text refuse(struct test *test, const char *why) {
    tx_ctl_say("line %llu: %s: masked whole", (unsigned long long)test->lines.number, why);
    test->status = TX_CTL_FAILED;
    test->matches.n = 0;
    return TX_TEXT("[redacted]");
}

static struct tx_text mask_line(struct test *test, struct tx_text line) {
    struct tx_record record;

    if (!tx_ctl_case_record(&test->of_line, line, &record))
        return refuse(test, "it is not of the type that --type says");
    if (test->json)
        tx_detect(test->memory, line, &test->options, &test->matches);
    tx_mask_wipe(test->policy.mask);
    tx_mask_record(test->policy.mask, &record);
    return tx_ctl_case_out(&test->of_line, line);
}

static void answer(struct test *test, struct tx_text line, bool too_long) {
    struct tx_buf b = tx_buf_of(test->answer, ANSWER_BYTES);
    struct tx_text out =
        too_long ? refuse(test, "it is longer than a record's fields") : mask_line(test, line);

    if (test->json) {
        put_spans(test, &b);
        tx_ctl_put_string(&b, out);
        tx_buf_char(&b, '}');
    } else if (test->to_terminal) {
        tx_terminal_put(out);
    } else {
        tx_buf_put(&b, out.p, out.n);
    }
    tx_buf_char(&b, '\n');
    fwrite(b.data, 1, b.len, stdout);
}

static int test_lines(struct test *test) {
    struct tx_text line;
    bool too_long;
    int r;

    while ((r = tx_ctl_lines_next(&test->lines, &line, &too_long)) > 0)
        answer(test, line, too_long);
    if (r == 0)
        return test->status;
    tx_ctl_say("cannot read or write: %s", strerror(-r));
    return TX_CTL_FAILED;
}

/* --- the whole --- */

static int prepare(const struct tx_ctl *ctl, struct test *test) {
    if (tx_ctl_policy_init(ctl, &test->policy) != TX_CTL_OK)
        return TX_CTL_FAILED;
    const struct tx_masking *masking = &test->policy.conf->masking;
    if (!tx_ctl_take_detectors(masking, test->packs, &test->options.wanted))
        return TX_CTL_USAGE;
    tx_mask_only(test->policy.mask, &test->options.wanted);
    tx_mask_assume_context(test->policy.mask, test->assume_context);
    test->reading = tx_own_detectors_reading(masking);
    test->options.name = test->of_line.field;
    test->options.assume_context = test->assume_context;
    test->options.reading = &test->reading;
    test->answer = malloc(ANSWER_BYTES);
    if (!test->answer || tx_own_detectors_new(masking, TX_CTL_LINE_BYTES, &test->custom) < 0 ||
        tx_detect_memory_new(TX_CTL_LINE_BYTES, &test->memory) < 0 ||
        tx_ctl_lines_init(&test->lines, STDIN_FILENO) < 0)
        return TX_CTL_FAILED;
    test->options.custom = test->custom ? tx_custom_hook(test->custom) : NULL;
    return TX_CTL_OK;
}

static void clean(struct test *test) {
    if (test->answer)
        explicit_bzero(test->answer, ANSWER_BYTES);
    free(test->answer);
    tx_ctl_lines_deinit(&test->lines);
    tx_custom_free(test->custom);
    tx_detect_memory_free(test->memory);
    tx_ctl_policy_deinit(&test->policy);
}

int tx_ctl_mask_test(struct tx_ctl *ctl, int argc, char **argv) {
    static char to_stdout[STDOUT_BYTES];
    static struct test test = {.packs = "all"};

    tx_ctl_case_init(&test.of_line);
    if (take_options(ctl, &test, argc, argv) != TX_CTL_OK)
        return TX_CTL_USAGE;
    test.to_terminal = isatty(STDOUT_FILENO);
    if (!test.to_terminal)
        setvbuf(stdout, to_stdout, _IOFBF, sizeof(to_stdout));
    int status = prepare(ctl, &test);
    if (status == TX_CTL_OK)
        status = test_lines(&test);
    clean(&test);
    return status;
}
