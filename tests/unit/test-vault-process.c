/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "auditd/ipc/control.h"
#include "auditd/ipc/fds.h"
#include "auditd/ipc/vault.h"
#include "libtx/crypto/aead.h"
#include "tests/unit/process-check.h"

static char directory[64];
static int dirfd_vault;
static int ingest = -1;

static void setup(void) {
    strcpy(directory, "/tmp/tx-process-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    dirfd_vault = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void close_ends(void) {
    if (control >= 0)
        close(control);
    if (ingest >= 0)
        close(ingest);
    control = ingest = -1;
}

static void teardown(void) {
    char command[128];
    close_ends();
    close(dirfd_vault);
    snprintf(command, sizeof(command), "rm -rf %s", directory);
    ck_assert_int_eq(system(command), 0);
}

static _Noreturn void exec_vault(int control_end, const char *user) {
    const char *arguments[] = {
        "tracex-vault", "--config-name", "/etc/tracex.yaml", "--uid", user, "--gid", user, NULL};
    if (!user)
        arguments[3] = NULL;
    static const int wanted[] = {TX_FD_CONTROL, TX_FD_VAULT_DIR};
    int have[] = {control_end, dirfd_vault};
    become(TX_TEST_VAULT, arguments, have, wanted, TX_COUNT_OF(wanted));
}

static void start_as(const char *user) {
    int pair[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0)
        exec_vault(pair[1], user);
    close(pair[1]);
    control = pair[0];
}

static void tell(enum tx_control_type type, struct tx_text payload, int fd) {
    struct tx_control message = {.type = type, .payload = payload, .fd = fd};
    ck_assert_int_eq(tx_control_send(control, &message), 0);
}

static void connect_ingest(void) {
    int pair[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    if (ingest >= 0)
        close(ingest);
    ingest = pair[0];
    tell(TX_CONTROL_INGEST, TX_TEXT(""), pair[1]);
    close(pair[1]);
}

static void start(void) {
    start_as(NULL);
    struct tx_control message = hear();
    ck_assert_int_eq(message.type, TX_CONTROL_READY);
    ck_assert(has(message.payload, "\"seccomp\":true"));
    ck_assert(has(message.payload, "\"no_new_privileges\":true"));
    connect_ingest();
}

static void end(int code) {
    check_exit(code);
    close_ends();
}

static void stop(void) {
    tell(TX_CONTROL_STOP, TX_TEXT(""), -1);
    ck_assert_int_eq(hear().type, TX_CONTROL_STOPPED);
    end(0);
}

static struct tx_vault_message get(const char *person) {
    static uint8_t bytes[TX_VAULT_MESSAGE_BYTES];
    static uint32_t number;
    struct tx_buf b = tx_buf_of(bytes, sizeof(bytes));
    struct tx_vault_message message = {
        .type = TX_VAULT_GET, .number = ++number, .person = {person, strlen(person)}};
    tx_vault_message_render(&message, &b);
    ck_assert_int_eq(send(ingest, bytes, b.len, 0), (ssize_t)b.len);
    ssize_t n = recv(ingest, bytes, sizeof(bytes), 0);
    ck_assert_int_gt(n, 0);
    ck_assert_int_eq(tx_vault_message_parse((struct tx_text){(char *)bytes, (size_t)n}, &message),
                     0);
    ck_assert_uint_eq(message.number, number);
    ck_assert_int_eq((int)message.type, TX_VAULT_KEY);
    return message;
}

static struct tx_vault_erasure heard; /* its text borrows from control_memory */

static enum tx_vault_erased hear_erased(void) {
    struct tx_control message = hear();
    ck_assert_int_eq(message.type, TX_CONTROL_ERASED);
    struct tx_cursor c = tx_cursor_of(message.payload.p, message.payload.n);
    ck_assert_int_eq(tx_vault_erasure_parse(&c, &heard), 0);
    return (enum tx_vault_erased)message.argument;
}

static enum tx_vault_erased erase(const char *person) {
    char payload[TX_VAULT_ERASURE_BYTES + 64];
    struct tx_buf b = tx_buf_of(payload, sizeof(payload));
    struct tx_vault_erasure erasure = {
        .request = {7}, .uid = 5, .pid = 6, .reference = TX_TEXT("DSR-1")};
    tx_vault_erasure_render(&erasure, &b);
    tx_buf_str(&b, person);
    tell(TX_CONTROL_ERASE, (struct tx_text){payload, b.len}, -1);
    return hear_erased();
}

START_TEST(it_lives_within_its_sandbox_and_stops_when_told) {
    struct tx_vault_message first, again;
    start();
    first = get("ada");
    (void)get("bob");
    again = get("ada");
    ck_assert_mem_eq(again.key, first.key, sizeof(first.key));
    for (int i = 0; i < 9000; i++) { /* the file grows */
        char person[16];
        snprintf(person, sizeof(person), "p%d", i);
        if (i % 30 == 0)
            (void)get(person);
    }
    tell(TX_CONTROL_PING, TX_TEXT(""), -1);
    ck_assert_int_eq(hear().type, TX_CONTROL_PONG);
    tell(TX_CONTROL_STATUS_GET, TX_TEXT(""), -1);
    struct tx_control message = hear();
    ck_assert_int_eq(message.type, TX_CONTROL_STATUS);
    ck_assert(has(message.payload, "{\"keys\":302,\"erased\":0,"));
    stop();
    start();
    again = get("ada");
    ck_assert_mem_eq(again.key, first.key, sizeof(first.key));
    stop();
}
END_TEST

START_TEST(an_erasure_is_told_again_until_the_log_has_it) {
    struct tx_vault_message first, second;
    start();
    first = get("ada");
    ck_assert_int_eq((int)erase("nobody"), TX_VAULT_ERASED_NOTHING);
    ck_assert_int_eq((int)erase("ada"), TX_VAULT_ERASED_DONE);
    ck_assert_mem_eq(heard.ref, first.ref, sizeof(first.ref));
    ck_assert_int_eq((int)erase("ada"), TX_VAULT_ERASED_NOTHING);
    kill(pid, SIGKILL);
    ck_assert(WIFSIGNALED(wait_status()));
    close_ends();
    start();
    ck_assert_int_eq((int)hear_erased(), TX_VAULT_ERASED_DONE);
    ck_assert_uint_eq(heard.request[0], 7);
    ck_assert_uint_eq(heard.uid, 5);
    ck_assert(tx_text_equal(heard.reference, TX_TEXT("DSR-1")));
    ck_assert_mem_eq(heard.ref, first.ref, sizeof(first.ref));
    second = get("ada");
    ck_assert_mem_ne(second.key, first.key, sizeof(first.key));
    const uint8_t request[16] = {7};
    tell(TX_CONTROL_ERASE_RECORDED, (struct tx_text){(const char *)request, 16}, -1);
    stop();
    start();
    tell(TX_CONTROL_PING, TX_TEXT(""), -1);
    ck_assert_int_eq(hear().type, TX_CONTROL_PONG); /* and nothing before it */
    stop();
}
END_TEST

START_TEST(without_its_supervisor_it_serves_ingest_until_that_is_gone_too) {
    start();
    (void)get("ada");
    close(control);
    control = -1;
    (void)get("bob");
    close(ingest);
    ingest = -1;
    end(0);
    start();
    close(ingest);
    ingest = -1;
    connect_ingest();
    (void)get("ada");
    close_ends();
    end(0);
}
END_TEST

START_TEST(noise_from_ingest_ends_that_stream_and_nothing_else) {
    static uint8_t noise[4 * TX_VAULT_MESSAGE_BYTES];
    start();
    for (size_t n = 1; n <= sizeof(noise); n = n * 3 + 1) {
        char byte;
        memset(noise, (int)(n | 0x80), n);
        ck_assert_int_eq(send(ingest, noise, n, 0), (ssize_t)n);
        ck_assert_int_eq(recv(ingest, &byte, 1, 0), 0);
        connect_ingest();
        (void)get("ada");
    }
    stop();
}
END_TEST

/* --- revelation: on the caller's own connection --- */

static void put_base64url(struct tx_buf *b, const void *p, size_t n) {
    size_t start_at = b->len;
    tx_buf_base64(b, p, n);
    while (b->data[b->len - 1] == '=')
        b->len--;
    for (size_t i = start_at; i < b->len; i++)
        b->data[i] = (uint8_t)(b->data[i] == '+' ? '-' : b->data[i] == '/' ? '_' : b->data[i]);
}

static struct tx_text make_token(const struct tx_vault_message *key, const char *clear) {
    static const char bound[] =
        "tracex-enc-v1\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x04name\x02\0\0\0"
        "\0\0\0\0\0\x01";
    static char text[512];
    uint8_t nonce[TX_AEAD_NONCE_BYTES] = {9}, sealed[256];
    struct tx_buf b = tx_buf_of(text, sizeof(text));
    _cleanup_(tx_aead_freep) struct tx_aead *aead = NULL;
    _cleanup_(tx_aead_key_freep) struct tx_aead_key *aead_key = NULL;
    ck_assert_int_eq(tx_aead_new(&aead), 0);
    ck_assert_int_eq(tx_aead_key_new(aead, key->key, &aead_key), 0);
    tx_aead_seal(aead_key, nonce, bound, 13 + 16 + 2 + 4 + 8 + 2, clear, strlen(clear), sealed);
    tx_buf_str(&b, "txe1:");
    put_base64url(&b, key->ref, sizeof(key->ref));
    tx_buf_char(&b, ':');
    put_base64url(&b, nonce, sizeof(nonce));
    tx_buf_char(&b, ':');
    put_base64url(&b, sealed, strlen(clear) + TX_AEAD_TAG_BYTES);
    return (struct tx_text){text, b.len};
}

static int call(void) {
    char payload[TX_VAULT_REVEAL_BYTES];
    struct tx_buf b = tx_buf_of(payload, sizeof(payload));
    struct tx_vault_reveal reveal = {
        .record = {1}, .policy = {2}, .field = TX_TEXT("name"), .reason = TX_TEXT("audit")};
    int pair[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    tx_vault_reveal_render(&reveal, &b);
    tell(TX_CONTROL_REVEAL, (struct tx_text){payload, b.len}, pair[1]);
    close(pair[1]);
    return pair[0];
}

static size_t exchange(int fd, struct tx_text token, uint8_t *ret) {
    char question[1024] = {1, 0}; /* the first of the field */
    ck_assert_uint_le(token.n, sizeof(question) - 2);
    memcpy(question + 2, token.p, token.n);
    ck_assert_int_eq(send(fd, question, token.n + 2, 0), (ssize_t)token.n + 2);
    ssize_t n = recv(fd, ret, 1024, 0);
    ck_assert_int_gt(n, 0);
    return (size_t)n;
}

START_TEST(clear_text_goes_to_the_caller_alone) {
    uint8_t answer[1024];
    start();
    struct tx_vault_message key = get("ada");
    struct tx_text token = make_token(&key, "Ada Lovelace");
    int fd = call();
    ck_assert_int_eq(recv(fd, answer, sizeof(answer), 0), 1);
    ck_assert_uint_eq(answer[0], TX_VAULT_GO);
    for (int i = 0; i < 3; i++) {
        ck_assert_uint_eq(exchange(fd, token, answer), 13);
        ck_assert_uint_eq(answer[0], TX_VAULT_CLEAR);
        ck_assert_mem_eq(answer + 1, "Ada Lovelace", 12);
    }
    ck_assert_uint_eq(exchange(fd, TX_TEXT("txe1:nonsense"), answer), 1);
    ck_assert_uint_eq(answer[0], TX_VAULT_NO_TOKEN);
    ck_assert_int_eq((int)erase("ada"), TX_VAULT_ERASED_DONE);
    ck_assert_uint_eq(exchange(fd, token, answer), 9);
    ck_assert_uint_eq(answer[0], TX_VAULT_ERASED);
    close(fd);
    stop();
}
END_TEST

START_TEST(callers_who_hang_up_or_say_too_much_harm_nobody) {
    static char much[TX_VAULT_QUESTION_BYTES + 1];
    int fds[20];
    uint8_t answer[16];
    start();
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < TX_COUNT_OF(fds); i++)
            fds[i] = call();
        for (size_t i = 0; i < TX_COUNT_OF(fds); i++) {
            ssize_t n = recv(fds[i], answer, sizeof(answer), 0);
            ck_assert_int_eq(n, i < 16 ? 1 : 0); /* the others are hung up on */
        }
        for (size_t i = 1; i < 16; i += 2) {
            ck_assert_int_eq(send(fds[i], much, sizeof(much), 0), sizeof(much));
            ck_assert_int_eq(recv(fds[i], answer, sizeof(answer), 0), 0);
        }
        for (size_t i = 0; i < TX_COUNT_OF(fds); i++)
            close(fds[i]);
        tell(TX_CONTROL_PING, TX_TEXT(""), -1);
        ck_assert_int_eq(hear().type, TX_CONTROL_PONG);
        (void)get("ada");
    }
    stop();
}
END_TEST

static void check_owner(const char *name, uid_t uid) {
    struct stat st;
    ck_assert_int_eq(fstatat(dirfd_vault, name, &st, 0), 0);
    ck_assert_uint_eq(st.st_uid, uid);
    ck_assert_uint_eq(st.st_mode & 077, 0);
}

START_TEST(started_by_root_it_becomes_the_user_who_owns_its_files) {
    if (geteuid() != 0)
        return;
    ck_assert_int_eq(fchown(dirfd_vault, 65534, 65534), 0);
    for (int round = 0; round < 2; round++) {
        start_as("65534");
        struct tx_control message = hear();
        ck_assert_int_eq(message.type, TX_CONTROL_READY);
        ck_assert(has(message.payload, "\"user_changed\":true"));
        ck_assert(has(message.payload, "\"no_capabilities\":true"));
        connect_ingest();
        (void)get("ada");
        stop();
    }
    check_owner("kek", 65534);
    check_owner("subjects", 65534);
}
END_TEST

START_TEST(a_lost_key_is_fatal_and_says_what_to_do) {
    start();
    (void)get("ada");
    stop();
    ck_assert_int_eq(unlinkat(dirfd_vault, "kek", 0), 0);
    start_as(NULL);
    struct tx_control message = hear();
    ck_assert_int_eq(message.type, TX_CONTROL_FATAL);
    ck_assert(has(message.payload, directory));
    ck_assert(has(message.payload, "/kek is missing"));
    end(1);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("vault-process");
    TCase *tests = tcase_create("tracex-vault");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, it_lives_within_its_sandbox_and_stops_when_told);
    tcase_add_test(tests, an_erasure_is_told_again_until_the_log_has_it);
    tcase_add_test(tests, without_its_supervisor_it_serves_ingest_until_that_is_gone_too);
    tcase_add_test(tests, noise_from_ingest_ends_that_stream_and_nothing_else);
    tcase_add_test(tests, clear_text_goes_to_the_caller_alone);
    tcase_add_test(tests, callers_who_hang_up_or_say_too_much_harm_nobody);
    tcase_add_test(tests, started_by_root_it_becomes_the_user_who_owns_its_files);
    tcase_add_test(tests, a_lost_key_is_fatal_and_says_what_to_do);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
