"""What the system tests and the demo share: users, codes, sshd and its clients.

Everything here changes /etc, so it works inside tests/system/private-machine only.
"""
import contextlib
import hashlib
import itertools
import json
import os
import pathlib
import random
import re
import shutil
import socket
import subprocess
import time

import pexpect

if "PRIVATE_MACHINE" not in os.environ or not os.path.isdir("/run/home"):
    raise SystemExit("run this through tests/system/private-machine")

SCRATCH = pathlib.Path(os.environ["PRIVATE_MACHINE"])
BUILD = pathlib.Path(os.environ["BUILD"])
PACKAGING = pathlib.Path(__file__).resolve().parents[2] / "packaging"
CONF = pathlib.Path("/etc/pam-bastion/pam_bastion.conf")
SUDOERS = pathlib.Path("/etc/sudoers.d/tests")
CODE_PROMPT = "Verification code: "
SECONDS = 30  # the longest that a prompt may take

# No agent, no askpass program, no colours: the terminal is the only way in.
CLIENT_ENV = {"PATH": os.environ["PATH"], "HOME": "/root", "TERM": "dumb", "LC_ALL": "C.UTF-8"}


def run(*argv, **kw):
    """The output of a command that must succeed."""
    done = subprocess.run([str(a) for a in argv], capture_output=True, text=True, **kw)
    if done.returncode != 0:
        raise AssertionError(f"{argv}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def enroll_mfa(*argv, **kw):
    return run(BUILD / "enroll-mfa", *argv, **kw)


class Log:
    """The syslog of the private machine."""

    def __init__(self):
        self.path = SCRATCH / "log"

    def mark(self):
        return self.path.stat().st_size

    def lines(self, since=0):
        text = self.path.read_bytes()[since:].decode(errors="replace")
        return [re.sub(r"^<\d+>\w+ +\d+ [\d:]+ ", "", line) for line in text.splitlines()]

    def wait(self, pattern, since=0):
        """The first line since a mark that fits; it must come within seconds."""
        end = time.monotonic() + 10
        while time.monotonic() < end:
            for line in self.lines(since):
                if re.search(pattern, line):
                    return line
            time.sleep(0.05)
        raise AssertionError(f"no {pattern!r} in the log:\n" + "\n".join(self.lines(since)))

    def module(self, since=0):
        return [line for line in self.lines(since) if "pam_bastion(" in line]


class User:
    """An account of the private machine, its key, password and authenticator."""

    numbers = itertools.count(20001)

    def __init__(self, name=None, password=None):
        self.uid = next(self.numbers)
        self.name = name or f"user{self.uid}"
        self.password = password
        self.home = pathlib.Path("/run/home") / self.name
        self.secret, self.recovery, self.device = None, [], None
        self.digits, self.algorithm, self.period = 6, "sha1", 30
        self.last_step = 0
        self._append("/etc/passwd", f"{self.name}:x:{self.uid}:{self.uid}::{self.home}:/bin/sh")
        self._append("/etc/group", f"{self.name}:x:{self.uid}:")
        self._append("/etc/shadow", f"{self.name}:*:19000:0:99999:7:::")
        if password:
            run("chpasswd", "-c", "SHA512", input=f"{self.name}:{password}\n")
        self._make_home()

    @staticmethod
    def _append(path, line):
        with open(path, "a", encoding="utf-8") as f:
            f.write(line + "\n")

    def _make_home(self):
        ssh = self.home / ".ssh"
        ssh.mkdir(parents=True)
        self.key = ssh / "id_ed25519"
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", self.name, "-f", self.key)
        shutil.copy(f"{self.key}.pub", ssh / "authorized_keys")
        for path in [self.home, ssh, *ssh.iterdir()]:
            os.chown(path, self.uid, self.uid)
        # The client runs as root and must find the key private.
        self.client_key = SCRATCH / "keys" / self.name
        self.client_key.parent.mkdir(exist_ok=True)
        shutil.copy(self.key, self.client_key)
        os.chmod(self.client_key, 0o600)

    def fingerprint(self):
        return run("ssh-keygen", "-lf", f"{self.key}.pub").split()[1]

    def enrol(self, *argv, digits=6, algorithm="sha1", period=30):
        self.digits, self.algorithm, self.period = digits, algorithm, period
        if (digits, algorithm, period) != (6, "sha1", 30):
            argv = (*argv, "--digits", digits, "--algorithm", algorithm, "--period", period)
        told = json.loads(enroll_mfa(*argv, self.name, "--no-confirm", "--json"))
        self.secret, self.recovery = told["secret"], told["recovery"]
        self.device = told["device"]
        return self

    def code_at(self, step):
        return run("oathtool", f"--totp={self.algorithm}", "-b", "-d", self.digits, "-s",
                   f"{self.period}s", "-N", f"@{step * self.period}", self.secret).strip()

    def code(self):
        """A code that no login has used yet.  Each step counts once, and the
        window takes the one before and the one after: three without a wait."""
        step = max(self.last_step + 1, int(time.time() + 4) // self.period - 1)
        while step > int(time.time()) // self.period + 1:
            time.sleep(0.2)
        self.last_step = step
        return self.code_at(step)

    def wrong_code(self):
        now = int(time.time()) // self.period
        near = {self.code_at(now + i) for i in range(-3, 6)} if self.secret else set()
        while True:
            code = f"{random.randrange(10**self.digits):0{self.digits}d}"
            if code not in near:
                return code

    def become(self):
        """For preexec_fn: the process is this user's."""
        os.setgroups([])
        os.setgid(self.uid)
        os.setuid(self.uid)
        os.chdir(self.home)


class Talk:
    """How a conversation on a terminal went."""

    def __init__(self, text, prompts, status):
        self.text, self.prompts, self.status = text, prompts, status

    def __repr__(self):
        return f"exit {self.status}, prompts {self.prompts}, on the terminal:\n{self.text}"


def converse(child, answers, prompt=CODE_PROMPT, and_then=None, any_left=False):
    """Types the answers at the prompts, one each; a prompt without an answer
    hangs up.  and_then(child) takes over when the answers are used up.  An answer
    that nobody has asked for is an error, unless any_left says that it may be."""
    text, prompts, left = "", [], list(answers)
    ends = [pexpect.EOF, pexpect.TIMEOUT]
    while True:
        if not left and and_then:
            text += and_then(child) or ""
            and_then = None
        seen = child.expect([prompt, *ends])
        text += child.before if isinstance(child.before, str) else ""
        if seen == 0:
            prompts.append(child.after)
            text += child.after
            if not left:
                break
            child.sendline(left.pop(0))
        elif seen == 1:
            break
        else:
            child.close(force=True)
            raise AssertionError(f"nothing happens after:\n{text}")
    child.close(force=True)
    talk = Talk(text.replace("\r", ""), prompts, child.exitstatus)
    if left and not any_left:
        raise AssertionError(f"{len(left)} answers are left that nobody has asked for: {talk}")
    return talk


def spawn(*argv, **kw):
    kw.setdefault("env", CLIENT_ENV)
    child = pexpect.spawn(str(argv[0]), [str(a) for a in argv[1:]], encoding="utf-8",
                          codec_errors="replace", timeout=SECONDS, dimensions=(24, 80), **kw)
    # The module's prompt echoes; waiting for the echo to go off would only cost time.
    child.delaybeforesend = None
    return child


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Sshd:
    """The system's sshd on loopback with the shipped drop-in.  Options given
    here stand before it, so they win.  Below OpenSSH 9.8 the PAM service is
    named after the program: a link gives it another name."""

    numbers = itertools.count(1)

    def __init__(self, service="sshd", **options):
        self.dir = SCRATCH / f"sshd{next(self.numbers)}"
        self.dir.mkdir()
        self.port = free_port()
        program = pathlib.Path("/usr/sbin/sshd")
        if service != "sshd":
            program = self.dir / service
            program.symlink_to("/usr/sbin/sshd")
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.dir / "host_key")
        words = {"ListenAddress": "127.0.0.1", "PidFile": "none", **options}
        self.argv = [str(program), "-D", "-E", str(self.dir / "log"), "-p", str(self.port),
                     "-h", str(self.dir / "host_key"), "-f", "/etc/ssh/sshd_config"]
        for key, value in words.items():
            self.argv += ["-o", f"{key}={value}"]
        for late in ("PerSourcePenalties=no", f"PAMServiceName={service}"):
            if self._has(late):
                self.argv += ["-o", late]
        public = (self.dir / "host_key.pub").read_text(encoding="utf-8").split()
        (self.dir / "known_hosts").write_text(f"* {public[0]} {public[1]}\n", encoding="utf-8")
        self.process = None

    def _has(self, option):
        return subprocess.run([*self.argv, "-t", "-o", option], check=False,
                              capture_output=True).returncode == 0

    def start(self):
        run(*self.argv, "-t")
        self.process = subprocess.Popen(self.argv)
        end = time.monotonic() + 10
        while time.monotonic() < end:
            with contextlib.suppress(OSError), socket.create_connection(
                    ("127.0.0.1", self.port), timeout=1):
                return self
            time.sleep(0.05)
        raise AssertionError("sshd does not listen:\n" + self.log())

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def log(self):
        return (self.dir / "log").read_text(encoding="utf-8", errors="replace")

    def config(self, user, **options):
        """A client configuration file for this server and user."""
        path = self.dir / f"client.{user.name}"
        words = {"HostName": "127.0.0.1", "Port": self.port, "User": user.name,
                 "IdentityFile": user.client_key, "IdentitiesOnly": "yes",
                 "UserKnownHostsFile": self.dir / "known_hosts",
                 "GlobalKnownHostsFile": "none", "StrictHostKeyChecking": "yes", **options}
        # Several clients of one user at once: each reads a whole file.
        new = path.with_name(f"{path.name}.{next(self.numbers)}")
        new.write_text("Host *\n" + "".join(f"{k} {v}\n" for k, v in words.items()),
                       encoding="utf-8")
        new.replace(path)
        return path

    def ssh(self, user, *answers, args=(), command=("echo", "I", "am", "$(id -un)"),
            any_left=False, **options):
        """A login by the real client on a terminal."""
        options.setdefault("NumberOfPasswordPrompts", 1)
        child = spawn("ssh", "-F", self.config(user, **options), *args, "bastion", *command)
        return converse(child, answers, prompt=r"(?:Verification code|[Pp]assword): ",
                        any_left=any_left)


def is_in(talk, user):
    return talk.status == 0 and f"I am {user.name}" in talk.text


def checksum(*trees):
    """One number over names, owners, modes and contents, links not followed."""
    total = hashlib.sha256()
    for tree in trees:
        for top, dirs, files in os.walk(tree):
            dirs.sort()
            for name in sorted(files) + dirs:
                path = os.path.join(top, name)
                st = os.lstat(path)
                total.update(f"{path} {st.st_mode} {st.st_uid} {st.st_gid}".encode())
                if os.path.islink(path):
                    total.update(os.readlink(path).encode())
                elif os.path.isfile(path):
                    with open(path, "rb") as f:
                        total.update(f.read())
    return total.hexdigest()
