/* SPDX-License-Identifier: MIT */
/* What only C++ has: strings, and an enumeration's namespace. Compiled, never run. */
#include <string>

#include "call-forms.c"

int only_in_cpp(const std::string &text, std::string_view view);

int only_in_cpp(const std::string &text, std::string_view view) {
    tx_receipt receipt{};
    auto made = TX_KV("auto", text);
    return tx_audit_log("strings", TX_SUCCESS, TX_STR("s", text), TX_STR("v", view),
                        TX_KV("s2", text), TX_KV("v2", view), TX_KV("t", std::string("temporary")),
                        TX_KV("null", nullptr), TX_KV("eq", text == view),
                        TX_PII(TX_STR("p", text)), made) +
           tx_audit_log_durable("durable", ::TX_DENIED, nullptr) +
           tx_audit_log_durable("durable", TX_DENIED, &receipt, TX_KV("c", 'c'));
}
