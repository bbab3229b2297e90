/* SPDX-License-Identifier: MIT */
#ifndef TX_TRACEX_TABLE_H
#define TX_TRACEX_TABLE_H

/*
 * A table that is printed for a person, aligned and with units, or as JSON, with plain numbers. It
 * is filled row by row; its texts are borrowed until it has been printed.
 */

#include <stdbool.h>

#include "libtx/base/error.h"
#include "libtx/base/text.h"

enum tx_cell_unit { TX_CELL_TEXT, TX_CELL_COUNT, TX_CELL_BYTES, TX_CELL_NS };

/* `name` is the heading, and the key in JSON; "_ns" and "_bytes" are put behind the latter. */
struct tx_column {
    const char *name;
    enum tx_cell_unit unit;
};

struct tx_cell {
    uint64_t number;
    struct tx_text text; /* p == NULL: left out */
};

#define TX_TABLE_COLUMNS_MAX 12

struct tx_table {
    const char *title;
    const char *key; /* in JSON */
    const struct tx_column *columns;
    size_t n_columns;
    struct tx_cell *cells; /* owned; by rows */
    size_t n_rows;
    size_t cap;
    size_t n_left_out; /* rows that there are more */
};

void tx_table_init(struct tx_table *table, const char *title, const char *key,
                   const struct tx_column *columns, size_t n_columns);
void tx_table_deinit(struct tx_table *table);

/* A new last row, all zero; NULL when there is no memory. Borrowed until the next row. */
struct tx_cell *tx_table_row(struct tx_table *table);

/* To standard output. A table without rows is not printed for a person. */
void tx_table_print(const struct tx_table *table);
/* `"key":[{…},…]` */
void tx_table_print_json(const struct tx_table *table);

/* "12.3 ms", "4.2 MB", "1234": at most 15 characters and a NUL. */
void tx_cell_render(enum tx_cell_unit unit, uint64_t number, char ret[16]);

#endif
