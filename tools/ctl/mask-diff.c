/* SPDX-License-Identifier: MIT */
/*
 * What another configuration would change: as its rules say, and, with a file of texts, in how each
 * of them comes out. A text is only shown without what either hides.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "libtx/base/fd.h"
#include "libtx/mask/compare/compare.h"
#include "tools/ctl/mask.h"
#include "tools/shared/terminal.h"

#define SHOWN_MAX 5
#define HIDDEN_MAX 4096 /* places in one line */
#define MARKS_BYTES 1024
#define COPY_BYTES (4u * TX_LIMIT_FIELDS_BYTES)

struct place {
    uint32_t start, end;
};

struct diff {
    bool fail_on_weaker;
    const char *corpus; /* NULL: none */
    struct tx_ctl_policy before, now;
    struct tx_ctl_case of_line;
    size_t n_weaker, n_stricter, n_changed;
    bool more; /* than were counted */
    uint64_t n_lines, n_different, n_too_long;
    bool hides_all; /* of the line that is shown */
    size_t n_hidden;
    struct place hidden[HIDDEN_MAX];
    char *copy; /* what `before` made of a line; wiped */
};

/* --- as they are written --- */

static const struct tx_weakening *find(const struct tx_weakenings *list, const char *what) {
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->item[i].what, what) == 0)
            return &list->item[i];
    return NULL;
}

static void put(const char *text) {
    tx_terminal_put((struct tx_text){text, strlen(text)});
}

/* "credit_card in a field such as …": where the place begins; else the end. */
static const char *place_of(const char *what) {
    const char *place = strncmp(what, "rule ", 5) == 0 ? NULL : strstr(what, " in a field ");
    return place ? place : what + strlen(what);
}

static bool is_alike(const struct tx_weakening *a, const struct tx_weakening *b) {
    const char *place = place_of(a->what);
    return *place && strcmp(place, place_of(b->what)) == 0 && strcmp(a->before, b->before) == 0 &&
           strcmp(a->now, b->now) == 0;
}

/* What happens to several detectors in the same place is one line. */
static void print_alike(const char *how, const struct tx_weakenings *list, size_t i, bool *done,
                        bool reverse) {
    const struct tx_weakening *one = &list->item[i];
    bool alone = strcmp(how, "changed") == 0;
    size_t n = 0;

    printf("%-9s ", how);
    for (size_t k = i; k < list->n; k++) {
        const char *what = list->item[k].what;
        if (done[k] || (k != i && (alone || !is_alike(one, &list->item[k]))))
            continue;
        done[k] = true;
        fputs(n++ > 0 ? ", " : "", stdout);
        tx_terminal_put((struct tx_text){what, (size_t)(place_of(what) - what)});
    }
    put(place_of(one->what));
    fputs(": ", stdout);
    put(reverse ? one->now : one->before);
    fputs(" -> ", stdout);
    put(reverse ? one->before : one->now);
    putchar('\n');
}

static void print_list(const char *how, const struct tx_weakenings *list, bool *done,
                       bool reverse) {
    for (size_t i = 0; i < list->n; i++)
        if (!done[i])
            print_alike(how, list, i, done, reverse);
}

/* What is weaker in one way and stricter in another is changed. */
static void print_rules(struct diff *diff, const struct tx_weakenings *weaker,
                        const struct tx_weakenings *stricter) {
    bool done[TX_WEAKENINGS_MAX] = {false}, other[TX_WEAKENINGS_MAX] = {false};

    for (size_t i = 0; i < weaker->n; i++) {
        const struct tx_weakening *too = find(stricter, weaker->item[i].what);
        if (!too)
            continue;
        other[too - stricter->item] = true;
        print_alike("changed", weaker, i, done, false);
        diff->n_changed++;
    }
    diff->n_weaker = weaker->n - diff->n_changed;
    diff->n_stricter = stricter->n - diff->n_changed;
    print_list("weaker", weaker, done, false);
    print_list("stricter", stricter, other, true);
    diff->more = weaker->more || stricter->more;
}

