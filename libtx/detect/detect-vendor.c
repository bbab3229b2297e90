/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <pthread.h>

#include "libtx/detect/scan.h"

/*
 * Keys and tokens whose makers gave them a beginning by which they are known, as the makers' pages
 * and the rules of gitleaks and GitHub's secret scanning say. A beginning ends with '_', '-' or
 * '.', which is the anchor; those of letters and digits alone are looked for in words. What follows
 * must be long enough, of the right characters and no row of the same one. Makers with detectors of
 * their own are not here.
 */

#define DISTINCT_MIN 8    /* characters that differ */
#define DISTINCT_BYTES 48 /* among so many */

enum body { HEX, ALNUM, UPPER, WORD, URL, DOTTED, BASE64 };

struct vendor {
    const char *prefix;
    enum body body;
    uint8_t least;
    uint16_t most;
};

#define MANY 2000

static const struct vendor vendors[] = {
    /* '_' */
    {"dop_v1_", HEX, 64, 64}, /* DigitalOcean */
    {"doo_v1_", HEX, 64, 64},
    {"dor_v1_", HEX, 64, 64},
    {"npm_", ALNUM, 36, 64},
    {"hf_", ALNUM, 34, 40}, /* Hugging Face */
    {"api_org_", ALNUM, 34, 40},
    {"shpat_", HEX, 32, 32}, /* Shopify */
    {"shpca_", HEX, 32, 32},
    {"shppa_", HEX, 32, 32},
    {"shpss_", HEX, 32, 32},
    {"lin_api_", ALNUM, 40, 48}, /* Linear */
    {"glc_", BASE64, 32, 400},   /* Grafana */
    {"glsa_", WORD, 41, 41},
    {"ntn_", ALNUM, 40, 64}, /* Notion */
    {"secret_", ALNUM, 43, 43},
    {"pnu_", ALNUM, 36, 36},  /* Prefect */
    {"rdme_", ALNUM, 70, 70}, /* ReadMe */
    {"rubygems_", HEX, 48, 48},
    {"sntrys_", BASE64, 60, MANY}, /* Sentry */
    {"sntryu_", HEX, 64, 64},
    {"sm_aat_", ALNUM, 16, 16}, /* SettleMint */
    {"sm_pat_", ALNUM, 16, 16},
    {"sm_sat_", ALNUM, 16, 16},
    {"shippo_live_", HEX, 40, 40},
    {"shippo_test_", HEX, 40, 40},
    {"pscale_tkn_", DOTTED, 32, 64}, /* PlanetScale */
    {"pscale_oauth_", DOTTED, 32, 64},
    {"pscale_pw_", DOTTED, 32, 64},
    {"duffel_live_", URL, 43, 44},
    {"duffel_test_", URL, 43, 44},
    {"CLOJARS_", ALNUM, 60, 60},
    {"sgp_", WORD, 40, 64}, /* Sourcegraph */
    {"fo1_", URL, 43, 43},  /* Fly.io */
    {"fm1r_", BASE64, 100, MANY},
    {"fm1a_", BASE64, 100, MANY},
    {"fm2_", BASE64, 100, MANY},
    {"ops_", BASE64, 250, MANY}, /* 1Password */
    {"nfp_", ALNUM, 36, 64},     /* Netlify */
    {"sbp_", ALNUM, 40, 40},     /* Supabase */
    {"r8_", URL, 37, 40},        /* Replicate */
    {"gsk_", ALNUM, 50, 54},     /* Groq */
    {"aio_", ALNUM, 28, 28},     /* Adafruit */
    {"odt_", ALNUM, 32, 255},    /* Dependency-Track */
    {"jina_", ALNUM, 60, 60},    /* Jina */
    {"sqp_", ALNUM, 40, 40},     /* SonarQube */
    {"squ_", ALNUM, 40, 40},
    {"sqa_", ALNUM, 40, 40},
    {"slk_", HEX, 64, 64},        /* Sourcegraph */
    {"tfp_", WORD, 40, 64},       /* Typeform */
    {"ion_", ALNUM, 42, 42},      /* Ionic */
    {"flb_live_", ALNUM, 20, 20}, /* Fleetbase */
    {"ak_live_", ALNUM, 30, 30},  /* Pagar.me */
    {"sk_", HEX, 48, 48},         /* ElevenLabs */
    {"mdb_sa_sk_", URL, 40, 40},  /* MongoDB Atlas */
    {"phx_", URL, 43, 47},        /* PostHog */
    {"shltm_", URL, 40, 40},      /* Flexport */
    {"CCIPAT_", WORD, 60, 70},    /* CircleCI */
    {"CCIPRJ_", WORD, 60, 70},
    {"cfut_", ALNUM, 40, 60}, /* Cloudflare */
    {"cfat_", ALNUM, 40, 60},
    {"cfk_", ALNUM, 40, 60},
    {"apify_api_", ALNUM, 36, 36}, /* Apify */
    {"alcht_", URL, 32, 32},       /* Alchemy */
    {"rootly_", HEX, 64, 64},      /* Rootly */
    {"figd_", URL, 40, 64},        /* Figma */
    {"dckr_pat_", URL, 27, 40},    /* Docker */
    {"dckr_oat_", URL, 27, 40},
    {"whsec_", BASE64, 32, 64},   /* Stripe, Svix */
    {"rzp_live_", ALNUM, 14, 14}, /* Razorpay */
    {"rzp_test_", ALNUM, 14, 14},
    {"bkua_", HEX, 40, 40},     /* Buildkite */
    {"pcsk_", WORD, 60, 90},    /* Pinecone */
    {"lsv2_pt_", WORD, 40, 60}, /* LangSmith */
    {"lsv2_sk_", WORD, 40, 60},
    {"glrt-t1_", DOTTED, 27, 300}, /* GitLab */
    {"glrt-t2_", DOTTED, 27, 300},
    {"glrt-t3_", DOTTED, 27, 300},
    /* '-' */
    {"glpat-", DOTTED, 20, 300}, /* GitLab */
    {"gldt-", URL, 20, 64},
    {"glrt-", URL, 20, 64},
    {"glft-", URL, 20, 64},
    {"glcbt-", URL, 22, 64},
    {"glptt-", HEX, 40, 40},
    {"glimt-", URL, 25, 64},
    {"gloas-", URL, 64, 64},
    {"glsoat-", URL, 20, 64},
    {"glffct-", URL, 20, 64},
    {"glagent-", URL, 50, 64},
    {"sk-ant-", URL, 80, 200},  /* Anthropic */
    {"sk-or-", URL, 60, 100},   /* OpenRouter */
    {"sk-proj-", URL, 40, 250}, /* OpenAI */
    {"sk-svcacct-", URL, 40, 250},
    {"sk-admin-", URL, 40, 250},
    {"sk-", ALNUM, 48, 48},
    {"sk-", ALNUM, 32, 32},  /* DeepSeek and others with the same interface */
    {"nvapi-", URL, 60, 80}, /* NVIDIA */
    {"pypi-", URL, 60, MANY},
    {"xapp-", URL, 18, 200},   /* Slack */
    {"xkeysib-", URL, 81, 81}, /* Brevo */
    {"xsmtpsib-", URL, 81, 81},
    {"pplx-", ALNUM, 40, 56},   /* Perplexity */
    {"ico-", ALNUM, 32, 32},    /* Infracost */
    {"pul-", HEX, 40, 40},      /* Pulumi */
    {"PMAK-", URL, 59, 59},     /* Postman */
    {"API-", UPPER, 26, 26},    /* Octopus Deploy */
    {"tk-us-", URL, 48, 48},    /* Scalingo */
    {"HRKU-", URL, 36, 64},     /* Heroku */
    {"p8e-", ALNUM, 32, 32},    /* Adobe */
    {"s-s4t2ud-", HEX, 64, 64}, /* Intra 42 */
    {"s-s4t2af-", HEX, 64, 64},
    {"sq0atp-", URL, 22, 60}, /* Square */
    {"sq0csp-", URL, 22, 60},
    {"key-", HEX, 32, 32},          /* Mailgun */
    {"GOCSPX-", URL, 28, 28},       /* Google OAuth */
    {"NRAK-", UPPER, 27, 27},       /* New Relic */
    {"FLWSECK_TEST-", URL, 12, 64}, /* Flutterwave */
    {"FLWSECK-", URL, 32, 64},
    {"CFPAT-", URL, 43, 43}, /* Contentful */
    {"fio-u-", URL, 64, 64}, /* Frame.io */
    {"tskey-", URL, 20, 80}, /* Tailscale */
    {"AGE-SECRET-KEY-", UPPER, 59, 59},
    {"A3-", URL, 31, 37}, /* 1Password */
    {"bedrock-api-key-", BASE64, 28, MANY},
    {"tvly-", URL, 32, 50},    /* Tavily */
    {"fc-", HEX, 32, 32},      /* Firecrawl */
    {"da2-", ALNUM, 26, 26},   /* AWS AppSync */
    {"xai-", WORD, 80, 80},    /* xAI */
    {"pat-na1-", URL, 36, 36}, /* HubSpot */
    {"pat-eu1-", URL, 36, 36},
    {"NF-", ALNUM, 32, 32}, /* Nightfall */
    {"NRAA-", HEX, 27, 27}, /* New Relic */
    {"NRII-", URL, 32, 32},
    {"NRIQ-", URL, 32, 32},
    /* '.' */
    {"SG.", DOTTED, 66, 66}, /* SendGrid */
    {"hvs.", URL, 24, 300},  /* HashiCorp Vault */
    {"hvb.", URL, 24, 400},
    {"hvr.", URL, 24, 300},
    {"dp.pt.", ALNUM, 40, 44}, /* Doppler */
    {"dp.st.", DOTTED, 40, 64},
    {"dp.ct.", ALNUM, 40, 44},
    {"dp.sa.", ALNUM, 40, 44},
    {"dp.scim.", ALNUM, 40, 44},
    {"dp.audit.", ALNUM, 40, 44},
    {"v1.", DOTTED, 173, 173},  /* Cloudflare: 0-, 24 digits, -, 146 */
    {"amzn.mws.", URL, 36, 36}, /* Amazon MWS */
    {"hawk.", DOTTED, 41, 41},  /* StackHawk */
    {"VF.", DOTTED, 41, 44},    /* Voiceflow */
    {"ya29.", URL, 20, MANY},   /* Google OAuth */
    {"sl.", URL, 130, 200},     /* Dropbox */
    {"pat.", DOTTED, 68, 68},   /* Harness */
    {"sat.", DOTTED, 68, 68},
    {"atlasv1.", URL, 60, 70}, /* HashiCorp Terraform */
    {"sk.", DOTTED, 60, MANY}, /* Mapbox */
    /* letters and digits alone */
    {"ATATT3", BASE64, 100, 300}, /* Atlassian */
    {"ATCTT3", BASE64, 100, 300},
    {"ATBB", ALNUM, 32, 32},
    {"dapi", HEX, 32, 32},   /* Databricks */
    {"SK", HEX, 32, 32},     /* Twilio */
    {"LTAI", ALNUM, 17, 24}, /* Alibaba */
    {"AKCp", ALNUM, 60, 73}, /* JFrog */
    {"cmVmd", ALNUM, 59, 59},
    {"cio", ALNUM, 32, 32},  /* crates.io */
    {"4b1d", ALNUM, 38, 38}, /* ClickHouse */
    {"EZAK", ALNUM, 54, 54}, /* EasyPost */
    {"EZTK", ALNUM, 54, 54},
    {"EAAA", URL, 22, 64},      /* Square */
    {"EAAC", ALNUM, 100, MANY}, /* Facebook */
    {"EAAM", ALNUM, 100, MANY},
    {"ABSK", BASE64, 109, 270},    /* Amazon Bedrock */
    {"GR1348941", URL, 20, 20},    /* GitLab */
    {"pat", DOTTED, 79, 79},       /* Airtable */
    {"eyJrIjoi", BASE64, 70, 400}, /* Grafana */
    {"sha256~", URL, 43, 43},      /* OpenShift */
    {"dt0c01", DOTTED, 90, 90},    /* Dynatrace */
    {"oy2", ALNUM, 43, 43},        /* NuGet */
};

