/* SPDX-License-Identifier: MIT */
#ifndef TX_BASE_ERROR_H
#define TX_BASE_ERROR_H

/*
 * The one error convention, and the cleanup attribute.
 *
 * A function returns 0 when it is done; < 0 is -errno and is passed up unchanged; > 0 is a
 * documented TX_<OBJECT>_E_* that the direct caller handles and never forwards.
 */

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define TX_MUST_USE __attribute__((warn_unused_result))
#define TX_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define TX_NORETURN __attribute__((noreturn))

/* For large variables of which only what was written is read: the compiler would zero them. */
#define TX_UNINITIALIZED __attribute__((uninitialized))

/* Calls `f(&variable)` when the variable goes out of scope. */
#define _cleanup_(f) __attribute__((cleanup(f)))

/* Defines `void <free_fn>p(type *)`, the form that _cleanup_ wants, for a pointer type. */
#define TX_DEFINE_CLEANUP(type, free_fn)                                                           \
    static inline void free_fn##p(type *p) {                                                       \
        free_fn(*p);                                                                               \
    }                                                                                              \
    struct tx_swallow_semicolon

/* For plain heap memory: `_cleanup_(tx_freep) char *text = NULL;` */
static inline void tx_freep(void *p) {
    free(*(void **)p);
}

/* Hands over what a cleanup variable owns: returns it and leaves NULL behind. */
#define TX_STEAL(p)                                                                                \
    ({                                                                                             \
        __typeof__(p) stolen_ = (p);                                                               \
        (p) = NULL;                                                                                \
        stolen_;                                                                                   \
    })

#define TX_COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif
