/*
 * fuzz_login: whole logins through pam_sm_authenticate and pam_sm_acct_mgmt, over a
 * store whose state the input says, typed by somebody who knows the secrets, with calls
 * that fail underneath.
 *
 * Whatever happens, somebody is let in for one of these reasons only, judged here
 * by what the person typed and not by the module's words: a code in the window that is
 * later than every code accepted before, an unspent recovery code, a code of the
 * enrolment just shown; or, behind a proven first factor, an exemption, a bypass, a code
 * remembered or the days of grace.  And a wrong code is in the record when its verdict
 * is in the log.
 *
 * At its end it says how often it has seen each verdict.
 */
#include "tests/fuzz/fakepam.h"
#include "tests/fuzz/scratch.h"
#include "tests/fuzz/world.h"
#include "tests/fuzz/wrap.h"

#include "enroll/otpauth.h"
#include "lib/core/look.h"
#include "lib/core/otp.h"
#include "pam_module/entry.h"

#define LOGINS 6
#define TYPED 200
#define IDS 64
#define RIGHT 96 /* right codes that are typed, at most */
#define PROMPT "Verification code: "
#define PROMPTS (5 + 8 + 4) /* codes, pictures, and codes behind them */
#define KINDS 32 /* of what is seen */

/* Of pam_module/mark.c, made global in its object (Makefile): what has been in this
 * process.  Each input is one. */
extern _Atomic bool unmarked;

static const char *const users[] = {"alice", "bob", "a@corp", "mallory", "ALICE", "root", "",
	"../alice"};
static const char *const hosts[] = {NULL, "", "198.51.100.7", "203.0.113.9", "2001:db8::1",
	"2001:db8::2:3", "host.example", "::ffff:198.51.100.7"};
static const char *const ttys[] = {"ssh", "/dev/pts/1", NULL};
static const char *const infos[] = {NULL, "publickey ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAA\n",
	"password\n", "publickey ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBBB\npassword\n",
	"password publickey ssh-ed25519 AAAA\n", "publickey ", "x\npublickey a b\npublickey c d\n"};

/* What a success by a code leaves in our memory. */
struct accepted {
	uint64_t id;   /* of the device */
	uint64_t step; /* the greatest that was accepted */
};

/* A right code that was typed: it may have been accepted, whatever came behind it. */
struct remembered {
	const char *rhost, *info;
	int64_t at;
};

struct run {
	struct fuzz *f;
	struct world w;
	struct pam_handle h;
	struct conf_words words; /* of the auth line, as the harness chose them */
	const struct passwd *account;
	struct record_enroll before; /* the enrolment when the login began */
	struct record_hot hot_before;
	bool has_before;
	struct accepted accepted[IDS];
	int ids;
	uint16_t spent; /* recovery codes accepted */
	struct remembered remembered[RIGHT];
	int remembers;
	char typed[TYPED + 1]; /* last answer */
	char good[16];         /* the last right code that was typed */
	uint8_t shown[RECORD_SECRET_MAX]; /* of the picture */
	size_t shown_len;
	int prompts;
	struct record_hot hot_asked; /* the state when the last answer was typed */
	int64_t asked;
	bool swapped;       /* PAM_USER changed under the module */
	bool word_typed;
	char verdict[24], method[24];
	bool let_in;
	bool failed; /* a call has, in this login or an earlier one */
};

/* What has been seen, for `run replay`: it says so where the corpus has lost something. */
static struct {
	char what[24];
	unsigned long times;
} seen[KINDS];

static void see(const char *what)
{
	int i = 0;

	while (i < KINDS - 1 && seen[i].times > 0 && strcmp(seen[i].what, what) != 0)
		i++;
	(void)snprintf(seen[i].what, sizeof(seen[i].what), "%s", what);
	seen[i].times++;
}

static void say_seen(void)
{
	for (int i = 0; i < KINDS && seen[i].times > 0; i++)
		(void)fprintf(stderr, "seen %s %lu\n", seen[i].what, seen[i].times);
}

