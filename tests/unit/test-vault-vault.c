/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auditd/vault/token.h"
#include "auditd/vault/vault.h"

static char directory[64];
static int dirfd_vault;
static char why[TX_VAULT_WHY_BYTES];

static void setup(void) {
    strcpy(directory, "/tmp/tx-vault-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    dirfd_vault = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void teardown(void) {
    unlinkat(dirfd_vault, TX_TABLE_FILE, 0);
    unlinkat(dirfd_vault, TX_KEK_FILE, 0);
    close(dirfd_vault);
    ck_assert_int_eq(rmdir(directory), 0);
}

static int try_start(int kek_fd, struct tx_vault **ret) {
    struct tx_vault_options options = {
        .dirfd = dirfd_vault, .kek_fd = kek_fd, .directory = directory};
    why[0] = '\0';
    return tx_vault_start(&options, ret, why);
}

static struct tx_vault *start(void) {
    struct tx_vault *vault = NULL;
    ck_assert_msg(try_start(-1, &vault) == 0, "%s", why);
    return vault;
}

static struct tx_vault_message ask(struct tx_vault *vault, struct tx_text person) {
    static uint8_t question[4 * TX_VAULT_MESSAGE_BYTES], answer[TX_VAULT_MESSAGE_BYTES];
    struct tx_buf q = tx_buf_of(question, sizeof(question)), a = tx_buf_of(answer, sizeof(answer));
    struct tx_vault_message message = {.type = TX_VAULT_GET, .number = 99, .person = person};
    tx_vault_message_render(&message, &q);
    ck_assert_int_eq(tx_vault_serve(vault, (struct tx_text){(char *)question, q.len}, &a), 0);
    ck_assert_int_eq(tx_vault_message_parse((struct tx_text){(char *)answer, a.len}, &message), 0);
    ck_assert_uint_eq(message.number, 99);
    return message;
}

static struct tx_vault_message key_of(struct tx_vault *vault, const char *person) {
    struct tx_vault_message message = ask(vault, (struct tx_text){person, strlen(person)});
    ck_assert_int_eq((int)message.type, TX_VAULT_KEY);
    return message;
}

static enum tx_vault_erased erase(struct tx_vault *vault, const char *person) {
    struct tx_vault_erasure erasure = {.request = {1}};
    enum tx_vault_erased how;
    ck_assert_int_eq(
        tx_vault_erase(vault, (struct tx_text){person, strlen(person)}, &erasure, &how), 0);
    if (how == TX_VAULT_ERASED_DONE)
        ck_assert_int_gt(erasure.time, 0);
    return how;
}

static bool file_has(const char *name, const void *part, size_t n) {
    struct stat st;
    int fd = openat(dirfd_vault, name, O_RDONLY | O_CLOEXEC);
    ck_assert_int_eq(fstat(fd, &st), 0);
    char *bytes = malloc((size_t)st.st_size);
    ck_assert_int_eq(read(fd, bytes, (size_t)st.st_size), st.st_size);
    bool found = memmem(bytes, (size_t)st.st_size, part, n) != NULL;
    free(bytes);
    close(fd);
    return found;
}

START_TEST(a_person_has_one_key_for_ever_and_another_person_another) {
    struct tx_vault_message ada, bob, again;
    for (int round = 0; round < 3; round++) {
        _cleanup_(tx_vault_freep) struct tx_vault *vault = start();
        again = key_of(vault, "ada");
        if (round == 0) {
            ada = again;
            bob = key_of(vault, "bob");
        }
        ck_assert_mem_eq(again.key, ada.key, sizeof(ada.key));
        ck_assert_mem_eq(again.ref, ada.ref, sizeof(ada.ref));
        again = key_of(vault, "bob");
        ck_assert_mem_eq(again.key, bob.key, sizeof(ada.key));
    }
    ck_assert_mem_ne(ada.key, bob.key, sizeof(ada.key));
    ck_assert_mem_ne(ada.ref, bob.ref, sizeof(ada.ref));
}
END_TEST

START_TEST(neither_name_nor_key_stands_in_the_files) {
    static const char person[] = "customer-4711-canary";
    _cleanup_(tx_vault_freep) struct tx_vault *vault = start();
    struct tx_vault_message message = key_of(vault, person);
    ck_assert(!file_has(TX_TABLE_FILE, person, strlen(person)));
    ck_assert(!file_has(TX_TABLE_FILE, message.key, 8));
    ck_assert(file_has(TX_TABLE_FILE, message.ref, sizeof(message.ref)));
}
END_TEST

START_TEST(names_that_are_none_are_refused) {
    static char longest[TX_VAULT_PERSON_BYTES + 1];
    _cleanup_(tx_vault_freep) struct tx_vault *vault = start();
    memset(longest, 'x', sizeof(longest));
    struct tx_vault_message message = ask(vault, (struct tx_text){longest, sizeof(longest)});
    ck_assert_int_eq((int)message.type, TX_VAULT_ERROR);
    ck_assert_int_eq((int)message.error, TX_VAULT_E_PERSON);
    message = ask(vault, (struct tx_text){longest, 0});
    ck_assert_int_eq((int)message.error, TX_VAULT_E_PERSON);
    message = ask(vault, (struct tx_text){longest, sizeof(longest) - 1});
    ck_assert_int_eq((int)message.type, TX_VAULT_KEY);
}
END_TEST

START_TEST(after_an_erasure_a_person_begins_anew) {
    struct tx_vault *vault = start();
    struct tx_vault_message first = key_of(vault, "ada"), bob = key_of(vault, "bob"), second;
    ck_assert_int_eq((int)erase(vault, "nobody"), TX_VAULT_ERASED_NOTHING);
    ck_assert_int_eq((int)erase(vault, "ada"), TX_VAULT_ERASED_DONE);
    ck_assert_int_eq((int)erase(vault, "ada"), TX_VAULT_ERASED_NOTHING);
    tx_vault_free(vault);
    vault = start();
    ck_assert_int_eq((int)erase(vault, "ada"), TX_VAULT_ERASED_NOTHING);
    second = key_of(vault, "ada");
    ck_assert_mem_ne(second.key, first.key, sizeof(first.key));
    ck_assert_mem_ne(second.ref, first.ref, sizeof(first.ref));
    second = key_of(vault, "bob");
    ck_assert_mem_eq(second.key, bob.key, sizeof(bob.key));
    tx_vault_free(vault);
}
END_TEST

/* --- revelation --- */

/* As libtx/mask/action/action-encrypt.c writes it. */
static void put_base64url(struct tx_buf *b, const void *p, size_t n) {
    size_t start = b->len;
    tx_buf_base64(b, p, n);
    while (b->data[b->len - 1] == '=')
        b->len--;
    for (size_t i = start; i < b->len; i++)
        b->data[i] = (uint8_t)(b->data[i] == '+' ? '-' : b->data[i] == '/' ? '_' : b->data[i]);
}

static struct tx_text make_token(const struct tx_vault_message *key,
                                 const struct tx_vault_reveal *reveal, const char *clear) {
    static char text[4096];
    uint8_t nonce[TX_AEAD_NONCE_BYTES] = {0xfb, 0xff}, sealed[1024], bound[TX_TOKEN_BOUND_BYTES];
    struct tx_buf b = tx_buf_of(text, sizeof(text)), aad = tx_buf_of(bound, sizeof(bound));
    _cleanup_(tx_aead_freep) struct tx_aead *aead = NULL;
    _cleanup_(tx_aead_key_freep) struct tx_aead_key *aead_key = NULL;
    ck_assert_int_eq(tx_aead_new(&aead), 0);
    ck_assert_int_eq(tx_aead_key_new(aead, key->key, &aead_key), 0);
    tx_token_render_bound(reveal, 1, &aad);
    tx_aead_seal(aead_key, nonce, bound, aad.len, clear, strlen(clear), sealed);
    tx_buf_str(&b, "txe1:");
    put_base64url(&b, key->ref, sizeof(key->ref));
    tx_buf_char(&b, ':');
    put_base64url(&b, nonce, sizeof(nonce));
    tx_buf_char(&b, ':');
    put_base64url(&b, sealed, strlen(clear) + TX_AEAD_TAG_BYTES);
    return (struct tx_text){text, b.len};
}

static uint8_t clear_memory[TX_VAULT_TOKEN_BYTES];
static struct tx_buf clear;
static int64_t when;

static enum tx_vault_result reveal_token(struct tx_vault *vault,
                                         const struct tx_vault_reveal *reveal, struct tx_text t) {
    clear = tx_buf_of(clear_memory, sizeof(clear_memory));
    const struct tx_vault_question question = {.ordinal = 1, .token = t};
    return tx_vault_open_token(vault, reveal, &question, &clear, &when);
}

static const struct tx_vault_reveal asked = {
    .record = {1, 2, 3}, .policy = {4, 5}, .field = {"name", 4}};

START_TEST(a_value_is_revealed_to_whom_the_log_knows) {
    static const char *const values[] = {"", "A", "Ada", "Ada Lovelace, 12 St James's Square"};
    _cleanup_(tx_vault_freep) struct tx_vault *vault = start();
    struct tx_vault_message key = key_of(vault, "ada");
    for (size_t i = 0; i < TX_COUNT_OF(values); i++) {
        struct tx_text token = make_token(&key, &asked, values[i]);
        ck_assert_int_eq((int)reveal_token(vault, &asked, token), TX_VAULT_CLEAR);
        ck_assert_uint_eq(clear.len, strlen(values[i]));
        ck_assert_mem_eq(clear.data, values[i], clear.len);
    }
}
END_TEST

START_TEST(a_value_of_another_record_field_policy_or_place_is_not) {
    _cleanup_(tx_vault_freep) struct tx_vault *vault = start();
    struct tx_vault_message key = key_of(vault, "ada");
    struct tx_text token = make_token(&key, &asked, "Ada");
    struct tx_vault_reveal other = asked;
    other.record[15] = 1;
    ck_assert_int_eq((int)reveal_token(vault, &other, token), TX_VAULT_FORGED);
    other = asked;
    other.policy[7] = 1;
    ck_assert_int_eq((int)reveal_token(vault, &other, token), TX_VAULT_FORGED);
    other = asked;
    other.field = TX_TEXT("nam");
    ck_assert_int_eq((int)reveal_token(vault, &other, token), TX_VAULT_FORGED);
    const struct tx_vault_question second = {.ordinal = 2, .token = token};
    ck_assert_int_eq((int)tx_vault_open_token(vault, &asked, &second, &clear, &when),
                     TX_VAULT_FORGED);
    ck_assert_int_eq((int)reveal_token(vault, &asked, token), TX_VAULT_CLEAR);
}
END_TEST

START_TEST(a_changed_token_gives_nothing) {
    _cleanup_(tx_vault_freep) struct tx_vault *vault = start();
    struct tx_vault_message key = key_of(vault, "ada");
    struct tx_text token = make_token(&key, &asked, "Ada Lovelace");
    char changed[256];
    for (size_t i = 0; i < token.n; i++) {
        memcpy(changed, token.p, token.n);
        changed[i] = changed[i] == 'Q' ? 'R' : 'Q';
        ck_assert_int_ne((int)reveal_token(vault, &asked, (struct tx_text){changed, token.n}),
                         TX_VAULT_CLEAR);
        ck_assert_int_ne((int)reveal_token(vault, &asked, (struct tx_text){token.p, i}),
                         TX_VAULT_CLEAR);
    }
    ck_assert_int_eq((int)reveal_token(vault, &asked, TX_TEXT("txe1:")), TX_VAULT_NO_TOKEN);
    ck_assert_int_eq((int)reveal_token(vault, &asked, TX_TEXT("")), TX_VAULT_NO_TOKEN);
    key.ref[0] ^= 1;
    token = make_token(&key, &asked, "Ada");
    ck_assert_int_eq((int)reveal_token(vault, &asked, token), TX_VAULT_UNKNOWN);
}
END_TEST

START_TEST(an_erased_value_says_when_it_was_erased) {
    struct tx_vault *vault = start();
    struct tx_vault_message key = key_of(vault, "ada");
    struct tx_text token = make_token(&key, &asked, "Ada");
    ck_assert_int_eq((int)erase(vault, "ada"), TX_VAULT_ERASED_DONE);
    for (int round = 0; round < 2; round++) {
        (void)key_of(vault, "ada"); /* a new key does not bring it back */
        when = 0;
        ck_assert_int_eq((int)reveal_token(vault, &asked, token), TX_VAULT_ERASED);
        ck_assert_int_gt(when, INT64_C(1600000000) * 1000000000);
        tx_vault_free(vault);
        vault = start();
    }
    tx_vault_free(vault);
}
END_TEST

/* --- starts that are refused --- */

START_TEST(a_lost_damaged_or_open_key_is_refused_and_the_sentence_says_what_to_do) {
    struct tx_vault *vault = start();
    uint8_t bytes[TX_KEK_BYTES + 1] = {0};
    (void)key_of(vault, "ada");
    tx_vault_free(vault);
    vault = NULL;
    int fd = openat(dirfd_vault, TX_KEK_FILE, O_RDONLY | O_CLOEXEC);
    ck_assert_int_eq(read(fd, bytes, sizeof(bytes)), TX_KEK_BYTES);
    close(fd);

    ck_assert_int_eq(fchmodat(dirfd_vault, TX_KEK_FILE, 0440, 0), 0);
    ck_assert_int_eq(try_start(-1, &vault), TX_VAULT_E_REFUSED);
    ck_assert_ptr_nonnull(strstr(why, "chmod 400"));
    ck_assert_int_eq(fchmodat(dirfd_vault, TX_KEK_FILE, 0600, 0), 0);

    ck_assert_int_eq(unlinkat(dirfd_vault, TX_KEK_FILE, 0), 0);
    ck_assert_int_eq(try_start(-1, &vault), TX_VAULT_E_REFUSED);
    ck_assert_ptr_nonnull(strstr(why, "kek is missing"));
    ck_assert_int_eq(faccessat(dirfd_vault, TX_KEK_FILE, F_OK, 0), -1); /* none was made */

    for (size_t n = TX_KEK_BYTES - 1; n <= TX_KEK_BYTES + 1; n++) {
        fd = openat(dirfd_vault, TX_KEK_FILE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0400);
        ck_assert_int_eq(write(fd, bytes, n), (ssize_t)n);
        if (n == TX_KEK_BYTES)
            ck_assert_int_eq(pwrite(fd, "x", 1, 0), 1);
        close(fd);
        ck_assert_int_eq(try_start(-1, &vault), TX_VAULT_E_REFUSED);
        ck_assert_ptr_nonnull(strstr(why, n == TX_KEK_BYTES ? "belongs to another" : "32 bytes"));
        ck_assert_int_eq(unlinkat(dirfd_vault, TX_KEK_FILE, 0), 0);
    }
    fd = openat(dirfd_vault, TX_KEK_FILE, O_WRONLY | O_CREAT | O_CLOEXEC, 0400);
    ck_assert_int_eq(write(fd, bytes, TX_KEK_BYTES), TX_KEK_BYTES);
    close(fd);
    tx_vault_free(start()); /* put back, it is as it was */
}
END_TEST

START_TEST(a_key_from_the_service_manager_is_not_written_to_the_directory) {
    struct tx_vault *vault = NULL;
    uint8_t bytes[TX_KEK_BYTES] = {42};
    int fd = openat(dirfd_vault, "given", O_RDWR | O_CREAT | O_CLOEXEC, 0400);
    ck_assert_int_eq(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
    ck_assert_int_eq(unlinkat(dirfd_vault, "given", 0), 0);
    ck_assert_int_eq(try_start(fd, &vault), 0);
    struct tx_vault_message first = key_of(vault, "ada"), second;
    tx_vault_free(vault);
    ck_assert_int_eq(faccessat(dirfd_vault, TX_KEK_FILE, F_OK, 0), -1);
    ck_assert_int_eq(try_start(fd, &vault), 0);
    second = key_of(vault, "ada");
    ck_assert_mem_eq(first.key, second.key, sizeof(first.key));
    tx_vault_free(vault);
    close(fd);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("vault-vault");
    TCase *tests = tcase_create("vault");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_person_has_one_key_for_ever_and_another_person_another);
    tcase_add_test(tests, neither_name_nor_key_stands_in_the_files);
    tcase_add_test(tests, names_that_are_none_are_refused);
    tcase_add_test(tests, after_an_erasure_a_person_begins_anew);
    tcase_add_test(tests, a_value_is_revealed_to_whom_the_log_knows);
    tcase_add_test(tests, a_value_of_another_record_field_policy_or_place_is_not);
    tcase_add_test(tests, a_changed_token_gives_nothing);
    tcase_add_test(tests, an_erased_value_says_when_it_was_erased);
    tcase_add_test(tests, a_lost_damaged_or_open_key_is_refused_and_the_sentence_says_what_to_do);
    tcase_add_test(tests, a_key_from_the_service_manager_is_not_written_to_the_directory);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
