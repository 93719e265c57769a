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
 *   account NAME      words (words.h) of a line of /etc/passwd and its of /etc/shadow: uid,
 *                     gid, shell, home, hash (its kind, never the hash), keys, last, max,
 *                     warn, inactive, expire (gather_account.c)
 *   accounts local    how many there are
 *   conf KEY          a value of the login configuration in force, and conf store_dir
 *   conf-file login   its file; none: the packaged values (gather_enrolled.c)
 *   conf-number KEY   the same as seconds since 1970
 *   duty NAME         words: whether a code is asked of them from nowhere in particular, and
 *                     on the host itself; until when, and by which line
 *   enrolled NAME     words: devices, last_used, locked, recovery, invited_until, bypass_until
 *   store open        "names=N foreign=N"; none: there was no `enroll-mfa init`
 *   modes DIR         "TYPE MODE UID GID COUNT EXAMPLE" of what is in it, a line for each kind
 *   disk DIR          words: read_only, writable, remote, free, size, files_free, files
 *   clock kernel      words of adjtimex(2), microseconds (gather_clock.c)
 *   listen PORT ADDRESS   "uid=N" of a TCP socket that listens (gather_door.c)
 *   process NAME PID  one of those that are looked for; of a getty its words
 *   doors WHAT        sockets, processes: "" when all were looked at
 *   sudoers files     "" when all that /etc/sudoers includes are told (gather_sudo.c)
 *   aws-key FILE:LINE words: mode, uid, gid, and the end of the id (gather_key.c)
 *   aws-keys scan     how many files were looked at
 */
#ifndef PB_AUDIT_GATHER_H
#define PB_AUDIT_GATHER_H

#include "policy/audit/facts.h"

#define GATHER_FILE_MAX ((size_t)256 * 1024) /* of a longer file nothing is a fact */

#define GATHER_ACCOUNTS 2000 /* of more none is told */

struct gather_request {
	const char *config; /* the login configuration, absolute, or NULL: the packaged one */
};

void gather_host(struct facts *f, const struct gather_request *q);

/* For the others: one file, with meta; whole is false: meta alone. */
void gather_file(struct facts *f, const char *path, bool whole);
/* The names in a directory, and the files among them whose name ends in suffix. */
void gather_dir(struct facts *f, const char *path, const char *suffix);

void gather_package(struct facts *f);
void gather_account(struct facts *f);
/* Login configuration, keyring, records and who has one. */
void gather_enrolled(struct facts *f, const struct gather_request *q);
void gather_clock(struct facts *f);
void gather_door(struct facts *f);
void gather_sudo(struct facts *f);
void gather_key(struct facts *f);

#endif
