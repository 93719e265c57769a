#include "policy/iam/mfa_device.h"

#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#define ISSUER "Amazon Web Services"
#define SEED 256 /* bytes of base32, at most */

int mfa_device_serial(const struct account_caller *who, const char *name, char serial[MFA_SERIAL],
    struct err *e)
{
	const char *part = strchr(who->arn, ':');
	const size_t n = part != NULL ? strcspn(part + 1, ":") : 0;

	if (n == 0 || snprintf(serial, MFA_SERIAL, "arn:%.*s:iam::%s:mfa/%s", (int)n, part + 1,
	    who->account, name) >= MFA_SERIAL)
		return err_set(e, ERR_SYNTAX, "%.80s: the name of the device is too long", name);
	return 0;
}

/* The seed is base32 as text, in base64 as all bytes in XML are. */
static int read_seed(const char *content, struct record_device *d, struct err *e)
{
	struct secret text = {0};
	const size_t n = content != NULL ? strlen(content) : 0;
	struct otpauth_secret s = {.what = "iam CreateVirtualMFADevice"};
	int len = -1, r;

	if (n == 0 || n > SEED || n % 4 != 0)
		return err_set(e, ERR_BAD, "iam CreateVirtualMFADevice: an answer without a secret");
	if ((r = secret_new(&text, SEED)) != 0)
		return err_set(e, r, "out of memory");
	len = EVP_DecodeBlock(text.data, (const unsigned char *)content, (int)n);
	if (len > 0)
		len -= (content[n - 1] == '=') + (content[n - 2] == '=');
	s.text = (const char *)text.data;
	s.len = len > 0 ? (size_t)len : 0;
	if (len <= 0 || otpauth_take_secret(&s, d, NULL) != 0)
		r = err_set(e, ERR_BAD, "iam CreateVirtualMFADevice: a secret that cannot be read");
	secret_free(&text);
	return r;
}

static int spell(struct mfa_device *d, const struct account_caller *who, const char *seed,
    struct err *e)
{
	struct mfa_shown *s;
	int r = secret_new(&d->shown, sizeof(*s));

	if (r != 0)
		return err_set(e, r, "out of memory");
	s = (struct mfa_shown *)(void *)d->shown.data;
	s->entry.device.algorithm = RECORD_SHA1;
	s->entry.device.digits = 6;
	s->entry.device.period = 30;
	(void)snprintf(s->entry.issuer, sizeof(s->entry.issuer), ISSUER);
	(void)snprintf(s->entry.user, sizeof(s->entry.user), "%.100s@%s", d->user, who->account);
	if ((r = read_seed(seed, &s->entry.device, e)) == 0 &&
	    (r = otpauth_format(&s->entry, s->uri, sizeof(s->uri), e)) == 0 &&
	    otpauth_key_groups(&s->entry.device, s->key, sizeof(s->key)) != 0)
		r = err_set(e, ERR_SYSTEM, "liboath cannot spell the key");
	return r;
}

int mfa_device_make(struct mfa_device *d, struct aws *a, const char *name,
    const struct account_caller *who, struct err *e)
{
	const struct aws_param param = {"VirtualMFADeviceName", name};
	const struct aws_call call = {.service = AWS_IAM, .action = "CreateVirtualMFADevice",
	    .param = &param, .params = 1, .fresh = true};
	struct aws_answer r = {.end = AWS_TROUBLE};
	char serial[MFA_SERIAL];
	const char *said;
	int code = mfa_device_serial(who, name, serial, e);

	if (code != 0)
		return code;
	code = account_call(a, &call, &r, e);
	if (aws_answer_is(&r, "EntityAlreadyExists"))
		code = ERR_CONFLICT;
	/* It is there, or may be, whatever the answer says of it. */
	if (code == 0 || r.unsure)
		(void)snprintf(d->serial, MFA_SERIAL, "%s", serial);
	if (code == 0) {
		said = xml_text(r.result, "VirtualMFADevice/SerialNumber");
		code = said == NULL || strcmp(said, serial) != 0 ?
		    err_set(e, ERR_BAD, "iam CreateVirtualMFADevice: an answer without a number") :
		    spell(d, who, xml_text(r.result, "VirtualMFADevice/Base32StringSeed"), e);
	}
	aws_answer_free(&r);
	return code;
}

void mfa_device_free(struct mfa_device *d)
{
	secret_free(&d->shown);
	d->serial[0] = '\0';
}

static int list(struct aws *a, const char *user, struct aws_answer *r, struct err *e)
{
	const struct aws_param param = {"UserName", user};
	const struct aws_call call = {.service = AWS_IAM, .action = "ListMFADevices", .param = &param,
	    .params = 1, .repeat = true};

	return account_call(a, &call, r, e);
}

int mfa_device_look(struct aws *a, const struct account_caller *who, const char *user, struct err *e)
{
	struct aws_answer r = {.end = AWS_TROUBLE};
	int code = list(a, user, &r, e);

	if (aws_answer_is(&r, "NoSuchEntity"))
		code = err_set(e, ERR_REFUSED, "account %s has no user %s", who->account, user);
	aws_answer_free(&r);
	return code;
}

/* Whether it is the user's: the answer to EnableMFADevice was lost. */
static bool is_assigned(const struct mfa_device *d, struct aws *a)
{
	struct aws_answer r = {.end = AWS_TROUBLE};
	bool found = false;

	(void)list(a, d->user, &r, NULL);
	for (const struct xml_node *n = xml_at(r.result, "MFADevices/member"); n != NULL; n = xml_next(n)) {
		const char *serial = xml_text(n, "SerialNumber");

		found = found || (serial != NULL && strcmp(serial, d->serial) == 0);
	}
	aws_answer_free(&r);
	return found;
}

int mfa_device_enable(const struct mfa_device *d, struct aws *a, const char code[2][8],
    struct err *e)
{
	const struct aws_param param[] = {{"UserName", d->user}, {"SerialNumber", d->serial},
	    {"AuthenticationCode1", code[0]}, {"AuthenticationCode2", code[1]}};
	const struct aws_call call = {.service = AWS_IAM, .action = "EnableMFADevice", .param = param,
	    .params = 4, .secret = true};
	struct aws_answer r = {.end = AWS_TROUBLE};
	int result = account_call(a, &call, &r, e);

	if (aws_answer_is(&r, "InvalidAuthenticationCode"))
		result = ERR_SYNTAX;
	else if (result != 0 && r.unsure && is_assigned(d, a))
		result = 0;
	aws_answer_free(&r);
	return result;
}

int mfa_device_drop(struct aws *a, const char *serial, struct err *e)
{
	const struct aws_param param = {"SerialNumber", serial};
	const struct aws_call call = {.service = AWS_IAM, .action = "DeleteVirtualMFADevice",
	    .param = &param, .params = 1, .repeat = true};
	struct aws_answer r = {.end = AWS_TROUBLE};
	int code = account_call(a, &call, &r, e);

	if (aws_answer_is(&r, "NoSuchEntity"))
		code = 0;
	aws_answer_free(&r);
	return code;
}
