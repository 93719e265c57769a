#include "lib/core/recovery.h"

#include "lib/core/err.h"
#include "lib/core/secret.h"
#include "lib/core/word.h"

#include <openssl/rand.h>
#include <string.h>

int recovery_new(struct record_recovery *set,
    char text[RECORD_CODES][RECOVERY_TEXT_SIZE], struct err *e)
{
	int r = 0;

	memset(set, 0, sizeof(*set));
	if (RAND_bytes((unsigned char *)&set->id, sizeof(set->id)) != 1 || set->id == 0 ||
	    RAND_bytes(set->key, sizeof(set->key)) != 1)
		r = ERR_SYSTEM;
	for (int i = 0; i < RECORD_CODES && r == 0; i++)
		r = word_new(set->key, set->hash[i], text[i]);
	if (r != 0) {
		secret_wipe(set, sizeof(*set));
		secret_wipe(text, RECORD_CODES * RECOVERY_TEXT_SIZE);
		return err_set(e, r, "no random numbers from libcrypto");
	}
	return 0;
}

int recovery_match(const struct record_recovery *set, const struct answer *a, int *index)
{
	uint8_t hash[RECORD_HASH];
	int found = -1, r;

	*index = -1;
	if (a->kind != ANSWER_RECOVERY || set->id == 0)
		return 0;
	if ((r = word_hash(set->key, a->text, hash)) != 0)
		return r;
	for (int i = 0; i < RECORD_CODES; i++)
		if (secret_equal(hash, set->hash[i], sizeof(hash)))
			found = i;
	secret_wipe(hash, sizeof(hash));
	*index = found;
	return 0;
}

int recovery_left(const struct record_recovery *set, const struct record_hot *hot)
{
	int left = 0;

	for (int k = 0; k < 2 && set->id != 0; k++) {
		if (hot->spent[k].id != set->id)
			continue;
		for (int i = 0; i < RECORD_CODES; i++)
			left += (hot->spent[k].used >> i & 1) == 0;
		break;
	}
	return left;
}
