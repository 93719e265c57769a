#include "enroll/offer.h"

#include "enroll/otpauth.h"
#include "enroll/qr.h"
#include "lib/core/secret.h"
#include "lib/core/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A first line (the client puts "(user@host) " before it), the code with a quiet zone
 * of one module, the line of the question: 24 rows at version 6. */
#define QUIET 1
#define WIDTH_MAX 41 /* modules: version 6 */
#define URI_MAX 134  /* bytes: what version 6 holds in byte mode at level L */
#define ROOM 1024    /* beside the picture */

struct work {
	struct otpauth entry;
	char uri[OTPAUTH_URI_SIZE];
	char key[OTPAUTH_GROUPS_SIZE];
};

/* Takes the last character away, all of its bytes: half of one is no UTF-8. */
static size_t shorten(char *text, size_t n)
{
	char last;

	do {
		last = text[--n];
		text[n] = '\0';
	} while (n > 0 && (last & 0xc0) == 0x80);
	return n;
}

/* The issuer gives way, never the user or the secret. */
static int write_uri(const struct offer *o, struct work *w, struct err *e)
{
	size_t n = strnlen(o->issuer, OTPAUTH_ISSUER_MAX);
	int r;

	(void)snprintf(w->entry.user, sizeof(w->entry.user), "%s", o->user);
	(void)snprintf(w->entry.issuer, sizeof(w->entry.issuer), "%.*s", (int)n, o->issuer);
	w->entry.device = *o->device;
	while ((r = otpauth_format(&w->entry, w->uri, sizeof(w->uri), e)) == 0 &&
	    strlen(w->uri) > URI_MAX && n > 0)
		n = shorten(w->entry.issuer, n);
	return r;
}

/* NULL where no picture can be shown: the key says the same. */
static char *picture(const struct work *w, bool invert)
{
	struct qr qr = {0};
	char *out = NULL;

	if (qr_encode(w->uri, &qr, NULL) != 0)
		return NULL;
	if (qr.width <= WIDTH_MAX && qr_render_utf8(&qr, QUIET, invert, &out) != 0)
		out = NULL;
	qr_free(&qr);
	return out;
}

static int compose(const struct work *w, char *qr, char **text)
{
	const size_t size = ROOM + (qr != NULL ? strlen(qr) : 0);
	struct text t;

	if ((*text = malloc(size)) == NULL)
		return ERR_SYSTEM;
	t = text_in(*text, size);
	text_add(&t, qr != NULL ? "Scan this with an authenticator app, or type the key:\n" :
	    "Type this key into an authenticator app (time-based):\n");
	text_add(&t, qr != NULL ? qr : "");
	text_add(&t, w->key);
	text_add(&t, qr != NULL ? " (i: invert) Code: " : "\nCode: ");
	return t.cut ? ERR_SYSTEM : 0;
}

int offer_text(const struct offer *o, char **text, struct err *e)
{
	struct secret memory;
	struct work *w;
	char *qr = NULL;
	int r;

	*text = NULL;
	if (secret_new(&memory, sizeof(*w)) != 0)
		return err_set(e, ERR_SYSTEM, "out of memory");
	w = (struct work *)(void *)memory.data;
	r = write_uri(o, w, e);
	if (r == 0 && otpauth_key_groups(o->device, w->key, sizeof(w->key)) != 0)
		r = err_set(e, ERR_SYSTEM, "the key cannot be spelled");
	if (r == 0) {
		qr = picture(w, o->invert);
		r = compose(w, qr, text);
	}
	qr_text_free(&qr);
	if (r != 0)
		offer_free(text);
	secret_free(&memory);
	return r;
}

void offer_free(char **text)
{
	if (*text != NULL)
		secret_wipe(*text, strlen(*text));
	free(*text);
	*text = NULL;
}
