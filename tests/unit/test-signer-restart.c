/* SPDX-License-Identifier: MIT */
/* What a signer finds at its start: lost keys, what a crash left, a state that fell back. */
#include "signer-rig.h"

START_TEST(a_lost_epoch_key_breaks_the_chain_and_says_so) {
    model_write(&model, 2);
    ck_assert_int_eq(model_grow(&model, false), 0);
    ck_assert_int_eq(unlinkat(options.dirfd, "epoch-0.key", 0), 0);
    restart();
    ck_assert(hello().rotate_due);
    model_write(&model, 1);
    struct tx_notary_request request = model_request(&model, TX_NOTARY_GROW, 2, 3);
    ck_assert_int_eq(error_of(&request), TX_NOTARY_E_ROTATE_FIRST);
    struct tx_notary_reply reply;
    request = model_request(&model, TX_NOTARY_ROTATE, 2, 3);
    ck_assert_int_eq(model_ask(&model, &request, &reply), 0);
    ck_assert_int_eq(reply.type, TX_NOTARY_LINE);
    ck_assert_ptr_nonnull(
        memmem(reply.line.p, reply.line.n, "\",\"broken\":\"epoch key lost\"}}", 29));
    model_append(&model, MODEL_LEAF, reply.line);
    restart();
    ck_assert_int_eq(model_finish_rotation(&model), 0);
    model_write(&model, 1);
    ck_assert_int_eq(model_grow(&model, false), 0);
    ck_assert_uint_eq(model_check(&model, &identity, &epoch0), 1);
}
END_TEST

