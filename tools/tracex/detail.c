/* SPDX-License-Identifier: MIT */
#include "tools/tracex/detail.h"

#include <string.h>

#include "libtx/base/buf.h"

static const char more[] = " \xe2\x80\xa6";

static bool is_told(struct tx_text name) {
    static const char *const told[] = {"duration_ns",    "thread.id",        "code.function.name",
                                       "code.file.path", "code.line.number", "span.name",
                                       "depth"};
    for (size_t i = 0; i < TX_COUNT_OF(told); i++)
        if (tx_text_equal(name, (struct tx_text){told[i], strlen(told[i])}))
            return true;
    return false;
}

static void put(struct tx_buf *b, struct tx_text text) {
    tx_buf_put(b, text.p, text.n);
}

size_t tx_detail_render(const struct tx_item *item, char ret[TX_DETAIL_BYTES]) {
    struct tx_buf b = tx_buf_of(ret, TX_DETAIL_BYTES - sizeof(more));
    struct tx_text message = tx_read_string(tx_read_top(item->read), "message");
    struct tx_read_object data = tx_read_object(item->read, "data");
    size_t fitting = 0;

    put(&b, message);
    for (size_t i = 0; i < data.n_members && !b.full; i++) {
        const struct tx_read_member *member = &data.members[i];
        if (is_told(member->name))
            continue;
        fitting = b.len;
        if (b.len > 0)
            tx_buf_char(&b, ' ');
        put(&b, member->name);
        tx_buf_char(&b, '=');
        put(&b, member->value.text);
    }
    if (!b.full)
        return b.len;
    memcpy(ret + fitting, more, sizeof(more) - 1);
    return fitting + sizeof(more) - 1;
}
