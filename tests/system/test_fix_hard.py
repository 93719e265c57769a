"""bastionctl fix EIC where things go wrong or are not as usual: nobody is shut out, nothing of
somebody else's is lost, and it says what is not done.
"""
import contextlib
import fcntl
import os
import pathlib
import shutil
import socket
import subprocess
import threading
import time

import pexpect
import pytest
from bastion import BUILD, SCRATCH, Sshd, run
from test_audit_eic import CONFIG, DROPIN, PART, SCRIPTS, USER, build_package, private_usr, script
from test_fix_eic import (CACHE, NAME, STATE, TXN, alone, ctl, eic_statuses, gets_in, history, host,
                          package_state, people, private_apt, watched)

__all__ = ["private_usr", "people", "alone", "private_apt", "host"]
DEB = CACHE / f"{NAME}_1.1.14-0test1_all.deb"
COMMAND = f"{SCRIPTS}/eic_run_authorized_keys %u %f"
LINE = f"AuthorizedKeysCommand {COMMAND}"
# A stand-in: sshd is a process of its own, or a socket that starts one for each connection.
SYSTEMCTL = r"""#!/bin/sh
echo "$*" >>/run/called
alive() { [ -s /run/sshd.pid ] && kill -0 "$(cat /run/sshd.pid)" 2>/dev/null; }
case "$*" in
"-q is-active ssh.socket") [ -e /run/socket ] ;;
"-q is-active ssh.service") alive ;;
*is-active*) exit 3 ;;
"show -p Listen ssh.socket") cat /run/socket ;;
"restart ssh.service")
	alive && kill "$(cat /run/sshd.pid)"
	sleep 0.3
	rm -f /run/sshd.pid
	if [ -e /run/fail ]; then
		rm /run/fail
		rmdir /run/sshd
		echo "Job for ssh.service failed" >&2
		exit 1
	fi
	mkdir -p /run/sshd
	setsid $(cat /run/argv) </dev/null >/dev/null 2>&1 &
	sleep 0.5
	alive ;;
esac
"""


@contextlib.contextmanager
def systemd(server):
    """As if it ran, and had started the server."""
    stub = SCRATCH / "systemctl"
    script(stub, "")
    stub.write_text(SYSTEMCTL, encoding="utf-8")
    pathlib.Path("/run/argv").write_text(" ".join(server.argv), encoding="utf-8")
    pathlib.Path("/run/systemd/system").mkdir(parents=True)
    run("mount", "-n", "--bind", stub, "/usr/bin/systemctl")
    try:
        yield
    finally:
        run("umount", "-n", "/usr/bin/systemctl")
        pathlib.Path("/run/systemd/system").rmdir()
        subprocess.run(["sh", "-c", "kill $(cat /run/sshd.pid)"], check=False, capture_output=True)
        for name in ("argv", "called", "socket", "fail"):
            pathlib.Path("/run", name).unlink(missing_ok=True)
        pathlib.Path("/run/sshd").mkdir(exist_ok=True)


@contextlib.contextmanager
def prerm(text):
    path = pathlib.Path(f"/var/lib/dpkg/info/{NAME}.prerm")
    good = path.read_text(encoding="utf-8")
    path.write_text("#!/bin/sh\n" + text, encoding="utf-8")
    try:
        yield
    finally:
        if path.exists():
            path.write_text(good, encoding="utf-8")