static int compare(struct diff *diff) {
    const struct tx_masking *before = &diff->before.conf->masking, *now = &diff->now.conf->masking;
    static struct tx_weakenings weaker, stricter;

    int r = tx_masking_compare(before, now, &weaker);
    if (r == 0)
        r = tx_masking_compare(now, before, &stricter);
    if (r == 0)
        print_rules(diff, &weaker, &stricter);
    else
        tx_ctl_say("cannot compare the rules: %s", strerror(-r));
    tx_weakenings_deinit(&weaker);
    tx_weakenings_deinit(&stricter);
    return r;
}

/* --- as texts come out --- */

/* An id of its own and a fresh nonce make each of these another text. */
static bool is_always_new(const char *marks) {
    return strstr(marks, "encrypt:") || strstr(marks, "commit:");
}

static struct tx_text mask(struct diff *diff, struct tx_ctl_policy *policy, struct tx_text line,
                           const char **ret_marks) {
    struct tx_record record;

    if (!tx_ctl_case_record(&diff->of_line, line, &record))
        return TX_TEXT("");
    tx_mask_wipe(policy->mask);
    tx_mask_record(policy->mask, &record);
    const char *masked = record.dropped_by ? record.dropped_by : diff->of_line.of_value.masked;
    *ret_marks = masked ? masked : "nothing";
    return tx_ctl_case_out(&diff->of_line, line);
}

static void hear(void *data, const struct tx_mask_event *event) {
    struct diff *diff = data;

    if (event->step != TX_STEP_SPAN || event->field.p != diff->of_line.field.p)
        return;
    if (event->start == event->end || diff->n_hidden == HIDDEN_MAX)
        diff->hides_all = true;
    else
        diff->hidden[diff->n_hidden++] = (struct place){event->start, event->end};
}

/* The places that a policy replaces. What an error takes away has none. */
static void find_hidden(struct diff *diff, struct tx_ctl_policy *policy, struct tx_text line) {
    const struct tx_mask_trace trace = {.tell = hear, .data = diff};
    const char *marks;

    tx_mask_set_trace(policy->mask, &trace);
    mask(diff, policy, line, &marks);
    tx_mask_set_trace(policy->mask, NULL);
    diff->hides_all = diff->hides_all || strstr(marks, "error:") || strncmp(marks, "drop", 4) == 0;
}

/* Where what hides the byte at `at` ends; 0: nothing hides it. */
static size_t hidden_to(const struct diff *diff, size_t at) {
    for (size_t i = 0; i < diff->n_hidden; i++)
        if (diff->hidden[i].start <= at && at < diff->hidden[i].end)
            return diff->hidden[i].end;
    return 0;
}

static void print_rest(const struct diff *diff, struct tx_text line) {
    bool was_hidden = false;

    for (size_t at = 0; at < line.n;) {
        size_t to = hidden_to(diff, at), end = to ? to : at + 1;
        while (!to && end < line.n && !hidden_to(diff, end))
            end++;
        if (!to)
            tx_terminal_put((struct tx_text){line.p + at, end - at});
        else if (!was_hidden)
            fputs("[hidden]", stdout);
        was_hidden = to > 0;
        at = end;
    }
}

/* Both policies look at the line as it is: to mask what one has left by the other would not do,
 * since the first may have taken away the word that the second needs to believe a number. */
static void show(struct diff *diff, uint64_t number, struct tx_text line) {
    diff->n_hidden = 0;
    diff->hides_all = !tx_utf8_valid(line.p, line.n);
    find_hidden(diff, &diff->before, line);
    find_hidden(diff, &diff->now, line);
    printf("line %llu, without what either hides: ", (unsigned long long)number);
    if (diff->hides_all)
        fputs("[hidden]", stdout);
    else
        print_rest(diff, line);
    putchar('\n');
}

