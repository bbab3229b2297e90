/* SPDX-License-Identifier: MIT */

/*
 * A flame graph after B. Gregg, "The Flame Graph", CACM 59(6), 2016: each frame as wide as the time
 * in it and above it, children on their parents, in the order of their names. Here time runs over
 * the wall clock, and the stacks are whole: nothing is sampled.
 */

#include <stdio.h>
#include <string.h>

#include "tools/tracex/stacks.h"
#include "tools/tracex/table.h"
#include "tools/tracex/tracex.h"

#define WIDTH 1200.0
#define ROW 17u
#define MARGIN 10u
/* Narrower frames are not drawn; texts want so much for a character. */
#define WIDTH_MIN 0.2
#define CHARACTER 7.0

struct drawing {
    const struct tx_model *model;
    const struct tx_stacks *stacks;
    uint64_t whole;   /* ns that the width stands for */
    unsigned height;  /* of all rows */
    uint64_t *begins; /* where a frame begins, in ns; owned */
    uint32_t *order;  /* frames, siblings together by name; owned */
};

static void put_xml(struct tx_text text, size_t n_characters) {
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        n += (c & 0xc0) != 0x80;
        if (n > n_characters)
            return;
        if (c == '<' || c == '>' || c == '&' || c == '"')
            printf("&#%d;", c);
        else
            putchar(c < 0x20 || c == 0x7f ? '?' : c);
    }
}

/* Warm colours, the same for the same name. */
static unsigned colour_of(struct tx_text name) {
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < name.n; i++)
        hash = (hash ^ (unsigned char)name.p[i]) * 16777619u;
    return (205 + hash % 51) << 16 | (80 + (hash >> 8) % 150) << 8 | (hash >> 16) % 55;
}

static void put_frame(const struct drawing *d, const struct tx_frame *frame, uint64_t begin) {
    struct tx_text name = tx_names_text(&d->model->names, frame->name);
    double scale = WIDTH / (double)d->whole, width = (double)frame->total * scale;
    double x = MARGIN + (double)begin * scale;
    unsigned y = MARGIN + d->height - (frame->depth + 1) * ROW;
    char total[16], self[16];

    if (width < WIDTH_MIN)
        return;
    tx_cell_render(TX_CELL_NS, frame->total, total);
    tx_cell_render(TX_CELL_NS, frame->self, self);
    fputs("<g><title>", stdout);
    put_xml(name, SIZE_MAX);
    printf(" (%s, %.2f%%; itself %s)</title>", total,
           100.0 * (double)frame->total / (double)d->whole, self);
    printf("<rect x=\"%.2f\" y=\"%u\" width=\"%.2f\" height=\"%u\" fill=\"#%06x\"/>", x, y, width,
           ROW - 1, colour_of(name));
    if (width > 3 * CHARACTER) {
        printf("<text x=\"%.2f\" y=\"%u\">", x + 3, y + 12);
        put_xml(name, (size_t)((width - 6) / CHARACTER));
        fputs("</text>", stdout);
    }
    fputs("</g>\n", stdout);
}

static int compare(const void *a, const void *b, void *data) {
    const struct drawing *d = data;
    const struct tx_frame *x = &d->stacks->items[*(const uint32_t *)a],
                          *y = &d->stacks->items[*(const uint32_t *)b];
    if (x->parent != y->parent) /* TX_NODE_NONE, the processes, before all others */
        return x->parent + 1 < y->parent + 1 ? -1 : 1;
    struct tx_text s = tx_names_text(&d->model->names, x->name),
                   t = tx_names_text(&d->model->names, y->name);
    size_t n = s.n < t.n ? s.n : t.n;
    int r = memcmp(s.p, t.p, n);
    return r != 0 ? r : (s.n > t.n) - (s.n < t.n);
}

/* Siblings stand side by side, from where their parent begins; it comes before them in the order,
 * since its number is lower. */
static void lay_out(struct drawing *d) {
    uint32_t n = tx_stacks_n(d->stacks), parent = TX_NODE_NONE;
    unsigned depth = 0;
    uint64_t at = 0;

    for (uint32_t i = 0; i < n; i++)
        d->order[i] = i;
    qsort_r(d->order, n, sizeof(*d->order), compare, d);
    for (uint32_t i = 0; i < n; i++) {
        const struct tx_frame *frame = &d->stacks->items[d->order[i]];
        if (frame->parent != parent) {
            parent = frame->parent;
            at = d->begins[parent];
        }
        d->begins[d->order[i]] = at;
        at += frame->total;
        if (frame->parent == TX_NODE_NONE)
            d->whole = at;
        if (frame->depth > depth)
            depth = frame->depth;
    }
    d->height = (depth + 1) * ROW;
}

int tx_stacks_print_svg(const struct tx_model *model, const struct tx_stacks *stacks) {
    uint32_t n = tx_stacks_n(stacks);
    _cleanup_(tx_freep) uint64_t *begins = calloc((size_t)n + 1, sizeof(*begins));
    _cleanup_(tx_freep) uint32_t *order = calloc((size_t)n + 1, sizeof(*order));
    struct drawing d = {.model = model, .stacks = stacks, .begins = begins, .order = order};

    if (!begins || !order)
        return -ENOMEM;
    lay_out(&d);
    printf("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
           "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%u\" "
           "font-family=\"monospace\" font-size=\"11\">\n"
           "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
           WIDTH + 2 * MARGIN, d.height + 2 * MARGIN);
    for (uint32_t i = 0; d.whole > 0 && i < n; i++)
        put_frame(&d, &stacks->items[order[i]], begins[order[i]]);
    fputs("</svg>\n", stdout);
    return 0;
}

/* --- the commands --- */

int tx_tracex_flame(const struct tx_options *options) {
    struct tx_stacks stacks = {.keys = TX_NAMES_INIT};
    struct tx_source_counts counts;
    struct tx_model model;

    tx_model_init(&model, options->n_max, false);
    int status = tx_tracex_read(options, tx_model_take, &model, &counts);
    int r = tx_model_link(&model);
    if (r == 0)
        r = tx_stacks_make(&model, &stacks);
    if (r == 0 && tx_stacks_n(&stacks) == 0) {
        tx_tracex_say("no function and no span is in what was read");
        status = TX_TRACEX_FAILED;
    } else if (r == 0) {
        r = options->format == TX_FORMAT_FOLDED ? tx_stacks_print_folded(&model, &stacks)
                                                : tx_stacks_print_svg(&model, &stacks);
    }
    if (r < 0) {
        tx_tracex_say("no memory is left");
        status = TX_TRACEX_FAILED;
    }
    tx_stacks_deinit(&stacks);
    tx_model_deinit(&model);
    return status;
}