static bool is_proven(const struct run *r)
{
	const bool ssh = r->h.tty != NULL && strcmp(r->h.tty, "ssh") == 0;

	if (ssh && r->h.auth_info != NULL && (strncmp(r->h.auth_info, "publickey ", 10) == 0 ||
	    strstr(r->h.auth_info, "\npublickey ") != NULL))
		return true;
	if (r->words.after_password && r->h.authtok != NULL && r->h.authtok[0] != '\0')
		return true;
	return r->words.after_login && !ssh && wrap.ruid != 0 && r->account != NULL &&
	    r->account->pw_uid == wrap.ruid;
}

/* Blanks and dashes gone, upper case; over-long: "". */
static void clean(const char *typed, char out[TYPED + 1])
{
	size_t n = 0;

	for (size_t i = 0; typed[i] != '\0' && strlen(typed) <= 64; i++)
		if (strchr(" \t\r-", typed[i]) == NULL)
			out[n++] = typed[i] >= 'a' && typed[i] <= 'z' ? (char)(typed[i] - 32) : typed[i];
	out[n] = '\0';
}

static void code_of(const struct record_device *d, int64_t step, char code[OTP_CODE_SIZE])
{
	const bool was = wrap_pause();

	MUST(otp_code(d, step < 1 ? 1 : (uint64_t)step, code) == 0);
	wrap_resume(was);
}

/* The typing. */

static char *type_right(struct run *r, bool spaced)
{
	const unsigned which = fuzz_below(r->f, 4);
	const int64_t offset = (int64_t)fuzz_below(r->f, 7) - 3;
	struct record_enroll now;
	char code[OTP_CODE_SIZE], text[24];
	const struct record_device *d;

	if (!world_enroll(&now) || now.devices == 0)
		return strdup("123456");
	d = &now.device[which % now.devices];
	code_of(d, (int64_t)otp_step(wrap.now, d->period) + offset, code);
	(void)snprintf(r->good, sizeof(r->good), "%s", code);
	(void)snprintf(text, sizeof(text), spaced ? " %.3s-%s\t" : "%.3s%s", code, code + 3);
	return strdup(text);
}

static char *type_shown(struct run *r)
{
	const int64_t offset = (int64_t)fuzz_below(r->f, 5) - 2;
	struct record_device d = {.id = 1, .name = "shown", .algorithm = RECORD_SHA1,
	    .digits = 6, .period = 30};
	char code[OTP_CODE_SIZE];

	if (r->shown_len == 0)
		return strdup("000000");
	d.secret_len = (uint8_t)r->shown_len;
	memcpy(d.secret, r->shown, r->shown_len);
	code_of(&d, (int64_t)otp_step(wrap.now, 30) + offset, code);
	return strdup(code);
}

static char *type_raw(struct run *r)
{
	char *text = fuzz_text(r->f);

	if (strlen(text) > TYPED)
		text[TYPED] = '\0';
	return text;
}

static void move_clock(unsigned how)
{
	static const int64_t moves[] = {0, 0, 0, 1, 30, 31, 61, 120, 3600, -30, -3600, 86400,
	    -86400, 950, 0, 40 * 86400};

	wrap.now += moves[how & 15];
}

static char *type(struct run *r, unsigned what)
{
	char text[80];

	switch (what) {
	case 0:
	case 1:
		return type_right(r, false);
	case 2:
		return type_right(r, true);
	case 3:
		return strdup(r->good);
	case 4:
	case 5:
		return strdup(r->w.code[fuzz_below(r->f, RECORD_CODES)]);
	case 6:
		return strdup(r->w.word);
	case 7:
		return type_shown(r);
	case 8:
		return strdup("");
	case 9:
		return strdup("i");
	case 10:
		return strdup("000000");
	case 11:
		memset(text, '1', sizeof(text) - 1);
		text[sizeof(text) - 1] = '\0';
		return strdup(text);
	case 12:
		r->h.user = users[fuzz_below(r->f, 8)];
		r->swapped = true;
		return type_right(r, false);
	default:
		return type_raw(r);
	}
}

