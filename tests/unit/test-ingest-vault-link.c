/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "auditd/ingest/vault-link.h"
#include "auditd/ipc/vault.h"

static struct tx_vault_link vault_link;

static void setup(void) {
    ck_assert_int_eq(tx_vault_link_init(&vault_link), 0);
}

static void teardown(void) {
    tx_vault_link_deinit(&vault_link);
}

/* Our end is the vault's: what is sent before the question is asked waits in the socket. */
static int connect_vault(void) {
    int pair[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    tx_vault_link_connect(&vault_link, pair[0]);
    return pair[1];
}

static void answer(int fd, const struct tx_vault_message *message) {
    uint8_t memory[TX_VAULT_MESSAGE_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    tx_vault_message_render(message, &b);
    ck_assert_int_eq(send(fd, memory, b.len, 0), (ssize_t)b.len);
}

static void answer_key(int fd, uint32_t number, uint8_t which) {
    struct tx_vault_message message = {.type = TX_VAULT_KEY, .number = number};
    memset(message.ref, which, sizeof(message.ref));
    memset(message.key, which + 1, sizeof(message.key));
    answer(fd, &message);
}

static int get(const char *person, struct tx_subject_key *ret) {
    return vault_link.keys.get(vault_link.keys.data, (struct tx_text){person, strlen(person)}, ret);
}

static void check_asked(int fd, const char *person) {
    uint8_t memory[TX_VAULT_MESSAGE_BYTES];
    struct tx_vault_message message;
    ssize_t n = recv(fd, memory, sizeof(memory), MSG_DONTWAIT);
    if (!person) {
        ck_assert_int_eq(n, -1);
        return;
    }
    ck_assert_int_gt(n, 0);
    ck_assert_int_eq(tx_vault_message_parse((struct tx_text){(char *)memory, (size_t)n}, &message),
                     0);
    ck_assert_int_eq((int)message.type, TX_VAULT_GET);
    ck_assert(tx_text_equal(message.person, (struct tx_text){person, strlen(person)}));
}

START_TEST(a_key_is_asked_for_once) {
    struct tx_subject_key key;
    int fd = connect_vault();
    answer_key(fd, 1, 7);
    for (int i = 0; i < 3; i++) {
        memset(&key, 0, sizeof(key));
        ck_assert_int_eq(get("ada", &key), 0);
        ck_assert_uint_eq(key.ref[0], 7);
        ck_assert_uint_eq(key.key[31], 8);
    }
    check_asked(fd, "ada");
    check_asked(fd, NULL);
    answer_key(fd, 2, 9);
    ck_assert_int_eq(get("bob", &key), 0);
    ck_assert_uint_eq(key.ref[0], 9);
    ck_assert_uint_eq(vault_link.n_failed, 0);
    close(fd);
}
END_TEST

START_TEST(a_key_that_was_destroyed_is_not_used_again) {
    struct tx_subject_key key;
    int fd = connect_vault();
    answer_key(fd, 1, 7);
    ck_assert_int_eq(get("ada", &key), 0);
    uint8_t ref[TX_SUBJECT_REF_BYTES];
    memcpy(ref, key.ref, sizeof(ref));
    ref[3] ^= 1;
    tx_key_cache_forget(vault_link.cache, ref);
    ck_assert_int_eq(get("ada", &key), 0); /* that was another's */
    tx_key_cache_forget(vault_link.cache, key.ref);
    answer_key(fd, 2, 20);
    ck_assert_int_eq(get("ada", &key), 0);
    ck_assert_uint_eq(key.ref[0], 20);
    close(fd);
}
END_TEST

START_TEST(a_late_answer_is_not_taken_for_another_persons) {
    struct tx_subject_key key;
    int fd = connect_vault();
    vault_link.has_answered = true;
    ck_assert_int_eq(get("ada", &key), -ETIMEDOUT);
    vault_link.pause_until_ns = 0;
    answer_key(fd, 1, 7); /* ada's */
    answer_key(fd, 2, 9);
    ck_assert_int_eq(get("bob", &key), 0);
    ck_assert_uint_eq(key.ref[0], 9);
    close(fd);
}
END_TEST

START_TEST(after_a_failure_nothing_is_asked_for_a_while_and_the_cache_serves) {
    struct tx_subject_key key;
    int fd = connect_vault();
    answer_key(fd, 1, 7);
    ck_assert_int_eq(get("ada", &key), 0);
    check_asked(fd, "ada");
    ck_assert_int_eq(get("bob", &key), -ETIMEDOUT);
    ck_assert_int_gt(vault_link.pause_until_ns, 0);
    check_asked(fd, "bob");
    vault_link.pause_until_ns = INT64_MAX; /* however slow we are */
    ck_assert_int_eq(get("carl", &key), -EAGAIN);
    check_asked(fd, NULL);
    ck_assert_int_eq(get("ada", &key), 0);
    ck_assert_uint_eq(vault_link.n_failed, 2);
    close(fd);
    fd = connect_vault(); /* a new vault is asked at once */
    answer_key(fd, 3, 9);
    ck_assert_int_eq(get("bob", &key), 0);
    ck_assert_int_eq(get("ada", &key), 0);
    close(fd);
}
END_TEST

START_TEST(without_a_vault_there_is_no_key) {
    struct tx_subject_key key;
    ck_assert_int_eq(get("ada", &key), -EPIPE);
    int fd = connect_vault();
    close(fd);
    ck_assert_int_lt(get("ada", &key), 0);
    ck_assert_int_eq(vault_link.fd, -1);
    ck_assert_uint_eq(vault_link.n_failed, 2);
}
END_TEST

START_TEST(errors_and_nonsense_of_the_vault_give_no_key) {
    struct tx_vault_message error = {
        .type = TX_VAULT_ERROR, .number = 1, .error = TX_VAULT_E_STORAGE};
    struct tx_subject_key key = {.key = {5}};
    int fd = connect_vault();
    answer(fd, &error);
    ck_assert_int_eq(get("ada", &key), -EIO);
    vault_link.pause_until_ns = 0;
    ck_assert_int_eq(send(fd, "nonsense", 8, 0), 8);
    ck_assert_int_eq(get("ada", &key), -EBADMSG);
    ck_assert_int_eq(vault_link.fd, -1);
    close(fd);
    ck_assert_uint_eq(key.key[0], 5); /* untouched */
}
END_TEST

START_TEST(names_that_are_none_are_not_asked_for) {
    static char longest[TX_VAULT_PERSON_BYTES + 2];
    struct tx_subject_key key;
    int fd = connect_vault();
    memset(longest, 'x', sizeof(longest) - 1);
    ck_assert_int_eq(get("", &key), -EINVAL);
    ck_assert_int_eq(get(longest, &key), -EINVAL);
    check_asked(fd, NULL);
    close(fd);
}
END_TEST

START_TEST(the_cache_keeps_those_that_were_used_last) {
    _cleanup_(tx_key_cache_freep) struct tx_key_cache *cache = NULL;
    struct tx_subject_key key, found;
    unsigned n_found = 0;
    ck_assert_int_eq(tx_key_cache_new(&cache), 0);
    for (unsigned i = 0; i < 20000; i++) {
        char person[16];
        int n = snprintf(person, sizeof(person), "p%u", i);
        memset(&key, 0, sizeof(key));
        memcpy(key.ref, &i, sizeof(i));
        tx_key_cache_put(cache, (struct tx_text){person, (size_t)n}, &key);
        ck_assert(tx_key_cache_find(cache, TX_TEXT("p0"), &found)); /* in use all the time */
        ck_assert_uint_eq(found.ref[0], 0);
    }
    for (unsigned i = 0; i < 20000; i++) {
        char person[16];
        unsigned number;
        int n = snprintf(person, sizeof(person), "p%u", i);
        if (!tx_key_cache_find(cache, (struct tx_text){person, (size_t)n}, &found))
            continue;
        memcpy(&number, found.ref, sizeof(number));
        ck_assert_uint_eq(number, i);
        n_found++;
    }
    ck_assert_uint_eq(n_found, TX_KEY_CACHE_WAYS * TX_KEY_CACHE_SETS);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("ingest-vault-link");
    TCase *tests = tcase_create("link");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_key_is_asked_for_once);
    tcase_add_test(tests, a_key_that_was_destroyed_is_not_used_again);
    tcase_add_test(tests, a_late_answer_is_not_taken_for_another_persons);
    tcase_add_test(tests, after_a_failure_nothing_is_asked_for_a_while_and_the_cache_serves);
    tcase_add_test(tests, without_a_vault_there_is_no_key);
    tcase_add_test(tests, errors_and_nonsense_of_the_vault_give_no_key);
    tcase_add_test(tests, names_that_are_none_are_not_asked_for);
    tcase_add_test(tests, the_cache_keeps_those_that_were_used_last);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
