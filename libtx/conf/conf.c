/* SPDX-License-Identifier: MIT */
#include "libtx/conf/conf.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "libtx/conf/masking-broken.h"
#include "libtx/conf/masking-read.h"
#include "libtx/conf/masking.h"
#include "libtx/conf/schema.h"
#include "libtx/conf/streams.h"
#include "libtx/conf/tree.h"
#include "libtx/conf/value.h"
#include "libtx/crypto/vkey.h"

#define PATH_BYTES 4096
#define SOCKET_PATH_BYTES 107 /* sun_path and its NUL, unix(7) */

struct reader {
    struct tx_conf *conf;
    struct tx_conf_errors *errors;
    struct tx_text directory;           /* of the file, absolute */
    const struct tx_conf_node *masking; /* its section, or NULL */
    struct tx_conf_place from, to;      /* from its key to the next one */
    struct tx_conf_place trace;         /* of its log's names that were read last */
    bool only_masking;                  /* nothing is wrong but there */
    bool is_rest;                       /* of a file without that section: it masks everything */
};

static void *member(struct tx_conf *conf, const struct tx_conf_key *key) {
    return (char *)conf + key->offset;
}

static void expected(struct reader *r, const struct tx_conf_node *node, const char *what) {
    tx_conf_error(r->errors, node->line, node->column, "expected %s", what);
}

static void set_text(struct reader *r, const struct tx_conf_key *key, char *text) {
    char **at = member(r->conf, key);
    if (!text)
        r->errors->failed = -ENOMEM;
    free(*at);
    *at = text;
}

static char *join(struct tx_text directory, const char *path) {
    char *joined;
    if (path[0] == '/')
        return strdup(path);
    return asprintf(&joined, "%.*s/%s", (int)directory.n, directory.p, path) < 0 ? NULL : joined;
}

/* --- one value, by its type --- */

static void read_path(struct reader *r, const struct tx_conf_key *key,
                      const struct tx_conf_node *node) {
    char *path = join(r->directory, node->text);
    bool is_socket = strstr(key->path, ".path") != NULL;

    if (!node->text[0])
        expected(r, node, "a path");
    else if (path && is_socket && strlen(path) > SOCKET_PATH_BYTES)
        tx_conf_error(r->errors, node->line, node->column,
                      "the path of a socket has at most %d bytes; with the directory of this file "
                      "this one has %zu",
                      SOCKET_PATH_BYTES, strlen(path));
    else if (path && strlen(path) >= PATH_BYTES)
        expected(r, node, "a shorter path");
    set_text(r, key, path);
}

static void read_origin(struct reader *r, const struct tx_conf_key *key,
                        const struct tx_conf_node *node) {
    struct tx_text text = {node->text, strlen(node->text)};
    if (!tx_key_name_valid(text) || text.n > TX_LIMIT_ORIGIN_BYTES)
        expected(r, node,
                 "the log's name: 1 to 255 bytes without white space and without '+', such as "
                 "web1.example/audit");
    tx_conf_streams_named(r->conf->streams, member(r->conf, key));
    set_text(r, key, strdup(node->text));
}

static void tell_range(struct reader *r, const struct tx_conf_key *key,
                       const struct tx_conf_node *node) {
    char memory[128];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory) - 1);

    for (int side = 0; side < 2; side++) {
        uint64_t v = side ? key->max : key->min;
        tx_buf_str(&b, side ? " to " : "from ");
        if (key->type == TX_CONF_TYPE_SIZE || key->type == TX_CONF_TYPE_SIZE_OR_OFF ||
            key->type == TX_CONF_TYPE_SPACE_OR_OFF)
            tx_conf_value_put_size(&b, v);
        else if (key->type == TX_CONF_TYPE_COUNT)
            tx_buf_dec(&b, v);
        else
            tx_conf_value_put_time(&b, (int64_t)v);
    }
    memory[b.len] = '\0';
    tx_conf_error(r->errors, node->line, node->column, "expected a value %s", memory);
}

