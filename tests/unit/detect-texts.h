/* SPDX-License-Identifier: MIT */
#ifndef TX_TESTS_DETECT_TEXTS_H
#define TX_TESTS_DETECT_TEXTS_H

/*
 * Texts for the detectors: atoms that, repeated, are made to be slow, and texts put together of
 * them, of identifiers and of random bytes. The same each time.
 */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static const char *const detect_atoms[] = {
    "password=",
    "password=\"",
    "password='\\",
    "pwd:",
    "token=\\\"",
    "password=;a",
    "password=,",
    "<password>",
    "<x:password>a",
    "<password><![CDATA[",
    "password ",
    "password 'a",
    "password('a",
    "password is ",
    "password\n",
    "\"password\", \"",
    "(\"password\",",
    "\"token\" value ",
    "--token ",
    "token string ",
    "login a password ",
    "secret .?+|=",
    "token::",
    "cookie: a",
    "\"cookie\", \"=",
    "cookie: ",
    "secret ",
    "secret    =",
    "api_key_",
    ";a=",
    "=",
    ":",
    "::",
    "1:",
    "a:b:c:d::",
    "ff:",
    "00:1a:2b:",
    "fe80::1%",
    "://",
    "://a:",
    "https://u:p@",
    "@",
    "a@",
    "a@a.",
    "a@b.",
    "a.",
    ".",
    "1",
    "4",
    "0",
    "9",
    "1 ",
    "1-",
    "4-",
    "4 4",
    "4111 ",
    "4111/",
    "4111_",
    "4111\t",
    "&",
    "&#52;",
    "&nbsp;",
    "%41 1 ",
    "\\u{34}",
    "0x34",
    "4111-",
    "4111111111111111",
    "4111111111111111a",
    "a4111111111111111 ",
    "1.",
    "1.1.",
    "3.3.3-",
    "1.2345,",
    "12345678 ",
    "123-45-6789",
    "123-45-6789 ",
    "ssn 219099871 ",
    "021000021 ",
    "dob 1984-02-29 ",
    "dob ",
    "tin vat nif cif nip ",
    "A1 ",
    "AB 12 34 56 ",
    "DE89",
    "DE89 ",
    "DE 89 ",
    "eyJ",
    "eyJ.",
    "eyJhbGciOi",
    "eyJhbGciOiJI.",
    "bearer ",
    "Bearer ",
    "bearer=",
    "bearer",
    "basic=",
    "basic ",
    "token digest apikey ",
    "-",
    "_",
    "-----BEGIN ",
    "-----BEGIN PRIVATE KEY-----",
    "-----BEGIN X-----",
    "-----END ",
    "ghp_",
    "glpat-",
    "sk-ant-",
    "hvs.",
    "xox-",
    "xoxb-1-",
    "AKIA",
    "AIza",
    "SK0123456789abcdef",
    "0x",
    "0xabcdef0123456789",
    "bc1q",
    "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb ",
    "+1",
    "+1 2 ",
    "+(",
    "(",
    "(030) ",
    "<",
    "P<",
    "%",
    "%40",
    "%2540",
    "\\",
    "\\u0040",
    "\\x31",
    "QUJD",
    "QUJD-",
    "QUJD/QUJD-",
    "YWxpY2VAZXhhbXBsZS5vcmc=",
    "YWxpY2VAZXhhbXBsZS5vcmc-",
    "616c696365",
    "é",
    "٤",
    "４",
    "字",
    "ก",
    "\u200b1",
    "\xff",
    " ",
    "\n",
    "a",
    "aB",
    "/",
    "hooks.slack.com/services/",
    "6f03675a-1600-a35a-0999-409831722549 ",
    "4-4",
    " 62",
    "62",
    "1 22 ",
    "12-3",
    "1-1.1-1.",
    "12.3.4.5.",
    "4111 1111 1111 1112 ",
    "a4111-",
    "2026-11-23 ",
    "12 AB ",
    "A1 B2 ",
    "card 4-4-4-4-4-4-4-4-4-4-4-4-4-4-4-",
    "ssn 1 22 333 ",
    "(030)",
    "+49(",
    "xoxb-1-----",
    "AIzaAIza-",
    "%40abcd ",
    "%2540abcd ",
    "basic=%2540",
    "&x%41\\&x;",
    "&x;",
    "&amp;",
    "\\u0034 ",
    "{\"a\":\"{\\\"b\\\":\\\"4-\\\"}\"}",
    "\\\"4 4\\\":",
    "QUJDREVGR0hJSktM ",
    "NDExMTExMTExMTExMTExMQ== ",
    "343131313131313131313131 ",
    "4-٤",
    "é4-4",
    "４-",
    "2026-11-23T18:04:51.123456Z ",
};
#define DETECT_ATOMS (sizeof(detect_atoms) / sizeof(detect_atoms[0]))