/* By the last three characters of the beginning; for words, by the first two. */
#define BUCKETS 256
static uint8_t ends[BUCKETS], begins[BUCKETS]; /* 1 + index of the first; 0: none */
static struct tx_vendor_words words;
static uint8_t next[TX_COUNT_OF(vendors)], lengths[TX_COUNT_OF(vendors)];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static size_t bucket_of(uint8_t a, uint8_t b) {
    return (a * 7u + b * 31u) % BUCKETS;
}
static size_t bucket_of_end(const uint8_t last[3]) {
    return (last[0] * 5u + last[1] * 7u + last[2] * 31u) % BUCKETS;
}

static bool ends_beginning(uint8_t c) {
    return c == '_' || c == '-' || c == '.';
}

/* Groups of words. */
#define MAILCHIMP 1u
#define LONG_ANY 2u /* whatever the second character is */
#define BECH32 4u
#define VENDOR 8u /* and three more */
#define VENDOR_GROUPS 4
#define VENDORS 120u

/* `second` is 0: any. */
static void add_word(unsigned group, uint8_t first, uint8_t second) {
    words.first[first] |= (uint8_t)group;
    for (size_t c = 0; c < 256; c++)
        if (second == 0 || c == second)
            words.second[c] |= (uint8_t)group;
}