static void compare_line(struct diff *diff, uint64_t number, struct tx_text line) {
    const char *marks, *new_marks;
    struct tx_text before = mask(diff, &diff->before, line, &marks);

    if (before.n > COPY_BYTES)
        before.n = COPY_BYTES;
    memcpy(diff->copy, before.p, before.n);
    before.p = diff->copy;
    struct tx_text now = mask(diff, &diff->now, line, &new_marks);
    bool same = strcmp(marks, new_marks) == 0 &&
                (is_always_new(marks) ? before.n == now.n : tx_text_equal(before, now));
    if (same)
        return;
    if (diff->n_different++ >= SHOWN_MAX)
        return;
    char old_marks[MARKS_BYTES], now_marks[MARKS_BYTES];
    snprintf(old_marks, sizeof(old_marks), "%s", marks);
    snprintf(now_marks, sizeof(now_marks), "%s", new_marks);
    show(diff, number, line);
    printf("  old: %s\n  new: %s\n", old_marks, now_marks);
}

static int compare_lines(struct diff *diff) {
    _cleanup_(tx_fd_closep) int fd = open(diff->corpus, O_RDONLY | O_CLOEXEC);
    struct tx_ctl_lines lines;
    struct tx_text line;
    bool too_long;

    if (fd < 0)
        return -errno;
    diff->copy = malloc(COPY_BYTES);
    if (!diff->copy)
        return -ENOMEM;
    int r = tx_ctl_lines_init(&lines, fd);
    while (r == 0 && (r = tx_ctl_lines_next(&lines, &line, &too_long)) > 0) {
        r = 0;
        diff->n_lines++;
        diff->n_too_long += too_long;
        if (!too_long)
            compare_line(diff, lines.number, line);
    }
    tx_ctl_lines_deinit(&lines);
    return r;
}

static int look_at_lines(struct diff *diff) {
    int r = compare_lines(diff);
    if (r < 0) {
        tx_ctl_say("cannot read %s: %s", diff->corpus, strerror(-r));
        return r;
    }
    printf("%llu of %llu lines come out differently\n", (unsigned long long)diff->n_different,
           (unsigned long long)diff->n_lines);
    if (diff->n_too_long > 0)
        tx_ctl_say("%llu lines are longer than a record's fields, and were left out",
                   (unsigned long long)diff->n_too_long);
    return 0;
}

/* --- the whole --- */

static bool is_same(const struct diff *diff) {
    return memcmp(tx_mask_policy(diff->before.mask)->bytes, tx_mask_policy(diff->now.mask)->bytes,
                  TX_HASH_BYTES) == 0;
}

static int run(struct diff *diff) {
    if (compare(diff) < 0 || (diff->corpus && look_at_lines(diff) < 0))
        return TX_CTL_FAILED;
    printf("%zu weaker, %zu stricter, %zu changed%s%s\n", diff->n_weaker, diff->n_stricter,
           diff->n_changed, diff->more ? ", and more" : "",
           is_same(diff) ? "; the policies are the same" : "");
    return diff->fail_on_weaker && diff->n_weaker + diff->n_changed > 0 ? TX_CTL_FAILED : TX_CTL_OK;
}

static bool take_options(struct diff *diff, int argc, char **argv) {
    static const struct option options[] = {{"corpus", required_argument, NULL, 'C'},
                                            {"fail-on-weaker", no_argument, NULL, 'w'},
                                            {NULL, 0, NULL, 0}};
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'C')
            diff->corpus = optarg;
        else if (option == 'w')
            diff->fail_on_weaker = true;
        else
            return false;
    }
    return argc - optind == 2;
}

int tx_ctl_mask_diff(struct tx_ctl *ctl, int argc, char **argv) {
    static struct diff diff;

    (void)ctl;
    tx_ctl_case_init(&diff.of_line);
    if (!take_options(&diff, argc, argv))
        return TX_CTL_USAGE;
    const struct tx_ctl before = {.config_path = argv[optind], .config_given = true};
    const struct tx_ctl now = {.config_path = argv[optind + 1], .config_given = true};
    int status = tx_ctl_policy_init(&before, &diff.before);
    if (status == TX_CTL_OK)
        status = tx_ctl_policy_init(&now, &diff.now);
    if (status == TX_CTL_OK)
        status = run(&diff);
    if (diff.copy)
        explicit_bzero(diff.copy, COPY_BYTES);
    free(diff.copy);
    tx_ctl_policy_deinit(&diff.before);
    tx_ctl_policy_deinit(&diff.now);
    return status;
}