static const char *const detect_finds[] = {
    "alice.smith@mail.example.org",
    "4111 1111 1111 1111",
    "378282246310005",
    "DE89370400440532013000",
    "GB82 WEST 1234 5698 7654 32",
    "192.0.2.17",
    "2001:db8::8a2e:370:7334",
    "00:1A:2b:3c:4D:5e",
    "+49 30 901820",
    "(415) 555-2671",
    "536-90-4399",
    "ssn 219099871",
    "AB 12 34 56 C",
    "dob 1984-02-29",
    "48.858370, 2.294481",
    "password=hunter2",
    "\"api_key\": \"abc123\"",
    "Bearer abcdef0123456789",
    "postgres://app:s3cr3t@db1",
    "AKIAIOSFODNN7EXAMPLE",
    "aws secret wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "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",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----",
    "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
    "0x52908400098527886E0F7030069857D2E4169EE7",
    "L898902C36UTO7408122F1204159ZE184226B<<<<<10",
    "YWxpY2VAZXhhbXBsZS5vcmc=",
    "alice%40example.org",
    "４１１１ 1111 1111 1111",
    "4111\u200b1111\u200b1111\u200b1111",
};
#define DETECT_FINDS (sizeof(detect_finds) / sizeof(detect_finds[0]))

/* xorshift64* */
static inline uint64_t detect_random(uint64_t *state, uint64_t below) {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (*state * UINT64_C(0x2545f4914f6cdd1d) >> 16) % below;
}

static inline size_t detect_put(char *ret, size_t n, size_t cap, const char *text) {
    size_t more = strlen(text);
    if (n + more > cap)
        return n;
    memcpy(ret + n, text, more);
    return n + more;
}

/* Some of all that, changed here and there; its length. */
static inline size_t detect_random_text(uint64_t *state, char *ret, size_t cap) {
    static const char bytes[] = "0123456789abcdefAEXYZ-./ :_@=\"\\%+<(\x00\xc3";
    static const char *const between[] = {" ", "", ",", "\"", ": "};
    size_t n = 0;

    for (uint64_t parts = detect_random(state, 8); parts > 0; parts--) {
        switch (detect_random(state, 4)) {
        case 0:
            n = detect_put(ret, n, cap, detect_finds[detect_random(state, DETECT_FINDS)]);
            break;
        case 1:
            n = detect_put(ret, n, cap, detect_atoms[detect_random(state, DETECT_ATOMS)]);
            break;
        case 2:
            for (uint64_t k = detect_random(state, 30); k > 0 && n < cap; k--)
                ret[n++] = bytes[detect_random(state, sizeof(bytes) - 1)];
            break;
        default:
            for (uint64_t k = detect_random(state, 20); k > 0 && n < cap; k--)
                ret[n++] = (char)('0' + detect_random(state, 10));
        }
        n = detect_put(ret, n, cap, between[detect_random(state, 5)]);
    }
    for (uint64_t k = detect_random(state, 3); k > 0 && n > 0; k--)
        ret[detect_random(state, n)] = bytes[detect_random(state, sizeof(bytes) - 1)];
    return n;
}

#endif
