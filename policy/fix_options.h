/*
 * fix_options: takes what calls EC2 Instance Connect out of a file of options for sshd
 * (/etc/default/ssh, /etc/sysconfig/sshd).  Pure.
 */
#ifndef PB_FIX_OPTIONS_H
#define PB_FIX_OPTIONS_H

#include "policy/buffer.h"

/* Adds text without the -o of commands for keys that name it, and without the -o of the user
 * that these run as.  What it does not know how to take apart stays as it is. */
void fix_options(const char *text, struct buffer *out);

#endif
