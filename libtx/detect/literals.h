/* SPDX-License-Identifier: MIT */
#ifndef TX_DETECT_LITERALS_H
#define TX_DETECT_LITERALS_H

/*
 * The beginnings of what is known by a word: three characters in a row, each of which has a bit set
 * of one of eight groups. A character's bits are those of its lower half, of the 16 in LOW, which
 * are in HIGH for its upper half too: a vector looks up 32 of them at once. So a group takes a few
 * others for its own; whoever comes to the place looks closer.
 *
 *   1   eyJ  -BE  ://  om/       2   [rkepaw][_-][awsdetny_-]   a name of a secret, apart
 *   4   AKI ASI ABI ACC A3T AIz  8   [pousr]_ behind h, k_ behind s r p w, ub_
 *   16  xox  0x                  32  pas pwd has ras wac
 *   64  ret ken key sen          128 bea bas dig tok neg api coo, where a word begins
 */

#include <stdint.h>

/* For each of the three characters. */
static const uint8_t tx_literal_low[3][16] = {{0x3a, 0x86, 0xea, 0xc8, 0x80, 0x0b, 0x00, 0x2a, 0x38,
                                               0x00, 0x01, 0x42, 0x00, 0x01, 0x80, 0x01},
                                              {0x88, 0xa0, 0x0d, 0x0c, 0x00, 0xc8, 0x00, 0x20, 0x10,
                                               0x85, 0x00, 0x0c, 0x00, 0x03, 0x00, 0x9b},
                                              {0x10, 0x92, 0x10, 0xb6, 0x76, 0x13, 0x10, 0x92, 0x10,
                                               0xd6, 0x05, 0x80, 0x00, 0x02, 0x42, 0x8b}};
static const uint8_t tx_literal_high[3][16] = {{0x00, 0x00, 0x01, 0x11, 0xe6, 0xe2, 0xeb, 0xfa,
                                                0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00},
                                               {0x00, 0x00, 0x03, 0x04, 0xe5, 0xb6, 0xf9, 0xb9,
                                                0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00},
                                               {0x00, 0x00, 0x03, 0x10, 0xf7, 0xee, 0xf2, 0xf6,
                                                0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00}};

#endif