def cut_short():
    """A fix that is killed while the package goes."""
    begun = pathlib.Path("/run/begun")
    with prerm(f"echo x >{begun}\nsleep 2\nexit 1\n"):
        fix = subprocess.Popen([BUILD / "bastionctl", "fix", "EIC", "--yes"], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 60
        while not begun.exists() and time.monotonic() < end:
            time.sleep(0.05)
        fix.kill()
        fix.wait()
        begun.unlink()
        # The package tool goes on, and ends.
        while subprocess.run(["pgrep", "-x", "apt-get|dpkg"], check=False,
                             capture_output=True).returncode == 0 and time.monotonic() < end:
            time.sleep(0.1)


def test_sshd_whose_restart_failed_is_started_by_the_way_back(host):
    server, user, _, _ = host
    before = watched()
    with systemd(server):
        pathlib.Path("/run/fail").touch()
        assert "all is as it was" in ctl("fix", "EIC", "--yes", code=3)
        assert gets_in(server, user, user.client_key)
        assert watched() == before and history()[-1]["state"] == "returned"
        called = pathlib.Path("/run/called").read_text(encoding="utf-8")
        assert called.count("restart ssh.service") == 2 and "reset-failed ssh.service" in called


def test_sshd_that_systemd_starts_with_its_options_refuses_the_pushed_key_after_the_fix(people):
    user, pushed = people
    shutil.rmtree(TXN, ignore_errors=True)
    run("dpkg", "-i", build_package("drop-in"))
    script(SCRIPTS / "eic_run_authorized_keys", "cat /run/eic/pushed\n")
    shutil.copy(f"{pushed}.pub", "/run/eic/pushed")
    common = {"AuthenticationMethods": "publickey", "UsePAM": "no", "PidFile": "/run/sshd.pid"}
    try:
        with Sshd(**common, AuthorizedKeysCommand=COMMAND, AuthorizedKeysCommandUser=NAME) as server:
            assert gets_in(server, user, pushed) and gets_in(server, user, user.client_key)
            argv = server.argv
            server.argv = [w for i, w in enumerate(argv) if "AuthorizedKeysCommand" not in w and
                           (i + 1 == len(argv) or "AuthorizedKeysCommand" not in argv[i + 1])]
            with systemd(server):
                ctl("fix", "EIC", "--yes")
                assert not gets_in(server, user, pushed)
                assert gets_in(server, user, user.client_key)
                assert eic_statuses()["EIC-05"] in ("PASS", "WARN")
                assert "restart ssh.service" in pathlib.Path("/run/called").read_text(encoding="utf-8")
    finally:
        run("dpkg", "--purge", NAME)
        shutil.rmtree(SCRIPTS, ignore_errors=True)


class Inetd(Sshd):
    """A socket that has a sshd started for each connection, with the drop-in's options while
    that is there."""

    def start(self):
        self.socket = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def accept(self):
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            words = ["-o", f"AuthorizedKeysCommand={COMMAND}", "-o",
                     f"AuthorizedKeysCommandUser={NAME}"] if DROPIN.exists() else []
            argv = [w for w in self.argv if w != "-D"]
            subprocess.Popen([*argv, "-i", *words], stdin=peer, stdout=peer)
            peer.close()

    def stop(self):
        self.socket.close()


def test_sshd_behind_a_socket_has_to_answer_too(people):
    user, pushed = people
    shutil.rmtree(TXN, ignore_errors=True)
    run("dpkg", "-i", build_package("drop-in"))
    script(SCRIPTS / "eic_run_authorized_keys", "cat /run/eic/pushed\n")
    shutil.copy(f"{pushed}.pub", "/run/eic/pushed")
    try:
        with Inetd(AuthenticationMethods="publickey", UsePAM="no") as server:
            with systemd(server):
                pathlib.Path("/run/socket").write_text(f"Listen=127.0.0.1:{server.port} (Stream)\n",
                                                       encoding="utf-8")
                assert gets_in(server, user, pushed) and gets_in(server, user, user.client_key)
                said = ctl("fix", "EIC", "--yes")
                assert f"answers at 127.0.0.1 port {server.port}" in said, said
                assert not gets_in(server, user, pushed)
                assert gets_in(server, user, user.client_key)
                called = pathlib.Path("/run/called").read_text(encoding="utf-8")
                assert "try-restart ssh.service" in called and "start ssh.socket" in called
    finally:
        run("dpkg", "--purge", NAME)
        shutil.rmtree(SCRIPTS, ignore_errors=True)


def test_sshd_that_answers_nowhere_is_not_called_done(host):
    server, _, _, _ = host
    server.stop()
    assert "Not verified" in ctl("fix", "EIC", "--yes", code=3)


def test_sshd_that_nobody_could_restart_is_left_to_the_administrator(people):
    before = CONFIG.read_bytes()
    shutil.rmtree(TXN, ignore_errors=True)
    run("dpkg", "-i", build_package("lines"))
    try:
        with Sshd(AuthenticationMethods="publickey", UsePAM="no", PidFile="none"):
            assert "Left to you: restart sshd" in ctl("fix", "EIC", "--yes", code=1)
    finally:
        CONFIG.write_bytes(before)


def test_key_that_sshd_does_not_take_is_no_way_in(host):
    _, user, _, _ = host
    keys = user.home / ".ssh/authorized_keys"
    good, before = keys.read_text(encoding="utf-8"), watched()
    try:
        keys.write_text("command=\"echo Please login as the user ubuntu\" " + good, encoding="utf-8")
        assert "nobody who may log in" in ctl("fix", "EIC", "--yes", code=1)
        keys.write_text(good, encoding="utf-8")
        keys.chmod(0o666)
        assert "nobody who may log in" in ctl("fix", "EIC", "--yes", code=1)
        keys.chmod(0o600)
        rights = pathlib.Path("/etc/sudoers.d/fix")
        shutil.move(rights, "/run/fix-rights")
        assert "nobody who may log in" in ctl("fix", "EIC", "--yes", code=1)
        shutil.move("/run/fix-rights", rights)
        os.chown(keys, 0, 0)  # sshd reads it with the rights of its owner
        assert "nobody who may log in" in ctl("fix", "EIC", "--yes", code=1)
        os.chown(keys, user.uid, user.uid)
        assert watched() == before and not history()
    finally:
        keys.write_text(good, encoding="utf-8")
        keys.chmod(0o600)
        os.chown(keys, user.uid, user.uid)


def test_account_that_cannot_log_in_is_no_way_in(host):
    """Neither past its time, nor with another shell, nor without the code that it is asked for."""
    _, user, _, _ = host
    before = watched()

    def is_refused(why):
        said = ctl("fix", "EIC", "--yes", code=1)
        assert why in said and "nobody who may log in" in said, said

    run("chage", "-E", "1", user.name)
    is_refused(f"{user.name}: the account is past its time")
    run("chage", "-E", "-1", user.name)
    run("chsh", "-s", "/bin/true", user.name)
    is_refused("Does not get in without it: root")
    run("chsh", "-s", "/bin/sh", user.name)
    rights = pathlib.Path("/etc/sudoers.d/fix")
    good = rights.read_text(encoding="utf-8")
    rights.write_text(good.replace("NOPASSWD: ", ""), encoding="utf-8")
    is_refused(f"{user.name}: is asked for a password, and has none")
    rights.write_text(good, encoding="utf-8")
    run(BUILD / "enroll-mfa", "remove", user.name)
    is_refused(f"{user.name}: is asked for a code, and has none that counts")
    user.enrol()
    nologin = pathlib.Path("/etc/nologin")
    nologin.touch()
    is_refused("")
    nologin.unlink()
    assert watched() == before and not history()


def test_key_that_is_revoked_is_no_way_in(host):
    _, user, pushed, _ = host
    revoked, text = pathlib.Path("/run/revoked"), CONFIG.read_text(encoding="utf-8")
    CONFIG.write_text(f"RevokedKeys {revoked}\n" + text, encoding="utf-8")
    try:
        for keys, said in ((pathlib.Path(f"{pushed}.pub").read_bytes(), "Gets in without it"),
                           (b"SSHKRL\n\0", "nobody who may log in"),
                           (pathlib.Path(f"{user.key}.pub").read_bytes(), "nobody who may log in")):
            revoked.write_bytes(keys)
            assert said in ctl("fix", "EIC", "--dry-run", code=1)
        revoked.unlink()  # then sshd takes no key
        assert "nobody who may log in" in ctl("fix", "EIC", "--dry-run", code=1)
    finally:
        revoked.unlink(missing_ok=True)


def test_login_by_key_and_code_is_not_taken_for_one_by_it(host):
    """Of two methods sshd logs the last one, so that no log has the key."""
    _, user, _, _ = host
    log = pathlib.Path("/var/log/auth.log")
    modules = run(pathlib.Path(__file__).parents[2] / "packaging/securedir").strip()
    shutil.copy(BUILD / "pam_bastion.so", modules)  # /usr is one of memory here

    def said_in_a_login(handed_out):
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(handed_out))
        log.write_text(f"{stamp} host ec2-instance-connect[7]: Providing ssh key from EC2 Instance "
                       "Connect with fingerprint: SHA256:x, request-id: 1, for IAM principal: x\n",
                       encoding="utf-8")
        with Sshd() as server:
            return server.ssh(user, user.code(), command=("sudo", BUILD / "bastionctl", "fix", "EIC",
                                                          "--dry-run")).text

    try:
        said = said_in_a_login(time.time() - 86400)
        assert "Gets in without it" in said and "Nothing was changed" in said, said
        assert "it could not be told whether this login" in said_in_a_login(time.time())
    finally:
        log.unlink()
        pathlib.Path(modules, "pam_bastion.so").unlink()


