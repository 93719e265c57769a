#include "pam_module/entry.h"

#include "lib/core/text.h"
#include "pam_module/report.h"

const char *entry_item(const pam_handle_t *pamh, int item)
{
	const void *value = NULL;

	if (pam_get_item(pamh, item, &value) != PAM_SUCCESS)
		return NULL;
	return value;
}

int entry_begin(struct entry *en, pam_handle_t *pamh, enum conf_group group, int argc,
    const char **argv)
{
	static const char *const groups[] = {"auth", "account", "password", "session"};
	const char *service = entry_item(pamh, PAM_SERVICE);
	struct conf_args args = {.argc = argc, .argv = argv};
	char what[96];
	struct text t = text_in(what, sizeof(what));
	struct err e = {0};
	int r;

	text_add(&t, "PAM service ");
	text_add(&t, service != NULL ? service : "?");
	text_add(&t, ", ");
	text_add(&t, groups[group]);
	text_add(&t, " line");
	args.what = what;
	en->pamh = pamh;
	r = conf_load_args(&en->conf, &en->words, group, &args, &e);
	if (r != 0)
		report_trouble(pamh, "config", &e);
	return r;
}
