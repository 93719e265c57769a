/*
 * fuzz_sshkey: what sshd says of proven keys is read line by line: a first factor is
 * proven by a publickey line only, a set of keys is the same in every order, and what
 * cannot be read makes the set less than whole.
 *
 * The input: a byte for the surroundings, the text, and behind a NUL a key blob.
 */
#include "tests/fuzz/fuzz.h"

#include "lib/core/crypto.h"
#include "lib/core/sshkey.h"
#include "pam_module/proof.h"

/* A NUL ends it; newlines are part of it. */
static char *take_info(struct fuzz *f)
{
	size_t n = 0;
	char *text;

	while (n < f->left && f->at[n] != '\0')
		n++;
	text = (char *)fuzz_block(f, n, &n);
	text = realloc(text, n + 1);
	MUST(text != NULL);
	text[n] = '\0';
	(void)fuzz_byte(f);
	return text;
}

static int publickey_lines(const char *info)
{
	int n = 0;

	for (const char *p = info; (p = strstr(p, "publickey ")) != NULL; p++)
		n += p == info || p[-1] == '\n';
	return n;
}

static void check_proof(const char *info, unsigned what)
{
	static const char *const ttys[] = {"ssh", "/dev/tty1", "", NULL};
	static const uid_t uids[] = {0, 1000, 1001, 0};
	const struct conf_words w = {.after_password = (what & 1) != 0,
	    .after_login = (what & 2) != 0};
	const struct proof_facts facts = {ttys[what >> 2 & 3], info, (what & 16) != 0,
	    uids[what >> 5 & 3], (what & 128) != 0, 1000};
	const bool ssh = facts.tty != NULL && strcmp(facts.tty, "ssh") == 0;
	const bool expected = (ssh && publickey_lines(info) > 0) ||
	    (w.after_password && facts.authtok) || (w.after_login && !ssh && facts.ruid == 1000 &&
	    facts.account);

	MUST(proof_holds(&w, &facts) == expected);
}

static void check_set(const char *info)
{
	const int lines = publickey_lines(info);
	struct sshkey_set set, turned;
	uint8_t a[16], b[16];

	memset(&set, 0xff, sizeof(set));
	sshkey_read(info, &set);
	MUST(set.count >= 0 && set.count <= SSHKEY_MOST && set.count <= lines);
	MUST(lines > 0 || set.whole);
	MUST(set.count > 0 || lines == 0 || !set.whole);
	turned = set;
	for (int i = 0; i < set.count; i++) {
		char text[SSHKEY_TEXT];
		uint8_t hash[SSHKEY_HASH];

		MUST(sshkey_has(&set, set.hash[i]));
		sshkey_text(set.hash[i], text);
		MUST(sshkey_parse(text, hash) == 0 && memcmp(hash, set.hash[i], sizeof(hash)) == 0);
		for (int k = 0; k < i; k++)
			MUST(memcmp(set.hash[i], set.hash[k], SSHKEY_HASH) != 0);
		memcpy(turned.hash[set.count - 1 - i], set.hash[i], SSHKEY_HASH);
	}
	MUST(sshkey_set_hash(&set, a) == 0 && sshkey_set_hash(&turned, b) == 0);
	MUST(memcmp(a, b, sizeof(a)) == 0);
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
	const unsigned what = fuzz_byte(&f);
	char *info = take_info(&f), again[SSHKEY_TEXT];
	uint8_t hash[SSHKEY_HASH], *blob;
	struct sshkey_set none;
	size_t n;

	check_proof(info, what);
	check_set(info);
	if (sshkey_parse(info, hash) == 0) {
		sshkey_text(hash, again);
		MUST(strcmp(again, info) == 0);
	}
	blob = fuzz_rest(&f, &n);
	if (sshkey_hash(blob, n, hash) == 0)
		MUST(n >= 4);
	free(blob);
	free(info);
	sshkey_read(NULL, &none);
	MUST(none.count == 0 && none.whole && !sshkey_has(NULL, hash));
	return 0;
}
