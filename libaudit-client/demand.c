/* SPDX-License-Identifier: MIT */
#include "libaudit-client/demand.h"

/* Two, so that a fork in the middle of learning leaves the child a whole one. */
static struct tx_wire_policy learned[2];
static int current;

struct tx_wire_policy *tx_demand_prepare(void) {
    return &learned[1 - __atomic_load_n(&current, __ATOMIC_ACQUIRE)];
}

void tx_demand_learn(void) {
    __atomic_store_n(&current, 1 - __atomic_load_n(&current, __ATOMIC_ACQUIRE), __ATOMIC_RELEASE);
}

bool tx_demand_find(struct tx_text event, struct tx_wire_demand *ret) {
    const struct tx_wire_policy *policy = &learned[__atomic_load_n(&current, __ATOMIC_ACQUIRE)];

    return policy->n_classes > 0 && tx_wire_policy_find(policy, event, ret);
}
