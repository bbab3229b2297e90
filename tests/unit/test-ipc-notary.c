/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "auditd/ipc/notary.h"
#include "libtx/base/buf.h"

static struct tx_hasher *hasher;
static uint8_t memory[TX_NOTARY_MESSAGE_BYTES], again[TX_NOTARY_MESSAGE_BYTES];

static void setup(void) {
    ck_assert_int_eq(tx_hasher_new(&hasher), 0);
}

static void teardown(void) {
    tx_hasher_free(hasher);
}

static struct tx_range range_of(uint64_t begin, uint64_t end) {
    struct tx_range range;
    tx_range_init(&range, begin);
    for (uint64_t i = begin; i < end; i++) {
        struct tx_digest leaf;
        tx_hash_leaf(hasher, &i, sizeof(i), &leaf);
        tx_range_append(&range, hasher, &leaf);
    }
    return range;
}

static struct tx_vkey vkey_of(const char *name, uint8_t type) {
    uint8_t key[TX_PUBLIC_KEY_BYTES];
    struct tx_vkey vkey;
    memset(key, name[0], sizeof(key));
    ck_assert_int_eq(tx_vkey_make(hasher, (struct tx_text){name, strlen(name)}, type, key, &vkey),
                     0);
    return vkey;
}

#define N_REQUESTS 5

static struct tx_notary_request request_of(size_t i) {
    static const enum tx_notary_type types[N_REQUESTS] = {
        TX_NOTARY_HELLO, TX_NOTARY_GROW, TX_NOTARY_GROW, TX_NOTARY_ROTATE, TX_NOTARY_REPLAY};
    struct tx_notary_request request = {.type = types[i]};
    tx_range_init(&request.range, 0);
    if (types[i] != TX_NOTARY_HELLO)
        request.range = range_of(5, 23);
    if (i == 2 || i == 3)
        request.last = TX_TEXT("{\"seq\":23}");
    request.seal = i == 2 || i == 4;
    if (types[i] == TX_NOTARY_REPLAY)
        request.note = TX_TEXT("text\n\n— signature\n");
    return request;
}

#define N_REPLIES 5

static struct tx_notary_reply reply_of(size_t i) {
    static const enum tx_notary_type types[N_REPLIES] = {
        TX_NOTARY_STATE, TX_NOTARY_NOTE, TX_NOTARY_LINE, TX_NOTARY_DONE, TX_NOTARY_ERROR};
    struct tx_notary_reply reply = {.type = types[i]};
    if (reply.type == TX_NOTARY_STATE) {
        reply.state.identity = vkey_of("web1.example/audit", TX_KEY_ED25519);
        reply.state.epoch0 = vkey_of("web1.example/audit/epoch/0", TX_KEY_COSIGNATURE);
        reply.state.epoch_vkey = vkey_of("web1.example/audit/epoch/7", TX_KEY_COSIGNATURE);
        reply.state.epoch = 7;
        reply.state.range = range_of(0, 23);
        reply.state.n_checkpoints = 4;
        memset(reply.state.digest.bytes, 0x5a, TX_HASH_BYTES);
        reply.state.last_was_seal = true;
        reply.state.note = TX_TEXT("note\n");
        reply.state.pending_line = TX_TEXT("{\"seq\":22}");
    }
    if (reply.type == TX_NOTARY_NOTE) {
        reply.note = TX_TEXT("note\n");
        reply.rotate_due = true;
    }
    if (reply.type == TX_NOTARY_LINE)
        reply.line = TX_TEXT("{\"seq\":22}");
    if (reply.type == TX_NOTARY_ERROR)
        reply.error = TX_NOTARY_E_PENDING;
    return reply;
}

static struct tx_text render_request(const struct tx_notary_request *request, void *to) {
    struct tx_buf b = tx_buf_of(to, TX_NOTARY_MESSAGE_BYTES);
    ck_assert_int_eq(tx_notary_request_render(request, &b), 0);
    return (struct tx_text){(const char *)b.data, b.len};
}

