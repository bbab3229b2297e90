/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "libtx/conf/masking-read.h"
#include "libtx/detect/detect.h"

#define NAME_BYTES 256

bool tx_masking_detect_is_built_in(const char *name) {
    for (size_t i = 0; tx_detector_names[i]; i++)
        if (strcmp(tx_detector_names[i], name) == 0)
            return true;
    return false;
}

static bool is_of_file(const struct tx_masking *masking, const char *name) {
    for (size_t i = 0; i < masking->n_detectors; i++)
        if (masking->detectors[i].id && strcmp(masking->detectors[i].id, name) == 0)
            return true;
    return false;
}

static void no_such_detector(struct tx_masking_reader *r, const struct tx_conf_node *node) {
    size_t n = 0, k = 0;
    while (tx_detector_names[n])
        n++;
    const char **names = tx_masking_node_alloc(r, n + r->to->n_detectors + 1, sizeof(*names));
    if (!names)
        return;
    for (; k < n; k++)
        names[k] = tx_detector_names[k];
    for (size_t i = 0; i < r->to->n_detectors; i++)
        if (r->to->detectors[i].id)
            names[k++] = r->to->detectors[i].id;
    if (strncmp(node->text, "tag:", 4) == 0)
        tx_masking_node_error(r, node, "detectors have no tags: name them, or a pack: pack:pci");
    else
        tx_masking_node_error_meant(r, node, node->text, names,
                                    "there is no detector '%s' (tracexctl mask list names all)",
                                    node->text);
    free(names);
}

void tx_masking_detect_read(struct tx_masking_reader *r, const struct tx_conf_node *node,
                            struct tx_masking_list *ret) {
    static const char what[] = "a list of detectors, such as [email, credit_card, pack:us-ids]";

    if (!tx_masking_node_items(r, node, what, TX_MASKING_ITEMS_MAX))
        return;
    for (size_t i = 0; i < tx_masking_node_n(node); i++) {
        const struct tx_conf_node *item = tx_masking_node_item(node, i);
        const char *name = tx_masking_node_text(r, item, what, NAME_BYTES);
        if (!name)
            continue;
        if (tx_masking_detect_is_built_in(name) || (is_of_file(r->to, name) && !strchr(name, '/')))
            tx_masking_node_add(r, ret, name);
        else
            no_such_detector(r, item);
    }
}
