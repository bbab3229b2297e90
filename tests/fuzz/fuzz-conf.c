/* SPDX-License-Identifier: MIT */
/* Configurations: whatever the bytes, there is a configuration or an error that is text; and what
 * is accepted is accepted in its effective forms too, and means the same policy. */
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <string.h>

#include "libtx/conf/conf.h"
#include "libtx/conf/masking-lint.h"

static void check_same_policy(const struct tx_conf *a, const struct tx_conf *b) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes x = TX_BYTES_INIT, y = TX_BYTES_INIT;
    int r = tx_masking_render(&a->masking, &x);
    assert(r == 0);
    r = tx_masking_render(&b->masking, &y);
    assert(r == 0);
    assert(x.len == y.len && memcmp(x.data, y.data, x.len) == 0);
}

static void check_effective(const struct tx_conf *conf,
                            int (*render)(const struct tx_conf *, struct tx_bytes *)) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes text = TX_BYTES_INIT, errors = TX_BYTES_INIT;
    _cleanup_(tx_conf_freep) struct tx_conf *again = NULL;
    int r = render(conf, &text);
    assert(r == 0);
    r = tx_conf_parse("/etc/tracex.yaml", (struct tx_text){(char *)text.data, text.len}, &errors,
                      &again);
    assert(r == 0 && errors.len == 0);
    check_same_policy(conf, again);
}

static void check_lint(const struct tx_conf *conf) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes text = TX_BYTES_INIT;
    size_t n;
    int r = tx_conf_masking_lint(&conf->masking, "tracex.yaml", 1, &text, &n);
    assert(r == 0 && (n == 0) == (text.len == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes errors = TX_BYTES_INIT;
    _cleanup_(tx_conf_freep) struct tx_conf *conf = NULL;

    if (n > 64 * 1024)
        return 0;
    int r =
        tx_conf_parse("/etc/tracex.yaml", (struct tx_text){(const char *)data, n}, &errors, &conf);
    assert(r < 0 || (r == 0) == (errors.len == 0));
    assert((r == 0 || r == TX_CONF_E_MASKING) == (conf != NULL));
    assert(r != TX_CONF_E_MASKING || conf->masking.lockdown);
    assert(tx_utf8_valid((char *)errors.data, errors.len));
    for (size_t i = 0; i < errors.len; i++)
        assert(errors.data[i] >= 0x20 || errors.data[i] == '\n');
    if (conf) {
        check_effective(conf, tx_conf_render);
        check_effective(conf, tx_conf_render_to_hand_on);
        check_lint(conf);
    }
    return 0;
}