static struct tx_text render_reply(const struct tx_notary_reply *reply, void *to) {
    struct tx_buf b = tx_buf_of(to, TX_NOTARY_MESSAGE_BYTES);
    ck_assert_int_eq(tx_notary_reply_render(reply, &b), 0);
    return (struct tx_text){(const char *)b.data, b.len};
}

/* 0 when it was parsed; then its rendering is the message. */
static int parse_request_again(struct tx_text message) {
    struct tx_notary_request request;
    int r = tx_notary_request_parse(message, &request);
    if (r == 0)
        ck_assert(tx_text_equal(render_request(&request, again), message));
    return r;
}

static int parse_reply_again(struct tx_text message) {
    struct tx_notary_reply reply;
    int r = tx_notary_reply_parse(hasher, message, &reply);
    if (r == 0)
        ck_assert(tx_text_equal(render_reply(&reply, again), message));
    return r;
}

typedef int (*parser)(struct tx_text message);

static void check_every_cut_and_addition(struct tx_text message, parser parse) {
    ck_assert_int_eq(parse(message), 0);
    for (size_t n = 0; n < message.n; n++) {
        /* On the heap, so that a read past the end is seen by the address sanitizer. */
        char *copy = malloc(n ? n : 1);
        memcpy(copy, message.p, n);
        ck_assert_msg(parse((struct tx_text){copy, n}) == -EBADMSG, "cut at %zu", n);
        free(copy);
    }
    char *longer = calloc(1, message.n + 1);
    memcpy(longer, message.p, message.n);
    ck_assert_int_eq(parse((struct tx_text){longer, message.n + 1}), -EBADMSG);
    free(longer);
}

static void check_every_bit(struct tx_text message, parser parse) {
    char *copy = malloc(message.n);
    for (size_t bit = 0; bit < 8 * message.n; bit++) {
        memcpy(copy, message.p, message.n);
        copy[bit / 8] = (char)(copy[bit / 8] ^ (1 << (bit % 8)));
        int r = parse((struct tx_text){copy, message.n});
        ck_assert_msg(r == 0 || r == -EBADMSG, "bit %zu: %d", bit, r);
    }
    free(copy);
}

START_TEST(a_request_is_read_as_it_was_written) {
    for (size_t i = 0; i < N_REQUESTS; i++) {
        struct tx_notary_request request = request_of(i), read;
        struct tx_text message = render_request(&request, memory);
        ck_assert_int_eq(tx_notary_request_parse(message, &read), 0);
        ck_assert_int_eq(read.type, request.type);
        ck_assert_int_eq(read.seal, request.seal);
        ck_assert(tx_text_equal(read.note, request.note));
        ck_assert(tx_text_equal(read.last, request.last));
        ck_assert_uint_eq(read.range.begin, request.range.begin);
        ck_assert_uint_eq(read.range.end, request.range.end);
        ck_assert_mem_eq(read.range.nodes, request.range.nodes,
                         request.range.n_nodes * sizeof(request.range.nodes[0]));
        ck_assert_int_eq(parse_request_again(message), 0);
    }
}
END_TEST

START_TEST(a_reply_is_read_as_it_was_written) {
    for (size_t i = 0; i < N_REPLIES; i++) {
        struct tx_notary_reply reply = reply_of(i), read;
        struct tx_text message = render_reply(&reply, memory);
        ck_assert_int_eq(tx_notary_reply_parse(hasher, message, &read), 0);
        ck_assert_int_eq(read.type, reply.type);
        ck_assert_int_eq(read.rotate_due, reply.rotate_due);
        ck_assert_int_eq(read.error, reply.error);
        ck_assert(tx_text_equal(read.note, reply.note));
        ck_assert(tx_text_equal(read.line, reply.line));
        ck_assert_int_eq(parse_reply_again(message), 0);
    }
}
END_TEST

