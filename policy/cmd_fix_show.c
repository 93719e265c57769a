#include "policy/cmd_fix_show.h"

#include "enroll/language.h"
#include "policy/enable_diff.h"

#include <stdio.h>

#define MODES_SHOWN 200 /* of more the number */

static void show_files(const struct fix_plan *p, bool will)
{
	for (int i = 0; i < p->count; i++)
		if (p->file[i].file.will == will)
			(void)printf(!will ? _("  - remove %s\n") : p->file[i].fresh ? _("  - write %s\n") :
			    _("  - edit %s\n"), p->file[i].file.path);
}

static void show_modes(const struct fix_plan *p)
{
	for (int i = 0; i < p->modes && i < MODES_SHOWN; i++) {
		const struct fix_mode *x = &p->mode[i];

		if (x->old.uid == x->new.uid)
			(void)printf(_("  - mode %04o in place of %04o: %s\n"), (unsigned)x->new.mode,
			    (unsigned)x->old.mode, x->path);
		else
			(void)printf(_("  - mode %04o in place of %04o, owner %u in place of %u: %s\n"),
			    (unsigned)x->new.mode, (unsigned)x->old.mode, (unsigned)x->new.uid,
			    (unsigned)x->old.uid, x->path);
	}
	if (p->modes > MODES_SHOWN)
		(void)printf(_("  - and so on, %d in all\n"), p->modes);
}

static const char *purpose(const struct fix_plan *p)
{
	switch (p->what) {
	case FIX_EIC:
		return _("To take EC2 Instance Connect off this host:\n");
	case FIX_EIC_RETURN:
		return _("To keep EC2 Instance Connect from being installed again:\n");
	case FIX_SECRETS:
		return _("To make keyring and records root's alone:\n");
	case FIX_KEYS:
		break;
	}
	return _("To let nobody but the owners read files with access keys:\n");
}

void cmd_fix_show_steps(const struct fix_change *c)
{
	const struct fix_plan *p = &c->plan;

	(void)fputs(purpose(p), stdout);
	show_files(p, true);
	show_modes(p);
	for (int i = 0; i < p->packages; i++)
		(void)printf(_("  - purge package %s %s\n"), p->package[i].name, p->package[i].version);
	show_files(p, false);
	if (p->account[0] != '\0')
		(void)printf(_("  - remove account %s\n"), "ec2-instance-connect");
	if (!fix_plan_restarts(p))
		return;
	(void)printf(_("  - restart sshd\n"));
	for (int i = 0; i < c->listens; i++)
		(void)printf(_("  - wait until it answers at %s port %d\n"), c->listen[i].addr,
		    c->listen[i].port);
}

void cmd_fix_show_left(const struct fix_plan *p)
{
	if (p->left.len > 0)
		(void)printf(_("Left to you:\n%s"), buffer_string(&p->left));
	if (p->more)
		(void)printf(_("There are more; call it again for those.\n"));
}

void cmd_fix_show_diffs(const struct fix_plan *p)
{
	struct buffer out = {0};

	for (int i = 0; i < p->count; i++) {
		const struct fix_file *x = &p->file[i];

		if (x->file.will || x->file.old.len > 0)
			enable_diff(&(struct enable_diff){x->file.path,
			    x->fresh ? NULL : buffer_string(&x->file.old),
			    x->file.will ? buffer_string(&x->file.new) : NULL}, &out);
	}
	(void)fputs(buffer_string(&out), stdout);
	buffer_free(&out);
}

void cmd_fix_show_nothing(const struct fix_plan *p)
{
	if (p->what == FIX_EIC)
		(void)printf(_("Nothing of EC2 Instance Connect is there that could be taken off.\n"));
	else
		(void)printf(_("%s: there is nothing that could be put right.\n"), fix_name(p->what));
}