def test_login_that_is_not_seen_any_more_may_have_come_in_by_it(host):
    """Above a terminal of tmux there is no sshd."""
    log = pathlib.Path("/var/log/auth.log")
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(time.time() - 3600))
    here = {"SSH_CONNECTION": "198.51.100.7 4711 192.0.2.9 22"}

    def says(code, **env):
        done = subprocess.run([BUILD / "bastionctl", "fix", "EIC", "--dry-run"], check=False,
                              capture_output=True, text=True, env=os.environ | env)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    assert "Gets in without it" in says(1, **here)
    log.write_text(f"{stamp} host ec2-instance-connect[7]: Providing ssh key from EC2 Instance "
                   "Connect with fingerprint: SHA256:x, request-id: 1, for IAM principal: x\n",
                   encoding="utf-8")
    try:
        assert "Gets in without it" in says(1)
        assert "it could not be told whether this login" in says(1, **here)
    finally:
        log.unlink()


def test_address_that_sshd_lets_nobody_in_from_is_no_way_in(host):
    _, user, _, _ = host
    text = CONFIG.read_text(encoding="utf-8")
    for lines in ("Match Address 198.51.100.0/24\n PubkeyAuthentication no\n",
                  f"AllowUsers {user.name}@203.0.113.0/24\n"):
        CONFIG.write_text(lines + text if lines[0] == "A" else text + lines, encoding="utf-8")
        for address, said in (("198.51.100.7", "nobody who may log in"),
                              ("203.0.113.7", "Gets in without it")):
            done = subprocess.run([BUILD / "bastionctl", "fix", "EIC", "--dry-run"], check=False,
                                  capture_output=True, text=True, env=os.environ | {
                                      "SSH_CONNECTION": f"{address} 4711 192.0.2.9 22"})
            assert said in done.stdout + done.stderr, done.stdout + done.stderr


