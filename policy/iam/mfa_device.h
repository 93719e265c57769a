/*
 * mfa_device: a virtual MFA device of an IAM user: made, proven by two successive codes, and
 * removed when that fails.
 *
 * Its secret is in secret memory alone, and nowhere else than on the screen and in the
 * user's phone afterwards.
 */
#ifndef PB_IAM_MFA_DEVICE_H
#define PB_IAM_MFA_DEVICE_H

#include "enroll/otpauth.h"
#include "policy/iam/account.h"

#define MFA_SERIAL 512

struct mfa_device {
	char serial[MFA_SERIAL]; /* "": there is none */
	char user[129];          /* whose it becomes */
	struct secret shown;     /* of struct mfa_shown */
};

struct mfa_shown {
	struct otpauth entry;
	char uri[OTPAUTH_URI_SIZE];
	char key[OTPAUTH_GROUPS_SIZE];
};

/* Whether the user is there.  0; ERR_REFUSED: no; else as account_call(). */
int mfa_device_look(struct aws *a, const struct account_caller *who, const char *user, struct err *e);

/* CreateVirtualMFADevice under this name; zeroed memory is none, mfa_device_free() in any
 * case, which leaves it in IAM.  0; ERR_CONFLICT: one of this name is there, or AWS has too
 * many requests; else as account_call(). */
int mfa_device_make(struct mfa_device *d, struct aws *a, const char *name,
    const struct account_caller *who, struct err *e);
void mfa_device_free(struct mfa_device *d);

/* EnableMFADevice.  0; ERR_SYNTAX: these codes are wrong, and others may be right; else as
 * account_call(), and it is not the user's. */
int mfa_device_enable(const struct mfa_device *d, struct aws *a, const char code[2][8],
    struct err *e);

/* Removes one that is not assigned: IAM refuses that for one that is.  0, also when there is
 * none. */
int mfa_device_drop(struct aws *a, const char *serial, struct err *e);

/* Its serial number, of a name. */
int mfa_device_serial(const struct account_caller *who, const char *name, char serial[MFA_SERIAL],
    struct err *e);

#endif
