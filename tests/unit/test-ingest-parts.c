/* SPDX-License-Identifier: MIT */
/* The small parts of ingest: users, replies, rejections, what a record must be. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "auditd/ingest/check-record.h"
#include "auditd/ingest/connections.h"
#include "auditd/ingest/own-records.h"
#include "auditd/ingest/rejections.h"
#include "auditd/ingest/replies.h"

/* --- users --- */

static struct tx_users users;
static struct tx_connection connections[8];

static void wait_in_line(size_t i, uint32_t uid) {
    connections[i].user = tx_users_get(&users, uid);
    connections[i].user->n_connections++;
    tx_user_wait(&users, connections[i].user, &connections[i]);
}

/* Digits of connections in the order in which they are given turns. */
static void expect_turns(const char *expected) {
    for (const char *at = expected; *at; at++)
        ck_assert_ptr_eq(tx_users_next(&users), &connections[*at - '0']);
}

START_TEST(users_take_turns_and_then_their_connections) {
    tx_users_init(&users);
    ck_assert_ptr_null(tx_users_next(&users));
    for (size_t i = 0; i < 4; i++)
        wait_in_line(i, 1001);
    expect_turns("0123012");
    wait_in_line(4, 0);
    expect_turns("34041424");
    wait_in_line(5, 1002);
    expect_turns("345045");
    tx_user_leave(connections[4].user, &connections[4]);
    tx_user_leave(connections[2].user, &connections[2]);
    expect_turns("15350515");
    tx_users_deinit(&users);
}
END_TEST

START_TEST(who_rests_or_is_held_has_no_turn_until_he_is_called) {
    tx_users_init(&users);
    wait_in_line(0, 1001);
    wait_in_line(1, 1002);
    tx_users_rest(&users, connections[0].user);
    expect_turns("11");
    tx_users_hold(&users, connections[1].user);
    ck_assert_ptr_null(tx_users_next(&users));
    wait_in_line(2, 1001); /* something came of him */
    wait_in_line(3, 1002); /* held all the same */
    expect_turns("0202");
    tx_users_rest(&users, connections[0].user);
    tx_users_wake(&users);
    expect_turns("02");
    tx_users_release(&users);
    expect_turns("012301");
    tx_users_deinit(&users);
}
END_TEST

START_TEST(a_user_is_kept_while_anything_is_his) {
    tx_users_init(&users);
    struct tx_user *user = tx_users_get(&users, 1001);
    tx_user_take_bytes(user, 10);
    tx_users_get(&users, 1002); /* makes room by freeing what is unused */
    ck_assert_ptr_eq(tx_users_find(&users, 1001), user);
    tx_user_give_bytes(user, 70); /* 60 of them were an earlier process's */
    ck_assert_uint_eq(user->n_bytes, 0);
    tx_users_get(&users, 1003);
    ck_assert_ptr_null(tx_users_find(&users, 1001));
    ck_assert_ptr_null(tx_users_find(&users, 1002));
    tx_users_deinit(&users);
}
END_TEST

/* --- replies --- */

START_TEST(a_client_that_never_reads_blocks_nobody_and_costs_little) {
    struct tx_replies replies = {.n = 0};
    const uint8_t client[8] = {1};
    int fds[2];
    size_t dropped = 0;

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
    for (uint64_t n = 0; n < 10000; n++) {
        struct tx_wire_reply receipt = {.type = TX_WIRE_RECEIPT, .n = n};
        dropped += tx_replies_add(&replies, fds[0], &receipt) == TX_REPLIES_E_DROPPED;
        tx_replies_ack(&replies, client, n + 1);
    }
    ck_assert_uint_gt(dropped, 0);
    ck_assert_uint_eq(replies.n, TX_REPLIES_MAX);
    ck_assert(!tx_replies_flush(&replies, fds[0]));

    /* Now it reads: what was kept in order, then the latest acknowledgement. */
    uint64_t expected = 0;
    struct tx_wire_reply reply = {.n = 0};
    uint8_t memory[TX_WIRE_REPLY_BYTES];
    do {
        ssize_t n = recv(fds[1], memory, sizeof(memory), MSG_DONTWAIT);
        ck_assert_int_gt(n, 0);
        ck_assert_int_eq(tx_wire_reply_parse(memory, (size_t)n, &reply), 0);
        if (reply.type == TX_WIRE_RECEIPT)
            ck_assert_uint_eq(reply.n, expected++);
        tx_replies_flush(&replies, fds[0]);
    } while (reply.type == TX_WIRE_RECEIPT);
    ck_assert_uint_eq(expected, 10000 - dropped);
    ck_assert_int_eq(reply.type, TX_WIRE_ACK);
    ck_assert_uint_eq(reply.n, 10000);
    close(fds[1]);
    ck_assert_int_eq(tx_replies_add(&replies, fds[0], &reply), 0);
    ck_assert(replies.is_gone);
    close(fds[0]);
    tx_replies_deinit(&replies);
}
END_TEST

