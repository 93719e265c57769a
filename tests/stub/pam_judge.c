/*
 * pam_judge: a password module for tests, in the place of pam_unix.
 *
 *   right=WORD   the password that is right, of everybody
 *   count=FILE   grows by one byte for each password that it is asked to judge, on the
 *                disk; one that it cannot count is not judged
 *   ms=N         how long one takes it
 *
 * It takes the password that was typed above, and asks itself where there is none.
 *
 * As a password line, in the place of what asks above ours or sets below it:
 *
 *   old=WORD new=WORD   leaves these as the old and the new password
 *   seen=FILE           has the new password that it finds, or "(none)"
 */
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define ENTRY __attribute__((visibility("default")))

static const char *word(int argc, const char **argv, const char *name)
{
	for (int i = 0; i < argc; i++)
		if (strncmp(argv[i], name, strlen(name)) == 0)
			return argv[i] + strlen(name);
	return "";
}

/* Its name too: a power cut takes nothing of what was judged. */
static bool sync_name(const char *path)
{
	char copy[PATH_MAX];
	bool synced;
	int fd;

	if (strlen(path) >= sizeof(copy))
		return false;
	strcpy(copy, path);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	synced = fd >= 0 && fsync(fd) == 0;
	if (fd >= 0)
		(void)close(fd);
	return synced;
}

/* One that is not on the disk is not judged, and is taken back. */
static bool count(const char *path)
{
	struct stat st;
	int fd = path[0] != '\0' ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600) : -1;
	bool counted = fd >= 0 && write(fd, ".", 1) == 1;

	if (counted && !(fsync(fd) == 0 && sync_name(path))) {
		counted = false;
		if (fstat(fd, &st) == 0 && ftruncate(fd, st.st_size - 1) != 0)
			abort();
	}
	if (fd >= 0)
		(void)close(fd);
	return counted;
}

ENTRY int pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	const long ms = atol(word(argc, argv, "ms="));
	const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
	const char *typed = NULL;

	(void)flags;
	if (pam_get_authtok(pamh, PAM_AUTHTOK, &typed, NULL) != PAM_SUCCESS || typed == NULL)
		return PAM_CONV_ERR;
	if (!count(word(argc, argv, "count=")))
		return PAM_AUTHINFO_UNAVAIL;
	(void)nanosleep(&t, NULL);
	return strcmp(typed, word(argc, argv, "right=")) == 0 ? PAM_SUCCESS : PAM_AUTH_ERR;
}

static int leave(pam_handle_t *pamh, int item, const char *text)
{
	return text[0] != '\0' ? pam_set_item(pamh, item, text) : PAM_SUCCESS;
}

static int show(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CREAT | O_CLOEXEC, 0600);
	bool shown = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		(void)close(fd);
	return shown ? PAM_SUCCESS : PAM_SYSTEM_ERR;
}

ENTRY int pam_sm_chauthtok(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	const char *seen = word(argc, argv, "seen=");
	const void *found = NULL;

	if ((flags & PAM_UPDATE_AUTHTOK) == 0)
		return PAM_SUCCESS;
	if (seen[0] != '\0' && (pam_get_item(pamh, PAM_AUTHTOK, &found) != PAM_SUCCESS ||
	    show(seen, found != NULL ? found : "(none)") != PAM_SUCCESS))
		return PAM_SYSTEM_ERR;
	return leave(pamh, PAM_OLDAUTHTOK, word(argc, argv, "old=")) == PAM_SUCCESS &&
	    leave(pamh, PAM_AUTHTOK, word(argc, argv, "new=")) == PAM_SUCCESS ? PAM_SUCCESS :
	    PAM_SYSTEM_ERR;
}

ENTRY int pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)pamh, (void)flags, (void)argc, (void)argv;
	return PAM_SUCCESS;
}
