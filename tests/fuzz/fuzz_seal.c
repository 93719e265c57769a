/*
 * fuzz_seal: a value opens under the name, the key and the very bytes that it was sealed
 * with, and under nothing else; where a call fails nothing opens.
 */
#include "tests/fuzz/fuzz.h"

#include "lib/core/crypto.h"
#include "lib/core/seal.h"
#include "tests/fuzz/wrap.h"

#define ROOM 512

static void make_ring(struct keyring *k, struct fuzz *f)
{
	*k = (struct keyring){.count = 1 + (int)fuzz_below(f, KEYRING_KEYS)};
	for (int i = 0; i < k->count; i++) {
		(void)snprintf(k->key[i].id, sizeof(k->key[i].id), "key%d", i);
		memset(k->key[i].bytes, 0x21 + i, sizeof(k->key[i].bytes));
	}
}

struct sealed {
	unsigned char bytes[ROOM], plain[ROOM];
	struct seal_bytes out, in;
};

static void check_open(const struct keyring *k, const char *name, struct sealed *s,
    const uint8_t *plain, size_t n, bool same)
{
	s->in = (struct seal_bytes){s->plain, sizeof(s->plain), 0};
	if (seal_open(k, name, &s->out, &s->in, NULL) == 0) {
		MUST(same && s->in.len == n && memcmp(s->plain, plain, n) == 0);
	} else {
		MUST(s->in.len == 0 && (!same || wrap.failed > 0));
	}
}

/* Sealed, then changed in one way. */
static void check_changed(const struct keyring *k, struct fuzz *f)
{
	static struct sealed s;
	struct keyring other = *k;
	char *name = fuzz_text(f), *to = fuzz_text(f), id[KEYRING_ID_MAX + 1];
	size_t n, cut;
	uint8_t *plain = fuzz_block(f, fuzz_below(f, 128), &n);
	struct seal_bytes p = {plain, n, n};
	uint8_t change;
	bool same;

	s.out = (struct seal_bytes){s.bytes, sizeof(s.bytes), 0};
	wrap_plan_none();
	if (strlen(name) <= SEAL_NAME_MAX && strlen(to) <= SEAL_NAME_MAX) {
		MUST(seal_close(k, name, &p, &s.out, NULL) == 0);
		MUST(seal_key_id(&s.out, id) == 0 && strcmp(id, "key0") == 0);
		check_open(k, to, &s, plain, n, strcmp(name, to) == 0);
		cut = fuzz_below(f, (unsigned)s.out.len + 1);
		change = fuzz_byte(f);
		s.bytes[cut] ^= change;
		same = cut == s.out.len || change == 0;
		check_open(k, name, &s, plain, n, same);
		s.out.len -= cut % 3;
		check_open(k, name, &s, plain, n, same && cut % 3 == 0);
		other.engine = NULL;
		other.key[0].extracted = false;
		other.key[0].bytes[5] ^= 1;
		check_open(&other, name, &s, plain, n, false);
		wrap_plan(f);
		check_open(k, name, &s, plain, n, same && cut % 3 == 0);
	}
	free(name);
	free(to);
	free(plain);
}

static void check_raw(const struct keyring *k, struct fuzz *f)
{
	static struct sealed s;
	char id[KEYRING_ID_MAX + 1];
	size_t n;
	uint8_t *bytes = fuzz_rest(f, &n);

	s.in = (struct seal_bytes){s.plain, sizeof(s.plain), 0};
	s.out = (struct seal_bytes){bytes, n, n};
	MUST(seal_open(k, "hot/alice", &s.out, &s.in, NULL) == ERR_BAD && s.in.len == 0);
	if (seal_key_id(&s.out, id) == 0)
		MUST(strlen(id) <= KEYRING_ID_MAX);
	else
		MUST(id[0] == '\0');
	free(bytes);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	MUST(crypto_init() == 0);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = {data, size};
	struct keyring k;

	wrap_begin(fuzz_byte(&f), 1700000000);
	make_ring(&k, &f);
	if (fuzz_flip(&f)) {
		if (fuzz_flip(&f))
			wrap_plan(&f);
		if (seal_engine_open(&k) == 0) {
			wrap_plan_none();
			check_changed(&k, &f);
		}
		seal_engine_close(&k);
	} else if (fuzz_flip(&f)) {
		check_changed(&k, &f);
	} else {
		check_raw(&k, &f);
	}
	wrap_end();
	return 0;
}
