/* SPDX-License-Identifier: MIT */
/*
 * Ways in which maskers leak, one test each, named by what leaks; the numbers are those of the list
 * that the engine was made against. Each has a control: what the same check sees when nothing is
 * masked.
 */
#include <fcntl.h>
#include <unistd.h>

#include "mask-check.h"

#define NONE "preset: none, i_accept_unmasked: true"
#define RULE(match, action) "{" NONE ", rules: [{id: r, match: {" match "}, action: " action "}]}"

static struct tx_mask *nothing_masked(void) {
    return mask_of("{" NONE "}");
}

/* The value after masking, copied, with a NUL. */
static const char *come_out(struct tx_mask *mask, struct tx_field field) {
    static char out[200000];
    mask_fields(mask, "t.e", &field, 1);
    struct tx_text text = field.dropped || field.type == TX_VALUE_NULL ? TX_TEXT("") : field.text;
    ck_assert_uint_lt(text.n, sizeof(out));
    memcpy(out, text.n ? text.p : "", text.n);
    out[text.n] = '\0';
    tx_mask_wipe(mask);
    return out;
}

static bool shows(struct tx_mask *mask, struct tx_field field, const char *secret) {
    return strstr(come_out(mask, field), secret) != NULL;
}

/* 1 */
START_TEST(the_tail_of_the_match_that_lost) {
    /* A date of birth in a URL's password, a card in a key's value, one address in another. */
    _cleanup_(tx_mask_freep) struct tx_mask *mask = mask_of(
        "{" NONE ", rules: [{id: m, match: {detect: [email]}, action: {mask: {keep_last: 4}}},"
        "{id: k, match: {detect: [kv_secret, url_password]}, action: redact}]}");
    _cleanup_(tx_mask_freep) struct tx_mask *control = nothing_masked();
    static const char *const texts[] = {"password=alice@secret-host.example",
                                        "https://u:alice@secret-host.example/x",
                                        "token=\"alice@secret-host.example and more\""};
    for (size_t i = 0; i < TX_COUNT_OF(texts); i++) {
        struct tx_field field = field_of("x", TX_VALUE_STR, texts[i]);
        ck_assert_msg(!shows(mask, field, "secret-host"), "%s", come_out(mask, field));
        ck_assert_msg(!shows(mask, field, "alice"), "%s", come_out(mask, field));
        ck_assert(shows(control, field, "secret-host"));
    }
}
END_TEST

/* 2 */
START_TEST(what_an_earlier_replacement_hides_or_makes) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask = mask_of(
        "{" NONE ", rules: [{id: a, match: {detect: [email]}, action: {replace: \"10.0.0.1\"}},"
        "{id: b, match: {detect: [ipv4]}, action: redact}]}");
    check_masked(mask, "x", "a@b.example 10.9.8.7", "10.0.0.1 [redacted]", "redact:b,replace:a");
    _cleanup_(tx_mask_freep) struct tx_mask *preset = mask_of("{}");
    static const char *const texts[] = {
        "a@b.example",      "password=hunter2hunter2", "token: 4111 1111 1111 1111",
        "198.51.100.77:80", "+49 30 901820",           "dob 1980-02-03",
        "50.1234,8.9876"};
    for (size_t i = 0; i < TX_COUNT_OF(texts); i++) {
        char once[256];
        strcpy(once, come_out(preset, field_of("x", TX_VALUE_STR, texts[i])));
        ck_assert_str_ne(once, texts[i]);
        ck_assert_str_eq(come_out(preset, field_of("x", TX_VALUE_STR, once)), once);
    }
}
END_TEST