static void note_right(struct run *r)
{
	const uint64_t window = (uint64_t)r->w.conf.window;
	struct record_enroll now;
	char typed[TYPED + 1], code[OTP_CODE_SIZE];

	clean(r->typed, typed);
	(void)world_enroll(&now);
	for (int i = 0; i < now.devices; i++) {
		const struct record_device *d = &now.device[i];
		const uint64_t step = otp_step(wrap.now, d->period);

		for (uint64_t s = step - window; s <= step + window; s++) {
			code_of(d, (int64_t)s, code);
			if (strcmp(code, typed) == 0 && r->remembers < RIGHT)
				r->remembered[r->remembers++] = (struct remembered){r->h.rhost,
				    r->h.auth_info, wrap.now};
		}
	}
}

/* The secret that stands in the picture's prompt, as a person would type it off. */
static void read_shown(struct run *r, const char *text)
{
	const char *end = strstr(text, " (i: invert) Code: "), *start;
	struct record_device d = {0};
	struct otpauth_secret s = {"prompt", NULL, 0, false};

	if (end == NULL)
		end = strstr(text, "\nCode: ");
	MUST(end != NULL);
	for (start = end; start > text && start[-1] != '\n'; start--)
		;
	s.text = start;
	s.len = (size_t)(end - start);
	MUST(otpauth_take_secret(&s, &d, NULL) == 0);
	memcpy(r->shown, d.secret, d.secret_len);
	r->shown_len = d.secret_len;
}

static bool is_known_sentence(const struct run *r, const char *text)
{
	if (strcmp(text, "Refused: wrong code.") == 0)
		return true;
	/* Behind a first factor or a success more is told. */
	return is_proven(r) || (strcmp(r->verdict, "ok") == 0 &&
	    (strstr(text, " since ") != NULL || strstr(text, " left.") != NULL));
}

static int ask(pam_handle_t *pamh, int style, const char *text, char **typed)
{
	struct run *r = pamh->ctx;
	unsigned what;

	if (getenv("FUZZ_SHOW") != NULL)
		(void)fprintf(stderr, "say %d: %s\n", style, text);
	if (style == PAM_ERROR_MSG || style == PAM_TEXT_INFO) {
		MUST(is_known_sentence(r, text));
		return PAM_SUCCESS;
	}
	MUST(style == PAM_PROMPT_ECHO_ON);
	/* The same prompt for everybody; a picture only behind a first factor. */
	if (strcmp(text, PROMPT) != 0) {
		MUST(is_proven(r) && r->words.enroll_here);
		read_shown(r, text);
	}
	MUST(++r->prompts <= PROMPTS);
	what = fuzz_byte(r->f);
	move_clock(what >> 4);
	r->typed[0] = '\0';
	if ((what & 15) == 14) { /* what came before the line was cut counts for nothing */
		*typed = fuzz_flip(r->f) ? type_right(r, false) : NULL;
		return PAM_CONV_ERR;
	}
	r->asked = wrap.now;
	(void)world_hot(&r->hot_asked);
	if ((what & 15) == 15)
		return PAM_SUCCESS; /* and no answer */
	*typed = type(r, what & 15);
	MUST(*typed != NULL);
	(void)snprintf(r->typed, sizeof(r->typed), "%s", *typed);
	note_right(r);
	r->word_typed = r->word_typed || (r->w.word[0] != '\0' && strcmp(*typed, r->w.word) == 0);
	return PAM_SUCCESS;
}

static void word_behind(const char *line, const char *key, char out[24])
{
	const char *at = strstr(line, key);

	out[0] = '\0';
	if (at != NULL)
		(void)snprintf(out, 24, "%.*s", (int)strcspn(at + strlen(key), " "), at + strlen(key));
}

