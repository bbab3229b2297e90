/* SPDX-License-Identifier: MIT */
#include "action-check.h"
#include "auditd/vault/token.h"
#include "libtx/crypto/aead.h"

static char person_field[] = "customer_id", index_key[] = "default";

/* Persons are named by one letter; the vault knows those from a on. */
struct vault {
    int gone; /* this one's key was destroyed, and a new one made */
    int calls;
};

static int get(void *data, struct tx_text person, struct tx_subject_key *ret) {
    struct vault *vault = data;
    vault->calls++;
    if (person.n != 1 || *person.p < 'a')
        return -ENOENT;
    memset(ret->ref, *person.p + (*person.p == vault->gone), sizeof(ret->ref));
    memset(ret->key, *person.p ^ (*person.p == vault->gone ? 0x55 : 0), sizeof(ret->key));
    return 0;
}

static struct tx_action_tools *tools_with(const struct tx_subject_keys *subjects) {
    struct tx_masking_rule rules[] = {
        {.action = {.kind = TX_ACTION_ENCRYPT, .encrypt = {.subject = person_field}}},
        {.action = {.kind = TX_ACTION_ENCRYPT, .encrypt = {.also_index = index_key}}},
        {.action = {.kind = TX_ACTION_PSEUDONYM}},
    };
    const struct tx_masking masking = {.n_rules = 3, .rules = rules};
    const struct tx_mask_key key = {"default", KEY_A, strlen(KEY_A)};
    struct tx_action_tools *tools;
    ck_assert_int_eq(tx_action_tools_new(&masking, &key, 1, subjects, &tools), 0);
    return tools;
}

static const struct tx_masking_action plain = {.kind = TX_ACTION_ENCRYPT};
static const struct tx_masking_action indexed = {.kind = TX_ACTION_ENCRYPT,
                                                 .encrypt = {.also_index = index_key}};

static struct tx_action_subject subject_of(const char *text, const char *person) {
    struct tx_action_subject subject = action_subject(text);
    subject.person = text_of(person);
    subject.ordinal = 1;
    return subject;
}

static struct tx_vault_reveal reveal_of(const struct tx_action_subject *subject) {
    struct tx_vault_reveal reveal = {.field = subject->field};
    memcpy(reveal.record, subject->record_id, sizeof(reveal.record));
    memcpy(reveal.policy, subject->policy, sizeof(reveal.policy));
    return reveal;
}

/* As the vault opens it. */
static int opened(struct tx_text text, const uint8_t key[TX_AEAD_KEY_BYTES],
                  const struct tx_vault_reveal *reveal, uint16_t ordinal, char *ret,
                  size_t *ret_n) {
    _cleanup_(tx_aead_freep) struct tx_aead *aead = NULL;
    _cleanup_(tx_aead_key_freep) struct tx_aead_key *context = NULL;
    uint8_t memory[4096], bound_memory[TX_TOKEN_BOUND_BYTES];
    struct tx_buf bound = tx_buf_of(bound_memory, sizeof(bound_memory));
    struct tx_token token;

    ck_assert_uint_le(text.n, sizeof(memory));
    if (tx_token_parse(text, memory, &token) < 0)
        return -EBADMSG;
    tx_token_render_bound(reveal, ordinal, &bound);
    ck_assert(!bound.full);
    ck_assert_int_eq(tx_aead_new(&aead), 0);
    ck_assert_int_eq(tx_aead_key_new(aead, key, &context), 0);
    *ret_n = token.n_sealed - TX_AEAD_TAG_BYTES;
    return tx_aead_open(context, token.nonce, bound.data, bound.len, token.sealed, token.n_sealed,
                        ret);
}

/* What the tools write opens with the person's key and gives the text. */
static void check_opens(struct tx_text token, const struct tx_action_subject *subject,
                        int key_byte) {
    uint8_t key[TX_AEAD_KEY_BYTES];
    struct tx_vault_reveal reveal = reveal_of(subject);
    char clear[4096];
    size_t n;
    memset(key, key_byte, sizeof(key));
    ck_assert_int_eq(opened(token, key, &reveal, 1, clear, &n), 0);
    ck_assert(tx_text_equal((struct tx_text){clear, n}, subject->text));
    ck_assert(tx_action_is_output(token));
}

static struct tx_text encrypted(struct tx_action_tools *tools,
                                const struct tx_masking_action *action,
                                const struct tx_action_subject *subject) {
    static char memory[4][8192];
    static size_t next;
    next = (next + 1) % 4;
    struct tx_buf b = tx_buf_of(memory[next], sizeof(memory[next]));
    ck_assert_int_eq(tx_action_apply(tools, action, subject, &b), 0);
    return (struct tx_text){memory[next], b.len};
}