/* 3 */
START_TEST(a_word_of_one_field_does_not_reach_into_another) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask = mask_of("{}");
    struct tx_field apart[] = {
        field_of("a", TX_VALUE_STR, "routing number"), field_of("b", TX_VALUE_STR, "021000021"),
        field_of("c", TX_VALUE_STR, "4111 1111"), field_of("d", TX_VALUE_STR, "1111 1111")};
    mask_fields(mask, "t", apart, 4);
    for (size_t i = 0; i < 4; i++)
        ck_assert_ptr_null(apart[i].masked);
    tx_mask_wipe(mask);
    struct tx_field together[] = {field_of("a", TX_VALUE_STR, "routing number 021000021"),
                                  field_of("c", TX_VALUE_STR, "4111 1111 1111 1111")};
    mask_fields(mask, "t", together, 2);
    ck_assert(together[0].masked && together[1].masked);
}
END_TEST

/* 4 */
START_TEST(numbers_keys_bytes_and_json_in_strings) {
    static const char bytes[] = "\x01 4111111111111111 \xff";
    const struct tx_field fields[] = {
        {.name = TX_TEXT("x"), .type = TX_VALUE_I64, .i64 = 4111111111111111},
        {.name = TX_TEXT("x"), .type = TX_VALUE_BYTES, .text = {bytes, sizeof(bytes) - 1}},
        field_of("x", TX_VALUE_JSON, "{\"a\":[{\"4111111111111111\":1}]}"),
        field_of("x", TX_VALUE_JSON, "{\"a\":[4111111111111111,4.111111111111111e15]}"),
        field_of("x", TX_VALUE_JSON, "\"{\\\"a\\\":\\\"4111111111111111\\\"}\""),
        field_of("x", TX_VALUE_STR, "{\"a\":{\"card\":4111111111111111}}"),
    };
    _cleanup_(tx_mask_freep) struct tx_mask *mask = mask_of("{}");
    _cleanup_(tx_mask_freep) struct tx_mask *control = nothing_masked();
    for (size_t i = 0; i < TX_COUNT_OF(fields); i++) {
        ck_assert_msg(!shows(mask, fields[i], "411111111111"), "%zu", i);
        if (fields[i].type != TX_VALUE_I64 && fields[i].type != TX_VALUE_BYTES)
            ck_assert_msg(shows(control, fields[i], "411111111111"), "%zu", i);
    }
}
END_TEST

/* 5, 6, 7 */
/* The ends of an encoded word show ends of the value, or more of it. */
START_TEST(the_ends_of_an_encoded_word) {
    struct tx_mask *mask = mask_of("{preset: none, i_accept_unmasked: true, rules: [{id: c, match: "
                                   "{detect: [credit_card]}, action: {mask: {keep_last: 4}}}]}");
    check_masked(mask, "x", "NDExMTExMTExMTExMTExMQ==", "[redacted]", "redact:c");
    check_masked(mask, "x", "see 4111%3111111111111 ok", "see [redacted] ok", "redact:c");
    check_masked(mask, "x", "4111111111111111", "************1111", "mask:c");
    tx_mask_free(mask);
}
END_TEST

START_TEST(what_is_written_in_another_way) {
    static const char *const texts[] = {
        "%34111111111111111",               /* percent */
        "NDExMTExMTExMTExMTExMQ==",         /* base64 */
        "34313131313131313131313131313131", /* hex */
        "\\u0034111111111111111",           /* an escape */
        "４１１１１１１１１１１１１１１１", /* full-width digits */
        "٤١١١١١١١١١١١١١١١",                 /* Arabic digits */
        "4111\xe2\x80\x8b"
        "1111\xe2\x80\x8b"
        "11111111", /* zero-width spaces */
        "4111\xc2\xad"
        "111111111111", /* a soft hyphen */
        "4111\xc2\xa0"
        "1111\xc2\xa0"
        "1111\xc2\xa0"
        "1111",                      /* spaces that do not break */
        "\xff\xfe 4111111111111111", /* no UTF-8 */
    };
    _cleanup_(tx_mask_freep) struct tx_mask *mask = mask_of("{}");
    _cleanup_(tx_mask_freep) struct tx_mask *control = nothing_masked();
    for (size_t i = 0; i < TX_COUNT_OF(texts); i++) {
        struct tx_field field = field_of("x", TX_VALUE_STR, texts[i]);
        mask_fields(mask, "t", &field, 1);
        ck_assert_msg(field.masked, "%s", texts[i]);
        tx_mask_wipe(mask);
        field = field_of("x", TX_VALUE_STR, texts[i]);
        mask_fields(control, "t", &field, 1);
        ck_assert_ptr_null(field.masked);
        tx_mask_wipe(control);
    }
    static const char nul[] = "a\0 4111111111111111";
    struct tx_field field = {
        .name = TX_TEXT("x"), .type = TX_VALUE_STR, .text = {nul, sizeof(nul) - 1}};
    mask_fields(mask, "t", &field, 1);
    ck_assert_ptr_null(memmem(field.text.p, field.text.n, "411111", 6));
}
END_TEST

