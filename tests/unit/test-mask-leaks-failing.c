/* SPDX-License-Identifier: MIT */
/*
 * The ways in which maskers leak when something goes wrong: a limit, a key, no room, memory that is
 * not wiped, a policy that cannot be read. Numbers as in test-mask-leaks.c.
 */
#include "leak-check.h"
#include "libtx/crypto/secret.h"

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
    tx_wipe_traces(); /* as ingest does */
    ck_assert_uint_eq(count_in_memory(), 0);
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
    Suite *suite = suite_create("mask: leaks where something fails");
    TCase *tests = tcase_create("failing");
    tcase_add_test(tests, what_gives_up);
    tcase_add_test(tests, a_key_of_a_person_that_is_not_to_be_had);
    tcase_add_test(tests, a_record_that_does_not_fit);
    tcase_add_test(tests, clear_text_that_stays_in_memory);
    tcase_add_test(tests, lockdown_lets_no_string_through);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