START_TEST(the_vault_opens_what_was_encrypted_of_any_length) {
    struct vault vault = {.calls = 0};
    const struct tx_subject_keys subjects = {get, &vault};
    _cleanup_(tx_action_tools_freep) struct tx_action_tools *tools = tools_with(&subjects);
    char text[2000];
    for (size_t n = 0; n < 1500; n += n < 40 ? 1 : 97) {
        memset(text, 'x', n);
        text[n] = '\0';
        struct tx_action_subject a = subject_of(text, "a");
        check_opens(encrypted(tools, &plain, &a), &a, 'a');
    }
}
END_TEST

START_TEST(a_token_is_of_one_record_field_place_policy_and_person) {
    struct vault vault = {.calls = 0};
    const struct tx_subject_keys subjects = {get, &vault};
    _cleanup_(tx_action_tools_freep) struct tx_action_tools *tools = tools_with(&subjects);
    struct tx_action_subject a = subject_of("alice@example.org", "a");
    struct tx_vault_reveal right = reveal_of(&a), record = right, field = right, policy = right;
    uint8_t key[TX_AEAD_KEY_BYTES], other_key[TX_AEAD_KEY_BYTES];
    char clear[256];
    size_t n;
    struct tx_text token = encrypted(tools, &plain, &a);
    memset(key, 'a', sizeof(key));
    memset(other_key, 'b', sizeof(other_key));
    record.record[15] ^= 1;
    policy.policy[7] ^= 1;
    field.field = text_of("b");
    ck_assert_int_eq(opened(token, key, &right, 1, clear, &n), 0);
    ck_assert_int_eq(opened(token, key, &record, 1, clear, &n), TX_AEAD_E_FORGED);
    ck_assert_int_eq(opened(token, key, &field, 1, clear, &n), TX_AEAD_E_FORGED);
    ck_assert_int_eq(opened(token, key, &policy, 1, clear, &n), TX_AEAD_E_FORGED);
    ck_assert_int_eq(opened(token, other_key, &right, 1, clear, &n), TX_AEAD_E_FORGED);
    ck_assert_int_eq(opened(token, key, &right, 2, clear, &n), TX_AEAD_E_FORGED);
    ck_assert_int_eq(opened(token, key, &right, 257, clear, &n), TX_AEAD_E_FORGED);
    for (size_t i = 0; i < token.n; i++) {
        char flipped[256];
        if (i == 5)
            i += 22; /* the ref only says which key it is */
        memcpy(flipped, token.p, token.n);
        flipped[i] = flipped[i] == 'A' ? 'B' : 'A';
        ck_assert_int_ne(opened((struct tx_text){flipped, token.n}, key, &right, 1, clear, &n), 0);
    }
}
END_TEST

START_TEST(the_same_value_is_never_the_same_token) {
    struct vault vault = {.calls = 0};
    const struct tx_subject_keys subjects = {get, &vault};
    _cleanup_(tx_action_tools_freep) struct tx_action_tools *tools = tools_with(&subjects);
    struct tx_action_subject a = subject_of("alice", "a");
    struct tx_text first = encrypted(tools, &plain, &a), second = encrypted(tools, &plain, &a);
    ck_assert(!tx_text_equal(first, second));
    struct tx_action_subject again = a;
    again.text = first;
    ck_assert(tx_text_equal(encrypted(tools, &plain, &again), first));
}
END_TEST

START_TEST(an_index_stands_in_front) {
    struct vault vault = {.calls = 0};
    const struct tx_subject_keys subjects = {get, &vault};
    _cleanup_(tx_action_tools_freep) struct tx_action_tools *tools = tools_with(&subjects);
    struct tx_action_subject a = subject_of("Alice@Example.org", "a"), b = a;
    a.detector = b.detector = TX_DETECT_EMAIL;
    a.detector_name = b.detector_name = "email";
    b.text = text_of("alice@example.ORG");
    struct tx_text first = encrypted(tools, &indexed, &a), second = encrypted(tools, &indexed, &b);
    const char *token = memchr(first.p, ';', first.n);
    ck_assert_ptr_nonnull(token);
    size_t n = (size_t)(token - first.p) + 1;
    ck_assert_int_eq(memcmp(first.p, second.p, n), 0);
    ck_assert(tx_action_is_output(first));
    ck_assert(tx_action_is_output((struct tx_text){first.p, n - 1}));
    check_opens((struct tx_text){token + 1, first.n - n}, &a, 'a');
}
END_TEST

/* More persons than contexts, and one whose key is another now. */
START_TEST(a_key_that_was_set_up_before_is_never_taken_for_another) {
    struct vault vault = {.calls = 0};
    const struct tx_subject_keys subjects = {get, &vault};
    _cleanup_(tx_action_tools_freep) struct tx_action_tools *tools = tools_with(&subjects);
    for (int round = 0; round < 4; round++) {
        for (char c = 'a'; c < 'z'; c++) {
            char person[2] = {c, '\0'};
            struct tx_action_subject a = subject_of("alice", person);
            check_opens(encrypted(tools, &plain, &a), &a, vault.gone == c ? c ^ 0x55 : c);
        }
        vault.gone = "\0cxy"[round];
        if (round == 2)
            tx_action_tools_forget(tools);
    }
    ck_assert_int_eq(vault.calls, 100);
}
END_TEST

