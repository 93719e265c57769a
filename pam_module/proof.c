#include "pam_module/proof.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORD "publickey "
#define KEY_BASE64_MAX 32768

/* The text behind the first "publickey " at the start of a line, or NULL. */
static const char *publickey_line(const struct proof_facts *f)
{
	const char *p = f->ssh_auth_info;

	if (f->tty == NULL || strcmp(f->tty, "ssh") != 0)
		return NULL;
	while (p != NULL && *p != '\0') {
		if (strncmp(p, WORD, strlen(WORD)) == 0)
			return p + strlen(WORD);
		p = strchr(p, '\n');
		if (p != NULL)
			p++;
	}
	return NULL;
}

bool proof_holds(const struct conf_words *w, const struct proof_facts *f)
{
	bool ssh = f->tty != NULL && strcmp(f->tty, "ssh") == 0;

	if (publickey_line(f) != NULL)
		return true;
	if (w->after_password && f->authtok)
		return true;
	return w->after_login && !ssh && f->ruid != 0 && f->account && f->ruid == f->uid;
}

static void fingerprint(const unsigned char *blob, size_t len, char out[PROOF_KEY_MAX])
{
	unsigned char md[EVP_MAX_MD_SIZE], base64[64];
	size_t n;

	if (EVP_Digest(blob, len, md, NULL, EVP_sha256(), NULL) != 1)
		return;
	n = (size_t)EVP_EncodeBlock(base64, md, 32);
	while (n > 0 && base64[n - 1] == '=')
		base64[--n] = '\0';
	(void)snprintf(out, PROOF_KEY_MAX, "SHA256:%.43s", (const char *)base64);
}

void proof_key(const struct proof_facts *f, char out[PROOF_KEY_MAX])
{
	const char *line = publickey_line(f), *base64;
	unsigned char *blob;
	size_t len;
	int n;

	out[0] = '\0';
	if (line == NULL || (base64 = strchr(line, ' ')) == NULL)
		return;
	len = strcspn(++base64, " \n");
	if (len == 0 || len % 4 != 0 || len > KEY_BASE64_MAX ||
	    (blob = malloc(len / 4 * 3)) == NULL)
		return;
	n = EVP_DecodeBlock(blob, (const unsigned char *)base64, (int)len);
	for (size_t i = len; i > 0 && n > 0 && base64[i - 1] == '='; i--)
		n--;
	if (n > 0)
		fingerprint(blob, (size_t)n, out);
	free(blob);
}
