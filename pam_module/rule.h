/*
 * rule: the log of exemptions, each at each use.
 */
#ifndef PB_RULE_H
#define PB_RULE_H

#include "lib/core/rollout.h"
#include "pam_module/attempt.h"

/* verdict=exempt with the line of the configuration; a warning in its last days. */
void rule_report(const struct attempt *a, const struct rollout *r);

/* A remark when a line names them whose day is past or too far ahead. */
void rule_note_stale(const struct attempt *a, const struct rollout *r);

/* The same of `enroll_by`. */
void rule_note_far(const struct attempt *a);

#endif
