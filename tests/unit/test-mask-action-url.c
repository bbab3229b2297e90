/* SPDX-License-Identifier: MIT */
#include "action-check.h"

static char page[] = "page", lang[] = "lang";
static char *kept[] = {page, lang};

static struct tx_masking_action of(enum tx_masking_url userinfo, enum tx_masking_url query,
                                   enum tx_masking_url fragment, bool path_ids) {
    return (struct tx_masking_action){.kind = TX_ACTION_URL,
                                      .url = {.userinfo = userinfo,
                                              .query = query,
                                              .query_keep = {2, kept},
                                              .fragment = fragment,
                                              .path_ids = path_ids}};
}

START_TEST(userinfo_goes_and_a_password_never_stays) {
    struct tx_masking_action drop = of(TX_URL_DROP, TX_URL_REDACT, TX_URL_DROP, false);
    struct tx_masking_action redact = of(TX_URL_REDACT, TX_URL_REDACT, TX_URL_DROP, false);
    struct tx_masking_action keep = of(TX_URL_KEEP, TX_URL_REDACT, TX_URL_DROP, false);
    check_action(&drop, "https://alice:pw@example.org:8443/x", "https://example.org:8443/x");
    check_action(&redact, "https://alice:pw@example.org/", "https://[redacted]@example.org/");
    check_action(&keep, "https://alice:pw@example.org/", "https://alice:[redacted]@example.org/");
    check_action(&keep, "https://alice@example.org/", "https://alice@example.org/");
    check_action(&keep, "https://alice%3Apw@example.org/", "https://[redacted]@example.org/");
    check_action(&drop, "ftp://alice:pw@[2001:db8::1]:21/x", "ftp://[2001:db8::1]:21/x");
}
END_TEST

START_TEST(parameters_stay_by_name) {
    struct tx_masking_action redact = of(TX_URL_DROP, TX_URL_REDACT, TX_URL_DROP, false);
    struct tx_masking_action drop = of(TX_URL_DROP, TX_URL_DROP, TX_URL_DROP, false);
    struct tx_masking_action keep = of(TX_URL_DROP, TX_URL_KEEP, TX_URL_DROP, false);
    const char *url = "https://example.org/s?q=alice&page=2&lang=de&token=abc";
    check_action(&redact, url,
                 "https://example.org/s?q=[redacted]&page=2&lang=de&token=[redacted]");
    check_action(&drop, url, "https://example.org/s?page=2&lang=de");
    check_action(&keep, url, url);
    check_action(&drop, "https://example.org/s?q=alice", "https://example.org/s");
    check_action(&redact, "/s?p%61ge=2&lang=en", "/s?p%61ge=2&lang=en");
    /* A server takes this for a parameter p%61ge. */
    check_action(&redact, "/s?p%2561ge=2", "/s?[redacted]");
    check_action(&redact, "/s?page=2;q=alice;lang=en", "/s?page=2;q=[redacted];lang=en");
    check_action(&redact, "/s?Page=2", "/s?Page=[redacted]");
    check_action(&redact, "/s?&&a=1&&", "/s?a=[redacted]");
}
END_TEST

/* Where a name should be there may stand a value. */
START_TEST(a_name_that_may_be_a_value_is_hidden) {
    struct tx_masking_action redact = of(TX_URL_DROP, TX_URL_REDACT, TX_URL_DROP, false);
    check_action(&redact, "/s?alice", "/s?[redacted]");
    check_action(&redact, "/s?alice%40example.org=1", "/s?[redacted]");
    check_action(&redact, "/s?5551234567=1", "/s?[redacted]");
    check_action(&redact, "/s?filter%5Bname%5D=1&first_name=x",
                 "/s?[redacted]&first_name=[redacted]");
}
END_TEST

START_TEST(a_fragment_stays_when_that_is_told) {
    struct tx_masking_action drop = of(TX_URL_DROP, TX_URL_DROP, TX_URL_DROP, false);
    struct tx_masking_action keep = of(TX_URL_DROP, TX_URL_DROP, TX_URL_KEEP, false);
    struct tx_masking_action redact = of(TX_URL_DROP, TX_URL_DROP, TX_URL_REDACT, false);
    check_action(&drop, "/x?q=1#access_token=abc", "/x");
    check_action(&keep, "/x?q=1#top", "/x#top");
    check_action(&redact, "/x?q=1#access_token=abc", "/x#[redacted]");
}
END_TEST

START_TEST(segments_that_look_like_ids_are_hidden) {
    static const char *const ids[] = {
        "1",
        "12345",
        "2024-05-06",
        "6f03675a-1600-a35a-0999-409831722549",
        "alice@example.org",
        "alice%40example.org",
        "alice%2540example.org",
        "%31%32%33%34",
        "user-12345",
        "3fa8b2cd",
        "deadbeefdeadbeef",
        "dGhpcyBpcyBhIHRlc3Q",
        "x;jsessionid=0A1B2C3D",
        "１２３４",
        "alice＠example.org",
        "%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94",
    };
    static const char *const words[] = {
        "users", "v1", "v12", "how-to-begin-well", "oauth2", "index.html", "%C3%BCber-uns",
        "a",     "s3", "face"};
    struct tx_masking_action action = of(TX_URL_DROP, TX_URL_DROP, TX_URL_DROP, true);
    struct tx_masking_action off = of(TX_URL_DROP, TX_URL_DROP, TX_URL_DROP, false);
    char url[256];
    for (size_t i = 0; i < TX_COUNT_OF(ids); i++) {
        snprintf(url, sizeof(url), "https://example.org/a/%s/b", ids[i]);
        check_action(&action, url, "https://example.org/a/{id}/b");
        check_action(&off, url, url);
    }
    for (size_t i = 0; i < TX_COUNT_OF(words); i++) {
        snprintf(url, sizeof(url), "https://example.org/a/%s", words[i]);
        check_action(&action, url, url);
    }
    check_action(&action, "//example.org//12//", "//example.org//{id}//");
}
END_TEST

START_TEST(what_is_malformed_shows) {
    static const char *const texts[] = {
        "",
        "x",
        "example.org/x",
        "mailto:alice@example.org",
        "data:text/plain,alice",
        "://x",
        "http:/x",
        "1http://x",
        "https://a@b@c/",
        "https://a b/",
        "https://exa%6dple.org/",
        "https://alice%40x.org:pw",
        "https://x/%zz",
        "https://x/%4",
        "https://x/?q=%",
        "/a\\b",
        "https://x:port/",
        "https://x:123456/",
        "https://[::1/",
        "https://alice＠example.org/",
        "/a\nb",
        "/a b",
        "/<x>",
        "/\"x\"",
        "/x#a#b",
        "/{ids}",
        "https://[redacted]x@h/",
    };
    struct tx_masking_action action = of(TX_URL_KEEP, TX_URL_KEEP, TX_URL_KEEP, false);
    for (size_t i = 0; i < TX_COUNT_OF(texts); i++)
        check_shows(&action, texts[i]);
    check_action(&action, "/x#", "/x#");
}
END_TEST

int main(void) {
    const TTest *const tests[] = {
        userinfo_goes_and_a_password_never_stays, parameters_stay_by_name,
        a_name_that_may_be_a_value_is_hidden,     a_fragment_stays_when_that_is_told,
        segments_that_look_like_ids_are_hidden,   what_is_malformed_shows,
    };
    return run_suite("mask-action-url", tests, TX_COUNT_OF(tests));
}
