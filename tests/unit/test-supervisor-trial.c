/* SPDX-License-Identifier: MIT */
#include "auditd/supervisor/trial.h"

#include <unistd.h>

#include "mask-check.h"

static struct tx_setup setup = TX_SETUP_INIT;

static void ask(const struct tx_masking *before, const struct tx_masking *now,
                struct tx_trial *ret) {
    const struct tx_trial_question question = {
        .masking = now, .before = before, .name = "t.yaml", .setup = &setup};
    ck_assert_int_eq(tx_trial_start(&question, ret), 0);
}

static void try_it(const char *before, const char *now, struct tx_trial *ret) {
    ask(before ? masking_of(before) : NULL, masking_of(now), ret);
    ck_assert_int_eq(tx_trial_wait(ret), 0);
    ck_assert_int_eq(ret->pid, 0);
}

static bool says(const struct tx_trial *trial, const char *text) {
    return memmem(trial->errors.data, trial->errors.len, text, strlen(text)) != NULL;
}

START_TEST(a_good_policy_has_the_hash_that_the_engine_has) {
    struct tx_mask *mask = mask_of("{packs: [pci@1]}");
    struct tx_trial trial;

    try_it(NULL, "{packs: [pci@1]}", &trial);
    ck_assert_int_eq(trial.verdict, TX_TRIAL_GOOD);
    ck_assert_uint_eq(trial.errors.len, 0);
    ck_assert_mem_eq(trial.sha256, tx_mask_policy(mask)->bytes, sizeof(trial.sha256));
    ck_assert_uint_eq(trial.n_weakened, 0);
    tx_trial_deinit(&trial);
    tx_mask_free(mask);
}
END_TEST

START_TEST(a_test_that_does_not_hold_makes_it_bad) {
    struct tx_trial trial;
    try_it(NULL, "{tests: [{event: e, in: {a: \"x\"}, out: {a: \"y\"}}]}", &trial);
    ck_assert_int_eq(trial.verdict, TX_TRIAL_BAD);
    ck_assert_msg(says(&trial, "t.yaml:2:19: a test does not hold"), "%.*s", (int)trial.errors.len,
                  (char *)trial.errors.data);
    tx_trial_deinit(&trial);
}
END_TEST

START_TEST(what_is_weaker_is_told_and_what_is_not_is_not) {
    static const char strict[] = "{rules: [{id: r, match: {fields: [x]}, action: redact}]}";
    struct tx_trial trial;

    try_it(strict, "{}", &trial);
    ck_assert_int_eq(trial.verdict, TX_TRIAL_GOOD);
    ck_assert_uint_gt(trial.n_weakened, 0);
    ck_assert(tx_text_starts(trial.weakened[0], TX_TEXT("rule 'r': redact -> ")));
    tx_trial_deinit(&trial);
    try_it("{}", strict, &trial);
    ck_assert_uint_eq(trial.n_weakened, 0);
    tx_trial_deinit(&trial);
}
END_TEST

/* More than a pipe holds, so that it is read in pieces. */
START_TEST(a_long_answer_arrives_whole) {
    char *text = malloc(1 << 20);
    size_t n = (size_t)sprintf(text, "{tests: [");
    struct tx_trial trial;

    for (int i = 0; i < 900; i++)
        n += (size_t)sprintf(text + n, "{event: e, in: {a: \"x\"}, out: {a: \"y%d\"}}, ", i);
    sprintf(text + n - 2, "]}");
    try_it(NULL, text, &trial);
    ck_assert_int_eq(trial.verdict, TX_TRIAL_BAD);
    ck_assert_uint_gt(trial.errors.len, 60000);
    tx_trial_deinit(&trial);
    free(text);
}
END_TEST

START_TEST(one_that_crashes_or_takes_too_long_has_failed_and_harms_nobody) {
    struct tx_trial trial;

    ask(NULL, NULL, &trial); /* its process has nothing to read */
    ck_assert_int_eq(tx_trial_wait(&trial), 0);
    ck_assert_int_eq(trial.verdict, TX_TRIAL_FAILED);
    ck_assert(says(&trial, "masking: its trial "));
    tx_trial_deinit(&trial);
    ask(NULL, masking_of("{}"), &trial);
    ck_assert_int_eq(tx_trial_give_up(&trial), 0);
    ck_assert_int_eq(trial.verdict, TX_TRIAL_FAILED);
    ck_assert(says(&trial, "take too long"));
    tx_trial_deinit(&trial);
    ask(NULL, masking_of("{}"), &trial);
    tx_trial_deinit(&trial); /* nobody waits for it */
    ck_assert_int_eq(trial.pid, 0);
}
END_TEST

int main(void) {
    setup.uid = geteuid();
    setup.gid = getegid();
    Suite *suite = suite_create("supervisor: trying a policy");
    TCase *tcase = tcase_create("trial");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, a_good_policy_has_the_hash_that_the_engine_has);
    tcase_add_test(tcase, a_test_that_does_not_hold_makes_it_bad);
    tcase_add_test(tcase, what_is_weaker_is_told_and_what_is_not_is_not);
    tcase_add_test(tcase, a_long_answer_arrives_whole);
    tcase_add_test(tcase, one_that_crashes_or_takes_too_long_has_failed_and_harms_nobody);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
