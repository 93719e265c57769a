#include "policy/audit/gather.h"

#include <errno.h>
#include <string.h>
#include <sys/timex.h>

/* Asks, and sets nothing. */
void gather_clock(struct facts *f)
{
	struct timex t = {.modes = 0};
	const int state = adjtimex(&t);

	if (state < 0)
		facts_trouble(f, "clock", "kernel", strerror(errno));
	else
		facts_format(f, "clock", "kernel", "synchronised=%s max_error=%ld est_error=%ld",
		    state == TIME_ERROR || (t.status & STA_UNSYNC) != 0 ? "no" : "yes",
		    t.maxerror > 0 ? t.maxerror : 0, t.esterror > 0 ? t.esterror : 0);
}
