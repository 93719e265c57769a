#include "lib/core/address.h"

#include "lib/core/err.h"

#include <arpa/inet.h>
#include <string.h>

static const unsigned char mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255};

int address_parse(const char *text, struct address *out)
{
	char host[INET6_ADDRSTRLEN + 1];
	size_t n = strcspn(text, "%");

	*out = (struct address){0};
	if (n >= sizeof(host) || (text[n] == '%' && strchr(text, ':') == NULL))
		return ERR_SYNTAX;
	memcpy(host, text, n);
	host[n] = '\0';
	if (inet_pton(AF_INET, host, out->bytes) == 1) {
		out->bits = 32;
		return 0;
	}
	if (inet_pton(AF_INET6, host, out->bytes) != 1) {
		*out = (struct address){0};
		return ERR_SYNTAX;
	}
	out->bits = 128;
	if (memcmp(out->bytes, mapped_prefix, sizeof(mapped_prefix)) == 0) {
		memmove(out->bytes, out->bytes + 12, 4);
		memset(out->bytes + 4, 0, 12);
		out->bits = 32;
	}
	return 0;
}

static bool tail_is_clear(const struct address *a, int prefix)
{
	for (int i = prefix; i < a->bits; i++)
		if ((a->bytes[i / 8] >> (7 - i % 8) & 1) != 0)
			return false;
	return true;
}

static int parse_prefix(const char *text, int most, uint8_t *out)
{
	int v = 0;

	if (text[0] == '\0' || strlen(text) > 3 || strspn(text, "0123456789") != strlen(text))
		return ERR_SYNTAX;
	for (; *text != '\0'; text++)
		v = v * 10 + (*text - '0');
	if (v > most)
		return ERR_SYNTAX;
	*out = (uint8_t)v;
	return 0;
}

int address_net_parse(const char *text, struct address_net *out)
{
	const char *slash = strchr(text, '/');
	char host[INET6_ADDRSTRLEN + 1];
	size_t n = slash != NULL ? (size_t)(slash - text) : strlen(text);

	*out = (struct address_net){0};
	if (n >= sizeof(host) || memchr(text, '%', n) != NULL)
		return ERR_SYNTAX;
	memcpy(host, text, n);
	host[n] = '\0';
	if (address_parse(host, &out->base) != 0)
		return ERR_SYNTAX;
	out->prefix = out->base.bits;
	if (slash != NULL && (out->base.bits == 32) != (strchr(host, ':') == NULL))
		return ERR_SYNTAX; /* a prefix of an IPv4-mapped address: of which? */
	if (slash != NULL && parse_prefix(slash + 1, out->base.bits, &out->prefix) != 0)
		return ERR_SYNTAX;
	return tail_is_clear(&out->base, out->prefix) ? 0 : ERR_SYNTAX;
}

bool address_in(const struct address *a, const struct address_net *net)
{
	int whole = net->prefix / 8, rest = net->prefix % 8;

	if (a->bits == 0 || a->bits != net->base.bits ||
	    memcmp(a->bytes, net->base.bytes, (size_t)whole) != 0)
		return false;
	return rest == 0 || (a->bytes[whole] ^ net->base.bytes[whole]) >> (8 - rest) == 0;
}
