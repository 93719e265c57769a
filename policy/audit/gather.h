/*
 * gather: the facts of this host.  Reads and asks, and changes nothing; no network.
 *
 * Kinds of facts and the files that note them:
 *
 *   file PATH         its text (gather.c)
 *   meta PATH         "type mode uid gid size", of a link the target behind it (gather.c)
 *   dir PATH          names in it, one a line (gather.c)
 *   host WHAT         time, name, kernel, euid, instance of EC2 (gather.c)
 *   package NAME      "dpkg installed VERSION", or rest of its state (gather_package.c)
 *   pam modules       where libpam has its modules (gather_pam.c; with file, dir and meta of
 *                     service files, modules and programs)
 */
#ifndef PB_AUDIT_GATHER_H
#define PB_AUDIT_GATHER_H

#include "policy/audit/facts.h"

#define GATHER_FILE_MAX ((size_t)256 * 1024) /* of a longer file nothing is a fact */

struct gather_request {
	const char *config; /* the login configuration, absolute, or NULL: the packaged one */
};

void gather_host(struct facts *f, const struct gather_request *q);

/* For the others: one file, with meta; whole is false: meta alone. */
void gather_file(struct facts *f, const char *path, bool whole);
/* The names in a directory, and the files among them whose name ends in suffix. */
void gather_dir(struct facts *f, const char *path, const char *suffix);

void gather_package(struct facts *f);
void gather_pam(struct facts *f);

#endif