static unsigned of_bucket(const struct run *r, const struct record_bucket *b)
{
	return b->last < r->asked || b->last > wrap.now || b->wrong == 0 ? 0 :
	    is_proven(r) ? b->proven : b->wrong;
}

/* The wrong code that was typed stands in the person's record: in what the owner is told
 * of, and in a bucket. */
static void check_counted(const struct run *r)
{
	char typed[TYPED + 1];
	struct record_hot now;
	unsigned counted = 0;

	clean(r->typed, typed);
	if (typed[0] == '\0')
		return;
	MUST(world_hot(&now));
	MUST(now.missed.count == r->hot_asked.missed.count + 1);
	MUST(now.missed.last >= r->asked && now.missed.last <= wrap.now);
	for (int i = 0; i < RECORD_BUCKETS; i++)
		counted += of_bucket(r, &now.unknown[i]);
	for (int i = 0; i < RECORD_KNOWN; i++)
		counted += of_bucket(r, &now.known[i].bucket);
	MUST(counted > 0);
}

static void hear(pam_handle_t *pamh, const char *line)
{
	struct run *r = pamh->ctx;

	if (getenv("FUZZ_SHOW") != NULL)
		(void)fprintf(stderr, "log: %s\n", line);
	for (const char *p = line; *p != '\0'; p++)
		MUST(*p >= 0x20 && *p < 0x7f);
	for (int i = 0; i < RECORD_CODES; i++)
		MUST(r->w.code[i][0] == '\0' || strstr(line, r->w.code[i]) == NULL);
	MUST(r->w.word[0] == '\0' || strstr(line, r->w.word) == NULL);
	if (strstr(line, " note=") != NULL || strncmp(line, "account=", 8) == 0)
		return;
	word_behind(line, "verdict=", r->verdict);
	word_behind(line, " method=", r->method);
	if (strcmp(r->verdict, "wrong") == 0 && strncmp(line, "user=" WORLD_USER " ", 11) == 0)
		check_counted(r);
	see(r->verdict);
}

/* Why somebody may be let in. */

static bool is_exempt(const struct run *r)
{
	const char *user = r->account != NULL ? r->account->pw_name : "";
	const bool local = r->h.rhost == NULL || r->h.rhost[0] == '\0';
	const bool net = !local && strstr(r->h.rhost, "198.51.100.") != NULL;
	const bool alice = strcmp(user, "alice") == 0, bob = strcmp(user, "bob") == 0;

	switch (r->w.exempt) {
	case WORLD_ALICE_LOCAL:
		return alice && local;
	case WORLD_ALICE_NET:
		return alice && net && wrap.now < WORLD_SOON;
	case WORLD_OPS_PAST:
		return alice && !wrap.groups_fail && wrap.now < WORLD_PAST;
	case WORLD_STAFF:
		return bob && !wrap.groups_fail && wrap.now < WORLD_SOON;
	case WORLD_BOB_FAR:
	default:
		return false;
	}
}

static bool is_not_required(const struct run *r)
{
	const char *user = r->account != NULL ? r->account->pw_name : "";

	if (r->w.require == WORLD_OPS)
		return !wrap.groups_fail && strcmp(user, "alice") != 0;
	/* group:nowhere cannot be looked up: everybody is required. */
	return false;
}

static bool is_bypassed(const struct run *r)
{
	const struct record_enroll *e = &r->before;
	const int64_t life = e->bypass_life < LOOK_BYPASS_MOST ? e->bypass_life : LOOK_BYPASS_MOST;

	return r->has_before && e->bypass_since > 0 && e->bypass_since <= wrap.now &&
	    wrap.now - e->bypass_since < life;
}

