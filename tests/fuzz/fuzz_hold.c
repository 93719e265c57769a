/*
 * fuzz_hold: passwords reserved and given back in a store in any state, with calls that
 * fail: what was told to be reserved stands in the record, what was given back does not,
 * and trouble is never a reservation.
 */
#include "lib/core/login_reserve.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/world.h"
#include "tests/fuzz/wrap.h"

#define TRIES 40
#define HANDLES 4

struct run {
	struct fuzz *f;
	struct world w;
	struct login_reserved kept[HANDLES];
	struct login_request req;
};

static bool holds(const struct record_hot *hot, uint64_t id)
{
	for (int i = 0; i < hot->reserveds; i++)
		if (hot->reserved[i].id == id)
			return true;
	return false;
}

static bool is_own(const struct login_reserved *kept)
{
	return strcmp(kept->key, "hot/" WORLD_USER) == 0;
}

static void reserve(struct run *r, struct login_reserved *kept)
{
	static struct record_hot hot;
	const struct login_reserved before = *kept;
	struct login_result res;
	enum reserve_answer answer = login_reserve(&r->w.conf, &r->req, kept, &res);

	MUST(res.verdict != LOGIN_OK);
	switch (answer) {
	case RESERVE_TAKEN:
		MUST(kept->id != 0 && kept->id != before.id && kept->decoy != is_own(kept));
		if (is_own(kept))
			MUST(world_hot(&hot) && holds(&hot, kept->id) && !holds(&hot, before.id));
		break;
	case RESERVE_FULL:
		MUST(res.err.code == 0);
		break;
	case RESERVE_THROTTLED:
		MUST(kept->id == 0 && res.verdict == LOGIN_THROTTLED && res.wait > 0);
		break;
	case RESERVE_NONE:
		MUST(res.reason != NULL && memcmp(kept, &before, sizeof(before)) == 0);
		break;
	}
}

static void give_back(struct run *r, struct login_reserved *kept)
{
	static struct record_hot hot;
	const struct login_reserved before = *kept;
	struct err note, e = {0};
	int code = login_give_back(&r->w.conf, &r->req, kept, fuzz_flip(r->f), &note, &e);

	MUST(kept->id == (code == 0 ? 0 : before.id));
	if (code == 0 && is_own(&before) && world_hot(&hot))
		MUST(before.id == 0 || !holds(&hot, before.id));
}

static void one(struct run *r)
{
	static const int64_t moves[] = {0, 1, 5, 15, 60, 3600, -5, -WORLD_NOW};
	const unsigned what = fuzz_byte(r->f);
	struct login_reserved *kept = &r->kept[what % HANDLES];

	r->req = (struct login_request){.user = (what & 16) != 0 ? "nobody" : WORLD_USER,
	    .account = (what & 16) == 0, .uid = 1000, .now = WORLD_NOW};
	r->req.now += moves[what >> 5];
	source_parse((what & 8) != 0 ? "192.0.2.1" : "host.example", 1000, &r->req.source);
	wrap_plan_none();
	if (fuzz_below(r->f, 4) == 3)
		wrap_plan(r->f);
	if ((what & 4) != 0)
		reserve(r, kept);
	else
		give_back(r, kept);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	world_init();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct run r;
	struct fuzz f = {data, size};

	memset(&r, 0, sizeof(r));
	r.f = &f;
	world_make(&r.w, &f);
	for (int i = 0; i < TRIES && f.left > 0; i++)
		one(&r);
	wrap_end();
	return 0;
}
