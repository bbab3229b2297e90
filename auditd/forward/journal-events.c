/* SPDX-License-Identifier: MIT */
#include "auditd/forward/journal-events.h"

#include <string.h>

const struct tx_journal_event tx_journal_events[] = {
    {"tracex.start", "7ba062dad9f94ca4a133125ceaba431d", TX_SEVERITY_NOTICE},
    {"tracex.stop", "407e3baa84f1483ab63bc55ca90b9300", TX_SEVERITY_NOTICE},
    {"tracex.epoch", "b41a2aeb431246049f117df4425c9089", TX_SEVERITY_INFO},
    {"tracex.recovered", "0020f0e86c3c49a79911a327d360d202", TX_SEVERITY_WARNING},
    {"tracex.heartbeat", "1f1afd3d9514485eae00aba23f03d4d4", TX_SEVERITY_DEBUG},
    {"tracex.disk", "42659da878b3410683c6562dd388d85c", TX_SEVERITY_ERROR},
    {"tracex.pruned", "f0d7f280e2f6425f823598c25d961f85", TX_SEVERITY_NOTICE},
    {"tracex.policy", "93269da54085420f94b2a9c187a631a4", TX_SEVERITY_NOTICE},
    {"tracex.lost", "6c399297e4cc4884923e39d4f95d62ee", TX_SEVERITY_WARNING},
    {"tracex.rejected", "ef6d93bd0ed7412aa22265609c8daa5b", TX_SEVERITY_WARNING},
    {"tracex.erased", "7c15c44c5e7a41eb9b88c88bd9d6c7ae", TX_SEVERITY_NOTICE},
    {"tracex.revealed", "c4e67a298ff64bf4b939bf4d9a4fbd5a", TX_SEVERITY_NOTICE},
};
const size_t tx_n_journal_events = TX_COUNT_OF(tx_journal_events);

const struct tx_journal_event *tx_journal_event_find(struct tx_text name) {
    static const struct tx_journal_event other = {"", TX_JOURNAL_ID_OTHER, TX_SEVERITY_NOTICE};

    for (size_t i = 0; i < TX_COUNT_OF(tx_journal_events); i++)
        if (tx_text_equal(name, (struct tx_text){tx_journal_events[i].name,
                                                 strlen(tx_journal_events[i].name)}))
            return &tx_journal_events[i];
    return &other;
}
