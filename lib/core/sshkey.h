/*
 * sshkey: public keys as sshd reports them (SSH_AUTH_INFO_0), by fingerprint.
 *
 * A certificate counts as the key it certifies, as `ssh-keygen -l` prints it: a
 * new certificate for the same key is the same person.
 */
#ifndef PB_SSHKEY_H
#define PB_SSHKEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SSHKEY_HASH 32
#define SSHKEY_TEXT 52 /* "SHA256:", 43 characters, the terminator */
#define SSHKEY_MOST 4  /* publickey,publickey,... in AuthenticationMethods */

/* The keys proven in one login. */
struct sshkey_set {
	int count;
	bool whole; /* all lines are in it */
	uint8_t hash[SSHKEY_MOST][SSHKEY_HASH];
};

/* Reads the lines "publickey TYPE BASE64" of info (NULL: none). */
void sshkey_read(const char *info, struct sshkey_set *set);

bool sshkey_has(const struct sshkey_set *set, const uint8_t hash[SSHKEY_HASH]);

/* A hash of the set, whatever the order.  0 or ERR_SYSTEM. */
int sshkey_set_hash(const struct sshkey_set *set, uint8_t out[16]);

/* SHA-256 of the key in a public key blob (RFC 4253, 6.6; PROTOCOL.certkeys).  0 or
 * ERR_SYNTAX. */
int sshkey_hash(const uint8_t *blob, size_t n, uint8_t out[SSHKEY_HASH]);

/* "SHA256:...", and back: 0 or ERR_SYNTAX. */
void sshkey_text(const uint8_t hash[SSHKEY_HASH], char text[SSHKEY_TEXT]);
int sshkey_parse(const char *text, uint8_t hash[SSHKEY_HASH]);

#endif