def test_rollback_brings_all_back_where_the_number_of_the_account_is_somebody_elses(host):
    before = watched()
    uid = run("id", "-u", NAME).strip()
    ctl("fix", "EIC", "--yes")
    run("useradd", "-r", "-u", uid, "other")
    try:
        ctl("rollback")
        assert watched() == before and history()[-1]["state"] == "returned"
        assert run("id", "-u", NAME).strip() != uid
    finally:
        run("userdel", "other")


def test_account_comes_back_with_its_group(host):
    run("usermod", "-g", "nogroup", NAME)
    subprocess.run(["groupdel", NAME], check=False, capture_output=True)
    before = run("getent", "passwd", NAME)
    ctl("fix", "EIC", "--yes")
    ctl("rollback")
    assert run("getent", "passwd", NAME) == before


def test_account_that_is_in_use_is_left_and_the_rest_stays_done(host):
    uid = int(run("id", "-u", NAME))
    with subprocess.Popen(["sleep", "60"], preexec_fn=lambda: os.setuid(uid)) as busy:
        with prerm(":\n"):
            said = ctl("fix", "EIC", "--yes", code=1)
        busy.kill()
    assert "Left to you, the account" in said and NAME in said
    assert package_state() in ("", "unknown ok not-installed") and history()[-1]["state"] == "done"


