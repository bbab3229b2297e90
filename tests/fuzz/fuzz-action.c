/* SPDX-License-Identifier: MIT */
/* What an action of masking wrote, it leaves as it is. The first byte says which action, the second
 * which detector; the rest is the text. */
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <string.h>

#include "libtx/mask/action/action.h"

#define OUT_BYTES (1024u * 1024u)

static double edges[] = {0, 18, 65};
static char q[] = "q", *kept[] = {q};

static const struct tx_masking_action actions[] = {
    {.kind = TX_ACTION_MASK,
     .mask = {.keep_first = 2, .keep_last = 3, .keep_separators = true, .character = "*"}},
    {.kind = TX_ACTION_MASK,
     .mask = {.keep_last = 2, .fixed_length = 3, .keep_separators = true, .character = "•"}},
    {.kind = TX_ACTION_IP, .ip = {24, 48}},
    {.kind = TX_ACTION_DATE, .date = {TX_DATE_YEAR}},
    {.kind = TX_ACTION_DATE, .date = {TX_DATE_WEEK}},
    {.kind = TX_ACTION_BUCKET, .bucket = {.width = 0.25}},
    {.kind = TX_ACTION_BUCKET, .bucket = {.n_edges = 3, .edges = edges}},
    {.kind = TX_ACTION_ROUND, .round = {2}},
    {.kind = TX_ACTION_URL, .url = {TX_URL_KEEP, TX_URL_REDACT, {1, kept}, TX_URL_REDACT, true}},
    {.kind = TX_ACTION_URL, .url = {TX_URL_DROP, TX_URL_DROP, {1, kept}, TX_URL_KEEP, false}},
    {.kind = TX_ACTION_PSEUDONYM,
     .pseudonym = {.bits = 128, .canonical = true, .keep_domain = true}},
    {.kind = TX_ACTION_COMMIT},
    {.kind = TX_ACTION_ENCRYPT},
};

static int get(void *data, struct tx_text person, struct tx_subject_key *ret) {
    (void)data;
    (void)person;
    memset(ret, 1, sizeof(*ret));
    return 0;
}

/* One for all inputs. */
static struct tx_action_tools *tools;

static void make_tools(void) {
    static const struct tx_subject_keys subjects = {.get = get};
    struct tx_masking_rule rules[TX_COUNT_OF(actions)] = {{.id = NULL}};
    const struct tx_masking masking = {.n_rules = TX_COUNT_OF(actions), .rules = rules};
    const struct tx_mask_key key = {TX_MASKING_DEFAULT_KEY, "a key of a test, thirty-two byte", 32};
    for (size_t i = 0; i < TX_COUNT_OF(actions); i++)
        rules[i].action = actions[i];
    int r = tx_action_tools_new(&masking, &key, 1, &subjects, &tools);
    assert(r == 0);
}

__attribute__((destructor)) static void free_tools(void) {
    tx_action_tools_free(tools);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    static char first[OUT_BYTES], second[OUT_BYTES];
    struct tx_buf b = tx_buf_of(first, sizeof(first)), again = tx_buf_of(second, sizeof(second));
    static const uint8_t zeros[16];
    struct tx_action_subject subject = {.detector_name = "value",
                                        .rule = "r",
                                        .field = TX_TEXT("f"),
                                        .record_id = zeros,
                                        .policy = zeros,
                                        .n = 1,
                                        .person = TX_TEXT("p")};
    if (n < 2)
        return 0;
    if (!tools)
        make_tools();
    const struct tx_masking_action *action = &actions[data[0] % TX_COUNT_OF(actions)];
    subject.detector = (enum tx_detector)(data[1] % (TX_DETECT_N + 1));
    subject.text = (struct tx_text){(const char *)data + 2, n - 2};
    int r = tx_action_apply(tools, action, &subject, &b);
    assert(r == 0 || (b.len == 0 && (r == TX_ACTION_E_SHOWS || b.full)));
    if (r != 0)
        return 0;
    subject.text = (struct tx_text){first, b.len};
    subject.detector = TX_DETECT_N;
    r = tx_action_apply(tools, action, &subject, &again);
    assert(r == 0 && again.len == b.len && memcmp(first, second, b.len) == 0);
    return 0;
}
