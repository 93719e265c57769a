/*
 * fuzz_journal: whatever stands in the journal of a rotation, it is a record whose texts end
 * and which is written as the same bytes again, or it is refused and nothing of it stays;
 * and whoever looks without the lock gets no secret.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/scratch.h"
#include "tests/fuzz/seen.h"

#include "lib/core/slot.h"
#include "policy/rotate/journal.h"

#include <fcntl.h>
#include <unistd.h>

#define NAME "123456789012.fuzz.j"

static struct rotate_record record, peeked, zero;
static int dir = -1;

static void check_texts(const struct rotate_record *r)
{
	MUST(memchr(r->home, '\0', sizeof(r->home)) && memchr(r->arn, '\0', sizeof(r->arn)));
	MUST(memchr(r->user, '\0', sizeof(r->user)) && memchr(r->account, '\0', sizeof(r->account)));
	MUST(memchr(r->old.id, '\0', sizeof(r->old.id)) && memchr(r->new.id, '\0', sizeof(r->new.id)));
	MUST(memchr(r->old.secret, '\0', sizeof(r->old.secret)));
	MUST(memchr(r->new.secret, '\0', sizeof(r->new.secret)));
	MUST(r->state < ROTATE_STATES && rotate_state_name(r->state)[0] != '?');
}

static bool is_wiped(const void *p, size_t n)
{
	const unsigned char *at = p;

	while (n > 0 && at[n - 1] == 0)
		n--;
	return n == 0;
}

/* 0 or ERR_BAD, by the bytes alone. */
static int check_record(const uint8_t *bytes, size_t n)
{
	static unsigned char again[ROTATE_RECORD_MAX];
	const int r = rotate_record_unpack(&record, bytes, n);
	size_t len;

	MUST(r == 0 || r == ERR_BAD);
	if (r != 0) {
		MUST(is_wiped(&record, sizeof(record)));
		seen("bad");
		return r;
	}
	check_texts(&record);
	if (n <= ROTATE_RECORD_MAX) {
		MUST(rotate_record_pack(&record, again, &len) == 0 && len == n);
		MUST(memcmp(again, bytes, n) == 0);
	}
	seen(record.new.secret[0] != '\0' ? "secret" : rotate_state_name(record.state));
	return 0;
}

static int peek(const void *file, size_t n)
{
	struct err e = {0};

	scratch_write(NAME, file, n, 0600);
	peeked = zero;
	return journal_peek(dir, NAME, &peeked, &e);
}

/* As the bytes of a slot that is whole. */
static void check_slot(const uint8_t *bytes, size_t n, int expected)
{
	static unsigned char image[SLOT_FILE];

	if (n > SLOT_VALUE_MAX || slot_image(image, 7, bytes, n) != 0)
		return;
	MUST(peek(image, SLOT_FILE) == expected);
	if (expected != 0)
		return;
	MUST(peeked.old.secret[0] == '\0' && peeked.new.secret[0] == '\0');
	MUST(strcmp(peeked.user, record.user) == 0 && peeked.state == record.state &&
	    strcmp(peeked.new.id, record.new.id) == 0 && peeked.t_off == record.t_off);
	seen("slot");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = {data, size};
	size_t n;
	uint8_t *bytes = fuzz_rest(&f, &n);

	check_slot(bytes, n, check_record(bytes, n));
	if (peek(bytes, n) != 0) {
		MUST(peeked.old.secret[0] == '\0' && peeked.new.secret[0] == '\0');
		seen("raw");
	}
	free(bytes);
	return 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char path[SCRATCH_PATH];

	(void)argc, (void)argv;
	scratch_begin();
	scratch_path(path, "");
	dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	MUST(dir >= 0);
	return 0;
}
