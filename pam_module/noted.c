#include "pam_module/noted.h"

#include "pam_module/weigh.h"

#include <security/_pam_types.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME "pam_bastion_noted"

struct kept {
	struct history work;
	struct conf conf;
	char *user;
	pid_t pid; /* a child ends the handle for itself alone */
};

static void withdraw(struct kept *k, const struct shadow_entry *shadow)
{
	struct store s = {0};
	const struct history_ask q = {.store = &s, .user = k->user, .live = shadow->field};

	if (store_open_pw(&s, &k->conf, false, NULL) == 0)
		(void)history_withdraw(&k->work, &q, NULL);
	store_close(&s);
}

/* What fails here leaves an entry that counts for nothing (history_list.h). */
static void drop(pam_handle_t *pamh, void *data, int status)
{
	struct kept *k = data;
	const struct shadow_files files = {NULL, NULL};
	struct secret memory = {0};

	(void)pamh;
	if ((status & PAM_DATA_SILENT) == 0 && k->pid == getpid() &&
	    secret_new(&memory, sizeof(struct shadow_entry)) == 0) {
		struct shadow_entry *shadow = (struct shadow_entry *)(void *)memory.data;

		if (shadow_read(&files, k->user, shadow, NULL) == 0 && shadow->local)
			withdraw(k, shadow);
	}
	secret_free(&memory);
	history_close(&k->work);
	free(k->user);
	free(k);
}

static struct kept *keep(const struct change *c)
{
	struct kept *k = calloc(1, sizeof(*k));

	if (k == NULL || (k->user = strdup(c->user)) == NULL) {
		free(k);
		return NULL;
	}
	k->conf = c->en->conf;
	k->pid = getpid();
	return k;
}

int noted(struct change *c, const char *fresh, struct change_trouble *t)
{
	const struct history_ask q = weigh_ask(c, fresh);
	struct kept *k;
	int r;

	/* An earlier change of this handle is settled first: it may have been the same password
	 * (same_password_may_be_tried_twice_in_one_handle). */
	(void)pam_set_data(c->en->pamh, NAME, NULL, NULL);
	r = history_add(&c->work, &q, &t->err);
	secret_burn_stack();
	if (r != 0) {
		t->reason = "history";
		return r;
	}
	/* Without memory for this the entry stays, as behind a crash. */
	if ((k = keep(c)) == NULL)
		return 0;
	history_forget(&c->work);
	k->work = c->work;
	c->work = (struct history){0};
	if (pam_set_data(c->en->pamh, NAME, k, drop) != PAM_SUCCESS)
		drop(c->en->pamh, k, PAM_DATA_SILENT);
	return 0;
}
