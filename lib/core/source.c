#include "lib/core/source.h"

#include "lib/core/address.h"
#include "lib/core/crypto.h"
#include "lib/core/text.h"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <string.h>

static void from_name(const char *name, struct source *out)
{
	unsigned char md[EVP_MAX_MD_SIZE];

	/* A failing hash leaves zeros: all names then share one bucket. */
	out->kind = SOURCE_NAME;
	if (EVP_Digest(name, strlen(name), md, NULL, crypto_sha256(), NULL) == 1)
		memcpy(out->bytes, md, sizeof(out->bytes));
}

void source_parse(const char *rhost, uid_t ruid, struct source *out)
{
	struct address a;

	*out = (struct source){0};
	if (rhost == NULL || rhost[0] == '\0') {
		uint32_t uid = htonl((uint32_t)ruid);

		out->kind = SOURCE_LOCAL;
		memcpy(out->bytes, &uid, sizeof(uid));
	} else if (address_parse(rhost, &a) != 0) {
		from_name(rhost, out);
	} else {
		out->kind = a.bits == 32 ? SOURCE_IPV4 : SOURCE_IPV6;
		memcpy(out->bytes, a.bytes, a.bits == 32 ? 4 : 8);
	}
}

void source_text(const struct source *s, char *text)
{
	struct text t = text_in(text, SOURCE_TEXT_MAX);
	char host[INET6_ADDRSTRLEN] = "?";
	uint32_t uid;

	switch (s->kind) {
	case SOURCE_IPV4:
		(void)inet_ntop(AF_INET, s->bytes, host, sizeof(host));
		text_add(&t, host);
		break;
	case SOURCE_IPV6:
		(void)inet_ntop(AF_INET6, s->bytes, host, sizeof(host));
		text_add(&t, host);
		text_add(&t, "/64");
		break;
	case SOURCE_LOCAL:
		memcpy(&uid, s->bytes, sizeof(uid));
		text_add(&t, "local:");
		text_add_number(&t, ntohl(uid));
		break;
	default:
		text_add(&t, "name");
		break;
	}
}
