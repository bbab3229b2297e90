/* SPDX-License-Identifier: MIT */
#include "tools/tracex/table.h"

#include <stdio.h>
#include <string.h>

#include "libtx/base/buf.h"
#include "tools/shared/terminal.h"

/* Past it a text is cut, but in the last column. */
#define TEXT_WIDTH 48u

void tx_table_init(struct tx_table *table, const char *title, const char *key,
                   const struct tx_column *columns, size_t n_columns) {
    *table =
        (struct tx_table){.title = title, .key = key, .columns = columns, .n_columns = n_columns};
}

void tx_table_deinit(struct tx_table *table) {
    free(table->cells);
}

struct tx_cell *tx_table_row(struct tx_table *table) {
    if (table->n_rows == table->cap) {
        size_t cap = table->cap ? table->cap * 2 : 32;
        void *cells = reallocarray(table->cells, cap, table->n_columns * sizeof(*table->cells));
        if (!cells)
            return NULL;
        table->cells = cells;
        table->cap = cap;
    }
    struct tx_cell *row = table->cells + table->n_rows++ * table->n_columns;
    memset(row, 0, table->n_columns * sizeof(*row));
    return row;
}

/* --- cells --- */

/* Three digits and a unit. */
static void render_scaled(double value, const char *const *units, double step, size_t n_units,
                          char ret[16]) {
    size_t i = 0;

    while (i + 1 < n_units && value >= step) {
        value /= step;
        i++;
    }
    snprintf(ret, 16, "%.*f %s",
             i == 0 || value >= 99.95 ? 0
             : value >= 9.995         ? 1
                                      : 2,
             value, units[i]);
}

void tx_cell_render(enum tx_cell_unit unit, uint64_t number, char ret[16]) {
    static const char *const bytes[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    static const char *const times[] = {"ns", "\xc2\xb5s", "ms", "s"};

    if (unit == TX_CELL_NS)
        render_scaled((double)number, times, 1000, TX_COUNT_OF(times), ret);
    else if (unit == TX_CELL_BYTES)
        render_scaled((double)number, bytes, 1000, TX_COUNT_OF(bytes), ret);
    else
        snprintf(ret, 16, number > 99999999999999u ? "%.2e" : "%.0f", (double)number);
}

static size_t characters(const char *p, size_t n) {
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += ((unsigned char)p[i] & 0xc0) != 0x80;
    return count;
}

/* --- for a person --- */

static struct tx_text shown(const struct tx_table *table, size_t column, const struct tx_cell *cell,
                            char memory[16]) {
    if (table->columns[column].unit == TX_CELL_TEXT)
        return cell->text;
    tx_cell_render(table->columns[column].unit, cell->number, memory);
    return (struct tx_text){memory, strlen(memory)};
}

static size_t width_of(const struct tx_table *table, size_t column) {
    size_t width = strlen(table->columns[column].name);
    char memory[16];

    for (size_t row = 0; row < table->n_rows; row++) {
        struct tx_text text =
            shown(table, column, &table->cells[row * table->n_columns + column], memory);
        size_t n = characters(text.p, text.n);
        if (n > width)
            width = n;
    }
    return width < TEXT_WIDTH ? width : TEXT_WIDTH;
}

static void put_padded(struct tx_text text, size_t width, bool right, bool last) {
    size_t n = characters(text.p, text.n), i = 0;

    for (size_t k = n; right && k < width; k++)
        putchar(' ');
    if (n > width && !last)
        for (n = 0; n < width; n++)
            i += tx_utf8_char(text.p + i, text.n - i);
    tx_terminal_put((struct tx_text){text.p, i > 0 ? i : text.n});
    for (size_t k = n; !right && !last && k < width; k++)
        putchar(' ');
    fputs(last ? "\n" : "  ", stdout);
}

void tx_table_print(const struct tx_table *table) {
    size_t widths[TX_TABLE_COLUMNS_MAX];
    char memory[16];

    if (table->n_rows == 0)
        return;
    for (size_t column = 0; column < table->n_columns; column++)
        widths[column] = width_of(table, column);
    printf("%s\n", table->title);
    for (size_t row = 0; row <= table->n_rows; row++)
        for (size_t column = 0; column < table->n_columns; column++) {
            const char *heading = table->columns[column].name;
            struct tx_text text =
                row == 0 ? (struct tx_text){heading, strlen(heading)}
                         : shown(table, column,
                                 &table->cells[(row - 1) * table->n_columns + column], memory);
            if (column == 0)
                fputs("  ", stdout);
            put_padded(text, widths[column], table->columns[column].unit != TX_CELL_TEXT,
                       column + 1 == table->n_columns);
        }
    if (table->n_left_out > 0)
        printf("  and %zu more\n", table->n_left_out);
    putchar('\n');
}

/* --- for a program --- */

static void put_json(struct tx_text text) {
    _cleanup_(tx_freep) char *memory = malloc(6 * text.n + 3);
    if (!memory)
        return;
    struct tx_buf b = tx_buf_of(memory, 6 * text.n + 3);
    tx_buf_json_string(&b, text.p, text.n);
    fwrite(memory, 1, b.len, stdout);
}

static void put_cell(const struct tx_column *column, const struct tx_cell *cell, bool *first) {
    static const char *const suffix[] = {[TX_CELL_TEXT] = "",
                                         [TX_CELL_COUNT] = "",
                                         [TX_CELL_BYTES] = "_bytes",
                                         [TX_CELL_NS] = "_ns"};

    if (column->unit == TX_CELL_TEXT && !cell->text.p)
        return;
    printf("%s\"%s%s\":", *first ? "" : ",", column->name, suffix[column->unit]);
    *first = false;
    if (column->unit == TX_CELL_TEXT)
        put_json(cell->text);
    else
        printf("%llu", (unsigned long long)cell->number);
}

void tx_table_print_json(const struct tx_table *table) {
    printf("\"%s\":[", table->key);
    for (size_t row = 0; row < table->n_rows; row++) {
        bool first = true;
        fputs(row == 0 ? "{" : ",{", stdout);
        for (size_t column = 0; column < table->n_columns; column++)
            put_cell(&table->columns[column], &table->cells[row * table->n_columns + column],
                     &first);
        putchar('}');
    }
    putchar(']');
}
