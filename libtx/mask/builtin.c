/* SPDX-License-Identifier: MIT */
#include "libtx/mask/builtin.h"

#include <assert.h>

static const char *const secrets[] = {
    "*password*", "*passwd*",     "*passphrase*",  "*passwort*",      "*pwd*",
    "*passcode*", "pass",         "*.pass",        "*_pass",          "*secret*",
    "*token*",    "*api_key*",    "*apikey*",      "*access_key*",    "*private_key*",
    "*auth_key*", "*credential*", "authorization", "*.authorization", "cookie",
    "cookies",    "*.cookie",     "*.cookies",     "set_cookie",      "*.set_cookie",
    "jwt",        "*.jwt",        "*_jwt",
};
static const char *const card_codes[] = {
    "cvv",     "*.cvv",     "cvv2",          "*.cvv2",          "cvc",      "*.cvc",
    "cvc2",    "*.cvc2",    "pin",           "*.pin",           "pin_code", "*.pin_code",
    "pincode", "*.pincode", "security_code", "*.security_code",
};
static const char *const national_ids[] = {
    "ssn", "*.ssn", "ssn_*", "*.ssn_*", "social_security*", "*.social_security*"};

#define FIELDS(list) .fields = (char **)(list), .n_fields = TX_COUNT_OF(list)
#define DETECTS(...)                                                                               \
    .detectors = (char **)(const char *[]){__VA_ARGS__},                                           \
    .n_detectors = sizeof((const char *[]){__VA_ARGS__}) / sizeof(const char *)
#define RULE(name) .id = (char *)(TX_MASK_BUILTIN_PREFIX name), .builtin = true
#define DO(what) .action = {.kind = (what)}

const struct tx_mask_rule tx_mask_builtin[] = {
    {RULE("secret-field"), FIELDS(secrets), DO(TX_MASK_REDACT)},
    {RULE("card-code-field"), FIELDS(card_codes), DO(TX_MASK_REDACT)},
    {RULE("ssn-field"), FIELDS(national_ids), DO(TX_MASK_REDACT)},
    {RULE("secret-label"), .label_secret = true, DO(TX_MASK_REDACT)},
    {RULE("pii-label"), .label_pii = true, DO(TX_MASK_HASH)},
    {RULE("private-key"), DETECTS("private_key_pem"), DO(TX_MASK_REDACT)},
    {RULE("password"), DETECTS("kv_secret", "url_password"), DO(TX_MASK_REDACT)},
    {RULE("token"), DETECTS("jwt", "auth_header"), DO(TX_MASK_REDACT)},
    {RULE("api-key"),
     DETECTS("aws_key_id", "aws_secret", "gcp_api_key", "github_token", "slack_token", "stripe_key",
             "vendor_token"),
     DO(TX_MASK_REDACT)},
    {RULE("card"), DETECTS("credit_card"), .action = {.kind = TX_MASK_KEEP, .keep_last = 4}},
    {RULE("iban"), DETECTS("iban"), DO(TX_MASK_REDACT)},
    {RULE("eu-national-id"), DETECTS("pack:eu-national-ids"), DO(TX_MASK_REDACT)},
    {RULE("us-id"), DETECTS("pack:us-ids"), DO(TX_MASK_REDACT)},
    {RULE("latam-id"), DETECTS("pack:latam-ids"), DO(TX_MASK_REDACT)},
    {RULE("apac-id"), DETECTS("pack:apac-ids"), DO(TX_MASK_REDACT)},
    {RULE("passport"), DETECTS("mrz_passport", "passport"), DO(TX_MASK_REDACT)},
    {RULE("birth"), DETECTS("date_of_birth"), DO(TX_MASK_REDACT)},
    {RULE("email"), DETECTS("email"), DO(TX_MASK_HASH)},
    {RULE("phone"), DETECTS("phone_e164", "phone_nanp", "phone_national"),
     .action = {.kind = TX_MASK_KEEP, .keep_last = 2}},
    {RULE("ip"), DETECTS("ipv4", "ipv6"), DO(TX_MASK_HASH)},
    {RULE("device"), DETECTS("mac", "imei", "vin"),
     .action = {.kind = TX_MASK_KEEP, .keep_first = 6}},
    {RULE("place"), DETECTS("pack:location"), DO(TX_MASK_REDACT)},
    {RULE("coins"), DETECTS("pack:crypto-assets"),
     .action = {.kind = TX_MASK_KEEP, .keep_first = 4, .keep_last = 4}},
};
const size_t tx_mask_n_builtin = TX_COUNT_OF(tx_mask_builtin);

size_t tx_mask_rules_count(const struct tx_mask_rules *rules) {
    return rules->n_rules + (rules->preset_none ? 0 : tx_mask_n_builtin);
}

const struct tx_mask_rule *tx_mask_rules_get(const struct tx_mask_rules *rules, size_t i) {
    assert(i < tx_mask_rules_count(rules));
    return i < rules->n_rules ? &rules->rules[i] : &tx_mask_builtin[i - rules->n_rules];
}