static bool is_same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool is_remembered(const struct run *r)
{
	for (int i = 0; i < r->remembers; i++) {
		const struct remembered *m = &r->remembered[i];
		const bool v6 = m->rhost != NULL && r->h.rhost != NULL &&
		    strstr(m->rhost, "2001:db8::") != NULL && strstr(r->h.rhost, "2001:db8::") != NULL;
		const bool v4 = m->rhost != NULL && r->h.rhost != NULL &&
		    strstr(m->rhost, "198.51.100.7") != NULL &&
		    strstr(r->h.rhost, "198.51.100.7") != NULL;

		if ((v6 || v4 || is_same_text(m->rhost, r->h.rhost)) &&
		    is_same_text(m->info, r->h.auth_info) && m->at <= wrap.now &&
		    wrap.now - m->at < r->w.conf.remember)
			return true;
	}
	return false;
}

static bool has_grace(const struct run *r)
{
	const int64_t end = r->w.conf.enroll_by;

	return wrap.now < end && end - wrap.now <= INT64_C(367) * 86400 &&
	    (!r->has_before || r->before.devices == 0 || r->account->pw_uid != 1000) &&
	    !(r->account->pw_uid == 1000 && r->hot_before.ever_confirmed && !r->has_before);
}

static struct accepted *accepted_of(struct run *r, uint64_t id)
{
	for (int i = 0; i < r->ids; i++)
		if (r->accepted[i].id == id)
			return &r->accepted[i];
	MUST(r->ids < IDS);
	r->accepted[r->ids] = (struct accepted){.id = id};
	return &r->accepted[r->ids++];
}

/* Where keys are proven, a device of one key is good behind that key only. */
static bool is_behind_key(const struct run *r, const struct record_device *d)
{
	const bool was = wrap_pause();
	struct sshkey_set set;
	bool has;

	sshkey_read(r->h.auth_info, &set);
	has = sshkey_has(&set, d->key);
	wrap_resume(was);
	return !d->has_key || has || r->h.tty == NULL || strcmp(r->h.tty, "ssh") != 0;
}

/* A code of the device at hand, later than all before; it is then accepted. */
static bool takes_code(struct run *r, const struct record_device *d, const char *typed)
{
	struct accepted *a = accepted_of(r, d->id);
	const uint64_t now = otp_step(wrap.now, d->period);
	const uint64_t window = (uint64_t)r->w.conf.window;
	const struct record_entry *entry = record_find_entry(&r->hot_before, d->id);
	uint64_t hit = 0;
	char code[OTP_CODE_SIZE];

	for (uint64_t s = now - window; s <= now + window; s++) {
		code_of(d, (int64_t)s, code);
		if (strcmp(code, typed) == 0)
			hit = s;
	}
	if (hit == 0 || !is_behind_key(r, d))
		return false;
	if (entry == NULL || hit <= entry->last_step || hit <= a->step)
		return false;
	a->step = hit;
	return true;
}

static bool takes_recovery(struct run *r, const char *typed)
{
	for (int i = 0; i < RECORD_CODES; i++) {
		char text[TYPED + 1];

		clean(r->w.code[i], text);
		if (text[0] == '\0' || strcmp(text, typed) != 0)
			continue;
		MUST((r->spent >> i & 1) == 0);
		MUST((r->w.hot.spent[0].used >> i & 1) == 0);
		MUST(r->before.recovery.id == r->w.enroll.recovery.id);
		r->spent |= (uint16_t)(1U << i);
		return true;
	}
	return false;
}

static bool has_typed_right(struct run *r)
{
	char typed[TYPED + 1];
	bool right = false;

	clean(r->typed, typed);
	MUST(r->account != NULL && r->account->pw_uid == 1000 && r->has_before);
	MUST(!r->hot_before.uid_bound || r->hot_before.uid == 1000);
	if (strcmp(r->method, "recovery") == 0)
		return takes_recovery(r, typed);
	MUST(r->hot_before.locked_since == 0);
	for (int i = 0; i < r->before.devices; i++)
		right |= takes_code(r, &r->before.device[i], typed);
	return right;
}

