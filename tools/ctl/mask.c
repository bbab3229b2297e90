/* SPDX-License-Identifier: MIT */
#include "tools/ctl/mask.h"

#include <stdio.h>
#include <string.h>

#include "libtx/mask/selftest.h"
#include "tools/shared/terminal.h"

static const struct {
    const char *name;
    int (*run)(struct tx_ctl *ctl, int argc, char **argv);
} commands[] = {
    {"test", tx_ctl_mask_test},     {"explain", tx_ctl_mask_explain}, {"lint", tx_ctl_mask_lint},
    {"diff", tx_ctl_mask_diff},     {"bench", tx_ctl_mask_bench},     {"list", tx_ctl_mask_list},
    {"preset", tx_ctl_mask_preset},
};

/* --- rules --- */

static struct tx_conf *make_default(void) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes errors = TX_BYTES_INIT;
    struct tx_conf *conf = NULL;
    return tx_conf_parse("default", TX_TEXT("version: 1\n"), &errors, &conf) == 0 ? conf : NULL;
}

static int zero_key(void *data, struct tx_text person, struct tx_subject_key *ret) {
    (void)data;
    (void)person;
    *ret = (struct tx_subject_key){.ref = {0}};
    return 0;
}

static void zero_keys(const struct tx_masking *masking, struct tx_mask_key *ret) {
    static const uint8_t bytes[TX_MASK_KEY_BYTES_MIN];
    for (size_t i = 0; i < masking->n_keys; i++)
        ret[i] = (struct tx_mask_key){masking->keys[i].id, bytes, sizeof(bytes)};
}

int tx_ctl_policy_make(struct tx_conf *conf, struct tx_ctl_policy *ret) {
    static const struct tx_subject_keys subjects = {.get = zero_key};
    struct tx_mask_key keys[TX_MASKING_KEYS_MAX];
    const struct tx_masking *masking = &conf->masking;

    *ret = (struct tx_ctl_policy){.conf = conf};
    zero_keys(masking, keys);
    int r = tx_mask_new(masking, keys, masking->n_keys, &subjects, &ret->mask);
    if (r == 0)
        return TX_CTL_OK;
    tx_ctl_say("cannot use the rules: %s", strerror(-r));
    tx_ctl_policy_deinit(ret);
    return TX_CTL_FAILED;
}

int tx_ctl_policy_init(const struct tx_ctl *ctl, struct tx_ctl_policy *ret) {
    struct tx_conf *conf = ctl->config_given ? tx_ctl_load(ctl) : make_default();

    *ret = (struct tx_ctl_policy){.conf = NULL};
    return conf ? tx_ctl_policy_make(conf, ret) : TX_CTL_FAILED;
}

int tx_ctl_policy_try(const struct tx_ctl *ctl, const struct tx_ctl_policy *policy) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes errors = TX_BYTES_INIT;
    struct tx_mask_key keys[TX_MASKING_KEYS_MAX];
    const struct tx_masking *masking = &policy->conf->masking;

    zero_keys(masking, keys);
    int r = tx_mask_run_tests(masking, keys, masking->n_keys, ctl->config_path, &errors);
    if (errors.len > 0)
        fwrite(errors.data, 1, errors.len, stderr);
    if (r < 0)
        tx_ctl_say("%s: its tests cannot be run: %s", ctl->config_path, strerror(-r));
    return r == 0 ? TX_CTL_OK : TX_CTL_FAILED;
}

void tx_ctl_policy_deinit(struct tx_ctl_policy *policy) {
    tx_mask_free(policy->mask);
    tx_conf_free(policy->conf);
    *policy = (struct tx_ctl_policy){.conf = NULL};
}

/* --- options --- */

void tx_ctl_take_config(struct tx_ctl *ctl, const char *path) {
    ctl->config_path = path;
    ctl->config_given = true;
}

static bool take_name(const struct tx_masking *masking, const char *name,
                      struct tx_detector_set *ret) {
    char pack[64];
    snprintf(pack, sizeof(pack), "pack:%s", name);
    return tx_mask_detectors_named(pack, ret) || tx_mask_detectors_of(masking, name, ret);
}

bool tx_ctl_take_detectors(const struct tx_masking *masking, const char *list,
                           struct tx_detector_set *ret) {
    *ret = tx_detectors_all;
    for (size_t i = 0; i < masking->n_detectors; i++)
        tx_detectors_add(ret, (enum tx_detector)(TX_DETECT_N + i));
    if (strcmp(list, "all") == 0)
        return true;
    *ret = (struct tx_detector_set){.word = {0}};
    _cleanup_(tx_freep) char *copy = strdup(list);
    char *rest = copy;
    for (char *name; copy && (name = strsep(&rest, ","));) {
        struct tx_detector_set found;
        if (!take_name(masking, name, &found)) {
            tx_ctl_say("there is no pack or detector '%s' (tracexctl mask list)", name);
            return false;
        }
        tx_detectors_or(ret, &found);
    }
    return copy != NULL;
}

bool tx_ctl_take_word(const char *option, const char *value, const char *first, const char *second,
                      bool *ret_second) {
    *ret_second = strcmp(value, second) == 0;
    if (*ret_second || strcmp(value, first) == 0)
        return true;
    tx_ctl_say("--%s is %s or %s, not '%s'", option, first, second, value);
    return false;
}

void tx_ctl_put_lines(struct tx_text text) {
    while (text.n > 0) {
        const char *newline = memchr(text.p, '\n', text.n);
        size_t n = newline ? (size_t)(newline - text.p) : text.n;
        tx_terminal_put((struct tx_text){text.p, n});
        putchar('\n');
        n += newline != NULL;
        text = (struct tx_text){text.p + n, text.n - n};
    }
}

void tx_ctl_put_string(struct tx_buf *b, struct tx_text text) {
    tx_buf_char(b, '"');
    for (size_t at = 0; at < text.n;) {
        size_t start = at, n;
        while (at < text.n && (n = tx_utf8_char(text.p + at, text.n - at)) > 0)
            at += n;
        tx_buf_json(b, text.p + start, at - start);
        if (at < text.n)
            tx_buf_str(b, "\xef\xbf\xbd");
        at += at < text.n;
    }
    tx_buf_char(b, '"');
}

int tx_ctl_mask(const struct tx_ctl *given, int argc, char **argv) {
    struct tx_ctl ctl = *given;

    for (size_t i = 0; argc > 1 && i < TX_COUNT_OF(commands); i++)
        if (strcmp(commands[i].name, argv[1]) == 0)
            return commands[i].run(&ctl, argc - 1, argv + 1);
    if (argc > 1)
        tx_ctl_say("there is no command 'mask %s'", argv[1]);
    return TX_CTL_USAGE;
}
