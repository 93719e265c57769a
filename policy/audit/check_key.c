#include "policy/audit/finding.h"

#include "enroll/language.h"
#include "policy/audit/words.h"

#include <stdlib.h>
#include <string.h>

/* Octal, or all bits where it is none. */
static unsigned mode_of(const char *words)
{
	size_t n = 0;
	const char *text = words_value(words, "mode", &n);
	char *end = NULL;
	const unsigned long mode = text != NULL ? strtoul(text, &end, 8) : 0;

	return text == NULL || end != text + n || n == 0 || mode > 07777 ? 07777 : (unsigned)mode;
}

static void check_keys(struct facts *f, const struct audit_rules *rules, struct result *r)
{
	const struct fact *scan = facts_get(f, "aws-keys", "scan"), *x = NULL;
	const char *instance = facts_string(f, "host", "instance");
	bool any = false;

	(void)rules;
	while ((x = facts_next(f, "aws-key", "", x)) != NULL) {
		any = true;
		if ((mode_of(x->text) & 077) != 0)
			result_note(r, AUDIT_FAIL, N_("%s: %s: others than its owner may use or read the file"),
			    x->name, x->text);
		else if (instance[0] != '\0')
			result_note(r, AUDIT_WARN, N_("%s: %s: a key that lasts, on %s, which can have a role "
			    "instead"), x->name, x->text, instance);
		else
			result_note(r, AUDIT_INFO, N_("%s: %s: a key that lasts"), x->name, x->text);
	}
	if (!result_untold(r, scan, "aws-keys", "scan") && !any)
		result_note(r, AUDIT_PASS, N_("%s files looked at: no key of AWS"), scan->text);
}

static const struct audit_check checks[] = {
    {.id = "KEY-09", .severity = AUDIT_HIGH, .title = "Plain AWS keys on the host",
        .title_ko = "배스천 평문 액세스 키", .guide = "3", .isms_p = "~2.7.2",
        .rule = N_("no file with an access key (AKIA...) is open to others (mode & 077); WARN any on an "
        "instance of EC2"), .fix = N_("bastionctl fix KEY-09; then a role of the instance in place of the key"),
        .rollback = "bastionctl rollback", .run = check_keys},
};

const struct audit_group audit_key = {checks, sizeof(checks) / sizeof(checks[0])};
