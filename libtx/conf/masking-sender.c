/* SPDX-License-Identifier: MIT */
#include <grp.h>
#include <pwd.h>
#include <string.h>

#include "libtx/conf/masking-read.h"
#include "libtx/conf/value.h"

/* (uid_t)-1 means "nobody in particular" to the kernel. */
#define ID_MAX (UINT32_MAX - 1)

static bool look_up(const char *name, bool is_group, uint32_t *ret) {
    if (is_group) {
        const struct group *group = getgrnam(name);
        *ret = group ? group->gr_gid : 0;
        return group;
    }
    const struct passwd *user = getpwnam(name);
    *ret = user ? user->pw_uid : 0;
    return user;
}

bool tx_masking_sender_id(struct tx_masking_reader *r, const struct tx_conf_node *node,
                          bool is_group, uint32_t *ret) {
    const char *what = is_group ? "a group, by name or number" : "a user, by name or number";
    const char *text = tx_masking_node_text(r, node, what, 256);
    uint64_t v;

    if (!text)
        return false;
    if (text[strspn(text, "0123456789")] == '\0') {
        if (tx_conf_value_count(text, &v) < 0 || v > ID_MAX) {
            tx_masking_node_expected(r, node, "%s", what);
            return false;
        }
        *ret = (uint32_t)v;
        return true;
    }
    if (look_up(text, is_group, ret))
        return true;
    tx_masking_node_error(r, node, "there is no %s '%s' on this machine",
                          is_group ? "group" : "user", text);
    return false;
}

static void read_ids(struct tx_masking_reader *r, const struct tx_conf_node *node, bool is_group,
                     struct tx_masking_ids *ret) {
    const char *what = is_group ? "a list of groups, by name or number, such as [adm, 27]"
                                : "a list of users, by name or number, such as [www-data, 1000]";
    if (!tx_masking_node_items(r, node, what, TX_MASKING_ITEMS_MAX))
        return;
    ret->id = tx_masking_node_alloc(r, tx_masking_node_n(node), sizeof(*ret->id));
    for (size_t i = 0; ret->id && i < tx_masking_node_n(node); i++)
        if (tx_masking_sender_id(r, tx_masking_node_item(node, i), is_group, &ret->id[ret->n]))
            ret->n++;
}

void tx_masking_sender_read(struct tx_masking_reader *r, const struct tx_conf_node *node,
                            struct tx_masking_sender *ret) {
    static const char *const known[] = {"uid", "gid", "unit", "exe", NULL};
    const struct tx_conf_node *part;

    if (!tx_masking_node_map(r, node, "who sends, such as {unit: [\"shop-*.service\"]}", known))
        return;
    if (node->n == 0)
        tx_masking_node_expected(r, node, "at least one of uid, gid, unit, exe");
    if ((part = tx_masking_node_get(node, "uid")))
        read_ids(r, part, false, &ret->uids);
    if ((part = tx_masking_node_get(node, "gid")))
        read_ids(r, part, true, &ret->gids);
    if ((part = tx_masking_node_get(node, "unit")))
        tx_masking_glob_read_paths(r, part, "a list of systemd units, such as [\"shop-*.service\"]",
                                   &ret->units);
    if ((part = tx_masking_node_get(node, "exe")))
        tx_masking_glob_read_paths(
            r, part, "a list of programs, such as [/usr/bin/shop, \"/opt/**\"]", &ret->exes);
}
