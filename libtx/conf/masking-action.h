/* SPDX-License-Identifier: MIT */
#ifndef TX_CONF_MASKING_ACTION_H
#define TX_CONF_MASKING_ACTION_H

/*
 * The settings of the actions, each read into an action that has its defaults.
 */

#include "libtx/conf/masking-read.h"

/* masking-action-form.c */
void tx_masking_action_read_mask(struct tx_masking_reader *r, const struct tx_conf_node *node,
                                 struct tx_masking_action *ret);
void tx_masking_action_read_replace(struct tx_masking_reader *r, const struct tx_conf_node *node,
                                    struct tx_masking_action *ret);
void tx_masking_action_read_ip(struct tx_masking_reader *r, const struct tx_conf_node *node,
                               struct tx_masking_action *ret);
void tx_masking_action_read_date(struct tx_masking_reader *r, const struct tx_conf_node *node,
                                 struct tx_masking_action *ret);
void tx_masking_action_read_bucket(struct tx_masking_reader *r, const struct tx_conf_node *node,
                                   struct tx_masking_action *ret);
void tx_masking_action_read_round(struct tx_masking_reader *r, const struct tx_conf_node *node,
                                  struct tx_masking_action *ret);
void tx_masking_action_read_url(struct tx_masking_reader *r, const struct tx_conf_node *node,
                                struct tx_masking_action *ret);
void tx_masking_action_read_keep_only(struct tx_masking_reader *r, const struct tx_conf_node *node,
                                      struct tx_masking_action *ret);

/* masking-action-key.c */
void tx_masking_action_read_pseudonym(struct tx_masking_reader *r, const struct tx_conf_node *node,
                                      struct tx_masking_action *ret);
void tx_masking_action_read_commit(struct tx_masking_reader *r, const struct tx_conf_node *node,
                                   struct tx_masking_action *ret);
void tx_masking_action_read_encrypt(struct tx_masking_reader *r, const struct tx_conf_node *node,
                                    struct tx_masking_action *ret);
/* A hash without a key was asked for. */
void tx_masking_action_refuse_unkeyed(struct tx_masking_reader *r, const struct tx_conf_node *node);

#endif