static void build(void) {
    _Static_assert(TX_COUNT_OF(vendors) < UINT8_MAX, "an index is one byte");
    for (size_t i = TX_COUNT_OF(vendors); i-- > 0;) {
        const uint8_t *p = (const uint8_t *)vendors[i].prefix;
        size_t n = strlen(vendors[i].prefix);
        assert(!ends_beginning(p[n - 1]) || n >= 3);
        uint8_t *bucket = ends_beginning(p[n - 1]) ? &ends[bucket_of_end(p + n - 3)]
                                                   : &begins[bucket_of(p[0], p[1])];
        next[i] = *bucket;
        lengths[i] = (uint8_t)n;
        *bucket = (uint8_t)(i + 1);
        if (!ends_beginning(p[n - 1]))
            add_word(VENDOR << p[0] % VENDOR_GROUPS, p[0], p[1]);
    }
    add_word(MAILCHIMP, 'u', 's');
    for (const char *c = "13MNO"; *c; c++) /* of Discord's tokens more is asked then */
        add_word(LONG_ANY, (uint8_t)*c, 0);
    for (const char *c = "bB"; *c; c++) {
        add_word(BECH32, (uint8_t)*c, 'c');
        add_word(BECH32, (uint8_t)*c, 'C');
    }
    add_word(VENDOR << 'A' % VENDOR_GROUPS, 'A', 'A'); /* Telegram */
    for (size_t n = 0; n < TX_VENDOR_LENGTHS; n++)
        words.by_length[n] = (uint8_t)((n < TX_VENDOR_BYTES_MIN ? MAILCHIMP : VENDORS) |
                                       (n < TX_BTC_BYTES_MIN ? 0 : LONG_ANY | BECH32));
}

