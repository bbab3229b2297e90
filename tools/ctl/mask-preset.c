/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "libtx/conf/masking.h"
#include "tools/ctl/mask.h"

/* NAME is the newest version, NAME@N just that one. */
static const struct tx_preset *find(const char *name) {
    char text[128];

    for (const struct tx_preset *preset = tx_presets; preset->name; preset++) {
        snprintf(text, sizeof(text), "%s@%u", preset->name, preset->version);
        if (strcmp(preset->name, name) == 0 || strcmp(text, name) == 0)
            return preset;
    }
    return NULL;
}

static int list(void) {
    for (const struct tx_preset *preset = tx_presets; preset->name; preset++)
        printf("%s@%u %s\n", preset->name, preset->version, preset->is_pack ? "pack" : "preset");
    return TX_CTL_OK;
}

static int show(const char *name) {
    const struct tx_preset *preset = find(name);
    if (!preset) {
        tx_ctl_say("there is no preset or pack '%s' (tracexctl mask preset list)", name);
        return TX_CTL_FAILED;
    }
    fwrite(preset->text, 1, preset->n, stdout);
    return TX_CTL_OK;
}

int tx_ctl_mask_preset(struct tx_ctl *ctl, int argc, char **argv) {
    (void)ctl;
    if (argc == 2 && strcmp(argv[1], "list") == 0)
        return list();
    if (argc == 3 && strcmp(argv[1], "show") == 0)
        return show(argv[2]);
    return TX_CTL_USAGE;
}