def test_program_of_another_name_that_calls_it_is_not_called_done(host):
    wrapper = pathlib.Path("/opt/keys")
    script(wrapper, f"exec {SCRIPTS}/eic_run_authorized_keys \"$@\"\n")
    text = CONFIG.read_text(encoding="utf-8")
    CONFIG.write_text(f"AuthorizedKeysCommand {wrapper} %u %f\nAuthorizedKeysCommandUser nobody\n" +
                      text, encoding="utf-8")
    try:
        assert "EIC-04 still fails:\n" in ctl("fix", "EIC", "--yes", code=1)
        said = ctl("fix", "EIC", "--yes", code=1)
        assert "Nothing of EC2 Instance Connect" in said and "EIC-04 still fails:\n" in said
    finally:
        wrapper.unlink()


def test_text_of_others_is_not_written_over_by_the_way_back_of_one_cut_short(host):
    cut_short()
    text = CONFIG.read_text(encoding="utf-8") + "DenyUsers mallory\n"
    CONFIG.write_text(text, encoding="utf-8")
    for argv in (["rollback"], ["fix", "EIC", "--resume"]):
        said = ctl(*argv, code=1 if argv[0] == "rollback" else 75)
        assert "has been changed since" in said, said
        assert CONFIG.read_text(encoding="utf-8") == text
    assert "is open" in ctl("fix", "EIC", "--yes", code=1)
    kept = ctl("rollback", "--force").split("kept as ")[1].split()[0]
    assert pathlib.Path(kept).read_text(encoding="utf-8") == text
    assert "mallory" not in CONFIG.read_text(encoding="utf-8")


def test_text_that_was_edited_while_a_step_failed_is_kept_and_told(host):
    with prerm(f"echo '# mine' >>{CONFIG}\nexit 1\n"):
        said = ctl("fix", "EIC", "--yes", code=3)
    assert "pre-removal script subprocess returned error" in said, said
    kept = said.split("kept as ")[1].split()[0]
    assert "# mine\n" in pathlib.Path(kept).read_text(encoding="utf-8")
    assert "# mine\n" not in CONFIG.read_text(encoding="utf-8")


def test_resume_judges_anew_who_gets_in(host):
    server, user, pushed, _ = host
    cut_short()
    keys = user.home / ".ssh/authorized_keys"
    away = keys.rename(keys.with_name("away"))
    try:
        said = ctl("fix", "EIC", "--resume", code=1)
        assert "nobody who may log in" in said and "is open" in said, said
    finally:
        away.rename(keys)
    ctl("fix", "EIC", "--resume")
    assert not gets_in(server, user, pushed) and gets_in(server, user, user.client_key)