static bool in_range(struct reader *r, const struct tx_conf_key *key,
                     const struct tx_conf_node *node, int result, uint64_t v, const char *form) {
    if (result == -EINVAL) {
        expected(r, node, form);
        return false;
    }
    if (result < 0 || v < key->min || v > key->max) {
        tell_range(r, key, node);
        return false;
    }
    return true;
}

/* A share of the disk has no other bounds than 1 and 100. */
static void read_space(struct reader *r, const struct tx_conf_key *key,
                       const struct tx_conf_node *node) {
    uint64_t v = 0;
    int result = tx_conf_value_space(node->text, &v);
    if (result == 0 && v > TX_CONF_SHARE)
        *(uint64_t *)member(r->conf, key) = v;
    else if (in_range(r, key, node, result, v & ~TX_CONF_SHARE,
                      "a size with its unit, such as 64MiB, or a share of the disk, such as 5%"))
        *(uint64_t *)member(r->conf, key) = v;
}

static void read_size(struct reader *r, const struct tx_conf_key *key,
                      const struct tx_conf_node *node) {
    uint64_t v = 0;
    if (key->type != TX_CONF_TYPE_SIZE && strcmp(node->text, "off") == 0) {
        *(uint64_t *)member(r->conf, key) = 0;
        return;
    }
    if (key->type == TX_CONF_TYPE_SPACE_OR_OFF) {
        read_space(r, key, node);
        return;
    }
    int result = tx_conf_value_size(node->text, &v);
    if (in_range(r, key, node, result, v,
                 "a size with its unit, such as 64MiB (B kB KiB MB MiB GB GiB)"))
        *(uint64_t *)member(r->conf, key) = v;
}

static void read_count(struct reader *r, const struct tx_conf_key *key,
                       const struct tx_conf_node *node) {
    uint64_t v = 0;
    int result = tx_conf_value_count(node->text, &v);
    if (in_range(r, key, node, result, v, "a whole number"))
        *(uint64_t *)member(r->conf, key) = v;
}

static void read_time(struct reader *r, const struct tx_conf_key *key,
                      const struct tx_conf_node *node) {
    int64_t v = 0;
    if (key->type == TX_CONF_TYPE_TIME_OR_OFF && strcmp(node->text, "off") == 0) {
        *(int64_t *)member(r->conf, key) = 0;
        return;
    }
    int result = tx_conf_value_time(node->text, &v);
    if (in_range(r, key, node, result, (uint64_t)v,
                 "a time with its unit, such as 100ms (ns us ms s min h d)"))
        *(int64_t *)member(r->conf, key) = v;
}

static void read_word(struct reader *r, const struct tx_conf_key *key,
                      const struct tx_conf_node *node) {
    char memory[256];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory) - 1);

    for (int i = 0; key->words[i]; i++) {
        if (strcmp(key->words[i], node->text) == 0) {
            *(int *)member(r->conf, key) = i;
            return;
        }
        tx_buf_str(&b, i ? ", " : "");
        tx_buf_str(&b, key->words[i]);
    }
    memory[b.len] = '\0';
    const char *meant = tx_conf_did_you_mean(node->text, key->words);
    tx_conf_error(r->errors, node->line, node->column, "expected one of %s%s%s%s", memory,
                  meant ? "; did you mean '" : "", meant ? meant : "", meant ? "'?" : "");
}

#define TRACE_KEYS "streams.trace."

static void read_events(struct reader *r, const struct tx_conf_key *key,
                        const struct tx_conf_node *node) {
    struct tx_masking_reader reader = {.errors = r->errors};
    struct tx_masking_list *list = member(r->conf, key);

    tx_stream_deinit_list(list);
    if (node->kind != TX_CONF_LIST || node->n > 0)
        tx_masking_glob_read_events(&reader, node, list);
}

