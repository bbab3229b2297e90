/* SPDX-License-Identifier: MIT */
#include "libtx/detect/fold-name.h"

#include <string.h>

#include "libtx/detect/fold.h"

/* Alphabets in a row: mathematical ones (A to Z and a to z thirteen times), in circles, in
 * parentheses, in boxes, regional indicators. */
static const struct {
    uint32_t first, last;
    const char *letters;
} alphabets[] = {
#define CAPITALS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define SMALL "abcdefghijklmnopqrstuvwxyz"
    {0x249c, 0x24b5, SMALL},
    {0x24b6, 0x24e9, CAPITALS SMALL},
    {0x1d400, 0x1d6a3, CAPITALS SMALL},
    {0x1f130, 0x1f149, CAPITALS},
    {0x1f150, 0x1f169, CAPITALS},
    {0x1f170, 0x1f189, CAPITALS},
    {0x1f1e6, 0x1f1ff, CAPITALS},
    /* letterlike symbols, and Roman numbers that are one letter */
    {0x2100, 0x213f, "..C.......gHHHhhIILl.N...PQRRR......Z...Z.KABCeeEF.Mo....i......"},
    {0x2160, 0x217f, "I...V....X..LCDMi...v....x..lcdm"},
};

/* What other tables of likenesses do not have: Latin letters of other alphabets, Armenian. */
static const struct {
    uint16_t letter;
    char like;
} more[] = {
    {0x017f, 's'}, {0x0251, 'a'}, {0x0261, 'g'}, {0x0269, 'i'}, {0x0566, 'q'}, {0x0570, 'h'},
    {0x0575, 'j'}, {0x0578, 'n'}, {0x057d, 'u'}, {0x0581, 'g'}, {0x0585, 'o'},
};

enum case_of { EVEN_IS_CAPITAL, ODD_IS_CAPITAL, CAPITAL, SMALL_LETTER };

/* Latin letters with something on them (Unicode's blocks up to Latin Extended Additional). */
static const struct {
    uint16_t first, last;
    char capital;
    uint8_t which;
} accented[] = {
    {0x00c0, 0x00c5, 'A', CAPITAL},         {0x00c7, 0x00c7, 'C', CAPITAL},
    {0x00c8, 0x00cb, 'E', CAPITAL},         {0x00cc, 0x00cf, 'I', CAPITAL},
    {0x00d0, 0x00d0, 'D', CAPITAL},         {0x00d1, 0x00d1, 'N', CAPITAL},
    {0x00d2, 0x00d6, 'O', CAPITAL},         {0x00d8, 0x00d8, 'O', CAPITAL},
    {0x00d9, 0x00dc, 'U', CAPITAL},         {0x00dd, 0x00dd, 'Y', CAPITAL},
    {0x00e0, 0x00e5, 'A', SMALL_LETTER},    {0x00e7, 0x00e7, 'C', SMALL_LETTER},
    {0x00e8, 0x00eb, 'E', SMALL_LETTER},    {0x00ec, 0x00ef, 'I', SMALL_LETTER},
    {0x00f0, 0x00f0, 'D', SMALL_LETTER},    {0x00f1, 0x00f1, 'N', SMALL_LETTER},
    {0x00f2, 0x00f6, 'O', SMALL_LETTER},    {0x00f8, 0x00f8, 'O', SMALL_LETTER},
    {0x00f9, 0x00fc, 'U', SMALL_LETTER},    {0x00fd, 0x00fd, 'Y', SMALL_LETTER},
    {0x00ff, 0x00ff, 'Y', SMALL_LETTER},    {0x0100, 0x0105, 'A', EVEN_IS_CAPITAL},
    {0x0106, 0x010d, 'C', EVEN_IS_CAPITAL}, {0x010e, 0x0111, 'D', EVEN_IS_CAPITAL},
    {0x0112, 0x011b, 'E', EVEN_IS_CAPITAL}, {0x011c, 0x0123, 'G', EVEN_IS_CAPITAL},
    {0x0124, 0x0127, 'H', EVEN_IS_CAPITAL}, {0x0128, 0x0131, 'I', EVEN_IS_CAPITAL},
    {0x0134, 0x0135, 'J', EVEN_IS_CAPITAL}, {0x0136, 0x0137, 'K', EVEN_IS_CAPITAL},
    {0x0139, 0x0142, 'L', ODD_IS_CAPITAL},  {0x0143, 0x0148, 'N', ODD_IS_CAPITAL},
    {0x014c, 0x0151, 'O', EVEN_IS_CAPITAL}, {0x0154, 0x0159, 'R', EVEN_IS_CAPITAL},
    {0x015a, 0x0161, 'S', EVEN_IS_CAPITAL}, {0x0162, 0x0167, 'T', EVEN_IS_CAPITAL},
    {0x0168, 0x0173, 'U', EVEN_IS_CAPITAL}, {0x0174, 0x0175, 'W', EVEN_IS_CAPITAL},
    {0x0176, 0x0178, 'Y', EVEN_IS_CAPITAL}, {0x0179, 0x017e, 'Z', ODD_IS_CAPITAL},
    {0x0218, 0x0219, 'S', EVEN_IS_CAPITAL}, {0x021a, 0x021b, 'T', EVEN_IS_CAPITAL},
    {0x1e00, 0x1e01, 'A', EVEN_IS_CAPITAL}, {0x1e02, 0x1e07, 'B', EVEN_IS_CAPITAL},
    {0x1e08, 0x1e09, 'C', EVEN_IS_CAPITAL}, {0x1e0a, 0x1e13, 'D', EVEN_IS_CAPITAL},
    {0x1e14, 0x1e1d, 'E', EVEN_IS_CAPITAL}, {0x1e1e, 0x1e1f, 'F', EVEN_IS_CAPITAL},
    {0x1e20, 0x1e21, 'G', EVEN_IS_CAPITAL}, {0x1e22, 0x1e2b, 'H', EVEN_IS_CAPITAL},
    {0x1e2c, 0x1e2f, 'I', EVEN_IS_CAPITAL}, {0x1e30, 0x1e35, 'K', EVEN_IS_CAPITAL},
    {0x1e36, 0x1e3d, 'L', EVEN_IS_CAPITAL}, {0x1e3e, 0x1e43, 'M', EVEN_IS_CAPITAL},
    {0x1e44, 0x1e4b, 'N', EVEN_IS_CAPITAL}, {0x1e4c, 0x1e53, 'O', EVEN_IS_CAPITAL},
    {0x1e54, 0x1e57, 'P', EVEN_IS_CAPITAL}, {0x1e58, 0x1e5f, 'R', EVEN_IS_CAPITAL},
    {0x1e60, 0x1e69, 'S', EVEN_IS_CAPITAL}, {0x1e6a, 0x1e71, 'T', EVEN_IS_CAPITAL},
    {0x1e72, 0x1e7b, 'U', EVEN_IS_CAPITAL}, {0x1e7c, 0x1e7f, 'V', EVEN_IS_CAPITAL},
    {0x1e80, 0x1e89, 'W', EVEN_IS_CAPITAL}, {0x1e8a, 0x1e8d, 'X', EVEN_IS_CAPITAL},
    {0x1e8e, 0x1e8f, 'Y', EVEN_IS_CAPITAL}, {0x1e90, 0x1e95, 'Z', EVEN_IS_CAPITAL},
    {0x1ea0, 0x1eb7, 'A', EVEN_IS_CAPITAL}, {0x1eb8, 0x1ec7, 'E', EVEN_IS_CAPITAL},
    {0x1ec8, 0x1ecb, 'I', EVEN_IS_CAPITAL}, {0x1ecc, 0x1ee3, 'O', EVEN_IS_CAPITAL},
    {0x1ee4, 0x1ef1, 'U', EVEN_IS_CAPITAL}, {0x1ef2, 0x1ef9, 'Y', EVEN_IS_CAPITAL},
};