const struct tx_vendor_words *tx_vendor_words(void) {
    pthread_once(&once, build);
    return &words;
}

static bool is_body(uint8_t c, enum body body) {
    switch (body) {
    case HEX:
        return tx_is_hex(c);
    case ALNUM:
        return tx_is_alnum(c);
    case UPPER:
        return tx_is_digit(c) || (c >= 'A' && c <= 'Z');
    case WORD:
        return tx_is_word(c);
    case URL:
        return tx_is_base64url(c) || c == '=';
    case DOTTED:
        return tx_is_base64url(c) || c == '=' || c == '.';
    case BASE64:
        return tx_is_base64url(c) || c == '=' || c == '+' || c == '/';
    }
    return false;
}

/* The end of the run that begins at `at`. Beginnings may stand in each other's bodies, whose ends
 * are looked for once. */
static size_t run_end(struct tx_scan *s, enum body body, size_t at) {
    struct tx_run *run = body >= WORD ? &s->vendor_runs[body - WORD] : NULL;
    if (run && at >= run->start && at < run->end)
        return run->end;
    size_t end = at;
    while (end < s->n && is_body(s->p[end], body))
        end++;
    s->matches->work += end - at;
    if (run)
        *run = (struct tx_run){at, end};
    return end;
}

/* What stands in its place in a manual has few characters that differ (glpat-xxxxxxxxxxxxxxxxxxxx),
 * and a name in a program has small letters only. */