static void read_value(struct reader *r, const struct tx_conf_key *key,
                       const struct tx_conf_node *node) {
    uint32_t mode;

    if (strncmp(key->path, TRACE_KEYS, sizeof(TRACE_KEYS) - 1) == 0 && node->line > 0)
        r->trace = (struct tx_conf_place){node->line, node->column};
    if (key->type == TX_CONF_TYPE_EVENTS) {
        read_events(r, key, node);
        return;
    }

    if (node->kind != TX_CONF_SCALAR) {
        tx_conf_error(r->errors, node->line, node->column, "'%s' takes one value", key->path);
        return;
    }
    switch (key->type) {
    case TX_CONF_TYPE_PATH:
        read_path(r, key, node);
        break;
    case TX_CONF_TYPE_NAME:
        if (!node->text[0])
            expected(r, node, "the name of a user");
        set_text(r, key, strdup(node->text));
        break;
    case TX_CONF_TYPE_ORIGIN:
        read_origin(r, key, node);
        break;
    case TX_CONF_TYPE_SIZE:
    case TX_CONF_TYPE_SIZE_OR_OFF:
    case TX_CONF_TYPE_SPACE_OR_OFF:
        read_size(r, key, node);
        break;
    case TX_CONF_TYPE_COUNT:
        read_count(r, key, node);
        break;
    case TX_CONF_TYPE_TIME:
    case TX_CONF_TYPE_TIME_OR_OFF:
        read_time(r, key, node);
        break;
    case TX_CONF_TYPE_BOOL:
        if (tx_conf_value_bool(node->text, member(r->conf, key)) < 0)
            expected(r, node, "true or false");
        break;
    case TX_CONF_TYPE_MODE:
        if (tx_conf_value_mode(node->text, &mode) < 0)
            expected(r, node, "the mode of a file in octal digits, such as \"0660\"");
        else
            *(mode_t *)member(r->conf, key) = (mode_t)mode;
        break;
    case TX_CONF_TYPE_WORD:
        read_word(r, key, node);
        break;
    case TX_CONF_TYPE_EVENTS:
        break;
    case TX_CONF_TYPE_FIXED:
        if (strcmp(node->text, key->default_text) != 0)
            tx_conf_error(r->errors, node->line, node->column,
                          "'%s' can only be %s in this version of TraceX", key->path,
                          key->default_text);
        break;
    }
}

/* --- sections --- */

#define CHILDREN_MAX 20

/* The names that may stand in a section ("" is the root; else it ends with a dot), ends with NULL.
 */
static void children_of(const char *section, char names[CHILDREN_MAX][64],
                        const char *ret[CHILDREN_MAX + 1]) {
    size_t n_section = strlen(section), n = 0;

    for (const struct tx_conf_key *key = tx_conf_keys; key->path; key++) {
        if (strncmp(key->path, section, n_section) != 0)
            continue;
        const char *rest = key->path + n_section;
        int length = (int)strcspn(rest, ".");
        snprintf(names[n], sizeof(names[n]), "%.*s", length, rest);
        if (n == 0 || strcmp(names[n - 1], names[n]) != 0)
            n++;
    }
    if (n_section == 0) {
        strcpy(names[n++], "durability");
        strcpy(names[n++], "masking");
    }
    for (size_t i = 0; i < n; i++)
        ret[i] = names[i];
    ret[n] = NULL;
}

static void read_section(struct reader *r, const char *section, const struct tx_conf_node *node);

static void read_entry(struct reader *r, const char *section, const struct tx_conf_entry *entry) {
    char path[128];
    bool is_section = false;

    /* A dot in a key would be taken for a section's. */
    if (!strchr(entry->key->text, '.') &&
        snprintf(path, sizeof(path), "%s%s", section, entry->key->text) < (int)sizeof(path) - 1) {
        if (strcmp(path, "masking") == 0) {
            r->masking = entry->value;
            r->from = (struct tx_conf_place){entry->key->line, entry->key->column};
            return;
        }
        if (strcmp(path, "durability") == 0) {
            tx_conf_durability_read(entry->value, r->errors, &r->conf->durability);
            return;
        }
        for (const struct tx_conf_key *key = tx_conf_keys; key->path; key++) {
            if (strcmp(key->path, path) == 0) {
                read_value(r, key, entry->value);
                return;
            }
            size_t n = strlen(path);
            is_section |= strncmp(key->path, path, n) == 0 && key->path[n] == '.';
        }
        if (is_section) {
            strcat(path, ".");
            read_section(r, path, entry->value);
            return;
        }
    }
    char names[CHILDREN_MAX][64];
    const char *known[CHILDREN_MAX + 1];
    children_of(section, names, known);
    const char *meant = tx_conf_did_you_mean(entry->key->text, known);
    tx_conf_error(r->errors, entry->key->line, entry->key->column, "unknown key '%s'%s%s%s",
                  entry->key->text, meant ? ": did you mean '" : "", meant ? meant : "",
                  meant ? "'?" : "");
}

