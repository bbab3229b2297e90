/* SPDX-License-Identifier: MIT */
#include "signer-rig.h"

START_TEST(the_first_start_makes_an_identity_and_an_epoch) {
    struct tx_notary_state state = hello();
    struct stat st;
    ck_assert_str_eq(state.identity.name, MODEL_ORIGIN);
    ck_assert_uint_eq(state.identity.type, TX_KEY_ED25519);
    ck_assert_str_eq(state.epoch0.name, MODEL_ORIGIN "/epoch/0");
    ck_assert_uint_eq(state.epoch0.type, TX_KEY_COSIGNATURE);
    ck_assert(tx_vkey_equal(&state.epoch0, &state.epoch_vkey));
    ck_assert_uint_eq(state.range.end, 0);
    ck_assert_uint_eq(state.note.n, 0);
    ck_assert(!state.rotate_due);
    ck_assert_int_eq(fstatat(options.dirfd, "identity.key", &st, 0), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0600);
    restart();
    state = hello();
    ck_assert(tx_vkey_equal(&state.identity, &identity));
}
END_TEST

START_TEST(a_log_grows_and_its_chain_holds) {
    for (unsigned i = 1; i < 12; i++) {
        model_write(&model, i);
        ck_assert_int_eq(model_grow(&model, i % 4 == 0), 0);
        if (i % 5 == 0) {
            model_write(&model, i % 2);
            ck_assert_int_eq(model_rotate(&model), 0);
        }
    }
    ck_assert_uint_eq(model_check(&model, &identity, &epoch0), 2);
    ck_assert(exists("epoch-2.key"));
    ck_assert(!exists("epoch-1.key"));
    ck_assert(!exists("epoch-0.key"));
}
END_TEST

START_TEST(the_stored_note_is_given_again_byte_for_byte) {
    struct tx_notary_reply reply;
    model_write(&model, 3);
    ck_assert_int_eq(model_grow(&model, false), 0);
    struct tx_notary_request again = model_request(&model, TX_NOTARY_GROW, 3, 3);
    for (int round = 0; round < 2; round++) {
        ck_assert_int_eq(model_ask(&model, &again, &reply), 0);
        ck_assert_int_eq(reply.type, TX_NOTARY_NOTE);
        ck_assert(tx_text_equal(reply.note, model_last_note(&model)->text));
        ck_assert_uint_eq(signer->state.n_checkpoints, 1);
        restart();
    }
}
END_TEST

START_TEST(there_is_no_second_root_for_a_size) {
    struct tx_notary_request request;
    model_write(&model, 9);
    ck_assert_int_eq(model_grow(&model, false), 0);
    for (uint64_t begin = 0; begin < 9; begin++) {
        request = model_request(&model, TX_NOTARY_GROW, begin, 9);
        request.last = TX_TEXT("{\"seq\":8,\"another\":1}");
        ck_assert_int_eq(error_of(&request), TX_NOTARY_E_RANGE);
        request = model_request(&model, TX_NOTARY_GROW, begin, begin);
        ck_assert_int_eq(error_of(&request), TX_NOTARY_E_RANGE);
        request = model_request(&model, TX_NOTARY_ROTATE, begin, 8);
        ck_assert_int_eq(error_of(&request), TX_NOTARY_E_RANGE);
        request = model_request(&model, TX_NOTARY_REPLAY, begin, 9);
        request.note = model_last_note(&model)->text;
        ck_assert_int_eq(error_of(&request), TX_NOTARY_E_RANGE);
    }
    request = (struct tx_notary_request){.type = TX_NOTARY_GROW, .last = TX_TEXT("x")};
    tx_range_init(&request.range, 10); /* a gap */
    ck_assert_int_eq(error_of(&request), TX_NOTARY_E_RANGE);
    ck_assert_uint_eq(model_check(&model, &identity, &epoch0), 0);
}
END_TEST