/* 8 */
START_TEST(what_lies_behind_a_limit) {
    static char text[120000];
    _cleanup_(tx_mask_freep) struct tx_mask *tail = mask_of("{limits: {max_field: 1KiB}}");
    _cleanup_(tx_mask_freep) struct tx_mask *all =
        mask_of("{limits: {max_field: 1KiB, oversize: redact_all}}");
    memset(text, 'x', sizeof(text) - 1);
    memcpy(text + 100000, " CANARY 4111111111111111 ", 25);
    memcpy(text + 1024 - 8, " 4111111111111111 ", 18); /* over the cut */
    struct tx_field field = field_of("x", TX_VALUE_STR, text);
    const char *out = come_out(tail, field);
    ck_assert_str_eq(out + 1024 - 7, "************1111[redacted]");
    ck_assert_str_eq(come_out(all, field), "[redacted]");
    mask_fields(tail, "t", &field, 1);
    ck_assert_str_eq(field.masked, "error:limit,mask:secure-default/card");
    ck_assert_uint_ge(tx_mask_counters(tail)->errors[TX_MASK_ERROR_LIMIT], 2);
    tx_mask_wipe(tail);
    /* A character is not cut in two, and a second masking changes nothing. */
    for (size_t i = 0; i < 2000; i += 2)
        memcpy(text + i, "é", 2);
    memcpy(text, "x", 1);
    memcpy(text + 1, "y", 1);
    text[2001] = '\0';
    text[2000] = 'z';
    char once[2048];
    strcpy(once, come_out(tail, field_of("x", TX_VALUE_STR, text)));
    ck_assert(tx_utf8_valid(once, strlen(once)));
    ck_assert_str_eq(come_out(tail, field_of("x", TX_VALUE_STR, once)), once);
    /* Control: within the limit all stays. */
    text[1024] = '\0';
    ck_assert_str_eq(come_out(tail, field_of("x", TX_VALUE_STR, text)), text);
}
END_TEST

/* 9 */
START_TEST(what_stands_beside_an_allowed_value) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask =
        mask_of("{allow: [{name: a, detector: email, values: [ok@b.example], reason: r}]}");
    struct tx_field field =
        field_of("x", TX_VALUE_STR, "ok@b.example no@b.example 4111111111111111");
    ck_assert(shows(mask, field, "ok@b.example"));
    ck_assert(!shows(mask, field, "no@b.example"));
    ck_assert(!shows(mask, field, "41111111"));
    /* Encoded, it is not the allowed value but something that holds it. */
    ck_assert(!shows(mask, field_of("x", TX_VALUE_STR, "ok%40b.example"), "ok%40"));
}
END_TEST

/* 10 */
START_TEST(what_is_nobodys_stays) {
    static const char *const texts[] = {
        "2026-11-23T17:00:15.000000001Z",
        "6f03675a-1600-a35a-0999-409831722549",
        "1.2.3.4.5",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "1732381215123",
        "order 4711, shelf 12"};
    _cleanup_(tx_mask_freep) struct tx_mask *mask = mask_of("{}");
    for (size_t i = 0; i < TX_COUNT_OF(texts); i++)
        check_masked(mask, "x", texts[i], texts[i], NULL);
    ck_assert(!shows(mask, field_of("x", TX_VALUE_STR, "219-09-9871 ssn"), "219-09"));
}
END_TEST