START_TEST(without_a_key_nothing_is_written) {
    struct vault vault = {.calls = 0};
    const struct tx_subject_keys subjects = {get, &vault};
    _cleanup_(tx_action_tools_freep) struct tx_action_tools *with = tools_with(&subjects);
    _cleanup_(tx_action_tools_freep) struct tx_action_tools *without = tools_with(NULL);
    static char long_name[TX_LIMIT_NAME_BYTES + 2];
    struct tx_action_subject a = subject_of("alice", "a"), unknown = subject_of("alice", "A"),
                             nobody = subject_of("alice", ""), field = a;
    char memory[512];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    memset(long_name, 'x', TX_LIMIT_NAME_BYTES + 1);
    field.field = text_of(long_name);
    ck_assert_int_eq(tx_action_apply(with, &plain, &unknown, &b), TX_ACTION_E_FAILED);
    ck_assert_int_eq(tx_action_apply(with, &indexed, &unknown, &b), TX_ACTION_E_FAILED);
    ck_assert_int_eq(tx_action_apply(with, &plain, &nobody, &b), TX_ACTION_E_FAILED);
    ck_assert_int_eq(tx_action_apply(with, &plain, &field, &b), TX_ACTION_E_FAILED);
    ck_assert_int_eq(tx_action_apply(without, &plain, &a, &b), TX_ACTION_E_FAILED);
    ck_assert_uint_eq(b.len, 0);
    ck_assert_int_eq(tx_action_apply(with, &plain, &a, &b), 0);
    for (size_t room = 0; room < b.len; room++) {
        char little[512];
        struct tx_buf less = tx_buf_of(little, room);
        ck_assert_int_eq(tx_action_apply(with, &plain, &a, &less), TX_ACTION_E_FAILED);
        ck_assert_uint_eq(less.len, 0);
    }
}
END_TEST

START_TEST(tokens_are_told_by_their_form) {
    static const char *const tokens[] = {
        "txe1:ICEiIyQlJicoKSorLC0uLw:MDEyMzQ1Njc4OTo7:0llYo4wvL3tLXv6Ad7dRGvtvjLFkHRjJ-15k1DulpEqs",
        "email:k0:abcdefghijklm;txe1:ICEiIyQlJicoKSorLC0uLw:MDEyMzQ1Njc4OTo7:"
        "0llYo4wvL3tLXv6Ad7dRGv",
    };
    static const char *const others[] = {
        "txe1:",
        "txe1:ICEiIyQlJicoKSorLC0uLw:MDEyMzQ1Njc4OTo7:0llYo4wvL3tLXv6Ad7dRG",
        "txe1:ICEiIyQlJicoKSorLC0uL:MDEyMzQ1Njc4OTo7:0llYo4wvL3tLXv6Ad7dRGvtvjLFkHRjJ",
        "txe1:ICEiIyQlJicoKSorLC0uLw:MDEyMzQ1Njc4OTo7:0llYo4wvL3tLXv6Ad7dRGv tvjLFkHRjJ",
        "txe1:ICEiIyQlJicoKSorLC0uLw:MDEyMzQ1Njc4OTo7:alice@example.org,alice@example.org",
        "alice;txe1:ICEiIyQlJicoKSorLC0uLw:MDEyMzQ1Njc4OTo7:0llYo4wvL3tLXv6Ad7dRGvtvjLFkHRjJ",
        "txe2:ICEiIyQlJicoKSorLC0uLw:MDEyMzQ1Njc4OTo7:0llYo4wvL3tLXv6Ad7dRGvtvjLFkHRjJ",
        "email:k0:abcdefghijklm;",
    };
    for (size_t i = 0; i < TX_COUNT_OF(tokens); i++)
        ck_assert_msg(tx_action_is_output(text_of(tokens[i])), "%s", tokens[i]);
    for (size_t i = 0; i < TX_COUNT_OF(others); i++)
        ck_assert_msg(!tx_action_is_output(text_of(others[i])), "%s", others[i]);
}
END_TEST

int main(void) {
    const TTest *const tests[] = {
        the_vault_opens_what_was_encrypted_of_any_length,
        a_token_is_of_one_record_field_place_policy_and_person,
        the_same_value_is_never_the_same_token,
        an_index_stands_in_front,
        a_key_that_was_set_up_before_is_never_taken_for_another,
        without_a_key_nothing_is_written,
        tokens_are_told_by_their_form,
    };
    return run_suite("mask-action-encrypt", tests, TX_COUNT_OF(tests));
}