START_TEST(an_acknowledgement_never_goes_back_but_for_another_client) {
    struct tx_replies replies = {.n = 0};
    const uint8_t a[8] = {1}, b[8] = {2};
    tx_replies_ack(&replies, a, 10);
    ck_assert(replies.has_ack);
    replies.has_ack = false;
    tx_replies_ack(&replies, a, 10);
    tx_replies_ack(&replies, a, 9);
    ck_assert(!replies.has_ack);
    tx_replies_ack(&replies, b, 1);
    ck_assert(replies.has_ack);
    ck_assert_uint_eq(replies.ack, 1);
}
END_TEST

/* --- rejections --- */

START_TEST(rejections_are_said_at_once_and_then_once_a_second) {
    struct tx_rejections rejections = {0};
    const int64_t second = TX_REJECTIONS_INTERVAL_NS;
    int64_t now = 5 * second;

    tx_rejections_count(&rejections, 1000, "a", now);
    struct tx_rejection *due = tx_rejections_due(&rejections, now, false);
    ck_assert_uint_eq(due->count, 1);
    tx_rejections_said(due, now);
    ck_assert_int_eq(tx_rejections_next(&rejections), 0);
    for (int i = 0; i < 500; i++)
        tx_rejections_count(&rejections, 1000, "b", now + i);
    ck_assert_ptr_null(tx_rejections_due(&rejections, now + second - 1, false));
    ck_assert_ptr_nonnull(tx_rejections_due(&rejections, now + 1, true));
    ck_assert_int_eq(tx_rejections_next(&rejections), now + second);
    due = tx_rejections_due(&rejections, now + second, false);
    ck_assert_uint_eq(due->count, 500);
    ck_assert_str_eq(due->reason, "b");
    /* Another user is not held up by it. */
    tx_rejections_count(&rejections, 1001, "c", now + 2);
    ck_assert_uint_eq(tx_rejections_due(&rejections, now + 2, false)->uid, 1001);
}
END_TEST

START_TEST(ten_thousand_users_are_counted_in_a_small_table) {
    struct tx_rejections rejections = {0};
    uint64_t count = 0;
    struct tx_rejection *due;

    for (uint32_t uid = 0; uid < 10000; uid++)
        tx_rejections_count(&rejections, uid, "x", 1);
    while ((due = tx_rejections_due(&rejections, 1, false))) {
        ck_assert(due->several ? due->count == 10000 - TX_REJECTIONS_UIDS : due->count == 1);
        count += due->count;
        tx_rejections_said(due, 1);
    }
    ck_assert_uint_eq(count, 10000);
    tx_rejections_count(&rejections, 77777, "x", 1 + 2 * (int64_t)TX_REJECTIONS_INTERVAL_NS);
    ck_assert_uint_eq(
        tx_rejections_due(&rejections, 1 + 2 * (int64_t)TX_REJECTIONS_INTERVAL_NS, false)->uid,
        77777);
}
END_TEST

/* --- records --- */

static const char *fault_of(const struct tx_record *record) {
    const struct tx_record_fault *fault = tx_record_fault(record);
    return fault ? fault->reason : "";
}

START_TEST(a_record_is_checked_for_what_the_wire_leaves_open) {
    static char names[TX_LIMIT_FIELDS][8];
    static struct tx_field fields[TX_LIMIT_FIELDS];
    struct tx_record record = {
        .event = TX_TEXT("a.b"), .n_fields = TX_LIMIT_FIELDS, .fields = fields};
    static char correlation[TX_LIMIT_CORRELATION_BYTES + 1];

    for (size_t i = 0; i < TX_LIMIT_FIELDS; i++) {
        int n = snprintf(names[i], sizeof(names[i]), "f%zu", i);
        fields[i].name = (struct tx_text){names[i], (size_t)n};
    }
    ck_assert_str_eq(fault_of(&record), "");
    fields[1000].name = fields[3].name;
    ck_assert_str_eq(fault_of(&record), "field name is repeated");
    fields[1000].name = TX_TEXT("no spaces");
    ck_assert_str_eq(fault_of(&record), "field name is not allowed");
    record.n_fields = 0;
    ck_assert_str_eq(fault_of(&record), "");
    record.correlation_id = (struct tx_text){correlation, sizeof(correlation)};
    ck_assert_str_eq(fault_of(&record), "correlation id is too long");
    record.event = TX_TEXT("tracex.epoch");
    ck_assert_str_eq(fault_of(&record), "event name is reserved");
    record.event = TX_TEXT("A");
    ck_assert_str_eq(fault_of(&record), "event name is not allowed");
}
END_TEST