/* 11 */
START_TEST(a_short_value_that_keeps_its_ends) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask =
        mask_of(RULE("fields: [x]", "{mask: {keep_last: 4}}"));
    check_masked(mask, "x", "12345", "[redacted]", "redact:r");
    check_masked(mask, "x", "1234567890", "******7890", "mask:r");
}
END_TEST

/* 16 */
static int no_person(void *data, struct tx_text person, struct tx_subject_key *ret) {
    (void)data, (void)person, (void)ret;
    return -EAGAIN;
}

START_TEST(what_gives_up) {
    static char many[70000];
    static const struct {
        const char *masking, *mark;
    } cases[] = {
        {"{" NONE ", rules: [{id: r, match: {detect: [email]}, action: redact}]}", "error:limit"},
        {"{" NONE ", on_error: drop_field, rules: [{id: r, match: {detect: [email]}, action: "
         "redact}]}",
         "error:limit"},
        {"{" NONE ", limits: {max_spans: 3}, rules: [{id: r, match: {detect: [email]}, action: "
         "redact}]}",
         "error:limit"},
    };
    size_t n = 0;
    for (size_t i = 0; i < 4000; i++)
        n += (size_t)sprintf(many + n, "canary@b%zu.cc ", i);
    for (size_t i = 0; i < TX_COUNT_OF(cases); i++) {
        _cleanup_(tx_mask_freep) struct tx_mask *mask = mask_of(cases[i].masking);
        struct tx_field fields[] = {field_of("a", TX_VALUE_STR, many),
                                    field_of("b", TX_VALUE_STR, "x canary@b.cc")};
        mask_fields(mask, "t", fields, 2);
        ck_assert_str_eq(fields[0].masked, cases[i].mark);
        ck_assert(fields[0].dropped || tx_text_equal(fields[0].text, TX_TEXT("[redacted]")));
        ck_assert(fields[0].dropped == (i == 1));
        check_field(&fields[1], "x [redacted]", "redact:r");
        ck_assert_uint_ge(tx_mask_counters(mask)->errors[TX_MASK_ERROR_LIMIT], 1);
    }
    _cleanup_(tx_mask_freep) struct tx_mask *reject =
        mask_of("{" NONE ", on_error: reject_record, limits: {max_json_depth: 3}}");
    struct tx_field field = field_of("j", TX_VALUE_JSON, "[[[[\"canary\"]]]]");
    struct tx_record record = {
        .event = TX_TEXT("t"), .message = TX_TEXT("m"), .n_fields = 1, .fields = &field};
    tx_mask_record(reject, &record);
    ck_assert_str_eq(record.dropped_by, "error:limit");
    ck_assert(field.dropped && !record.message.p);
    field = field_of("j", TX_VALUE_JSON, "[[[\"canary\"]]]");
    record = (struct tx_record){.event = TX_TEXT("t"), .n_fields = 1, .fields = &field};
    tx_mask_record(reject, &record);
    ck_assert(!record.dropped_by && !field.masked);
}
END_TEST

START_TEST(a_key_of_a_person_that_is_not_to_be_had) {
    static const struct tx_subject_keys subjects = {.get = no_person};
    const struct tx_masking *masking = masking_of(RULE("fields: [x]", "{encrypt: {subject: who}}"));
    _cleanup_(tx_mask_freep) struct tx_mask *mask = NULL;
    ck_assert_int_eq(mask_new(masking, mask_key_bytes, sizeof(mask_key_bytes), &subjects, &mask),
                     0);
    struct tx_field fields[] = {field_of("x", TX_VALUE_STR, "canary"),
                                field_of("y", TX_VALUE_STR, "clear")};
    mask_fields(mask, "t", fields, 2); /* nobody is named */
    check_field(&fields[0], "[redacted]", "error:vault");
    check_field(&fields[1], "clear", NULL);
    ck_assert_uint_eq(tx_mask_counters(mask)->errors[TX_MASK_ERROR_VAULT], 1);
}
END_TEST