/* Two letters in one. */
static const struct {
    uint16_t letter;
    char two[3];
} pairs[] = {{0x00c6, "AE"}, {0x00df, "ss"}, {0x00e6, "ae"}, {0x0132, "IJ"},
             {0x0133, "ij"}, {0x0152, "OE"}, {0x0153, "oe"}, {0x1e9e, "SS"}};

static char plain_letter(uint32_t c) {
    for (size_t i = 0; i < TX_COUNT_OF(accented) && c >= accented[i].first; i++) {
        if (c > accented[i].last)
            continue;
        bool odd = c & 1, small = accented[i].which == SMALL_LETTER ||
                                  (accented[i].which == EVEN_IS_CAPITAL && odd) ||
                                  (accented[i].which == ODD_IS_CAPITAL && !odd);
        return (char)(accented[i].capital | (small ? 0x20 : 0));
    }
    for (size_t i = 0; i < TX_COUNT_OF(more); i++)
        if (c == more[i].letter)
            return more[i].like;
    return 0;
}

static char styled_letter(uint32_t c) {
    for (size_t i = 0; i < TX_COUNT_OF(alphabets); i++) {
        if (c < alphabets[i].first || c > alphabets[i].last)
            continue;
        char like = alphabets[i].letters[(c - alphabets[i].first) % strlen(alphabets[i].letters)];
        return like == '.' ? 0 : like;
    }
    return 0;
}

static size_t put(uint32_t c, char ret[4]) {
    static const struct tx_reading reading = {.digits = true, .confusables = true};
    char like = (char)tx_fold_likeness(c, &reading);

    for (size_t i = 0; i < TX_COUNT_OF(pairs); i++)
        if (c == pairs[i].letter) {
            memcpy(ret, pairs[i].two, 2);
            return 2;
        }
    if (!like)
        like = plain_letter(c);
    if (!like)
        like = styled_letter(c);
    if (!like)
        return tx_fold_is_hidden(c) || tx_fold_is_mark(c) ? 0 : tx_utf8_put(c, ret);
    ret[0] = like;
    return 1;
}

size_t tx_fold_name(struct tx_text name, char *ret) {
    size_t n = 0, bytes;
    for (size_t i = 0; i < name.n; i += bytes) {
        char letter[4];
        bytes = tx_utf8_char(name.p + i, name.n - i);
        size_t n_letter = bytes > 1 ? put(tx_utf8_code(name.p + i, bytes), letter) : 1;
        if (bytes <= 1)
            letter[0] = name.p[i];
        bytes += bytes == 0;
        memcpy(ret + n, letter, n_letter);
        n += n_letter;
    }
    return n;
}