static bool has_typed_shown(struct run *r)
{
	struct record_device d = {.id = 1, .name = "shown", .algorithm = RECORD_SHA1,
	    .digits = 6, .period = 30};
	const uint64_t now = otp_step(wrap.now, 30), window = (uint64_t)r->w.conf.window;
	char typed[TYPED + 1], code[OTP_CODE_SIZE];
	struct record_enroll after;
	uint64_t hit = 0;

	clean(r->typed, typed);
	if (r->shown_len == 0 || !r->words.enroll_here)
		return false;
	d.secret_len = (uint8_t)r->shown_len;
	memcpy(d.secret, r->shown, r->shown_len);
	for (uint64_t s = now - window; s <= now + window; s++) {
		code_of(&d, (int64_t)s, code);
		if (strcmp(code, typed) == 0)
			hit = s;
	}
	/* The device is in force, and its first code is used. */
	MUST(world_enroll(&after));
	for (int i = 0; i < after.devices; i++)
		if (memcmp(after.device[i].secret, d.secret, d.secret_len) == 0)
			accepted_of(r, after.device[i].id)->step = hit;
	/* Nobody with a device gets another one without a word. */
	return hit > 0 && ((r->word_typed && r->w.conf.enroll != CONF_ENROLL_ADMIN) ||
	    (r->w.conf.enroll == CONF_ENROLL_LOGIN && r->before.devices == 0));
}

static void check_success(struct run *r)
{
	const char *v = r->verdict;

	MUST(!r->swapped || r->h.user == NULL || fakepam_account(r->h.user) == r->account);
	if (strcmp(v, "ok") == 0) {
		MUST(has_typed_right(r));
		return;
	}
	/* A name alone lets nobody in. */
	MUST(is_proven(r) && r->account != NULL);
	if (strcmp(v, "exempt") == 0)
		MUST(is_exempt(r) || is_not_required(r));
	else if (strcmp(v, "bypass") == 0)
		MUST(is_bypassed(r));
	else if (strcmp(v, "remembered") == 0)
		MUST(is_remembered(r));
	else if (strcmp(v, "grace") == 0)
		MUST(has_grace(r));
	else if (strcmp(v, "enrolled") == 0)
		MUST(has_typed_shown(r));
	else
		MUST(!"a verdict that lets nobody in");
}

/* The first answer of a person in order, right and fresh: nothing may refuse it. */
static void check_refusal(struct run *r, const struct run *first)
{
	char typed[TYPED + 1];
	bool right = false;

	if (first == NULL || !r->w.clean || r->failed || r->swapped ||
	    r->prompts != 1 || r->w.conf.retry != 1 || r->shown_len > 0 || r->account == NULL ||
	    r->account->pw_uid != 1000)
		return;
	clean(r->typed, typed);
	for (int i = 0; i < r->before.devices; i++)
		right |= takes_code(r, &r->before.device[i], typed);
	MUST(!right);
}

/* Whether libpam had no memory for a mark. */
static bool lost(const struct run *r)
{
	return r->h.lose > 0 && r->h.marks >= r->h.lose;
}

static void authenticate(struct run *r, int argc, const char **argv, bool first)
{
	const int fd = wrap_lowest_fd();
	int code;

	r->has_before = world_enroll(&r->before);
	(void)world_hot(&r->hot_before);
	r->prompts = 0;
	r->shown_len = 0;
	r->swapped = r->word_typed = false;
	r->verdict[0] = r->method[0] = r->typed[0] = '\0';
	code = pam_sm_authenticate(&r->h, 0, argc, argv);
	r->failed = r->failed || wrap.failed > 0 || lost(r);
	wrap_plan_none();
	MUST(wrap_lowest_fd() == fd);
	r->let_in = code == PAM_SUCCESS;
	if (r->let_in)
		check_success(r);
	else
		check_refusal(r, first ? r : NULL);
	if (lost(r)) {
		MUST(!r->let_in);
		see(r->h.lose == 1 ? "unstarted" : "unmarked");
	}
	if (r->let_in && strcmp(r->method, "recovery") == 0)
		see("recovery");
}

