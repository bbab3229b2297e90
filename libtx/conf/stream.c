/* SPDX-License-Identifier: MIT */
#include "libtx/conf/stream.h"

#include <stdlib.h>

void tx_stream_deinit(struct tx_stream *stream) {
    free(stream->log_dir);
    free(stream->keys_dir);
    free(stream->origin);
    *stream = (struct tx_stream){.log_dir = NULL};
}
