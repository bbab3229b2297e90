/* SPDX-License-Identifier: MIT */
/* `invoice ITEM` of the web shop (front.c). Its context comes from the environment, without a word
 * here. */
#include <tracex/trace.h>

int main(int argc, char **argv) {
    TX_SPAN_SCOPE(span, "invoice.write");

    if (argc != 2)
        return 2;
    tx_span_set(&span, TX_STR("item", argv[1]));
    return tx_audit_log("invoice.written", TX_SUCCESS, TX_STR("item", argv[1])) < 0;
}