/* The recursion is bounded by the depth of the table. */
static void read_section(struct reader *r, const char *section, const struct tx_conf_node *node) {
    if (node->kind == TX_CONF_SCALAR && !node->text[0] && !node->quoted)
        return;
    if (node->kind != TX_CONF_MAP) {
        tx_conf_error(r->errors, node->line, node->column,
                      section[0] ? "expected the keys of '%.*s' here, each with its value"
                                 : "expected keys with values, such as 'version: 1'%.*s",
                      (int)strlen(section) - (section[0] ? 1 : 0), section);
        return;
    }
    for (size_t i = 0; i < node->n; i++)
        read_entry(r, section, &node->entries[i]);
}

static void find_end_of_masking(struct reader *r, const struct tx_conf_node *root) {
    r->to = (struct tx_conf_place){SIZE_MAX, SIZE_MAX};
    for (size_t i = root->n; i-- > 0 && root->entries[i].value != r->masking;)
        r->to = (struct tx_conf_place){root->entries[i].key->line, root->entries[i].key->column};
}

static bool has_version(struct reader *r, const struct tx_conf_node *root) {
    for (size_t i = 0; root->kind == TX_CONF_MAP && i < root->n; i++)
        if (strcmp(root->entries[i].key->text, "version") == 0)
            return true;
    if (root->kind == TX_CONF_MAP)
        tx_conf_error(r->errors, root->line, root->column, "'version: 1' is missing");
    return false;
}

/* --- defaults --- */

static void set_defaults(struct reader *r) {
    for (const struct tx_conf_key *key = tx_conf_keys; key->path; key++) {
        struct tx_conf_node node = {.kind = TX_CONF_SCALAR, .text = (char *)key->default_text};
        if (key->default_text)
            read_value(r, key, &node);
    }
    tx_conf_streams_begin(r->conf->streams, r->errors);
}

static void set_default_vault(struct reader *r) {
    const char *keys_dir = r->conf->streams[TX_STREAM_AUDIT].keys_dir;
    const char *slash = strrchr(keys_dir, '/');
    if (asprintf(&r->conf->vault_dir, "%.*s/vault", (int)(slash - keys_dir), keys_dir) < 0) {
        r->conf->vault_dir = NULL;
        r->errors->failed = -ENOMEM;
    }
}

/* --- */

static int file_directory(const char *name, char **ret) {
    _cleanup_(tx_freep) char *cwd = NULL;
    const char *slash = strrchr(name, '/');
    int n = slash ? (int)(slash - name) : 0;

    if (name[0] == '/')
        return asprintf(ret, "%.*s", n, name) < 0 ? -ENOMEM : 0;
    cwd = getcwd(NULL, 0);
    if (!cwd)
        return -errno;
    return asprintf(ret, "%s%s%.*s", cwd, n ? "/" : "", n, name) < 0 ? -ENOMEM : 0;
}

