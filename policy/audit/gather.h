/*
 * gather: the facts of this host.  Reads and asks, and changes nothing; no network,
 * but for a probe that is asked for.
 *
 * Kinds of facts and the files that note them:
 *
 *   file PATH         its text (gather.c)
 *   meta PATH         "type mode uid gid size", of a link the target behind it (gather.c)
 *   dir PATH          names in it, one a line (gather.c)
 *   host WHAT         time, name, kernel, euid, instance of EC2 (gather.c)
 *   package NAME      "dpkg installed VERSION", or rest of its state (gather_package.c)
 *   login NAME        "UID GID SHELL" of who may log in; trouble: his groups are not known;
 *                     "*": trouble, when they are too many or not all told (gather_logins.c)
 *   exempt NAME       the line of the login configuration that lets them off the code
 *                     (gather_logins.c); SOURCE:match:FILE:LINE:USER and SOURCE:place:WORDS:USER
 *                     that of who comes from there (gather_sshd.c)
 *   glob PATTERN      the paths that fit an Include of sshd, one a line (gather_sshd.c)
 *   sshd SOURCE       what `sshd -T` says, of SOURCE "config" (the file alone), of a unit that
 *                     gives options, or of "process PID" that has options of no unit; SOURCE:USER
 *                     by -C, SOURCE:match:FILE:LINE:USER for a login that comes under a Match,
 *                     SOURCE:place:WORDS:USER for one from elsewhere, by these words of -C, for
 *                     whom other lines hold (gather_sshd.c), SOURCE:probe:USER for that of a probe (gather_probe.c)
 *   sshd-class SOURCE:USER   who was asked about instead: the same to every Match
 *   places SOURCE     how many places the Match lines tell apart
 *   sshd-refuses SOURCE:USER, SOURCE:match:FILE:LINE:USER, SOURCE:place:WORDS:USER,
 *                     SOURCE:probe:USER   the setting that turns them away whatever they show
 *   match FILE:LINE   who of those that were asked about comes under this Match, one a line;
 *                     none: nobody
 *   listener PID      start in seconds since 1970, program and title, one a line
 *   listeners sshd    "" when all processes were seen (gather_listen.c)
 *   script PATH       hash, package and "executable", one a line (gather_eic.c)
 *   eic-in PATH       "LINE: text" of the first line that names EC2 Instance Connect
 *   leftover PATH     it has its name ("dir": a directory); leftovers: "" when they were looked for
 *   dnf-exclude PATH  the lines of excludes of dnf's configuration
 *   eic-use WHERE     "TIME UID MESSAGE" of keys that it has handed out, one a line; "-"
 *                     where nobody vouches for the uid (gather_eic_use.c)
 *   pam modules       where libpam has its modules (gather_pam.c; with file, dir and meta of
 *                     service files, modules and programs)
 *   trust PATH        why others than root may change a service file or module, or ""
 *   real PATH         the same without links
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
 *   copies KEYRING    "file MODE UID GID SIZE NAME" of files beside it that have its name in theirs
 *   modes DIR         "TYPE MODE UID GID COUNT EXAMPLE" of what is in it, a line for each kind
 *   disk DIR          words: read_only, writable, remote, free, size, files_free, files
 *   clock kernel      words of adjtimex(2), microseconds (gather_clock.c)
 *   listen PORT ADDRESS   "uid=N" of a TCP socket that listens (gather_door.c)
 *   process NAME PID  one of those that are looked for; "uid=N", of a getty with its
 *                     words
 *   doors WHAT        sockets, processes: "" when all were looked at
 *   sudoers files     "" when all that /etc/sudoers includes are told (gather_sudo.c; with
 *                     file /etc/nsswitch.conf)
 *   runas NAME        words: uid of who is named there in place of root
 *   probe asked       words: user, address and port; none: no --probe (gather_probe.c)
 *   probe push        words: success; probe offered "yes", or none; probe banner: the first
 *                     line of sshd
 *   probe account     words: shell, locked: what keeps sshd from letting anybody in by it
 *   probe login       words: status of ssh, offered, refused, accepted, partial, denied, and the
 *                     seconds after the push; probe said: its last line
 *   aws-key FILE:LINE words: mode, uid, gid, and the end of the id (gather_key.c)
 *   aws-keys scan     how many files were looked at
 */
#ifndef PB_AUDIT_GATHER_H
#define PB_AUDIT_GATHER_H

#include "policy/audit/facts.h"

#define GATHER_FILE_MAX ((size_t)256 * 1024) /* of a longer file nothing is a fact */

#define GATHER_ACCOUNTS 2000 /* of more none is told */

struct probe_request;

struct gather_request {
	const char *config; /* the login configuration, absolute, or NULL: the packaged one */
	const struct probe_request *probe; /* probe.h; NULL: none */
	unsigned without; /* GATHER_... that nobody asks for: of these nothing is a fact */
};

#define GATHER_HOMES 1   /* keys in homes, and whether somebody has one to log in with */
#define GATHER_RECORDS 2 /* gather_enrolled() */
#define GATHER_CLOCK 4

void gather_host(struct facts *f, const struct gather_request *q);
/* Of all that alone which an audit of the AWS account needs: time and name of this host, and
 * its password rules. */
void gather_little(struct facts *f, const struct gather_request *q);

/* For the others: one file, with meta; whole is false: meta alone. */
void gather_file(struct facts *f, const char *path, bool whole);
/* The names in a directory, and the files among them whose name ends in suffix. */
void gather_dir(struct facts *f, const char *path, const char *suffix);

void gather_package(struct facts *f);
void gather_pam(struct facts *f);

/* The units of sshd, with drop-ins and the files of their variables (gather_unit.c). */
void gather_unit(struct facts *f);
/* sshd's configuration and what it says; behind gather_unit() and gather_listen(). */
struct logins;
void gather_sshd(struct facts *f, const struct logins *people);
/* What it says of one login: what is "", ":USER", ":match:FILE:LINE:USER",
 * ":place:WORDS:USER" or ":probe:USER", words those of its -C, or NULL. */
struct sshd_source;
void gather_sshd_ask(struct facts *f, const struct sshd_source *s, const char *what,
    const char *words);
void gather_listen(struct facts *f);
/* What EC2 Instance Connect leaves; behind gather_sshd(). */
void gather_eic(struct facts *f);
/* Of that, what is about its return. */
void gather_eic_return(struct facts *f);
void gather_eic_use(struct facts *f);
/* Without homes nobody looks whether there are keys in them. */
void gather_account(struct facts *f, bool homes);
/* Login configuration, keyring, records and who has one; behind gather_logins(). */
void gather_enrolled(struct facts *f, const struct gather_request *q);
void gather_clock(struct facts *f);
void gather_door(struct facts *f);
void gather_sudo(struct facts *f);
void gather_key(struct facts *f);
/* Pushes a key and tries it; q NULL: nothing. */
void gather_probe(struct facts *f, const struct probe_request *q);

#endif
