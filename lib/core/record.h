/*
 * record: what the store keeps of a user, and its bytes.
 *
 * `enroll/USER` is written when somebody enrols: the devices with their
 * secrets, the recovery codes (hashed), and what is under way.  `hot/USER` is
 * all that a login spends.  They meet only through random 64-bit ids, so a new
 * secret never meets an old counter and new recovery codes meet no old bits.
 *
 * Times are seconds since 1970, stored as starts, never as ends.
 */
#ifndef PB_RECORD_H
#define PB_RECORD_H

#include "lib/core/err.h"
#include "lib/core/source.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of what is made anew.  Readers take this one and the one before; writers keep the number
 * that they read, so that a host that is a version behind goes on reading, until
 * `rekey use` or `restore`.  Format 2 is format 1 and, at hot's end, what `reserve` keeps:
 * the first reservation makes a record a format 2 one, for it would be lost otherwise, and
 * the administrator has asked for it by the word on the PAM line. */
#define RECORD_FORMAT 2
#define RECORD_FORMAT_OLDEST 1
#define RECORD_PLAIN_MAX 3900 /* bytes of an encoded record, before sealing */

#define RECORD_DEVICES 8  /* as many as IAM allows a user */
#define RECORD_ENTRIES 16 /* two generations of devices side by side */
#define RECORD_CODES 10
#define RECORD_PENDING 4
#define RECORD_KNOWN 8
#define RECORD_BUCKETS 32
#define RECORD_REMEMBERED 8
#define RECORD_RESERVED 32
#define RECORD_DEVICE_NAME_MAX 32
#define RECORD_SECRET_MAX 64
#define RECORD_HASH 32

enum record_algorithm { RECORD_SHA1 = 1, RECORD_SHA256 = 2, RECORD_SHA512 = 3 };

struct record_device {
	uint64_t id; /* random, never 0 */
	char name[RECORD_DEVICE_NAME_MAX + 1];
	uint8_t algorithm; /* enum record_algorithm */
	uint8_t digits;    /* 6..8 */
	uint8_t period;    /* 15..120 s */
	uint8_t secret_len;
	uint8_t secret[RECORD_SECRET_MAX];
	int64_t created;
	bool has_key; /* bound to one public key */
	uint8_t key[RECORD_HASH];
};

/* Recovery codes: HMAC-SHA256 under a random key. */
struct record_recovery {
	uint64_t id; /* 0: none */
	uint8_t key[RECORD_HASH];
	uint8_t hash[RECORD_CODES][RECORD_HASH];
};

/* An enrolment that has been shown and not yet confirmed. */
struct record_pending {
	struct record_device device;
	uint8_t where[RECORD_HASH]; /* of (source, public key) */
};

struct record_invite {
	bool open;
	uint8_t key[RECORD_HASH];
	uint8_t hash[RECORD_HASH];
	int64_t since;
	uint32_t life; /* seconds */
};

struct record_enroll {
	uint16_t format;
	uint8_t devices;
	struct record_device device[RECORD_DEVICES];
	struct record_recovery recovery;
	uint8_t pendings;
	struct record_pending pending[RECORD_PENDING];
	struct record_invite invite;
	int64_t bypass_since; /* 0: none */
	uint32_t bypass_life;
};

struct record_entry {
	uint64_t id;        /* of the device */
	uint64_t last_step; /* no code of this step or before is accepted */
	int64_t last_used;  /* 0: never */
};

/* One source's, or several unknown sources', wrong codes. */
struct record_bucket {
	uint16_t wrong;  /* in a row */
	uint16_t proven; /* of these, behind a proven first factor */
	int64_t last;    /* when the newest was judged */
	uint16_t passwords; /* of the wrong ones, passwords (format 2) */
};

struct record_known {
	uint8_t source[16]; /* keyed hash */
	int64_t since;      /* last success; 0: free */
	struct record_bucket bucket;
};

struct record_missed {
	uint32_t count; /* wrong codes since the last success */
	int64_t first;
	int64_t last;
	struct source from;
};

struct record_remembered {
	uint8_t source[16];
	uint8_t keys[16]; /* hash of the set of public keys */
	int64_t since;    /* the code's time; 0: free */
};

/* A password that is being judged: a wrong try unless it is given back. */
struct record_reserved {
	uint64_t id;        /* random, never 0 */
	uint8_t source[16]; /* keyed hash: its bucket */
	int64_t since;
};

struct record_hot {
	uint16_t format;
	bool ever_confirmed; /* a code or recovery code has been accepted once */
	bool uid_bound;
	uint32_t uid;
	uint8_t source_key[16];
	int64_t locked_since; /* 0: not locked */
	uint8_t entries;
	struct record_entry entry[RECORD_ENTRIES];
	struct {
		uint64_t id; /* of the recovery set; 0: free */
		uint16_t used; /* bit i: code i is spent */
	} spent[2];
	struct record_known known[RECORD_KNOWN];
	struct record_bucket unknown[RECORD_BUCKETS];
	struct record_bucket dropped; /* proven wrong codes of sources no longer known */
	struct record_missed missed;
	struct record_remembered remembered[RECORD_REMEMBERED];
	/* Format 2: */
	uint8_t reserveds;
	struct record_reserved reserved[RECORD_RESERVED];
};

/* Whether it is one of those that readers take. */
bool record_format_known(uint16_t format);

/* Encoders write at most RECORD_PLAIN_MAX bytes to out and return the length,
 * or ERR_SYSTEM (also where a format 1 record would hold what only format 2
 * has).  Decoders return 0, or ERR_BAD for any byte out of place: a
 * wrong format, a value out of range, bytes missing or left over. */
int record_put_enroll(const struct record_enroll *r, unsigned char *out);
int record_get_enroll(struct record_enroll *r, const unsigned char *in, size_t len);
int record_put_hot(const struct record_hot *r, unsigned char *out);
int record_get_hot(struct record_hot *r, const unsigned char *in, size_t len);

/* Whether algorithm, digits, period, secret length and name are in range. */
bool record_device_valid(const struct record_device *d);

/* The entry of a device id, or NULL. */
struct record_entry *record_find_entry(struct record_hot *r, uint64_t id);

#endif
