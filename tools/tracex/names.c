/* SPDX-License-Identifier: MIT */
#include "tools/tracex/names.h"

#include <search.h>
#include <string.h>

struct tx_name {
    struct tx_text text; /* of the bytes behind it, but for a key that is looked for */
    uint32_t number;
};

static int compare(const void *a, const void *b) {
    const struct tx_text *x = &((const struct tx_name *)a)->text;
    const struct tx_text *y = &((const struct tx_name *)b)->text;
    size_t n = x->n < y->n ? x->n : y->n;
    int r = n > 0 ? memcmp(x->p, y->p, n) : 0;
    return r != 0 ? r : (x->n > y->n) - (x->n < y->n);
}

int tx_names_make_room(void *items, size_t *cap, size_t n_item, uint32_t number) {
    void **array = items;

    if (number < *cap)
        return 0;
    size_t more = (size_t)number * 2 + 64;
    char *grown = reallocarray(*array, more, n_item);
    if (!grown)
        return -ENOMEM;
    memset(grown + *cap * n_item, 0, (more - *cap) * n_item);
    *array = grown;
    *cap = more;
    return 0;
}

static struct tx_name *copy_of(struct tx_text text, uint32_t number) {
    struct tx_name *name = malloc(sizeof(*name) + text.n + 1);
    if (!name)
        return NULL;
    char *bytes = (char *)(name + 1);
    if (text.n > 0)
        memcpy(bytes, text.p, text.n);
    bytes[text.n] = '\0';
    *name = (struct tx_name){.text = {bytes, text.n}, .number = number};
    return name;
}

int tx_names_add(struct tx_names *names, struct tx_text text, uint32_t *ret) {
    const struct tx_name key = {.text = text};
    struct tx_name *const *found = tfind(&key, &names->tree, compare);

    if (found) {
        *ret = (*found)->number;
        return 0;
    }
    if (names->n == UINT32_MAX ||
        tx_names_make_room(&names->items, &names->cap, sizeof(*names->items), names->n) < 0)
        return -ENOMEM;
    _cleanup_(tx_freep) struct tx_name *name = copy_of(text, names->n);
    if (!name || !tsearch(name, &names->tree, compare))
        return -ENOMEM;
    *ret = names->n;
    names->items[names->n++] = TX_STEAL(name);
    return 0;
}

struct tx_text tx_names_text(const struct tx_names *names, uint32_t number) {
    return names->items[number]->text;
}

static void free_nothing(void *name) {
    (void)name;
}

void tx_names_deinit(struct tx_names *names) {
    tdestroy(names->tree, free_nothing);
    for (uint32_t i = 0; i < names->n; i++)
        free(names->items[i]);
    free(names->items);
    *names = TX_NAMES_INIT;
}