/* More texts than are looked at in one pass. */
START_TEST(a_record_that_does_not_fit) {
    static char json[60000];
    _cleanup_(tx_mask_freep) struct tx_mask *mask =
        mask_of("{rules: [{id: p, match: {fields: [p.k9]}, action: redact}]}");
    size_t n = (size_t)sprintf(json, "[");
    for (size_t i = 0; i < 5000; i++)
        n += (size_t)sprintf(json + n, "%s%s", i ? "," : "",
                             i == 4990 ? "\"4111 1111 1111 1111\"" : "\"a b\"");
    sprintf(json + n, ",{\"k9\":\"x\\n\",\"password\":\"CANARY\",\"k8\":4111111111111111}]");
    const char *out = come_out(mask, field_of("p", TX_VALUE_JSON, json));
    ck_assert(!strstr(out, "CANARY") && !strstr(out, "4111"));
    ck_assert(strstr(out, "\"**** **** **** 1111\""));
    ck_assert(strstr(out, "{\"k9\":\"[redacted]\",\"password\":\"[redacted]\",\"k8\":\"************"
                          "1111\"}]"));
}
END_TEST

/* 22 */
static char canary[32];

/* How often it stands in what this process can write to, but for the places given. */
static size_t count_in_memory(void) {
    char line[512];
    size_t n = 0;
    FILE *maps = fopen("/proc/self/maps", "re");
    int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    static char chunk[1 << 20];
    ck_assert(maps && mem >= 0);
    while (fgets(line, sizeof(line), maps)) {
        unsigned long start, end;
        char mode[8];
        if (sscanf(line, "%lx-%lx %7s", &start, &end, mode) != 3 || mode[1] != 'w')
            continue;
        if (end - start > 1ul << 28) /* a sanitizer's shadow */
            continue;
        for (unsigned long at = start; at < end; at += sizeof(chunk) - 64) {
            size_t want = end - at < sizeof(chunk) ? end - at : sizeof(chunk);
            ssize_t got = pread(mem, chunk, want, (off_t)at);
            for (char *p = chunk;
                 got > 0 && (p = memmem(p, (size_t)(chunk + got - p), canary + 4, 11)); p++) {
                const char *there = (const char *)(at + (unsigned long)(p - chunk));
                n += there != canary + 4 && !(there >= chunk && there < chunk + sizeof(chunk));
            }
            explicit_bzero(chunk, sizeof(chunk));
        }
    }
    fclose(maps);
    close(mem);
    return n;
}

START_TEST(clear_text_that_stays_in_memory) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask =
        mask_of("{rules: [{id: k, match: {keys: [\"*x\"]}, action: pseudonym},"
                "{id: w, match: {fields: [who]}, action: pseudonym}]}");
    static char text[512];
    for (size_t i = 0; i < 16; i++)
        canary[i] = (char)('a' + (getpid() >> i) % 7 + (int)i % 11);
    for (int round = 0; round < 3; round++) {
        struct tx_field fields[2];
        if (round == 0)
            snprintf(text, sizeof(text), "{\"%s\":1,\"a\":{\"b@%s.example\":\"c\"}}", canary,
                     canary);
        else if (round == 1)
            snprintf(text, sizeof(text), "{\"password\":\"%s\\n\",\"ax\":\"%s\"}", canary, canary);
        else
            snprintf(text, sizeof(text), "[\"token=%s\\n\",\"%s@b.example\"]", canary, canary);
        fields[0] = field_of("p", TX_VALUE_JSON, text);
        fields[1] = field_of("who", TX_VALUE_STR, text);
        mask_fields(mask, "t", fields, 2);
        ck_assert_uint_gt(count_in_memory(), 0); /* the control: the input at least */
        explicit_bzero(text, sizeof(text));
        explicit_bzero(fields, sizeof(fields));
        tx_mask_wipe(mask);
    }
    ck_assert_uint_eq(count_in_memory(), 0);
}
END_TEST

