#include "policy/cmd_rotate.h"

#include "enroll/language.h"
#include "lib/core/json_text.h"
#include "policy/rotate/machine_in.h"

#include <stdio.h>
#include <string.h>

struct shown {
	const struct cmd_rotate_place *place;
	const struct cmd_rotate_options *o;
	int count;
	bool broken;
};

/* When the next step is due; 0: at the next run. */
static int64_t next_of(const struct cmd_rotate_place *p, const struct rotate_record *r)
{
	switch (r->state) {
	case ROTATE_CLOSED:
		return r->old.id[0] != '\0' ? r->t_off + p->settings.rotate_grace : 0;
	case ROTATE_SUSPECT:
		return r->t_suspect + rotate_times_default.orphan;
	case ROTATE_OVERLAP:
		return r->t_promoted + p->settings.rotate_overlap;
	case ROTATE_GRACE:
		return r->t_off + p->settings.rotate_grace;
	default:
		return 0;
	}
}

static const char *what_it_means(enum rotate_state s)
{
	static const char *const texts[ROTATE_STATES] = {
		[ROTATE_CLOSED] = N_("nothing is under way"),
		[ROTATE_INTENT] = N_("a new key is being made"),
		[ROTATE_SUSPECT] = N_("a key without a secret waits to be deleted"),
		[ROTATE_SAVED] = N_("a new key was made"),
		[ROTATE_PUT] = N_("a new key is to be tested"),
		[ROTATE_TESTED] = N_("a new key works, and is to become the current one"),
		[ROTATE_ABORT] = N_("a new key is being taken back"),
		[ROTATE_OVERLAP] = N_("old and new key are active"),
		[ROTATE_GRACE] = N_("the old key is off, and waits to be deleted"),
		[ROTATE_BACK] = N_("the old key is becoming the current one again"),
	};

	return _(texts[s]);
}

static void print_json(const char *name, const char *value, bool first)
{
	(void)printf("%s\"%s\": ", first ? "{" : ", ", name);
	json_text_print(stdout, value[0] != '\0' ? value : NULL);
}

static void show_json(const struct shown *s, const struct rotate_record *r)
{
	const int64_t next = next_of(s->place, r);

	(void)fputs(s->count > 0 ? ", " : "", stdout);
	print_json("user", r->user, true);
	print_json("account", r->account, false);
	print_json("state", rotate_state_name(r->state), false);
	print_json("home", r->home, false);
	print_json("profile", r->profile, false);
	print_json("old", r->old.id[0] != '\0' ? rotate_short(r->old.id).text : "", false);
	print_json("new", r->new.id[0] != '\0' ? rotate_short(r->new.id).text : "", false);
	print_json("next", next != 0 ? rotate_when(next).text : "", false);
	(void)fputs("}", stdout);
}

static void show_text(const struct shown *s, const struct rotate_record *r)
{
	const int64_t next = next_of(s->place, r);

	(void)printf("%s %s  %s%s%s\n", r->account, r->user, r->home, r->profile[0] != '\0' ? " " : "",
	    r->profile);
	(void)printf("  %s: %s\n", rotate_state_name(r->state), what_it_means(r->state));
	if (r->old.id[0] != '\0')
		(void)printf(_("  old key %s\n"), rotate_short(r->old.id).text);
	if (r->new.id[0] != '\0')
		(void)printf(_("  new key %s\n"), rotate_short(r->new.id).text);
	if (next != 0)
		(void)printf(_("  next step after %s\n"), rotate_when(next).text);
}

static int show(void *ctx, const struct rotate_record *r, const struct err *e)
{
	struct shown *s = ctx;

	if (e->code != 0) {
		(void)fprintf(stderr, "bastionctl: %s\n", e->text);
		s->broken = true;
		return 0;
	}
	if ((s->o->word != NULL && strcmp(s->o->word, r->user) != 0) ||
	    (s->o->account != NULL && strcmp(s->o->account, r->account) != 0))
		return 0;
	if (s->o->json)
		show_json(s, r);
	else
		show_text(s, r);
	s->count++;
	return 0;
}

int cmd_rotate_none(const struct cmd_rotate_options *o)
{
	const bool asked = o->word != NULL || o->account != NULL;

	if (!o->json)
		(void)printf("%s", asked ? _("No such key has been rotated from this host.\n") :
		    _("No key has been rotated from this host.\n"));
	return asked ? CMD_NO : CMD_YES;
}

int cmd_rotate_status(const struct cmd_rotate_place *p, const struct cmd_rotate_options *o)
{
	struct shown s = {.place = p, .o = o};
	struct err e = {0};
	int r;

	if (o->json)
		(void)fputs("[", stdout);
	if (journal_each(p->state_dir, show, &s, &e) != 0)
		return cmd_tell(&e, CMD_TROUBLE);
	if (o->json)
		(void)fputs("]\n", stdout);
	r = s.count == 0 ? cmd_rotate_none(o) : CMD_YES;
	return s.broken ? CMD_TROUBLE : r;
}