static bool is_random(const struct tx_scan *s, size_t start, size_t end) {
    uint64_t seen[4] = {0};
    unsigned n = 0, least = end - start < 20 ? 6 : DISTINCT_MIN;
    bool mixed = false, upper = false, lower = false;
    for (size_t i = start; i < end && i - start < DISTINCT_BYTES && !(n >= least && mixed); i++) {
        uint64_t bit = UINT64_C(1) << (s->p[i] % 64);
        n += !(seen[s->p[i] / 64] & bit);
        seen[s->p[i] / 64] |= bit;
        upper |= s->p[i] >= 'A' && s->p[i] <= 'Z';
        lower |= s->p[i] >= 'a' && s->p[i] <= 'z';
        mixed |= tx_is_digit(s->p[i]) || (upper && lower);
    }
    return n >= least && mixed;
}

/* A digest may begin as one of them by chance. */
static bool is_digest(const struct tx_scan *s, size_t start, size_t end) {
    while (start < end && tx_is_hex(s->p[start]))
        start++;
    return start == end;
}

static bool take(struct tx_scan *s, const struct vendor *vendor, size_t start) {
    size_t body = start + strlen(vendor->prefix);
    uint8_t before = tx_scan_before(s, start);
    if (tx_is_alnum(before) || (before == '.' && vendor->prefix[0] != 'a')) /* video.ico-7a38… */
        return false;
    size_t end = run_end(s, vendor->body, body);
    while (end > body && s->p[end - 1] == '.') /* a sentence's */
        end--;
    if (end - body < vendor->least || end - body > vendor->most ||
        tx_is_alnum(tx_scan_at(s, end)) || !is_random(s, body, end) ||
        tx_scan_in_uuid(s, start, body + 1) || (vendor->body != HEX && is_digest(s, start, end)))
        return false;
    tx_scan_claim(s, TX_DETECT_VENDOR_TOKEN, start, end);
    return true;
}

/* Airtable: "pat", 14 letters and digits, '.', 64 hex digits. */
static bool take_airtable(struct tx_scan *s, size_t at) {
    size_t start = at - 17, end = at + 1;
    if (at < 17 || s->p[at] != '.' || !tx_scan_is(s, start, "pat") ||
        tx_is_word(tx_scan_before(s, start)))
        return false;
    while (end - at <= 64 && tx_is_hex(tx_scan_at(s, end)))
        end++;
    s->matches->work += end - at;
    if (end - at != 65 || tx_is_word(tx_scan_at(s, end)))
        return false;
    tx_scan_claim(s, TX_DETECT_VENDOR_TOKEN, start, end);
    return true;
}

/* MaxMind: six letters and digits, '_', 29, "_mmk". */
static bool take_maxmind(struct tx_scan *s, size_t at) {
    size_t start = at - 6, end = at + 34;
    if (at < 6 || end > s->n || !tx_scan_is(s, end - 4, "_mmk") ||
        tx_is_word(tx_scan_before(s, start)) || tx_is_word(tx_scan_at(s, end)))
        return false;
    for (size_t i = start; i < end - 4; i++)
        if (!tx_is_alnum(s->p[i]) && i != at)
            return false;
    s->matches->work += end - start;
    tx_scan_claim(s, TX_DETECT_VENDOR_TOKEN, start, end);
    return true;
}