/* 24, 25 */
START_TEST(a_record_is_masked_by_one_policy_whose_hash_it_has) {
    _cleanup_(tx_mask_freep) struct tx_mask *one = mask_of("{}"), *other = nothing_masked();
    struct tx_record record = {.event = TX_TEXT("t")};
    tx_mask_record(one, &record);
    ck_assert_mem_eq(record.policy, tx_mask_policy(one)->bytes, 8);
    tx_mask_record(other, &record);
    ck_assert_mem_eq(record.policy, tx_mask_policy(other)->bytes, 8);
    ck_assert(memcmp(tx_mask_policy(one), tx_mask_policy(other), sizeof(struct tx_digest)) != 0);
}
END_TEST

/* 27 */
START_TEST(names_that_dodge_rules) {
    static const char *const names[] = {"Card_Number", "cardNumber", "CARD-NUMBER", "card.number"};
    _cleanup_(tx_mask_freep) struct tx_mask *mask =
        mask_of(RULE("fields: [card_number]", "redact"));
    for (size_t i = 0; i < TX_COUNT_OF(names); i++)
        check_masked(mask, names[i], "x", "[redacted]", "redact:r");
    check_masked(mask, "card", "x", "x", NULL);
    /* Whatever is not named: an allow-list. */
    _cleanup_(tx_mask_freep) struct tx_mask *rest =
        mask_of("{" NONE ", rules: [{id: d, match: {fields: [\"**\"]}, action: redact, except: "
                "{fields: [level]}}]}");
    check_masked(rest, "c\xd0\xb0rd", "x", "[redacted]", "redact:d");
    check_masked(rest, "level", "x", "x", NULL);
}
END_TEST

/* 28 */
START_TEST(what_looks_like_a_mask_and_is_none) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask = mask_of("{}");
    check_masked(mask, "x", "[redacted]", "[redacted]", NULL);
    check_masked(mask, "x", "************1111", "************1111", NULL);
    check_masked(mask, "x", "4111111111111111", "************1111", "mask:secure-default/card");
}
END_TEST

START_TEST(what_hides_in_the_form_of_a_replacement) {
    static const char *const values[] = {
        "email:k0:4111111111111111",
        "k0:alicejohnsonx",
        "commit:alice-johnson-4111111111111111-0123456789ab",
        "txe1:AAAAAAAAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAA:alice-johnson-4111111111111111",
        "x:k0:alicejohnsonx;txe1:AAAAAAAAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAA:alice-johnson-411111111",
    };
    static const char *const actions[] = {"pseudonym", "{commit: {}}", "{mask: {keep_last: 2}}"};
    for (size_t i = 0; i < TX_COUNT_OF(actions); i++) {
        char rules[256];
        snprintf(rules, sizeof(rules), RULE("fields: [x, j.x]", "%s"), actions[i]);
        _cleanup_(tx_mask_freep) struct tx_mask *mask = mask_of(rules);
        for (size_t k = 0; k < TX_COUNT_OF(values); k++) {
            char json[256];
            ck_assert(tx_action_is_output(text_of(values[k])));
            struct tx_field field = field_of("x", TX_VALUE_STR, values[k]);
            ck_assert_msg(!shows(mask, field, values[k] + strlen(values[k]) - 12), "%s",
                          come_out(mask, field));
            ck_assert(shows(mask, field_of("y", TX_VALUE_STR, values[k]), values[k]));
            snprintf(json, sizeof(json), "{\"x\":\"%s\"}", values[k]);
            for (enum tx_value_type type = TX_VALUE_STR; type <= TX_VALUE_JSON; type++) {
                field = field_of("j", type, json);
                if (type == TX_VALUE_STR || type == TX_VALUE_JSON)
                    ck_assert_msg(!shows(mask, field, values[k] + strlen(values[k]) - 12), "%s",
                                  come_out(mask, field));
            }
        }
    }
    /* Found: a card in what the detector of secrets takes for its own. */
    _cleanup_(tx_mask_freep) struct tx_mask *found =
        mask_of(RULE("detect: [kv_secret, credit_card]", "pseudonym"));
    ck_assert(!shows(found, field_of("x", TX_VALUE_STR, "password=k0:4111111111111111"), "41111"));
}
END_TEST

