#include "policy/rotate/record.h"

#include "lib/core/pack.h"
#include "lib/core/secret.h"

#include <string.h>

#define FORMAT 1

/* Texts and times in the order in which they are written. */
#define TEXTS 15
#define TIMES 6

struct text_at {
	char *at;
	size_t size;
};

static void list_texts(struct rotate_record *r, struct text_at t[TEXTS])
{
	const struct text_at all[TEXTS] = {{r->home, sizeof(r->home)},
	    {r->profile, sizeof(r->profile)}, {r->by, sizeof(r->by)},
	    {r->account, sizeof(r->account)}, {r->user, sizeof(r->user)}, {r->arn, sizeof(r->arn)},
	    {r->token, sizeof(r->token)}, {r->v_old, sizeof(r->v_old)},
	    {r->old.id, sizeof(r->old.id)}, {r->old.secret, sizeof(r->old.secret)},
	    {r->new.id, sizeof(r->new.id)}, {r->new.secret, sizeof(r->new.secret)},
	    {r->before[0], sizeof(r->before[0])}, {r->before[1], sizeof(r->before[1])}, {NULL, 0}};

	memcpy(t, all, sizeof(all));
}

static void list_times(struct rotate_record *r, int64_t *t[TIMES])
{
	t[0] = &r->t_intent;
	t[1] = &r->t_suspect;
	t[2] = &r->t_promoted;
	t[3] = &r->t_off;
	t[4] = &r->t_closed;
	t[5] = &r->t_own;
}

int rotate_record_pack(const struct rotate_record *r, unsigned char out[ROTATE_RECORD_MAX],
    size_t *len)
{
	struct pack p = {.data = out, .size = ROTATE_RECORD_MAX};
	struct rotate_record *lists = (struct rotate_record *)(uintptr_t)r; /* only read */
	struct text_at text[TEXTS];
	int64_t *time[TIMES];

	list_texts(lists, text);
	list_times(lists, time);
	pack_put_int(&p, FORMAT, 2);
	pack_put_int(&p, (uint64_t)r->state, 1);
	pack_put_int(&p, (uint64_t)r->home_kind, 1);
	pack_put_int(&p, (r->off ? 1U : 0U) | (r->leaves ? 2U : 0U), 1);
	for (int i = 0; text[i].at != NULL; i++) {
		const size_t n = strnlen(text[i].at, text[i].size);

		pack_put_int(&p, n, 2);
		pack_put(&p, text[i].at, n);
	}
	for (int i = 0; i < TIMES; i++)
		pack_put_int(&p, (uint64_t)*time[i], 8);
	*len = p.at;
	return p.bad ? ERR_SYSTEM : 0;
}

static void get_texts(struct pack *p, struct rotate_record *r)
{
	struct text_at text[TEXTS];

	list_texts(r, text);
	for (int i = 0; text[i].at != NULL; i++) {
		const size_t n = pack_get_int(p, 2);

		if (n >= text[i].size)
			p->bad = true;
		else
			pack_get(p, text[i].at, n);
		if (!p->bad && memchr(text[i].at, '\0', n) != NULL)
			p->bad = true;
	}
}

int rotate_record_unpack(struct rotate_record *r, const unsigned char *bytes, size_t len)
{
	struct pack p = {.data = (unsigned char *)(uintptr_t)bytes, .size = len};
	uint64_t state, kind, flags;
	int64_t *time[TIMES];

	secret_wipe(r, sizeof(*r));
	if (pack_get_int(&p, 2) != FORMAT)
		return ERR_BAD;
	state = pack_get_int(&p, 1);
	kind = pack_get_int(&p, 1);
	flags = pack_get_int(&p, 1);
	get_texts(&p, r);
	list_times(r, time);
	for (int i = 0; i < TIMES; i++)
		*time[i] = (int64_t)pack_get_int(&p, 8);
	if (p.bad || p.at != len || state >= ROTATE_STATES || kind > ROTATE_HOME_PROFILE || flags > 3) {
		secret_wipe(r, sizeof(*r));
		return ERR_BAD;
	}
	r->state = (enum rotate_state)state;
	r->home_kind = (enum rotate_home_kind)kind;
	r->off = (flags & 1) != 0;
	r->leaves = (flags & 2) != 0;
	return 0;
}

const char *rotate_state_name(enum rotate_state s)
{
	static const char *const names[ROTATE_STATES] = {"closed", "intent", "suspect", "saved", "put",
	    "tested", "abort", "overlap", "grace", "back"};

	return (unsigned int)s < ROTATE_STATES ? names[s] : "?";
}
