/* SPDX-License-Identifier: MIT */
#include "libaudit-client/demand.h"

/* Two, so that a fork in the middle of learning leaves the child a whole one. */
static struct tx_wire_policy learned[2];
static uint32_t generation; /* its lowest bit: which of them */

uint32_t tx_demand_generation(void) {
    return __atomic_load_n(&generation, __ATOMIC_ACQUIRE);
}

struct tx_wire_policy *tx_demand_prepare(void) {
    return &learned[(tx_demand_generation() + 1) % 2];
}

void tx_demand_learn(void) {
    __atomic_store_n(&generation, tx_demand_generation() + 1, __ATOMIC_RELEASE);
}

bool tx_demand_find(struct tx_text event, struct tx_wire_demand *ret) {
    const struct tx_wire_policy *policy = &learned[tx_demand_generation() % 2];

    return policy->n_classes > 0 && tx_wire_policy_find(policy, event, ret);
}
