/* SPDX-License-Identifier: MIT */
#ifndef TX_CLIENT_SWITCH_H
#define TX_CLIENT_SWITCH_H

/*
 * Which functions are traced. No list of the program's sites is kept, since the library that one
 * stands in may be unloaded: each asks when it sees that the switch has another value than when it
 * asked last.
 */

#include <stdbool.h>
#include <tracex/function.h>

bool tx_switch_is_on(struct tx_function_site *site);

#endif
