#include "policy/fix_pin.h"

#include "enroll/language.h"
#include "policy/audit/check_eic.h"
#include "policy/audit/eic.h"

#include <stdio.h>
#include <stdlib.h>

static const char pin[] =
    "# pam-bastion: keeps EC2 Instance Connect from being installed again (bastionctl fix).\n"
    "Package: " EIC_NAME " " EIC_NAME "-selinux\n"
    "Pin: release *\n"
    "Pin-Priority: -1\n";

static int plan_apt(struct facts *f, struct fix_plan *p, struct err *e)
{
	const struct fact *x = facts_get(f, "file", FIX_PIN_PATH);
	const char *before = NULL;
	struct fix_file *to;
	size_t line = 0;

	if (eic_return_is_pinned(f, FIX_PIN_PATH, &before, &line))
		return 0;
	if (before != NULL) {
		fix_plan_leave(p, before, line, _("lets apt install it, and comes before every pin that "
		    "could be written; take it out"));
		p->by_hand = true;
		return 0;
	}
	if (facts_get(f, "dir", FIX_PIN_DIR)->is != FACT_TEXT) {
		fix_plan_leave(p, FIX_PIN_DIR, 0, _("the directory is not there, so no pin can be put in it"));
		return 0;
	}
	if (x->is == FACT_TROUBLE)
		return err_set(e, ERR_UNKNOWN, "%s %s: it could not be told, so nothing is changed", x->kind,
		    x->name);
	if ((to = fix_plan_file(p, FIX_PIN_PATH)) == NULL)
		return err_set(e, ERR_REFUSED, "%s %s: more than is put right at once", "file", FIX_PIN_PATH);
	to->fresh = x->is != FACT_TEXT;
	to->file.will = true;
	if (!to->fresh)
		buffer_text(&to->file.old, x->text);
	buffer_text(&to->file.new, pin);
	return to->file.old.failed || to->file.new.failed ? err_set(e, ERR_SYSTEM, "out of memory") : 0;
}

static void plan_dnf(struct facts *f, struct fix_plan *p)
{
	const bool dnf = facts_get(f, "dnf-exclude", "/etc/dnf/dnf.conf")->is == FACT_TEXT;

	fix_plan_leave(p, dnf ? "/etc/dnf/dnf.conf" : "/etc/yum.conf", 0,
	    _("write below [main], behind what is excluded there already: exclude=ec2-instance-connect*"));
	p->by_hand = true;
}

static void plan_cloud(struct facts *f, struct fix_plan *p)
{
	const struct fact *x = NULL;

	while ((x = facts_next(f, "eic-in", "", x)) != NULL)
		if (x->is == FACT_TEXT && eic_return_is_cloud(x->name))
			fix_plan_leave(p, x->name, strtoul(x->text, NULL, 10),
			    _("cloud-init would install it again"));
}

int fix_pin_plan(struct facts *f, struct fix_plan *p, struct err *e)
{
	const struct fact *apt = facts_get(f, "meta", "/etc/apt");
	const struct fact *dnf = facts_get(f, "dnf-exclude", "/etc/dnf/dnf.conf");
	int r = 0;

	if (apt->is == FACT_UNKNOWN || apt->is == FACT_TROUBLE || dnf->is == FACT_UNKNOWN ||
	    dnf->is == FACT_TROUBLE)
		return err_set(e, ERR_UNKNOWN, "%s %s: it could not be told, so nothing is changed",
		    apt->is == FACT_NONE || apt->is == FACT_TEXT ? "dnf-exclude" : "meta",
		    apt->is == FACT_NONE || apt->is == FACT_TEXT ? dnf->name : "/etc/apt");
	if (apt->is == FACT_TEXT)
		r = plan_apt(f, p, e);
	if (r == 0 && eic_return_has_dnf(f) && !eic_return_is_excluded(f))
		plan_dnf(f, p);
	plan_cloud(f, p);
	return r == 0 && p->left.failed ? err_set(e, ERR_SYSTEM, "out of memory") : r;
}
