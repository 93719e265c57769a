/*
 * enable_keys: whether sshd would find a public key of a user, now that passwords are
 * to count no more.
 */
#ifndef PB_ENABLE_KEYS_H
#define PB_ENABLE_KEYS_H

#include <stdbool.h>
#include <stddef.h>

enum enable_keys {
	ENABLE_KEYS_NONE = 0,
	ENABLE_KEYS_SOME,
	ENABLE_KEYS_UNKNOWN /* AuthorizedKeysCommand or TrustedUserCAKeys may know one */
};

/* said: what `sshd -T` says for the user.  Looks at AuthorizedKeysFile as sshd does: with
 * the user's rights, and under StrictModes only where nobody else may write.  files is
 * where it has looked. */
enum enable_keys enable_keys(const char *said, const char *user, char *files, size_t size);

/* Each line of these files but comments, without its end and the blanks before it, until one is
 * enough: true. */
typedef bool enable_keys_see(void *ctx, const char *path, const char *line);
void enable_keys_each(const char *said, const char *user, enable_keys_see *see, void *ctx);

#endif