START_TEST(a_tree_beyond_all_bounds_is_refused) {
    struct tx_notary_request request = {.type = TX_NOTARY_GROW, .last = TX_TEXT("x")};
    static struct tx_digest nodes[63];
    ck_assert_int_eq(tx_range_set(&request.range, 0, INT64_MAX, nodes, 63), 0);
    ck_assert_int_eq(error_of(&request), TX_NOTARY_E_RANGE);
    request.type = TX_NOTARY_ROTATE;
    ck_assert_int_eq(error_of(&request), TX_NOTARY_E_RANGE);
}
END_TEST

START_TEST(nothing_is_signed_before_there_is_a_record) {
    struct tx_notary_request request = model_request(&model, TX_NOTARY_GROW, 0, 0);
    ck_assert_int_eq(error_of(&request), TX_NOTARY_E_RANGE);
    request.seal = true;
    ck_assert_int_eq(error_of(&request), TX_NOTARY_E_RANGE);
}
END_TEST

START_TEST(an_epoch_record_of_another_maker_gets_no_checkpoint) {
    char line[512];
    _cleanup_(tx_signing_key_freep) struct tx_signing_key *own = NULL;
    struct tx_buf b = tx_buf_of(line, sizeof(line));
    ck_assert_int_eq(tx_signing_key_generate(model.hasher, TX_TEXT(MODEL_ORIGIN "/epoch/1"),
                                             TX_KEY_COSIGNATURE, &own),
                     0);
    tx_epoch_render_line(&signer->state, 2, tx_signing_key_vkey(own), false, &b);
    model_write(&model, 2);
    model_append(&model, MODEL_LEAF, (struct tx_text){line, b.len});
    struct tx_notary_request request = model_request(&model, TX_NOTARY_GROW, 0, 3);
    ck_assert_int_eq(error_of(&request), TX_NOTARY_E_LEAF);
    /* Nor when it is hidden in the range. */
    request.range = model_range(&model, 0, 3);
    request.last = (struct tx_text){.n = 0};
    ck_assert_int_eq(error_of(&request), TX_NOTARY_E_LEAF);
}
END_TEST

START_TEST(a_rotation_is_asked_for_again_and_gives_the_same_line) {
    struct tx_notary_reply reply;
    char line[TX_STATE_LINE_BYTES];
    model_write(&model, 4);
    struct tx_notary_request request = model_request(&model, TX_NOTARY_ROTATE, 0, 4);
    ck_assert_int_eq(model_ask(&model, &request, &reply), 0);
    ck_assert_int_eq(reply.type, TX_NOTARY_LINE);
    size_t n = reply.line.n;
    memcpy(line, reply.line.p, n);
    struct tx_notary_request nothing = model_request(&model, TX_NOTARY_ROTATE, 4, 4);
    for (int round = 0; round < 3; round++) {
        ck_assert_int_eq(model_ask(&model, round % 2 ? &nothing : &request, &reply), 0);
        ck_assert_int_eq(reply.type, TX_NOTARY_LINE);
        ck_assert(tx_text_equal(reply.line, (struct tx_text){line, n}));
        ck_assert(tx_text_equal(hello().pending_line, (struct tx_text){line, n}));
        restart();
    }
    ck_assert(exists("epoch-0.key") && exists("epoch-1.key"));
    model_append(&model, MODEL_LEAF, (struct tx_text){line, n});
    ck_assert_int_eq(model_finish_rotation(&model), 0);
    ck_assert_uint_eq(model_check(&model, &identity, &epoch0), 1);
    ck_assert(!exists("epoch-0.key") && exists("epoch-1.key"));
}
END_TEST

