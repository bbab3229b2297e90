/* SPDX-License-Identifier: MIT */
/* No memory at each allocation in turn: the reader says so, and leaves nothing behind. */
#include <fcntl.h>

#include "libtx/base/file.h"
#include "libtx/conf/masking-lint.h"
#include "tests/unit/masking-check.h"

static long countdown = -1; /* so many succeed; < 0: all */

static bool fails(void) {
    return countdown >= 0 && countdown-- == 0;
}

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__real_reallocarray(void *p, size_t n, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_reallocarray(void *p, size_t n, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t n);

void *__wrap_malloc(size_t n) {
    return fails() ? NULL : __real_malloc(n);
}
void *__wrap_calloc(size_t n, size_t size) {
    return fails() ? NULL : __real_calloc(n, size);
}
void *__wrap_realloc(void *p, size_t n) {
    return fails() ? NULL : __real_realloc(p, n);
}
void *__wrap_reallocarray(void *p, size_t n, size_t size) {
    return fails() ? NULL : __real_reallocarray(p, n, size);
}
char *__wrap_strdup(const char *text) {
    return fails() ? NULL : __real_strdup(text);
}
char *__wrap_strndup(const char *text, size_t n) {
    return fails() ? NULL : __real_strndup(text, n);
}

/* What the whole way of a section is: read, told in both forms, looked over. */
static int all_steps(const struct tx_conf_node *section, struct tx_conf_errors *errors) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes b = TX_BYTES_INIT;
    struct tx_masking masking;
    size_t n;

    int r = tx_conf_masking_read(section, TX_TEXT("/etc"), errors, &masking);
    if (r == 0)
        r = tx_masking_render(&masking, &b);
    if (r == 0)
        r = tx_masking_render_section(&masking, 1, &b);
    if (r == 0)
        r = tx_conf_masking_lint(&masking, "t", 1, &b, &n);
    tx_masking_deinit(&masking);
    return r;
}

static int with_memory(const char *text, long n) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes told = TX_BYTES_INIT;
    struct tx_conf_errors errors = {.name = "t.yaml", .text = {text, strlen(text)}, .to = &told};

    _cleanup_(tx_conf_tree_freep) struct tx_conf_node *root =
        tx_conf_tree_new(errors.text, &errors);
    ck_assert_ptr_nonnull(root);
    const struct tx_conf_node *section = NULL;
    for (size_t i = 0; i < root->n; i++)
        if (strcmp(root->entries[i].key->text, "masking") == 0)
            section = root->entries[i].value;
    countdown = n;
    int r = all_steps(section, &errors);
    bool ran_out = countdown < 0 && n >= 0;
    countdown = -1;
    ck_assert_msg(!ran_out || r == -ENOMEM, "the %ldth allocation failed: %d", n, r);
    return ran_out ? -ENOMEM : r;
}

static void check_each(const char *text, int end) {
    long n = 0;
    int r;
    while ((r = with_memory(text, n)) == -ENOMEM && n < 100000)
        n++;
    ck_assert_int_eq(r, end);
    ck_assert_int_gt(n, 50);
}

START_TEST(each_allocation_may_fail) {
    static const char *const names[] = {"shop", "bank", "saas"};
    for (size_t i = 0; i < TX_COUNT_OF(names); i++) {
        _cleanup_(tx_bytes_deinit) struct tx_bytes text = TX_BYTES_INIT;
        char path[512];
        snprintf(path, sizeof(path), EXAMPLES "example-%s.yaml", names[i]);
        ck_assert_int_eq(tx_file_read_at(AT_FDCWD, path, 65536, &text), 0);
        ck_assert_int_eq(tx_bytes_append(&text, "", 1), 0);
        check_each((char *)text.data, 0);
    }
}
END_TEST

START_TEST(each_allocation_may_fail_in_a_section_with_mistakes) {
    check_each("masking:\n"
               "  preset: nope\n"
               "  detectors: {d: {literal: [a, b]}, e: {regex: 3, words_file: x}}\n"
               "  classes: {c: {fields: [\"{a,b}\"]}}\n"
               "  rules:\n"
               "    - {id: a, match: {class: c, any: [{keys: x}, {}], detect: [d, f]}, action: "
               "{bucket: {edges: [1, 2]}}}\n"
               "    - {id: b, match: {regex: x}, action: {commit: {key: k}}, replaces: [x, y]}\n"
               "    - {id: c, match: {sender: {uid: [0, 1, x]}}, action: {url: {query: {keep: "
               "[a]}}}}\n"
               "  allow: [{name: x, detector: any, cidr: [\"::/0\", 3], reason: r}]\n"
               "  tests: [{event: a, in: {x: {y: [1]}}, out: {x: 3, z: 4}}]\n",
               TX_CONF_E_MASKING);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("conf: masking without memory");
    TCase *tests = tcase_create("memory");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, each_allocation_may_fail);
    tcase_add_test(tests, each_allocation_may_fail_in_a_section_with_mistakes);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