void tx_detect_vendor(struct tx_scan *s, size_t at) {
    if (at < 2 || !tx_scan_wants(s, TX_DETECT_VENDOR_TOKEN))
        return;
    if (s->p[at] == '.' ? take_airtable(s, at) : s->p[at] == '_' && take_maxmind(s, at))
        return;
    for (size_t i = ends[bucket_of_end(s->p + at - 2)]; i > 0; i = next[i - 1]) {
        const struct vendor *vendor = &vendors[i - 1];
        size_t n = lengths[i - 1];
        if (at + 1 >= n && s->p[at + 1 - n] == (uint8_t)vendor->prefix[0] &&
            memcmp(s->p + at + 1 - n, vendor->prefix, n) == 0 && take(s, vendor, at + 1 - n))
            return;
    }
}

/* "123456789:AA" and 33 more: a bot of Telegram's. */
static void take_telegram(struct tx_scan *s, size_t start) {
    size_t first = start - 1, n_digits = 0;
    while (first > 0 && n_digits < 11 && tx_is_digit(s->p[first - 1]))
        first--, n_digits++;
    size_t end = run_end(s, URL, start);
    if (n_digits >= 8 && n_digits <= 10 && end - start == 35)
        tx_scan_claim(s, TX_DETECT_VENDOR_TOKEN, first, end);
}

/* Discord: base64 of digits, '.', six characters, '.', at least 27. */
static void take_discord(struct tx_scan *s, size_t start, size_t end) {
    size_t second = run_end(s, URL, end + 1);
    if (second - end < 7 || second - end > 8 || tx_scan_at(s, second) != '.')
        return;
    size_t third = run_end(s, URL, second + 1);
    if (third - second > 27 && third - second <= 40)
        tx_scan_claim(s, TX_DETECT_VENDOR_TOKEN, start, third);
}

/* Azure: three characters, a digit, "Q~", 31 to 34 more. */
static void take_azure(struct tx_scan *s, size_t end) {
    size_t body = end + 1, stop = body;
    while (stop < s->n && stop - body < 40 &&
           (tx_is_base64url(s->p[stop]) || s->p[stop] == '~' || s->p[stop] == '.'))
        stop++;
    s->matches->work += stop - body;
    if (end >= 5 && stop - body >= 31 && stop - body <= 35)
        tx_scan_claim(s, TX_DETECT_VENDOR_TOKEN, end - 5, stop);
}

/* Mailchimp: 32 hex digits, "-us" and a number. */
static void take_mailchimp(struct tx_scan *s, size_t start, size_t end) {
    if (start < 33 || s->p[start - 1] != '-' || tx_is_alnum(tx_scan_before(s, start - 33)))
        return;
    for (size_t i = start - 33; i < start - 1; i++)
        if (!tx_is_hex(s->p[i]))
            return;
    tx_scan_claim(s, TX_DETECT_VENDOR_TOKEN, start - 33, end);
}

void tx_detect_vendor_word(struct tx_scan *s, size_t start, size_t end) {
    uint8_t first = s->p[start], after = tx_scan_at(s, end);
    if (!tx_scan_wants(s, TX_DETECT_VENDOR_TOKEN))
        return;
    if (after == '~' && end - start >= 2 && s->p[end - 1] == 'Q' && tx_is_digit(s->p[end - 2]))
        take_azure(s, end);
    if (end - start <= 4 && first == 'u' && tx_scan_is(s, start, "us"))
        take_mailchimp(s, start, end);
    if (end - start < TX_VENDOR_BYTES_MIN)
        return;
    if (first == 'A' && s->p[start + 1] == 'A' && tx_scan_before(s, start) == ':')
        take_telegram(s, start);
    if (first >= 'M' && first <= 'O' && after == '.' && end - start >= 23 && end - start <= 28)
        take_discord(s, start, end);
    for (size_t i = begins[bucket_of(first, s->p[start + 1])]; i > 0; i = next[i - 1])
        if (tx_scan_is(s, start, vendors[i - 1].prefix) && take(s, &vendors[i - 1], start))
            return;
}
