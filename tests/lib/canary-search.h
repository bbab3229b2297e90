/* SPDX-License-Identifier: MIT */
#ifndef TX_TEST_CANARY_SEARCH_H
#define TX_TEST_CANARY_SEARCH_H

/*
 * Looks for canaries, whole or in pieces, in bytes and in the memory of a process, its own among
 * them: what is looked for is kept in a form that the search itself does not find. A piece is
 * TX_PIECE_BYTES long, or TX_PIECE_DIGITS where it has few letters, since numbers are everywhere.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define TX_PIECE_BYTES 8
#define TX_PIECE_DIGITS 12

#define TX_CANARY_BYTES 64
#define TX_CANARY_PIECES 16384

struct tx_canary_piece {
    uint8_t veiled[TX_PIECE_DIGITS];
    uint8_t n;
    uint16_t canary; /* which one */
    uint16_t next;   /* of the same slot, plus 1 */
};

struct tx_canary_search {
    size_t n_canaries;
    size_t n_pieces;
    struct tx_canary_piece piece[TX_CANARY_PIECES];
    uint16_t slot[65536]; /* by the first bytes: a piece, plus 1 */
};

/* At least TX_PIECE_BYTES long and without zeros. False when it is too short, has one where a piece
 * begins, or there are too many. */
bool tx_canary_add(struct tx_canary_search *search, const void *canary, size_t n);

/* The first piece at or behind *at, which becomes its place; returns the canary's number, or -1. */
int tx_canary_find(const struct tx_canary_search *search, const void *bytes, size_t n, size_t *at);

/* Looks through all memory of a process that can be read. `tell` is called for each place where a
 * piece begins that does not follow another one at once. < 0: -errno. Allocates nothing. */
typedef void tx_canary_tell(void *data, const char *mapping, uint64_t address, int canary);
int tx_canary_find_in_process(const struct tx_canary_search *search, pid_t pid,
                              tx_canary_tell *tell, void *data);

#endif