START_TEST(while_a_rotation_is_pending_nothing_else_is_done) {
    struct tx_notary_reply reply;
    model_write(&model, 4);
    ck_assert_int_eq(model_grow(&model, false), 0);
    struct tx_notary_request request = model_request(&model, TX_NOTARY_ROTATE, 4, 4);
    ck_assert_int_eq(model_ask(&model, &request, &reply), 0);
    model_append(&model, MODEL_LEAF, reply.line);
    model_write(&model, 1);

    request = model_request(&model, TX_NOTARY_GROW, 5, 6);
    ck_assert_int_eq(error_of(&request), TX_NOTARY_E_PENDING);
    request = model_request(&model, TX_NOTARY_GROW, 5, 5);
    request.seal = true;
    ck_assert_int_eq(error_of(&request), TX_NOTARY_E_PENDING);
    request = model_request(&model, TX_NOTARY_REPLAY, 5, 6);
    request.note = model_last_note(&model)->text;
    ck_assert_int_eq(error_of(&request), TX_NOTARY_E_PENDING);
    request = model_request(&model, TX_NOTARY_ROTATE, 5, 6);
    ck_assert_int_eq(error_of(&request), TX_NOTARY_E_RANGE);
    request = model_request(&model, TX_NOTARY_GROW, 4, 4);
    ck_assert_int_eq(error_of(&request), TX_NOTARY_E_RANGE);
}
END_TEST

START_TEST(a_seal_repeats_the_note_and_is_counted_once_more) {
    struct tx_notary_reply reply;
    model_write(&model, 4);
    ck_assert_int_eq(model_grow(&model, false), 0);
    ck_assert(!hello().last_was_seal);
    struct tx_notary_request request = model_request(&model, TX_NOTARY_GROW, 4, 4);
    request.seal = true;
    for (int round = 0; round < 3; round++) {
        ck_assert_int_eq(model_ask(&model, &request, &reply), 0);
        ck_assert(tx_text_equal(reply.note, model_last_note(&model)->text));
        ck_assert(hello().last_was_seal);
        ck_assert_uint_eq(signer->state.n_checkpoints, 2);
        restart();
    }
    model_append(&model, MODEL_SEAL,
                 signer->state.n_note ? (struct tx_text){signer->state.note, signer->state.n_note}
                                      : TX_TEXT(""));
    model_write(&model, 2);
    ck_assert_int_eq(model_rotate(&model), 0);
    ck_assert_uint_eq(model_check(&model, &identity, &epoch0), 1);
}
END_TEST

START_TEST(past_its_count_an_epoch_is_due_and_then_over) {
    struct tx_notary_reply reply;
    options.limits.records = 10;
    restart();
    model_write(&model, 9);
    ck_assert_int_eq(model_grow(&model, false), 0);
    ck_assert(!hello().rotate_due);
    model_write(&model, 1);
    struct tx_notary_request request = model_request(&model, TX_NOTARY_GROW, 9, 10);
    ck_assert_int_eq(model_ask(&model, &request, &reply), 0);
    ck_assert(reply.rotate_due);
    model_append(&model, MODEL_CHECKPOINT, reply.note);
    model_write(&model, 9);
    ck_assert_int_eq(model_grow(&model, false), 0);
    model_write(&model, 1);
    request = model_request(&model, TX_NOTARY_GROW, 19, 20);
    ck_assert_int_eq(error_of(&request), TX_NOTARY_E_ROTATE_FIRST);
    ck_assert_int_eq(model_rotate(&model), 0);
    ck_assert(!hello().rotate_due);
    ck_assert_uint_eq(model_check(&model, &identity, &epoch0), 1);
}
END_TEST

START_TEST(past_its_age_an_epoch_is_due_and_then_over) {
    model_write(&model, 1);
    ck_assert_int_eq(model_grow(&model, false), 0);
    ck_assert(!hello().rotate_due);
    signer->state.first_boot_ns -= options.limits.ns;
    ck_assert(hello().rotate_due);
    signer->state.first_boot_ns -= options.limits.ns;
    model_write(&model, 1);
    struct tx_notary_request request = model_request(&model, TX_NOTARY_GROW, 1, 2);
    ck_assert_int_eq(error_of(&request), TX_NOTARY_E_ROTATE_FIRST);
    ck_assert_int_eq(model_rotate(&model), 0);
    model_write(&model, 1);
    ck_assert_int_eq(model_grow(&model, false), 0);
    ck_assert_uint_eq(model_check(&model, &identity, &epoch0), 1);
}
END_TEST

