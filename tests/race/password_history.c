/* Password changes at once, as pam_pwhistory loses them: 12 users who change three times
 * each, and one user whom 8 processes change three times each.  Every password that was in
 * force is found afterwards.
 *
 * In the first round the records are made in the race, at the full cost of crypt(3); then
 * they are there, with a cheap salt. */
#include "tests/race/race.h"

#include "lib/core/record_pw.h"
#include "policy/password/history.h"

#include <crypt.h>
#include <stdatomic.h>

#define USERS 12
#define AT_ONCE 8
#define CHANGES 3

/* /etc/shadow, written by the pam_unix of each process in its turn. */
struct field {
	atomic_flag busy;
	int written;
};

static struct field *shadow; /* USERS of them and the one's, shared memory */

static int read_field(struct field *f, char text[64])
{
	while (atomic_flag_test_and_set(&f->busy))
		(void)usleep(100);
	(void)snprintf(text, 64, "$none$%d", f->written);
	atomic_flag_clear(&f->busy);
	return f->written;
}

static void write_field(struct field *f)
{
	while (atomic_flag_test_and_set(&f->busy))
		(void)usleep(100);
	f->written++;
	atomic_flag_clear(&f->busy);
}

static struct history_ask ask(struct store *s, const char *user, const char *live,
    const char *new)
{
	return (struct history_ask){.store = s, .user = user, .live = live,
	    .new = {new, strlen(new)}, .reuse = HISTORY_REUSE_MAX, .now = ph_now()};
}

static const char *password(int who, int i)
{
	static char text[64];

	(void)snprintf(text, sizeof(text), "change %d of process %d", i, who);
	return text;
}

/* What happens in one passwd(1): 0, or something failed. */
static int change(const char *user, struct field *f, const char *new)
{
	enum history_said said;
	struct history h;
	struct store s;
	char live[64];
	struct history_ask q;
	int r;

	if (store_open_pw(&s, &ph_conf, true, NULL) != 0)
		return 1;
	(void)read_field(f, live);
	q = ask(&s, user, live, new);
	if ((r = history_open(&h, NULL)) == 0) {
		r = history_check(&h, &q, &said, NULL);
		if (r == 0)
			r = said == HISTORY_FREE ? history_add(&h, &q, NULL) : 2;
		history_close(&h);
	}
	store_close(&s);
	if (r == 0)
		write_field(f);
	return r;
}

static bool finds(const char *user, struct field *f, const char *what)
{
	enum history_said said = HISTORY_FREE;
	struct history h;
	struct store s;
	char live[64];
	struct history_ask q;

	if (store_open_pw(&s, &ph_conf, true, NULL) != 0 || history_open(&h, NULL) != 0)
		ph_die("store");
	(void)read_field(f, live);
	q = ask(&s, user, live, what);
	if (history_check(&h, &q, &said, NULL) != 0)
		said = HISTORY_FREE;
	history_close(&h);
	store_close(&s);
	return said == HISTORY_USED;
}

static void make_cheap(const char *user)
{
	char salt[CRYPT_GENSALT_OUTPUT_SIZE], key[STORE_KEY_MAX];
	struct store_value v = {.version = STORE_NEW};
	struct record_pw r;
	struct store s;

	if (crypt_gensalt_rn("$y$", 1, NULL, 0, salt, sizeof(salt)) == NULL ||
	    record_pw_new(&r, salt) != 0 || store_key(key, "pw", user) != 0 ||
	    store_open_pw(&s, &ph_conf, true, NULL) != 0)
		ph_die("a record");
	v.len = (size_t)record_pw_put(&r, v.data);
	(void)store_del(&s, key, NULL, NULL);
	if (store_put(&s, key, &v, NULL) != 0)
		ph_die("store_put");
	store_close(&s);
}

/* n processes, the i-th changes users[i % m]; how many succeeded in all of theirs. */
static int run(int n, char users[][16], int m)
{
	struct ph_gate gate;
	pid_t pid[USERS];
	int good = 0;

	ph_gate_make(&gate);
	(void)fflush(stdout);
	for (int i = 0; i < n; i++) {
		if ((pid[i] = fork()) < 0)
			ph_die("fork");
		if (pid[i] == 0) {
			int r = 0;

			ph_gate_wait(&gate);
			for (int k = 0; k < CHANGES && r == 0; k++)
				r = change(users[i % m], &shadow[i % m], password(i, k));
			_exit(r == 0 ? 0 : 1);
		}
	}
	ph_gate_open(&gate, n);
	for (int i = 0; i < n; i++) {
		int status = -1;

		good += waitpid(pid[i], &status, 0) == pid[i] && status == 0 ? 1 : 0;
	}
	return good;
}

static int found(int n, char users[][16], int m)
{
	int count = 0;

	for (int i = 0; i < n; i++)
		for (int k = 0; k < CHANGES; k++)
			count += finds(users[i % m], &shadow[i % m], password(i, k)) ? 1 : 0;
	return count;
}

int main(void)
{
	const int rounds = race_rounds(10);
	static char users[USERS][16], one[1][16];
	int kept = 0, kept_of_one = 0;
	struct race r;

	race_open(&r);
	ph_make(NULL);
	shadow = mmap(NULL, USERS * sizeof(*shadow), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shadow == MAP_FAILED)
		ph_die("mmap");
	for (int round = 1; round <= rounds; round++) {
		int n;

		for (int i = 0; i < USERS; i++) {
			(void)snprintf(users[i], sizeof(users[i]), "user%02d", i);
			if (round > 1)
				make_cheap(users[i]);
		}
		(void)snprintf(one[0], sizeof(one[0]), "one");
		if (round > 1)
			make_cheap(one[0]);
		race_check(&r, run(USERS, users, USERS) == USERS, "12 users change at once", round);
		kept += n = found(USERS, users, USERS);
		race_check(&r, n == USERS * CHANGES, "each of their passwords is found", round);
		race_check(&r, run(AT_ONCE, one, 1) == AT_ONCE, "8 processes change one user", round);
		kept_of_one += n = found(AT_ONCE, one, 1);
		race_check(&r, n == AT_ONCE * CHANGES, "each of its passwords is found", round);
	}
	printf("%d rounds: %d of %d changes of 12 users kept, %d of %d of one user\n", rounds, kept,
	    rounds * USERS * CHANGES, kept_of_one, rounds * AT_ONCE * CHANGES);
	return race_close(&r);
}
