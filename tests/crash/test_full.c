/*
 * A state on a file system of its own, tmpfs and ext4, that is really full: a login works
 * and its code is spent; an enrolment that needs room fails, and what was there stays.
 */
#include "tests/crash/desk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIZE (24 << 20) /* bytes, of the ext4 image */

static const char *const enroll_new[] = {PEOPLE_NEW, "--json", NULL};
static const char *const enroll_one[] = {PEOPLE_ONE, "--json", NULL};

/* A program without a word: whether it ends with 0. */
static bool run(const char *const *words)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);

		if (dup2(null, 1) == 1 && dup2(null, 2) == 2)
			(void)execvp(words[0], (char *const *)(uintptr_t)words);
		_exit(127);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static bool mount_ext4(void)
{
	const char *image = ph_path("image"), *state = ph_path("state");
	const char *const make[] = {"mkfs.ext4", "-q", "-F", "-b", "4096", image, NULL};
	const char *const mount[] = {"mount", "-t", "ext4", "-o", "loop", image, state, NULL};
	int fd = open(image, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || ftruncate(fd, SIZE) != 0 || close(fd) != 0)
		ph_die("%s: %s", image, strerror(errno));
	return run(make) && run(mount) && chmod(state, 0700) == 0;
}

static bool mount_state(const char *kind)
{
	ph_make_bare(NULL);
	if (mkdir(ph_path("state"), 0700) != 0)
		ph_die("state: %s", strerror(errno));
	if (strcmp(kind, "ext4") == 0)
		return mount_ext4();
	return mount(kind, ph_path("state"), kind, MS_NOSUID | MS_NODEV, "size=8m,mode=0700") == 0;
}

/* To the last byte, and the last name. */
static void fill(void)
{
	static const char block[4096] = "full";
	int fd = open(ph_path("state/filler"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	struct statvfs fs;
	size_t n = sizeof(block);

	while (n > 0)
		if (write(fd, block, n) <= 0)
			n = errno == ENOSPC ? n / 2 : 0;
	if (fd < 0 || fsync(fd) != 0 || close(fd) != 0 || statvfs(ph_path("state"), &fs) != 0)
		ph_die("filler: %s", strerror(errno));
	/* ext4 keeps some for itself beside those. */
	if (fs.f_bavail > 0)
		ph_die("%lu blocks are free", (unsigned long)fs.f_bavail);
}

static int files(void)
{
	struct tree t;
	int n;

	tree_take(&t, ph_path("state"));
	n = (int)t.n;
	tree_free(&t);
	return n;
}

static void login_works_and_its_code_is_spent(void)
{
	const char *code = ph_code(&people_one, 0);

	people_must_get_in(&people_one, code, "the right code");
	crash_must(!people_get_in(PEOPLE_ONE, code), "the code gets in twice");
	crash_must(ph_matches("*verdict=replay *", ph_log[ph_lines - 1].text), "it is no replay");
	crash_must(!people_get_in(PEOPLE_ONE, ph_wrong(&people_one)), "a wrong code gets in");
	crash_must(people_wrong(PEOPLE_ONE) == 1, "the wrong code is not counted");
	people_must_get_in(&people_one, people_one.recovery[0], "the recovery code");
	crash_must(!people_get_in(PEOPLE_ONE, people_one.recovery[0]),
	    "the recovery code gets in twice");
}

static void new_enrolment_fails_and_leaves_nothing(void)
{
	const int before = files();
	int status = desk_again(enroll_new, desk_confirm);

	crash_must(status == 75 && strstr(crash_seen->said.err, "No space left") != NULL,
	    "it ends with %d: %.300s", status, crash_seen->said.err);
	crash_must(strstr(crash_seen->said.out, "\"confirmed\": false}") != NULL,
	    "it printed that it is confirmed");
	crash_must(files() == before, "%d files were there, and now %d", before, files());
	crash_must(!desk_new_gets_in(PEOPLE_NEW), "the device gets in");
	desk_check_other();
}

/* What is written in place needs no room, so this one goes on; were it refused, the old
 * device would have to stay. */
static void enrolment_in_the_place_of_another_keeps_one_of_them(void)
{
	int status = desk_again(enroll_one, desk_confirm);
	const bool new = desk_new_gets_in(PEOPLE_ONE);
	const bool old = people_get_in(PEOPLE_ONE, ph_code(&people_one, 1));

	crash_must(new != old, "of the old device and the new one %s",
	    old ? "both get in" : "neither gets in");
	crash_must(new == (status == 0), "it ends with %d: %.300s", status, crash_seen->said.err);
}

static void enrolment_goes_on_when_there_is_room_again(void)
{
	if (unlink(ph_path("state/filler")) != 0)
		ph_die("filler: %s", strerror(errno));
	desk_must_succeed(enroll_new, desk_confirm);
	crash_must(desk_new_gets_in(PEOPLE_NEW), "the device is refused");
}

static void try_on(const char *kind)
{
	if (!mount_state(kind)) {
		printf("NOT RUN: a full %s cannot be made here\n", kind);
		return;
	}
	ph_init();
	ph_clock(0);
	ph_enroll(&people_one, PEOPLE_ONE, 20001);
	ph_enroll(&people_other, PEOPLE_OTHER, 20002);
	ph_account(PEOPLE_NEW, 20003);
	fill();
	printf("a full %s:\n", kind);
	crash_count("a login works and its code is spent", login_works_and_its_code_is_spent);
	crash_count("a new enrolment fails and leaves nothing",
	    new_enrolment_fails_and_leaves_nothing);
	crash_count("an enrolment in the place of another keeps one of them",
	    enrolment_in_the_place_of_another_keeps_one_of_them);
	crash_count("an enrolment goes on when there is room again",
	    enrolment_goes_on_when_there_is_room_again);
}

int main(void)
{
	if (crash_open_bare()) {
		try_on("tmpfs");
		try_on("ext4");
	} else {
		printf("NOT RUN: there is no mount namespace here\n");
	}
	return crash_close();
}