START_TEST(a_secret_that_a_crash_left_is_erased_at_the_next_start) {
    char name[] = "epoch-0.key.tmp";
    model_write(&model, 2);
    ck_assert_int_eq(model_rotate(&model), 0);
    ck_assert_int_eq(tx_file_replace_at(options.dirfd, "epoch-0.key", "secret", 6, 0600), 0);
    ck_assert_int_eq(tx_file_replace_at(options.dirfd, "epoch-9.key", "secret", 6, 0600), 0);
    int fd = openat(options.dirfd, name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    close(fd);
    restart();
    ck_assert(!exists("epoch-0.key") && !exists("epoch-9.key") && !exists(name));
    ck_assert(exists("epoch-1.key") && exists("identity.key"));
}
END_TEST

static void stop(void) {
    ck_assert_int_eq(tx_signer_sync(signer), 0);
    tx_signer_free(signer);
    signer = NULL;
}

static void check_refused(const char *file) {
    ck_assert_int_eq(start_result(), TX_SIGNER_E_REFUSED);
    ck_assert_msg(strstr(why, file) != NULL, "%s", why);
    ck_assert_msg(strstr(why, directory) != NULL, "%s", why);
    ck_assert_msg(strstr(why, "tracex-auditd --new-log -c /etc/tracex.yaml") != NULL, "%s", why);
}

START_TEST(lost_keys_are_never_made_anew) {
    model_write(&model, 2);
    ck_assert_int_eq(model_grow(&model, false), 0);
    stop();
    ck_assert_int_eq(renameat(options.dirfd, "identity.key", options.dirfd, "saved.state"), 0);
    check_refused("identity.key");
    ck_assert(!exists("identity.key"));
    ck_assert_int_eq(renameat(options.dirfd, "saved.state", options.dirfd, "identity.key"), 0);

    ck_assert_int_eq(renameat(options.dirfd, "signer.state", options.dirfd, "saved.state"), 0);
    check_refused("signer.state");
    ck_assert(!exists("signer.state"));
    ck_assert_int_eq(tx_file_replace_at(options.dirfd, "signer.state", "junk", 4, 0600), 0);
    check_refused("signer.state");
    ck_assert_int_eq(renameat(options.dirfd, "saved.state", options.dirfd, "signer.state"), 0);

    ck_assert_int_eq(fchmodat(options.dirfd, "identity.key", 0644, 0), 0);
    check_refused("identity.key");
    ck_assert_int_eq(fchmodat(options.dirfd, "identity.key", 0600, 0), 0);

    options.origin = TX_TEXT("other.example/audit");
    check_refused(MODEL_ORIGIN);
    options.origin = TX_TEXT(MODEL_ORIGIN);
    start();
    ck_assert_uint_eq(hello().range.end, 2);
}
END_TEST

START_TEST(an_epoch_key_lost_between_its_record_and_its_checkpoint_is_refused) {
    struct tx_notary_reply reply;
    model_write(&model, 2);
    struct tx_notary_request request = model_request(&model, TX_NOTARY_ROTATE, 0, 2);
    ck_assert_int_eq(model_ask(&model, &request, &reply), 0);
    stop();
    ck_assert_int_eq(renameat(options.dirfd, "epoch-1.key", options.dirfd, "saved.state"), 0);
    check_refused("epoch-1.key");
    ck_assert_int_eq(renameat(options.dirfd, "saved.state", options.dirfd, "epoch-1.key"), 0);
    ck_assert_int_eq(renameat(options.dirfd, "epoch-0.key", options.dirfd, "saved.state"), 0);
    check_refused("epoch-0.key");
    ck_assert_int_eq(renameat(options.dirfd, "saved.state", options.dirfd, "epoch-0.key"), 0);
    start();
}
END_TEST

/* The state falls back to what a power cut left. */
static void copy_state(const char *from, const char *to) {
    struct tx_bytes bytes = TX_BYTES_INIT;
    ck_assert_int_eq(tx_file_read_at(options.dirfd, from, 1 << 20, &bytes), 0);
    ck_assert_int_eq(tx_file_replace_at(options.dirfd, to, bytes.data, bytes.len, 0600), 0);
    tx_bytes_deinit(&bytes);
}

START_TEST(after_a_power_cut_its_own_notes_are_replayed) {
    struct tx_notary_request request;
    struct tx_notary_reply reply;
    char spoiled[TX_STATE_NOTE_BYTES];
    uint64_t covered = 3;
    model_write(&model, 3);
    ck_assert_int_eq(model_grow(&model, false), 0);
    copy_state("signer.state", "saved.state");
    size_t from = model.n_entries;
    model_write(&model, 5);
    ck_assert_int_eq(model_grow(&model, false), 0);
    model_write(&model, 2);
    ck_assert_int_eq(model_grow(&model, false), 0);
    ck_assert_int_eq(model_grow(&model, true), 0);
    model_write(&model, 1);
    ck_assert_int_eq(model_grow(&model, true), 0);
    struct tx_notary_state expected = hello();
    struct tx_digest digest = expected.digest;
    uint64_t n_checkpoints = expected.n_checkpoints;
    tx_signer_free(signer);
    copy_state("saved.state", "signer.state");
    start();
    ck_assert_uint_eq(hello().range.end, 3);

    for (size_t i = from; i < model.n_entries; i++) {
        const struct model_entry *entry = &model.entries[i];
        if (entry->kind == MODEL_LEAF)
            continue;
        uint64_t size = model_note_size(entry->text);
        request = model_request(&model, TX_NOTARY_REPLAY, covered, size);
        request.seal = entry->kind == MODEL_SEAL;
        /* Any changed byte, and any other note, is not the signer's own. */
        request.note = (struct tx_text){spoiled, entry->text.n};
        for (size_t at = 0; at < entry->text.n; at += 5) {
            memcpy(spoiled, entry->text.p, entry->text.n);
            spoiled[at] ^= 1;
            ck_assert_int_eq(error_of(&request), TX_NOTARY_E_NOTE);
        }
        request.note = model.entries[3].text; /* of size 3 */
        ck_assert_int_eq(error_of(&request), TX_NOTARY_E_NOTE);
        request.note = entry->text;
        ck_assert_int_eq(model_ask(&model, &request, &reply), 0);
        ck_assert_int_eq(reply.type, TX_NOTARY_DONE);
        covered = size;
    }
    struct tx_notary_state now = hello();
    ck_assert_uint_eq(now.range.end, 11);
    ck_assert_uint_eq(now.n_checkpoints, n_checkpoints);
    ck_assert_mem_eq(&now.digest, &digest, sizeof(digest));
    ck_assert(now.last_was_seal);
    model_write(&model, 1);
    ck_assert_int_eq(model_rotate(&model), 0);
    ck_assert_uint_eq(model_check(&model, &identity, &epoch0), 1);
}
END_TEST

START_TEST(a_replay_of_other_leaves_or_in_another_order_of_signatures_is_refused) {
    struct tx_notary_request request;
    char swapped[TX_STATE_NOTE_BYTES];
    copy_state("signer.state", "saved.state");
    model_write(&model, 4);
    ck_assert_int_eq(model_grow(&model, false), 0);
    tx_signer_free(signer);
    copy_state("saved.state", "signer.state");
    start();
    struct tx_text note = model_last_note(&model)->text;
    request = model_request(&model, TX_NOTARY_REPLAY, 0, 4);
    request.note = note;
    request.range.nodes[0].bytes[0] ^= 1;
    ck_assert_int_eq(error_of(&request), TX_NOTARY_E_NOTE);
    request.range.nodes[0].bytes[0] ^= 1;

    const char *lines = memmem(note.p, note.n, "\n\n", 2);
    size_t n_text = (size_t)(lines - note.p) + 2;
    const char *first_end = memchr(note.p + n_text, '\n', note.n - n_text);
    size_t n_first = (size_t)(first_end - note.p) + 1 - n_text;
    size_t n_second = note.n - n_text - n_first;
    memcpy(swapped, note.p, n_text);
    memcpy(swapped + n_text, note.p + n_text + n_first, n_second);
    memcpy(swapped + n_text + n_second, note.p + n_text, n_first);
    request.note.p = swapped;
    ck_assert_int_eq(error_of(&request), TX_NOTARY_E_NOTE);
    request.note.n = n_text + n_second; /* without the identity's */
    ck_assert_int_eq(error_of(&request), TX_NOTARY_E_NOTE);
    request.note = (struct tx_text){.n = 0};
    ck_assert_int_eq(error_of(&request), TX_NOTARY_E_NOTE);
    request = model_request(&model, TX_NOTARY_REPLAY, 0, 0);
    request.note = note;
    ck_assert_int_eq(error_of(&request), TX_NOTARY_E_RANGE);
    request.seal = true;
    ck_assert_int_eq(error_of(&request), TX_NOTARY_E_NOTE);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("signer: starts");
    TCase *tests = tcase_create("a signer starts anew");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_lost_epoch_key_breaks_the_chain_and_says_so);
    tcase_add_test(tests, a_secret_that_a_crash_left_is_erased_at_the_next_start);
    tcase_add_test(tests, lost_keys_are_never_made_anew);
    tcase_add_test(tests, an_epoch_key_lost_between_its_record_and_its_checkpoint_is_refused);
    tcase_add_test(tests, after_a_power_cut_its_own_notes_are_replayed);
    tcase_add_test(tests, a_replay_of_other_leaves_or_in_another_order_of_signatures_is_refused);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
