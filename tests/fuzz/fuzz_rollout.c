/*
 * fuzz_rollout: an exemption counts for its names, from its network and until its day,
 * and for nobody where groups cannot be looked up; judged beside a reading of the text
 * that is written down once more here.
 *
 * The input: the exemption, the day, the addresses and names as lines of text, then
 * numbers.
 */
#include "tests/fuzz/fuzz.h"

#include "lib/core/day.h"
#include "lib/core/exempt.h"
#include "lib/core/rollout.h"
#include "lib/core/source.h"
#include "tests/fuzz/wrap.h"

#include <arpa/inet.h>
#include <time.h>

static void check_day(const char *text)
{
	char again[DAY_TEXT];
	int64_t end = -1;
	time_t t;
	struct tm tm;

	if (day_end(text, &end) != 0)
		return;
	MUST(end > 0 && end % DAY_SECONDS == 0 && strlen(text) == 10);
	day_text(end, again);
	MUST(strcmp(again, text) == 0);
	/* As libc counts it. */
	t = (time_t)(end - 1);
	MUST(gmtime_r(&t, &tm) != NULL);
	MUST(tm.tm_year + 1900 == atoi(text) && tm.tm_mon + 1 == atoi(text + 5) &&
	    tm.tm_mday == atoi(text + 8));
}

static void check_network(const char *text, const struct address *a)
{
	struct address_net net, all;

	if (address_net_parse(text, &net) != 0)
		return;
	MUST(net.base.bits == 32 || net.base.bits == 128);
	MUST(net.prefix <= net.base.bits && address_in(&net.base, &net));
	/* What lies in it agrees in every bit of the prefix. */
	if (address_in(a, &net)) {
		MUST(a->bits == net.base.bits);
		for (int i = 0; i < net.prefix; i++)
			MUST(((a->bytes[i / 8] ^ net.base.bytes[i / 8]) >> (7 - i % 8) & 1) == 0);
	}
	all = net;
	all.prefix = 0;
	MUST(address_in(a, &all) == (a->bits == net.base.bits));
}

static void check_address(const char *text, struct address *a)
{
	char again[INET6_ADDRSTRLEN], source[SOURCE_TEXT_MAX];
	struct source from, same;

	if (address_parse(text, a) == 0) {
		MUST(inet_ntop(a->bits == 32 ? AF_INET : AF_INET6, a->bytes, again,
		    sizeof(again)) != NULL);
		source_parse(again, 0, &same);
		source_parse(text, 0, &from);
		MUST(memcmp(&from, &same, sizeof(from)) == 0);
		MUST(from.kind == (a->bits == 32 ? SOURCE_IPV4 : SOURCE_IPV6));
	} else {
		MUST(a->bits == 0);
		source_parse(text, 7, &from);
		MUST(from.kind == (text[0] == '\0' ? SOURCE_LOCAL : SOURCE_NAME));
	}
	source_text(&from, source);
	MUST(source[0] != '\0' && strlen(source) < SOURCE_TEXT_MAX);
}

/* "user:" or "group:", the name, then a network or `local`, then the day. */
static bool may_exempt(const char *text, const struct exempt_facts *f, const struct exempt *x)
{
	const char *rest = strstr(text, "until ");
	const bool alice_in_ops = strcmp(f->account.user, "alice") == 0;
	const bool bob_in_staff = strcmp(f->account.user, "bob") == 0;

	if (strstr(text, "@local") != NULL && x->from == EXEMPT_LOCAL && !f->local)
		return false;
	if (x->from == EXEMPT_NET && (f->local || !address_in(&f->from, &x->net)))
		return false;
	if ((rest == NULL) != (x->until == 0) && strstr(text, "until\t") == NULL)
		return false;
	if (x->until != 0 && (f->now >= x->until || x->until - f->now > 367 * DAY_SECONDS))
		return false;
	if (!x->who.group)
		return strcmp(x->who.name, f->account.user) == 0;
	return !wrap.groups_fail && ((strcmp(x->who.name, "ops") == 0 && (alice_in_ops ||
	    f->account.gid == 7001)) || (strcmp(x->who.name, "staff") == 0 && (bob_in_staff ||
	    f->account.gid == 7002)));
}

static void check_exempt(const char *text, const struct exempt_facts *facts)
{
	struct exempt x;
	struct err e = {0};
	enum exempt_answer answer;
	bool in;

	if (exempt_parse(text, &x, &e) != 0) {
		MUST(e.code == ERR_SYNTAX && e.text[0] != '\0');
		return;
	}
	MUST(x.who.name[0] != '\0' && strpbrk(x.who.name, " :/,") == NULL);
	MUST(x.until != 0 || x.from == EXEMPT_LOCAL);
	answer = exempt_judge(&x, facts);
	in = answer == EXEMPT_YES || answer == EXEMPT_ENDING;
	MUST(wrap.failed > 0 ? !in || may_exempt(text, facts, &x) :
	    in == may_exempt(text, facts, &x));
}

static void check_rollout(const char *exempt, const char *require,
    const struct exempt_facts *facts)
{
	static struct conf c;
	struct rollout r;
	char text[4096];
	int n = snprintf(text, sizeof(text), "exempt = %s\nrequire = %s\n", exempt, require);

	if (n >= (int)sizeof(text) || conf_parse(&c, "conf", text, (size_t)n, NULL) != 0)
		return;
	rollout_judge(&c, facts, &r);
	MUST(r.rule >= -1 && r.rule < c.exempts && r.stale < c.exempts);
	MUST((r.duty == ROLLOUT_EXEMPT) == (r.rule >= 0));
	if (r.duty == ROLLOUT_NOT_REQUIRED) {
		char self[300];

		(void)snprintf(self, sizeof(self), "user:%s,", facts->account.user);
		MUST(!conf_require_is_all(&c) && strstr(c.require, self) == NULL);
		MUST(!wrap.groups_fail || strstr(c.require, "group:") == NULL);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const users[] = {"alice", "bob", "a@corp", "root", "x"};
	static const gid_t gids[] = {1000, 7001, 7002, 0};
	struct fuzz f = {data, size};
	char *text = fuzz_text(&f), *day = fuzz_text(&f), *from = fuzz_text(&f);
	char *net = fuzz_text(&f), *require = fuzz_text(&f);
	struct exempt_facts facts = {.now = 1700000000};

	check_day(day);
	check_address(from, &facts.from);
	check_network(net, &facts.from);
	facts.local = from[0] == '\0';
	facts.account.user = users[fuzz_below(&f, 5)];
	facts.account.gid = gids[fuzz_below(&f, 4)];
	facts.now += (int64_t)fuzz_number(&f, 2) * 3600;
	wrap_begin(0, facts.now);
	wrap.groups_fail = fuzz_below(&f, 8) == 7;
	wrap_plan(&f);
	check_exempt(text, &facts);
	wrap_plan_none();
	check_rollout(text, require, &facts);
	wrap_end();
	free(text);
	free(day);
	free(from);
	free(net);
	free(require);
	return 0;
}