static void account(struct run *r, bool ran, const char *user)
{
	const char *argv[] = {r->w.conf.path, "need_auth"};
	char conf[CONF_PATH_MAX + 8];
	const int fd = wrap_lowest_fd();
	bool may, failed;
	int code;

	(void)snprintf(conf, sizeof(conf), "conf=%s", r->w.conf.path);
	argv[0] = conf;
	code = pam_sm_acct_mgmt(&r->h, 0, 2, argv);
	failed = wrap.failed > 0;
	r->failed = r->failed || failed;
	wrap_plan_none();
	MUST(wrap_lowest_fd() == fd);
	if (ran)
		may = r->let_in && strcmp(user, r->h.user) == 0;
	else
		may = r->h.tty != NULL && strcmp(r->h.tty, "ssh") == 0 && is_exempt(r);
	MUST(code == PAM_SUCCESS ? may : !may || (ran ? failed : r->failed));
	if (code == PAM_SUCCESS)
		see(ran ? "account" : "machine");
}

/* Who comes, from where, behind what. */
static void come(struct run *r)
{
	static const uid_t uids[] = {0, 1000, 1001, 1002};
	struct fuzz *f = r->f;
	const unsigned what = fuzz_byte(f);

	r->h = (struct pam_handle){.ask = ask, .log = hear, .ctx = r, .service = "sshd"};
	r->h.user = users[(what & 1) == 0 ? 0 : fuzz_below(f, 8)];
	r->h.rhost = hosts[fuzz_below(f, 8)];
	r->h.tty = ttys[(what >> 1 & 3) % 3];
	r->h.auth_info = infos[(what & 8) == 0 ? 1 : fuzz_below(f, 7)];
	r->h.authtok = (what & 16) != 0 ? "password" : NULL;
	wrap.ruid = uids[what >> 6];
	r->h.terse = (what & 4) != 0;
	r->account = fakepam_account(r->h.user);
	wrap.groups_fail = (what & 32) != 0 && fuzz_below(f, 4) == 0;
	move_clock(fuzz_below(f, 16));
}

static int choose_words(struct run *r, const char **argv)
{
	const unsigned what = fuzz_byte(r->f);
	int argc = 1;

	r->words = (struct conf_words){.after_password = (what & 1) != 0,
	    .after_login = (what & 2) != 0, .enroll_here = (what & 4) != 0};
	if (r->words.after_password)
		argv[argc++] = "after_password";
	if (r->words.after_login)
		argv[argc++] = "after_login";
	if (r->words.enroll_here)
		argv[argc++] = "enroll_here";
	if ((what & 8) != 0)
		argv[argc++] = "debug";
	if ((what & 0xf0) == 0xf0)
		argv[argc++] = "need_auth"; /* belongs on another line: refused */
	return argc;
}

static void one(struct run *r, bool first)
{
	char conf[CONF_PATH_MAX + 8];
	const char *argv[8] = {conf};
	const unsigned what = fuzz_byte(r->f), way = what & 7;
	int argc;

	(void)snprintf(conf, sizeof(conf), "conf=%s", r->w.conf.path);
	come(r);
	r->h.lose = what >> 3 == 31 ? 1 : what >> 3 == 30 ? 2 : 0;
	argc = choose_words(r, argv);
	if (fuzz_flip(r->f))
		wrap_plan(r->f);
	if (way != 7)
		authenticate(r, argc, argv, first);
	if (way >= 5) {
		const char *user = r->h.user;

		if (fuzz_below(r->f, 4) == 3) {
			r->h.user = users[fuzz_below(r->f, 8)];
			r->account = fakepam_account(r->h.user);
		}
		if (fuzz_flip(r->f))
			wrap_plan(r->f);
		account(r, way != 7, user);
	}
	fakepam_end(&r->h);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	world_init();
	return atexit(say_seen);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct run r;
	struct fuzz f = {data, size};

	memset(&r, 0, sizeof(r));
	unmarked = false;
	r.f = &f;
	world_make(&r.w, &f);
	for (int i = 0; i < LOGINS && f.left > 0; i++)
		one(&r, i == 0);
	wrap_end();
	return 0;
}