/* A policy that could not be read. */
START_TEST(lockdown_lets_no_string_through) {
    struct tx_masking masking = *masking_of("{}");
    masking.lockdown = true;
    _cleanup_(tx_mask_freep) struct tx_mask *mask = NULL;
    ck_assert_int_eq(mask_new(&masking, mask_key_bytes, sizeof(mask_key_bytes), NULL, &mask), 0);
    struct tx_field fields[] = {
        field_of("a", TX_VALUE_STR, "x"),
        field_of("b", TX_VALUE_JSON, "{\"a\":1}"),
        field_of("c", TX_VALUE_BYTES, "x"),
        {.name = TX_TEXT("d"), .type = TX_VALUE_I64, .i64 = 4111111111111111},
        {.name = TX_TEXT("e"), .type = TX_VALUE_BOOL, .boolean = true},
        {.name = TX_TEXT("f"), .type = TX_VALUE_NULL}};
    struct tx_record record = {.event = TX_TEXT("t"),
                               .message = TX_TEXT("m"),
                               .correlation_id = TX_TEXT("c"),
                               .source = {.comm = TX_TEXT("sh")},
                               .n_fields = 6,
                               .fields = fields};
    tx_mask_record(mask, &record);
    for (size_t i = 0; i < 3; i++) {
        ck_assert_int_eq(fields[i].type, TX_VALUE_STR);
        check_field(&fields[i], "[redacted]", "redact:lockdown");
    }
    for (size_t i = 3; i < 6; i++)
        ck_assert_ptr_null(fields[i].masked);
    ck_assert(tx_text_equal(record.message, TX_TEXT("[redacted]")));
    ck_assert(tx_text_equal(record.correlation_id, TX_TEXT("[redacted]")));
    ck_assert(tx_text_equal(record.source.comm, TX_TEXT("[redacted]")));
    ck_assert_ptr_null(record.source.exe.p);
    ck_assert_str_eq(record.masked.message, "redact:lockdown");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("mask: ways in which maskers leak");
    TCase *tests = tcase_create("leaks");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, the_tail_of_the_match_that_lost);
    tcase_add_test(tests, what_an_earlier_replacement_hides_or_makes);
    tcase_add_test(tests, a_word_of_one_field_does_not_reach_into_another);
    tcase_add_test(tests, numbers_keys_bytes_and_json_in_strings);
    tcase_add_test(tests, the_ends_of_an_encoded_word);
    tcase_add_test(tests, what_is_written_in_another_way);
    tcase_add_test(tests, what_lies_behind_a_limit);
    tcase_add_test(tests, what_stands_beside_an_allowed_value);
    tcase_add_test(tests, what_is_nobodys_stays);
    tcase_add_test(tests, a_short_value_that_keeps_its_ends);
    tcase_add_test(tests, what_gives_up);
    tcase_add_test(tests, a_key_of_a_person_that_is_not_to_be_had);
    tcase_add_test(tests, a_record_that_does_not_fit);
    tcase_add_test(tests, clear_text_that_stays_in_memory);
    tcase_add_test(tests, a_record_is_masked_by_one_policy_whose_hash_it_has);
    tcase_add_test(tests, names_that_dodge_rules);
    tcase_add_test(tests, what_looks_like_a_mask_and_is_none);
    tcase_add_test(tests, what_hides_in_the_form_of_a_replacement);
    tcase_add_test(tests, lockdown_lets_no_string_through);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