def test_sshd_could_start_at_each_moment_where_command_and_user_are_in_two_files(host):
    """Scripts of the package start it anew, and a kill leaves what is there then."""
    text = CONFIG.read_text(encoding="utf-8")
    CONFIG.write_text(f"{USER}\n" + text.replace(f"{LINE}\n{USER}\n", ""), encoding="utf-8")
    PART.write_text(f"{LINE}\n", encoding="utf-8")
    run("/usr/sbin/sshd", "-t")
    before, half = watched(), pathlib.Path("/run/half")
    with prerm(f"/usr/sbin/sshd -t || touch {half}\nexit 1\n"):
        assert "all is as it was" in ctl("fix", "EIC", "--yes", code=3)
    assert not half.exists() and watched() == before
    ctl("fix", "EIC", "--yes")
    assert not PART.exists() and USER not in CONFIG.read_text(encoding="utf-8")


def test_file_that_somebody_has_changed_meanwhile_is_not_lost(host):
    left = pathlib.Path(f"/etc/systemd/system/{NAME}.service")
    left.write_text("# a unit\n", encoding="utf-8")
    try:
        with prerm(f"echo '# mine' >>{left}\n"):
            said = ctl("fix", "EIC", "--yes", code=3)
        assert f"{left}: has been changed since it was looked at" in said, said
        kept = said.split("kept as ")[1].split()[0]
        assert "# mine" in pathlib.Path(kept).read_text(encoding="utf-8")
        assert history()[-1]["state"] == "returned"
    finally:
        left.unlink()


def test_package_that_was_half_removed_is_whole_again_behind_the_way_back(host):
    before = watched()
    with prerm("kill -9 $PPID\n"):
        said = ctl("fix", "EIC", "--yes", code=3)
    assert "all is as it was" in said, said
    assert package_state() == "install ok installed", package_state()
    assert watched() == before


def test_rollback_waits_for_another_package_tool(host):
    _, _, _, deb = host
    shutil.copy(deb, DEB)
    ctl("fix", "EIC", "--yes")
    with open("/var/lib/dpkg/lock-frontend", "w", encoding="utf-8") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        threading.Timer(2, lambda: fcntl.lockf(lock, fcntl.LOCK_UN)).start()
        assert "no copy" not in ctl("rollback")
    assert package_state() == "install ok installed"


def test_key_on_the_terminal_ends_nothing_half_way_and_the_end_is_told(host):
    begun = pathlib.Path("/run/begun")
    with prerm(f"echo x >{begun}\nsleep 1\n"):
        child = pexpect.spawn(str(BUILD / "bastionctl"), ["fix", "EIC", "--yes"], encoding="utf-8",
                              timeout=60)
        end = time.monotonic() + 40
        while not begun.exists() and time.monotonic() < end:
            time.sleep(0.05)
        child.sendintr()
        child.expect(pexpect.EOF)
    begun.unlink()
    assert "Done; transaction" in child.before, child.before
    assert history()[-1]["state"] == "done"


def test_nothing_is_made_by_what_only_shows(host):
    conf, state = pathlib.Path("/etc/pam-bastion/other.conf"), pathlib.Path("/run/state")
    conf.write_text(f"state_dir = {state}\nstore = file:{state}\n", encoding="utf-8")
    conf.chmod(0o600)
    ctl("fix", "EIC", "--dry-run", "--config", conf, code=1)
    ctl("history", "--config", conf)
    assert not state.exists()
    conf.unlink()


def test_access_list_of_an_edited_file_comes_back(host):
    run("setfacl", "-m", "u:nobody:r", CONFIG)
    before = run("getfacl", "-c", CONFIG)
    ctl("fix", "EIC", "--yes")
    assert run("getfacl", "-c", CONFIG) == before
    ctl("rollback")
    assert run("getfacl", "-c", CONFIG) == before


def number():
    return int(run("sh", "-c", "echo $$"))


def test_audit_of_a_host_starts_few_programs():
    subprocess.run([BUILD / "bastionctl", "audit", "host"], check=False, capture_output=True)
    first = number()
    subprocess.run([BUILD / "bastionctl", "audit", "host"], check=False, capture_output=True)
    count = number() - first - 2
    # Each of sshd, dpkg-query, journalctl takes some hundredths of a second; 2 s are allowed.
    assert 0 < count <= 24, count