START_TEST(time_never_goes_back) {
    model_write(&model, 1);
    signer->state.last_time = 4000000000u; /* the clock was wrong and is right again */
    ck_assert_int_eq(model_grow(&model, false), 0);
    restart();
    model_write(&model, 1);
    ck_assert_int_eq(model_grow(&model, false), 0);
    struct tx_note note;
    uint64_t time;
    ck_assert_int_eq(tx_note_parse(model_last_note(&model)->text, &note), 0);
    ck_assert_int_eq(tx_note_verify(&note, &epoch0, &time), 0);
    ck_assert_uint_eq(time, 4000000000u);
}
END_TEST

static int ask_raw(const void *message, size_t n) {
    static uint8_t memory[TX_NOTARY_MESSAGE_BYTES];
    struct tx_notary_reply reply;
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    tx_signer_serve(signer, (struct tx_text){message, n}, &b);
    ck_assert_int_eq(
        tx_notary_reply_parse(model.hasher, (struct tx_text){(char *)memory, b.len}, &reply), 0);
    return reply.type == TX_NOTARY_ERROR ? (int)reply.error : 0;
}

START_TEST(what_is_no_request_is_answered_and_changes_nothing) {
    static struct tx_state before;
    uint8_t noise[512];
    model_write(&model, 3);
    ck_assert_int_eq(model_grow(&model, false), 0);
    model_write(&model, 4);
    struct tx_notary_request request = model_request(&model, TX_NOTARY_GROW, 3, 7);
    struct tx_buf b = tx_buf_of(model.request, sizeof(model.request));
    ck_assert_int_eq(tx_notary_request_render(&request, &b), 0);
    before = signer->state;
    for (size_t n = 0; n < b.len; n++)
        ck_assert_int_eq(ask_raw(b.data, n), TX_NOTARY_E_MALFORMED);
    for (int i = 0; i < 20000; i++) {
        ck_assert_int_eq(getrandom(noise, sizeof(noise), 0), sizeof(noise));
        noise[0] = (uint8_t)(2 + i % 3);
        ck_assert_int_ne(ask_raw(noise, noise[1] + 1u), 0);
    }
    ck_assert_mem_eq(&before, &signer->state, sizeof(before));
    ck_assert_int_eq(model_grow(&model, false), 0);
    ck_assert_uint_eq(model_check(&model, &identity, &epoch0), 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("signer-serve");
    TCase *tests = tcase_create("a ledger asks the signer");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, the_first_start_makes_an_identity_and_an_epoch);
    tcase_add_test(tests, a_log_grows_and_its_chain_holds);
    tcase_add_test(tests, the_stored_note_is_given_again_byte_for_byte);
    tcase_add_test(tests, there_is_no_second_root_for_a_size);
    tcase_add_test(tests, a_tree_beyond_all_bounds_is_refused);
    tcase_add_test(tests, nothing_is_signed_before_there_is_a_record);
    tcase_add_test(tests, an_epoch_record_of_another_maker_gets_no_checkpoint);
    tcase_add_test(tests, a_rotation_is_asked_for_again_and_gives_the_same_line);
    tcase_add_test(tests, while_a_rotation_is_pending_nothing_else_is_done);
    tcase_add_test(tests, a_seal_repeats_the_note_and_is_counted_once_more);
    tcase_add_test(tests, past_its_count_an_epoch_is_due_and_then_over);
    tcase_add_test(tests, past_its_age_an_epoch_is_due_and_then_over);
    tcase_add_test(tests, time_never_goes_back);
    tcase_add_test(tests, what_is_no_request_is_answered_and_changes_nothing);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