/* All that was told before the section is read was told of it too, or nothing was. */
static void read_root(struct reader *r, const struct tx_conf_node *root) {
    read_section(r, "", root);
    bool versioned = has_version(r, root);
    if (r->errors->failed)
        return;
    if (r->is_rest) {
        tx_conf_masking_lock_down(&r->conf->masking);
        return;
    }
    if (r->masking)
        find_end_of_masking(r, root);
    r->only_masking =
        r->errors->n == 0 || (versioned && r->masking &&
                              tx_conf_errors_lie_within(r->errors, r->errors->n, r->from, r->to));
    bool broken = r->errors->n > 0;
    int result = tx_conf_masking_read(r->masking, r->directory, r->errors, &r->conf->masking);
    if (result < 0)
        r->errors->failed = result;
    else if (broken && result == 0)
        tx_conf_masking_lock_down(&r->conf->masking);
}

#define TX_CONF_E_NO_YAML 3 /* of the following alone */

/* `is_rest`: as in the reader. */
static int parse(const char *name, struct tx_text text, bool is_rest, struct tx_bytes *errors,
                 struct tx_conf **ret) {
    struct tx_conf_errors e = {.name = name, .text = text, .to = errors};
    _cleanup_(tx_freep) char *directory = NULL;
    _cleanup_(tx_conf_freep) struct tx_conf *conf = calloc(1, sizeof(*conf));
    if (!conf)
        return -ENOMEM;
    int r = file_directory(name, &directory);
    if (r < 0)
        return r;
    struct reader reader = {.conf = conf,
                            .errors = &e,
                            .directory = {directory, strlen(directory)},
                            .is_rest = is_rest};

    set_defaults(&reader);
    _cleanup_(tx_conf_tree_freep) struct tx_conf_node *root = tx_conf_tree_new(text, &e);
    if (root)
        read_root(&reader, root);
    if (!conf->vault_dir && conf->streams[TX_STREAM_AUDIT].keys_dir) /* an absolute path */
        set_default_vault(&reader);
    if (!e.failed && (e.n == 0 || reader.only_masking)) {
        size_t before = e.n;
        tx_conf_streams_complete(conf->streams, reader.trace, &e);
        reader.only_masking &= e.n == before;
    }
    if (e.failed)
        return e.failed;
    if (e.n > 0 && !root)
        return TX_CONF_E_NO_YAML;
    if (e.n > 0 && !reader.only_masking)
        return TX_CONF_E_INVALID;
    *ret = TX_STEAL(conf);
    return e.n > 0 ? TX_CONF_E_MASKING : 0;
}

/* Of a file that is no YAML, or not in this subset of it: when all is well without the lines of
 * `masking:`, it is they that are wrong. */
static int parse_rest(const char *name, struct tx_text text, struct tx_conf **ret) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes errors = TX_BYTES_INIT;
    _cleanup_(tx_bytes_deinit) struct tx_bytes rest = TX_BYTES_INIT;
    struct tx_text lines;

    if (!tx_masking_lines(text, &lines) || lines.n == text.n)
        return TX_CONF_E_INVALID;
    const char *behind = lines.p + lines.n;
    int r = tx_bytes_append(&rest, text.p, (size_t)(lines.p - text.p));
    if (r == 0)
        r = tx_bytes_append(&rest, behind, (size_t)(text.p + text.n - behind));
    if (r == 0)
        r = parse(name, (struct tx_text){(char *)rest.data, rest.len}, true, &errors, ret);
    if (r != 0)
        return r < 0 ? r : TX_CONF_E_INVALID;
    (*ret)->masking.refuse_bad_config = tx_masking_lines_refuse(lines);
    return TX_CONF_E_MASKING;
}

int tx_conf_parse(const char *name, struct tx_text text, struct tx_bytes *errors,
                  struct tx_conf **ret) {
    int r = parse(name, text, false, errors, ret);
    return r == TX_CONF_E_NO_YAML ? parse_rest(name, text, ret) : r;
}

void tx_conf_free(struct tx_conf *conf) {
    if (!conf)
        return;
    free(conf->user);
    free(conf->socket_path);
    free(conf->control_path);
    free(conf->state_dir);
    for (int i = 0; i < TX_STREAM_N; i++)
        tx_stream_deinit(&conf->streams[i]);
    free(conf->vault_dir);
    tx_durability_deinit(&conf->durability);
    tx_masking_deinit(&conf->masking);
    free(conf);
}
