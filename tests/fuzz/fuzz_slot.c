/*
 * fuzz_slot: whatever is on the disk, a slot file gives one of the values that were
 * written whole, or nothing; and a write that fails leaves the old value or the new.
 */
#include "tests/fuzz/fuzz.h"

#include "lib/core/slot.h"
#include "tests/fuzz/wrap.h"

#include <sys/mman.h>
#include <unistd.h>

static int file = -1;

static void put(const unsigned char *bytes, size_t n)
{
	MUST(ftruncate(file, 0) == 0);
	MUST(n == 0 || pwrite(file, bytes, n, 0) == (ssize_t)n);
}

static bool is_value(const struct slot *s, const uint8_t *value, size_t n)
{
	return s->len == n && memcmp(s->value, value, n) == 0;
}

/* Two slots with some bytes changed. */
static void check_damaged(struct fuzz *f)
{
	static unsigned char image[SLOT_FILE], second[SLOT_FILE];
	static struct slot s;
	size_t n[2];
	uint8_t *value[2];
	unsigned changes;

	for (int i = 0; i < 2; i++)
		value[i] = fuzz_block(f, fuzz_below(f, 64), &n[i]);
	MUST(slot_image(image, fuzz_number(f, 8), value[0], n[0]) == 0);
	MUST(slot_image(second, fuzz_number(f, 8), value[1], n[1]) == 0);
	memcpy(image + SLOT_BLOCK, second, SLOT_BLOCK);
	changes = fuzz_below(f, 8);
	for (unsigned i = 0; i < changes; i++) {
		const size_t at = fuzz_number(f, 2) % 256;
		const size_t block = fuzz_flip(f) ? SLOT_BLOCK : 0;

		image[block + at] ^= fuzz_byte(f);
	}
	put(image, fuzz_below(f, 16) == 15 ? SLOT_FILE - 1 : SLOT_FILE);
	s = (struct slot){.name = "slot"};
	if (slot_read(file, &s, NULL) == 0)
		MUST(is_value(&s, value[0], n[0]) || is_value(&s, value[1], n[1]));
	free(value[0]);
	free(value[1]);
}

/* Bytes as they are. */
static void check_raw(struct fuzz *f)
{
	static struct slot s;
	size_t n;
	uint8_t *bytes = fuzz_rest(f, &n);

	put(bytes, n < SLOT_FILE ? n : SLOT_FILE);
	if (fuzz_flip(f))
		MUST(ftruncate(file, SLOT_FILE) == 0);
	s = (struct slot){.name = "slot"};
	if (slot_read(file, &s, NULL) == 0)
		MUST(s.len <= SLOT_VALUE_MAX && (s.index == 0 || s.index == 1));
	free(bytes);
}

/* A row of writes, of which calls fail. */
static void check_writes(struct fuzz *f)
{
	static unsigned char image[SLOT_FILE];
	static struct slot s;
	size_t n = 0, len;
	uint8_t *old = fuzz_block(f, 0, &n), *new;

	MUST(slot_image(image, 1, old, n) == 0);
	put(image, SLOT_FILE);
	for (int i = 0; i < 8 && f->left > 0; i++) {
		int r;

		new = fuzz_block(f, fuzz_below(f, 128), &len);
		s = (struct slot){.name = "slot"};
		MUST(slot_read(file, &s, NULL) == 0 && is_value(&s, old, n));
		wrap_begin(0, 1700000000);
		wrap_plan(f);
		r = slot_lock(file, 100, "slot", NULL);
		if (r == 0)
			r = slot_write(file, &s, new, len, NULL);
		slot_unlock(file);
		wrap_end();
		MUST(slot_read(file, &s, NULL) == 0);
		MUST(is_value(&s, new, len) || (r != 0 && is_value(&s, old, n)));
		if (is_value(&s, new, len)) {
			free(old);
			old = new, n = len;
		} else {
			free(new);
		}
	}
	free(old);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	file = memfd_create("slot", MFD_CLOEXEC);
	MUST(file >= 0);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = {data, size};

	switch (fuzz_below(&f, 3)) {
	case 0:
		check_damaged(&f);
		break;
	case 1:
		check_writes(&f);
		break;
	default:
		check_raw(&f);
	}
	return 0;
}