START_TEST(a_message_that_is_cut_or_longer_is_refused) {
    for (size_t i = 0; i < N_REQUESTS; i++) {
        struct tx_notary_request request = request_of(i);
        check_every_cut_and_addition(render_request(&request, memory), parse_request_again);
    }
    for (size_t i = 0; i < N_REPLIES; i++) {
        struct tx_notary_reply reply = reply_of(i);
        check_every_cut_and_addition(render_reply(&reply, memory), parse_reply_again);
    }
}
END_TEST

START_TEST(a_flipped_bit_is_refused_or_is_another_valid_message) {
    for (size_t i = 0; i < N_REQUESTS; i++) {
        struct tx_notary_request request = request_of(i);
        check_every_bit(render_request(&request, memory), parse_request_again);
    }
    for (size_t i = 0; i < N_REPLIES; i++) {
        struct tx_notary_reply reply = reply_of(i);
        check_every_bit(render_reply(&reply, memory), parse_reply_again);
    }
}
END_TEST

START_TEST(a_request_is_no_reply_and_a_reply_no_request) {
    struct tx_notary_request request = request_of(1), read_request;
    struct tx_notary_reply reply = reply_of(1), read_reply;
    ck_assert_int_eq(tx_notary_reply_parse(hasher, render_request(&request, memory), &read_reply),
                     -EBADMSG);
    ck_assert_int_eq(tx_notary_request_parse(render_reply(&reply, memory), &read_request),
                     -EBADMSG);
}
END_TEST

START_TEST(a_text_over_its_limit_is_refused) {
    static char large[TX_LIMIT_NOTE_BYTES + 1];
    struct tx_notary_request request = request_of(4), read;
    request.note = (struct tx_text){large, TX_LIMIT_NOTE_BYTES};
    ck_assert_int_eq(tx_notary_request_parse(render_request(&request, memory), &read), 0);
    request.note.n++;
    ck_assert_int_eq(tx_notary_request_parse(render_request(&request, memory), &read), -EBADMSG);

    struct tx_buf small = tx_buf_of(memory, 10);
    ck_assert_int_eq(tx_notary_request_render(&request, &small), -EMSGSIZE);
}
END_TEST

START_TEST(a_call_sends_one_request_and_takes_one_reply) {
    int pair[2];
    struct tx_notary_request request = request_of(1), seen;
    struct tx_notary_reply reply = reply_of(1), got;
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    struct tx_text message = render_reply(&reply, again);
    ck_assert_int_eq(write(pair[1], message.p, message.n), (ssize_t)message.n);
    ck_assert_int_eq(tx_notary_call(pair[0], hasher, &request, &b, &got), 0);
    ck_assert(tx_text_equal(got.note, reply.note));

    ssize_t n = read(pair[1], again, sizeof(again));
    ck_assert_int_eq(tx_notary_request_parse((struct tx_text){(char *)again, (size_t)n}, &seen), 0);
    ck_assert_uint_eq(seen.range.end, 23);

    ck_assert_int_eq(write(pair[1], "x", 1), 1);
    ck_assert_int_eq(tx_notary_call(pair[0], hasher, &request, &b, &got), -EBADMSG);
    close(pair[1]);
    ck_assert_int_eq(tx_notary_call(pair[0], hasher, &request, &b, &got), -EPIPE);
    close(pair[0]);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("ipc-notary");
    TCase *tests = tcase_create("what ledger and signer say");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_request_is_read_as_it_was_written);
    tcase_add_test(tests, a_reply_is_read_as_it_was_written);
    tcase_add_test(tests, a_message_that_is_cut_or_longer_is_refused);
    tcase_add_test(tests, a_flipped_bit_is_refused_or_is_another_valid_message);
    tcase_add_test(tests, a_request_is_no_reply_and_a_reply_no_request);
    tcase_add_test(tests, a_text_over_its_limit_is_refused);
    tcase_add_test(tests, a_call_sends_one_request_and_takes_one_reply);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
