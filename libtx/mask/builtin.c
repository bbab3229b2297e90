/* SPDX-License-Identifier: MIT */
#include "libtx/mask/builtin.h"

#include <assert.h>

static const char *const secrets[] = {
    "*password*", "*passwd*", "*passphrase*", "*pwd*",         "*secret*",      "*token*",
    "*api_key*",  "*apikey*", "*access_key*", "*private_key*", "authorization", "*.authorization",
    "cookie",     "*.cookie", "set_cookie",   "*.set_cookie",
};
static const char *const card_codes[] = {
    "cvv",    "*.cvv", "cvv2",  "*.cvv2",   "cvc",        "*.cvc",         "cvc2",
    "*.cvc2", "pin",   "*.pin", "pin_code", "*.pin_code", "security_code", "*.security_code",
};
static const char *const national_ids[] = {"ssn", "*.ssn", "social_security*",
                                           "*.social_security*"};

#define FIELDS(list) .fields = (char **)(list), .n_fields = TX_COUNT_OF(list)
#define DETECTS(name) .detectors = (char *[]){(char *)(name)}, .n_detectors = 1
#define RULE(name) .id = (char *)(TX_MASK_BUILTIN_PREFIX name), .builtin = true
#define DO(what) .action = {.kind = (what)}

const struct tx_mask_rule tx_mask_builtin[] = {
    {RULE("secret-field"), FIELDS(secrets), DO(TX_MASK_REDACT)},
    {RULE("card-code-field"), FIELDS(card_codes), DO(TX_MASK_REDACT)},
    {RULE("ssn-field"), FIELDS(national_ids), DO(TX_MASK_REDACT)},
    {RULE("secret-label"), .label_secret = true, DO(TX_MASK_REDACT)},
    {RULE("pii-label"), .label_pii = true, DO(TX_MASK_HASH)},
    {RULE("private-key"), DETECTS("private_key"), DO(TX_MASK_REDACT)},
    {RULE("jwt"), DETECTS("jwt"), DO(TX_MASK_REDACT)},
    {RULE("bearer"), DETECTS("bearer"), DO(TX_MASK_REDACT)},
    {RULE("password"), DETECTS("password"), DO(TX_MASK_REDACT)},
    {RULE("card"), DETECTS("card"), .action = {.kind = TX_MASK_KEEP, .keep_last = 4}},
    {RULE("iban"), DETECTS("iban"), DO(TX_MASK_REDACT)},
    {RULE("ssn"), DETECTS("ssn"), DO(TX_MASK_REDACT)},
    {RULE("email"), DETECTS("email"), DO(TX_MASK_HASH)},
    {RULE("ipv4"), DETECTS("ipv4"), DO(TX_MASK_HASH)},
    {RULE("ipv6"), DETECTS("ipv6"), DO(TX_MASK_HASH)},
};
const size_t tx_mask_n_builtin = TX_COUNT_OF(tx_mask_builtin);

size_t tx_mask_rules_count(const struct tx_mask_rules *rules) {
    return rules->n_rules + (rules->preset_none ? 0 : tx_mask_n_builtin);
}

const struct tx_mask_rule *tx_mask_rules_get(const struct tx_mask_rules *rules, size_t i) {
    assert(i < tx_mask_rules_count(rules));
    return i < rules->n_rules ? &rules->rules[i] : &tx_mask_builtin[i - rules->n_rules];
}