START_TEST(own_records_have_one_form) {
    char memory[TX_OWN_BODY_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    const uint8_t client[8] = {0xab, 0, 0, 0, 0, 0, 0, 1};
    const uint32_t uid = 1000;

    tx_own_render_lost(&b, client, 3, 4, "client");
    tx_buf_char(&b, '\0');
    ck_assert_int_eq(strncmp(memory, "\"by\":\"ingest\",\"time\":\"", 22), 0);
    ck_assert_str_eq(memory + 22 + 30, "\",\"event\":\"tracex.lost\",\"data\":{\"client\":"
                                       "\"ab00000000000001\",\"first\":3,\"last\":4,"
                                       "\"why\":\"client\"}}");
    b = tx_buf_of(memory, sizeof(memory));
    tx_own_render_rejected(&b, &uid, 5, "field name is repeated");
    tx_buf_char(&b, '\0');
    ck_assert(strstr(memory,
                     "\"data\":{\"uid\":1000,\"count\":5,\"reason\":\"field name is repeated\"}}"));
    b = tx_buf_of(memory, sizeof(memory));
    const struct tx_ipc_policy_change start = {.why = TX_TEXT("start")};
    tx_own_render_policy(&b, &(struct tx_own_policy){.sha256 = "00ff", .change = &start});
    tx_buf_char(&b, '\0');
    ck_assert(strstr(
        memory, "\"event\":\"tracex.policy\",\"data\":{\"sha256\":\"00ff\",\"why\":\"start\"}}"));
}
END_TEST

START_TEST(a_record_of_a_policy_says_what_was_loosened_or_refused) {
    static const struct tx_ipc_policy_change allowed = {
        .why = {"reload", 6},
        .allowed = true,
        .more = true,
        .n_weakened = 2,
        .weakened = {{"rule \"a\"", 8}, {"\xff", 1}}};
    static const struct tx_ipc_policy_change refused = {
        .why = {"reload", 6}, .rejected = {"invalid", 7}, .place = {"/etc/t.yaml:3:1", 15}};
    char memory[TX_OWN_POLICY_BODY_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));

    tx_own_render_policy(
        &b, &(struct tx_own_policy){.sha256 = "00ff", .before = "00aa", .change = &allowed});
    tx_buf_char(&b, '\0');
    ck_assert_str_eq(strstr(memory, "{\"sha256\""),
                     "{\"sha256\":\"00ff\",\"before\":\"00aa\",\"why\":\"reload\","
                     "\"allowed_weaker\":true,\"weakened\":[\"rule \\\"a\\\"\",null],"
                     "\"weakened_more\":true}}");
    b = tx_buf_of(memory, sizeof(memory));
    tx_own_render_policy(
        &b, &(struct tx_own_policy){.sha256 = "00ff", .lockdown = true, .change = &refused});
    tx_buf_char(&b, '\0');
    ck_assert_str_eq(strstr(memory, "{\"sha256\""),
                     "{\"sha256\":\"00ff\",\"why\":\"reload\",\"lockdown\":true,"
                     "\"rejected\":\"invalid\",\"at\":\"/etc/t.yaml:3:1\"}}");
}
END_TEST

