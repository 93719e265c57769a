/*
 * fuzz_history: a password history through any row of changes, refusals, proofs and merges
 * with a backup: it stays a record that can be kept, what has happened is found, what has
 * not counts for nothing, and a merge loses nothing for which there is room.
 */
#include "enroll/pw_merge.h"
#include "policy/password/history_list.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#define STEPS 200

struct world {
	struct fuzz *f;
	struct record_pw now, backup;
	uint8_t live[RECORD_PW_TAG]; /* the shadow field */
	int64_t clock;
};

static void check_record(const struct record_pw *r)
{
	static unsigned char bytes[RECORD_PLAIN_MAX];
	static struct record_pw again;
	const int n = record_pw_put(r, bytes);

	MUST(r->entries <= RECORD_PW_ENTRIES && n > 0 && n <= RECORD_PLAIN_MAX);
	MUST(record_pw_get(&again, bytes, (size_t)n) == 0 && again.entries == r->entries);
	MUST(memcmp(again.entry, r->entry, sizeof(r->entry[0]) * r->entries) == 0);
}

static void make_tag(struct world *w, uint8_t tag[RECORD_PW_TAG])
{
	memset(tag, 0, RECORD_PW_TAG);
	tag[0] = fuzz_byte(w->f) % 16;
}

static struct record_pw_entry make_entry(struct world *w)
{
	struct record_pw_entry x = {.set = w->clock};

	x.mac[0] = 1 + fuzz_byte(w->f) % 32;
	memcpy(x.before, w->live, RECORD_PW_TAG);
	return x;
}

/* One is noted; pam_unix may set it. */
static void change(struct world *w)
{
	static const uint8_t none[RECORD_PW_TAG];
	const struct record_pw_entry x = make_entry(w);
	const struct record_pw before = w->now;
	const int r = history_list_add(&w->now, &x);

	if (r != 0) {
		MUST(r == ERR_UNAVAIL && memcmp(&before, &w->now, sizeof(before)) == 0);
		return;
	}
	MUST(memcmp(&w->now.entry[0], &x, sizeof(x)) == 0);
	if (memcmp(w->live, none, sizeof(none)) == 0 || !fuzz_flip(w->f))
		return;
	w->live[0] = (uint8_t)(w->live[0] % 15 + 1);
	w->live[1]++; /* a salt is never the same twice */
	MUST(history_list_has(&w->now, w->live, 0, x.mac));
	MUST(!history_list_is_empty(&w->now, w->live));
	MUST(history_list_changed(&w->now, w->live) == x.set);
}

static void withdraw(struct world *w)
{
	const struct record_pw_entry x = make_entry(w);

	history_list_withdraw(&w->now, w->live, x.mac);
}

static void prove(struct world *w)
{
	const struct record_pw_entry x = make_entry(w);

	if (!history_list_is_unsure(&w->now, w->live))
		return;
	history_list_settle(&w->now, w->live, x.mac);
	MUST(history_list_has(&w->now, w->live, 0, x.mac));
}

static bool has(const struct record_pw *r, const struct record_pw_entry *x)
{
	for (int i = 0; i < r->entries; i++)
		if (memcmp(&r->entry[i], x, sizeof(*x)) == 0)
			return true;
	return false;
}

static void merge(struct world *w)
{
	const struct record_pw before = w->now;
	const bool changed = pw_merge(&w->now, &w->backup);

	MUST(pw_merge_can(&w->now, &w->backup));
	MUST(changed || memcmp(&before, &w->now, sizeof(before)) == 0);
	if (before.entries + w->backup.entries <= RECORD_PW_ENTRIES) {
		for (int i = 0; i < before.entries; i++)
			MUST(has(&w->now, &before.entry[i]));
		for (int i = 0; i < w->backup.entries; i++)
			MUST(has(&w->now, &w->backup.entry[i]));
	}
}

static void step(struct world *w)
{
	const unsigned what = fuzz_byte(w->f);

	w->clock += what >> 4;
	switch (what % 8) {
	case 0:
		make_tag(w, w->live);
		break;
	case 1:
		withdraw(w);
		break;
	case 2:
		prove(w);
		break;
	case 3:
		history_list_add_oldest(&w->now, make_entry(w).mac);
		break;
	case 4:
		w->clock += HISTORY_UNDER_WAY;
		break;
	case 5:
		if (fuzz_flip(w->f))
			merge(w);
		else
			w->backup = w->now;
		break;
	default:
		change(w);
	}
	check_record(&w->now);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct world w;
	struct fuzz f = {data, size};

	w = (struct world){.f = &f, .clock = 1000,
	    .now = {.format = RECORD_PW_FORMAT, .salt = "$y$j9T$salt"}};
	w.live[0] = 1;
	w.backup = w.now;
	for (int i = 0; i < STEPS && f.left > 0; i++)
		step(&w);
	return 0;
}
