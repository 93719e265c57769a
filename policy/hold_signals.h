/*
 * hold_signals: what must not be cut short half way: nobody's terminal that closes and no
 * key pressed ends it.  A kill that cannot be held back is what transactions are for.
 */
#ifndef PB_HOLD_SIGNALS_H
#define PB_HOLD_SIGNALS_H

#include <signal.h>

/* From now on they wait; before is for sigprocmask(SIG_SETMASK) afterwards. */
void hold_signals(sigset_t *before);

#endif