/* What the most of a change can be has room in its record, whatever bytes it has. */
START_TEST(the_longest_change_of_a_policy_has_room) {
    static char text[TX_IPC_POLICY_WEAKENED_BYTES], memory[TX_IPC_POLICY_CHANGE_BYTES];
    static uint8_t body[TX_OWN_POLICY_BODY_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    struct tx_ipc_policy_change change = {
        .why = {text, 1024},
        .rejected = {text, 1024},
        .place = {text, sizeof(text)},
        .n_weakened = TX_IPC_POLICY_WEAKENED_MAX,
    };

    memset(text, 1, sizeof(text)); /* six bytes of one */
    for (size_t i = 0; i < change.n_weakened; i++)
        change.weakened[i] = (struct tx_text){text, sizeof(text) / change.n_weakened};
    tx_ipc_policy_change_render(&change, &b);
    ck_assert(!b.full);
    ck_assert_int_eq(tx_ipc_policy_change_parse((struct tx_text){memory, b.len}, &change), 0);
    ck_assert_uint_eq(change.n_weakened, TX_IPC_POLICY_WEAKENED_MAX);
    b = tx_buf_of(body, sizeof(body));
    tx_own_render_policy(&b, &(struct tx_own_policy){.sha256 = "00ff", .change = &change});
    ck_assert(!b.full);
}
END_TEST

START_TEST(records_of_erasures_and_revelations_have_one_form) {
    static const struct tx_vault_erasure erasure = {.request = {0xab},
                                                    .ref = {0xff},
                                                    .time = 1,
                                                    .uid = 3,
                                                    .pid = 4,
                                                    .reference = {"DSR \"17\"", 8}};
    static const struct tx_vault_reveal reveal = {
        .request = {1}, .seq = 7, .record = {2}, .uid = 3, .pid = 4, .field = {"name", 4}};
    static const struct tx_vault_erasure bare = {.time = 0};
    char memory[TX_OWN_LONG_BODY_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    tx_own_render_erased(&b, &erasure);
    tx_buf_char(&b, '\0');
    ck_assert_str_eq(strstr(memory, "\"event\""),
                     "\"event\":\"tracex.erased\",\"data\":{\"request\":"
                     "\"ab000000-0000-0000-0000-000000000000\",\"reference\":\"DSR \\\"17\\\"\","
                     "\"ref\":\"_wAAAAAAAAAAAAAAAAAAAA\","
                     "\"erased\":\"1970-01-01T00:00:00.000000001Z\",\"uid\":3,\"pid\":4}}");
    b = tx_buf_of(memory, sizeof(memory));
    tx_own_render_erased(&b, &bare);
    tx_buf_char(&b, '\0');
    ck_assert_ptr_null(strstr(memory, "reference"));
    b = tx_buf_of(memory, sizeof(memory));
    tx_own_render_revealed(&b, &reveal);
    tx_buf_char(&b, '\0');
    ck_assert_str_eq(strstr(memory, "\"event\""),
                     "\"event\":\"tracex.revealed\",\"data\":{\"request\":"
                     "\"01000000-0000-0000-0000-000000000000\",\"seq\":7,\"id\":"
                     "\"02000000-0000-0000-0000-000000000000\",\"field\":\"name\",\"uid\":3,"
                     "\"pid\":4}}");
}
END_TEST

START_TEST(whoever_waits_for_an_own_record_hears_of_it_when_it_is_durable) {
    struct tx_own_records own = {.n = 0};
    struct tx_link link;
    int pair[2];
    const struct tx_text body = TX_TEXT("\"by\":\"ingest\",\"data\":{}}");
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    ck_assert_int_eq(tx_link_init(&link), 0);
    ck_assert_int_eq(tx_link_connect(&link, pair[0]), 0);
    ck_assert_int_eq(tx_own_add(&own, body, (struct tx_text){.p = NULL}, 41), 0);
    ck_assert_int_eq(tx_own_add(&own, body, (struct tx_text){.p = NULL}, 0), 0);
    ck_assert_int_eq(tx_own_add(&own, body, (struct tx_text){.p = NULL}, 42), 0);
    ck_assert_int_eq(tx_own_send(&own, &link), 0);
    ck_assert_uint_eq(tx_own_done(&own), 0);
    tx_own_settle(&own, 2);
    ck_assert_uint_eq(tx_own_done(&own), 41);
    ck_assert_uint_eq(tx_own_done(&own), 41);
    tx_own_drop_done(&own);
    ck_assert_uint_eq(tx_own_done(&own), 0);
    tx_own_restart(&own); /* a new ledger: it is sent again, and awaited still */
    tx_link_disconnect(&link);
    ck_assert_int_eq(tx_link_connect(&link, dup(pair[1])), 0);
    ck_assert_int_eq(tx_own_send(&own, &link), 0);
    tx_own_settle(&own, 1);
    ck_assert_uint_eq(tx_own_done(&own), 42);
    ck_assert_uint_eq(own.n, 0);
    tx_own_deinit(&own);
    tx_link_deinit(&link);
    close(pair[1]);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("ingest-parts");
    TCase *tests = tcase_create("parts");
    tcase_add_test(tests, users_take_turns_and_then_their_connections);
    tcase_add_test(tests, who_rests_or_is_held_has_no_turn_until_he_is_called);
    tcase_add_test(tests, a_user_is_kept_while_anything_is_his);
    tcase_add_test(tests, a_client_that_never_reads_blocks_nobody_and_costs_little);
    tcase_add_test(tests, an_acknowledgement_never_goes_back_but_for_another_client);
    tcase_add_test(tests, rejections_are_said_at_once_and_then_once_a_second);
    tcase_add_test(tests, ten_thousand_users_are_counted_in_a_small_table);
    tcase_add_test(tests, a_record_is_checked_for_what_the_wire_leaves_open);
    tcase_add_test(tests, own_records_have_one_form);
    tcase_add_test(tests, a_record_of_a_policy_says_what_was_loosened_or_refused);
    tcase_add_test(tests, the_longest_change_of_a_policy_has_room);
    tcase_add_test(tests, records_of_erasures_and_revelations_have_one_form);
    tcase_add_test(tests, whoever_waits_for_an_own_record_hears_of_it_when_it_is_durable);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
