/* SPDX-License-Identifier: MIT */
#include "tools/auditverify/state-file.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "libtx/base/fd.h"
#include "libtx/base/file.h"
#include "libtx/merkle/checkpoint.h"

int tx_state_file_read(const char *path, struct tx_state_file *ret) {
    struct tx_checkpoint checkpoint;
    *ret = (struct tx_state_file){.any = false};
    int r = tx_file_read_at(AT_FDCWD, path, TX_LIMIT_NOTE_BYTES, &ret->note);
    if (r == -ENOENT)
        return 0;
    if (r < 0)
        return r;
    ret->parsed = malloc(sizeof(*ret->parsed));
    if (!ret->parsed)
        return -ENOMEM;
    const struct tx_text text = {(const char *)ret->note.data, ret->note.len};
    if (tx_note_parse(text, ret->parsed) < 0 ||
        tx_checkpoint_parse(ret->parsed->text, &checkpoint) < 0)
        return -EBADMSG;
    ret->any = true;
    ret->origin = checkpoint.origin;
    ret->size = checkpoint.size;
    ret->root = checkpoint.root;
    return 0;
}

void tx_state_file_deinit(struct tx_state_file *state) {
    tx_bytes_deinit(&state->note);
    free(state->parsed);
    *state = (struct tx_state_file){.any = false};
}

static void find(struct tx_chain_verdict *verdict, const char *text) {
    struct tx_finding finding = {.kind = TX_FINDING_WRONG_KEY,
                                 .class = TX_CLASS_TRUST,
                                 .first_seq = TX_NO_SEQ,
                                 .last_seq = TX_NO_SEQ};
    snprintf(finding.text, sizeof(finding.text), "%s", text);
    tx_findings_add(&verdict->findings, &finding);
    verdict->class = tx_findings_gravest(&verdict->findings);
    verdict->memory_was_checked = false;
}

int tx_state_file_compare(const struct tx_state_file *state, struct tx_chain_verdict *verdict) {
    if (!state->any || !verdict->has_identity)
        return 0;
    if (!tx_text_equal(state->origin, (struct tx_text){verdict->origin, strlen(verdict->origin)})) {
        find(verdict, "another log was verified here before: its origin differs");
        return 0;
    }
    int r = tx_note_verify(state->parsed, &verdict->identity, NULL);
    if (r > 0)
        find(verdict, "the log that was verified here before had another identity key");
    return r < 0 ? r : 0;
}

int tx_state_file_write(const char *path, const struct tx_state_file *state,
                        const struct tx_chain_verdict *verdict) {
    if (verdict->class > TX_CLASS_INCOMPLETE || !verdict->end_note ||
        (state->any && (!verdict->memory_was_checked || state->size >= verdict->end_size)))
        return 0;
    _cleanup_(tx_freep) char *folder = strdup(path);
    if (!folder)
        return -ENOMEM;
    char *slash = strrchr(folder, '/');
    const char *name = slash ? path + (slash - folder) + 1 : path;
    if (slash == folder)
        slash++;
    if (slash)
        *slash = '\0';
    _cleanup_(tx_fd_closep) int dirfd =
        open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dirfd < 0)
        return -errno;
    return tx_file_replace_at(dirfd, name, verdict->end_note, verdict->n_end_note, 0644);
}
