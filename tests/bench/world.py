"""Users with a device, for each module that is measured, and what its services say."""
import base64
import hashlib
import hmac
import os
import pathlib
import subprocess
import time

import hosts

PERIOD = 30


def name(index):
    return f"u{index:06d}"


def secret(index):
    return hashlib.sha256(b"bench %d" % index).digest()[:20]


def base32(index):
    return base64.b32encode(secret(index)).decode()


def code(index, skew=0, at=None):
    """RFC 6238, six digits."""
    step = int(time.time() if at is None else at) // PERIOD + skew
    mac = hmac.new(secret(index), step.to_bytes(8, "big"), "sha1").digest()
    offset = mac[19] & 15
    return f"{(int.from_bytes(mac[offset:offset + 4], 'big') & 0x7fffffff) % 1000000:06d}"


def wrong(index):
    """None of the codes around now, whatever window a module has."""
    near = {code(index, skew) for skew in range(-12, 13)}
    return next(c for c in (f"{n:06d}" for n in range(100)) if c not in near)


def service(title, line):
    (pathlib.Path(hosts.SERVICES) / title).write_text(f"auth required {line}\n")


def put_back(path, data):
    """In place, so that a file that its owner never replaces keeps its blocks."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    os.ftruncate(fd, len(data))
    os.pwrite(fd, data, 0)
    os.fdatasync(fd)
    os.close(fd)


class World:
    """One module with a number of users.  restore() gives the states back that keep() has
    seen first, strays() names files that were not there then."""

    def __init__(self, title, users, root):
        self.title = title
        self.users = users
        self.root = pathlib.Path(root) / title
        self.root.mkdir(mode=0o700)
        self.kept = {}
        self.build()
        self.files = self.listing()
        if users <= 100:
            # The same people log in again and again.
            self.keep(range(users))
        service(title, self.line())

    def listing(self):
        return {p for p in self.root.rglob("*") if p.is_file()}

    def strays(self):
        return sorted(self.listing() - self.files)

    def clean(self):
        for path in self.strays():
            path.unlink()

    def keep(self, indexes):
        for path in {self.state(i) for i in indexes} - set(self.kept):
            self.kept[path] = path.read_bytes()

    def restore(self, indexes):
        for path in {self.state(i) for i in indexes}:
            put_back(path, self.kept[path])

    def warm(self, index):
        """As it was at first, and in the caches: what each login then meets is the same."""
        self.keep([index])
        self.restore([index])


class Ours(World):
    label = "pam_bastion"

    def build(self):
        conf = self.root / "conf"
        conf.write_text(f"store = file:{self.root}/state\nstate_dir = {self.root}/state\n"
                        f"keyring = {self.root}/keyring\n")
        listing = "".join(f"otpauth://totp/{name(i)}?secret={base32(i)}\n"
                          for i in range(self.users))
        begin = time.monotonic()
        subprocess.run([os.environ["BUILD"] + "/enroll-mfa", "--config", conf, "import", "-"],
                       input=listing, text=True, check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        self.import_seconds = time.monotonic() - begin

    def line(self):
        return f"pam_bastion.so conf={self.root}/conf retry=1"

    def state(self, index):
        return self.root / "state/hot" / name(index)


class Google(World):
    """With its limits on: a code once, three tries in 30 s."""
    label = "google-authenticator"

    def build(self):
        for i in range(self.users):
            fd = os.open(self.root / name(i), os.O_WRONLY | os.O_CREAT, 0o400)
            os.write(fd, f'{base32(i)}\n" RATE_LIMIT 3 30\n" WINDOW_SIZE 3\n'
                     '" DISALLOW_REUSE\n" TOTP_AUTH\n'.encode())
            os.close(fd)

    def line(self):
        return f"pam_google_authenticator.so user=root secret={self.root}/${{USER}}"

    def state(self, index):
        return self.root / name(index)


class Oath(World):
    label = "pam_oath"

    def build(self):
        (self.root / "users").write_text("".join(
            f"HOTP/T{PERIOD} {name(i)} - {secret(i).hex()}\n" for i in range(self.users)))
        (self.root / "users").chmod(0o600)

    def line(self):
        return f"pam_oath.so usersfile={self.root}/users window=1 digits=6"

    def state(self, index):
        return self.root / "users"

    def warm(self, index):
        # Among many, the login itself reads and writes the whole file.
        if self.users <= 100:
            super().warm(index)


PASSWD = pathlib.Path("/etc/passwd")
MACHINE = PASSWD.read_text()


def accounts(indexes):
    """/etc/passwd of the private machine: its own lines and those of who logs in now."""
    PASSWD.write_text(MACHINE + "".join(
        f"{name(i)}:x:{20000 + i}:20000::/nonexistent:/bin/sh\n" for i in sorted(set(indexes))))
