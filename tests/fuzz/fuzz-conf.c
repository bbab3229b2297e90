/* SPDX-License-Identifier: MIT */
/* Configurations: whatever the bytes, there is a configuration or an error that is text; and what
 * is accepted is accepted in its effective form too. */
#include "tests/fuzz/fuzz.h"

#include <assert.h>

#include "libtx/conf/conf.h"

static void check_effective(const struct tx_conf *conf) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes text = TX_BYTES_INIT, errors = TX_BYTES_INIT;
    _cleanup_(tx_conf_freep) struct tx_conf *again = NULL;
    int r = tx_conf_render(conf, &text);
    assert(r == 0);
    r = tx_conf_parse("/etc/tracex.yaml", (struct tx_text){(char *)text.data, text.len}, &errors,
                      &again);
    assert(r == 0 && errors.len == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes errors = TX_BYTES_INIT;
    _cleanup_(tx_conf_freep) struct tx_conf *conf = NULL;

    if (n > 64 * 1024)
        return 0;
    int r =
        tx_conf_parse("/etc/tracex.yaml", (struct tx_text){(const char *)data, n}, &errors, &conf);
    assert(r < 0 || (r == 0) == (errors.len == 0));
    assert(tx_utf8_valid((char *)errors.data, errors.len));
    for (size_t i = 0; i < errors.len; i++)
        assert(errors.data[i] >= 0x20 || errors.data[i] == '\n');
    if (r == 0)
        check_effective(conf);
    return 0;
}
