"""The walk of `make demo`, inside the private machine."""
import re
import sys
import time

import bastion
import pexpect
import picture

shown = []
steps = iter(range(1, 100))


def step(text):
    print(f"\n{next(steps)}. {text}", flush=True)


def quote(text):
    for line in text.replace("\r", "").splitlines():
        if line.strip():
            print(f"   | {line}", flush=True)


def check(text, ok):
    shown.append((text, bool(ok)))


def enrol_in_a_terminal(user):
    """What root and the owner of the phone do; the phone is zbarimg and oathtool."""
    child = bastion.spawn(bastion.BUILD / "enroll-mfa", user.name)
    child.expect_exact("Code from the app")
    lines = picture.screen(child.before)
    quote("\n".join(lines))
    path = bastion.SCRATCH / "screen.png"
    picture.draw(picture.qr_lines(lines), path)
    uri = picture.read_qr(path)
    print("\n   A picture of that screen, read by zbarimg as by a phone:")
    quote(uri or "nothing")
    check("the QR code on the terminal scans", uri and uri.startswith("otpauth://totp/"))
    user.secret = re.search(r"secret=([A-Z2-7]+)", uri).group(1)
    child.sendline(user.code())
    child.expect(pexpect.EOF)
    child.close()
    told = child.before.split("\n", 1)[-1]
    codes = re.findall(r"\b[A-Z2-7a-z]{4}(?:-[A-Z2-7a-z]{4}){3}\b", told)
    print("   The app's code typed in:")
    quote(told)
    check("enrolled with one code, ten recovery codes shown once",
          child.exitstatus == 0 and len(codes) == 10)
    user.recovery = codes


def login(server, user, *answers):
    """One ssh login, shown as on the user's terminal."""
    talk = server.ssh(user, *answers, command=('echo "I am $(id -un) on the bastion"',))
    quote("$ ssh bastion\n" + talk.text)
    return talk


def is_in(talk, user):
    return talk.status == 0 and f"I am {user.name} on the bastion" in talk.text


def walk(log):
    print("pam-bastion: a key, then a code from the phone.  A real sshd on 127.0.0.1, a real ssh\n"
          "client, the files under packaging/.  All in a private copy of /etc, in memory.")
    step("The administrator makes the keyring and the store:  enroll-mfa init")
    quote(bastion.enroll_mfa("init"))

    alice = bastion.User("alice")
    step("The administrator enrols alice, who has a key already:  enroll-mfa alice")
    enrol_in_a_terminal(alice)

    with bastion.Sshd() as server:
        step("alice logs in: sshd checks her key, the module her code.")
        code = alice.code()
        talk = login(server, alice, code)
        check("key and code: in", is_in(talk, alice))

        step("Somebody has read that code over her shoulder and types it again, then hangs up.")
        talk = login(server, alice, code)
        check("the same code again: refused",
              not is_in(talk, alice) and "already used" in talk.text)

        step("A wrong code, three times.")
        talk = login(server, alice, *[alice.wrong_code() for _ in range(3)])
        check("a wrong code: refused", not is_in(talk, alice) and "wrong code" in talk.text)

    step("sshd_config says by mistake `AuthenticationMethods publickey`, so nobody is asked for\n"
         "   a code: the module's account line refuses.")
    with bastion.Sshd(AuthenticationMethods="publickey") as server:
        talk = login(server, alice)
        check("a login without a code: refused", not is_in(talk, alice) and not talk.prompts)

    log.wait("reason=need_auth")
    step("What the log has, one line a decision:")
    for line in log.module():
        quote(re.sub(r"^.*?pam_bastion", "pam_bastion", line))
    text = "\n".join(log.module())
    check("the log has a line for each of these", all(words in text for words in (
        "verdict=ok method=totp", "verdict=replay", "verdict=wrong", "reason=need_auth")))


def main():
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    started = time.monotonic()
    try:
        walk(bastion.Log())
    except Exception as trouble:  # pylint: disable=broad-except # the summary comes in any case
        check(f"the walk came to its end ({type(trouble).__name__}: {trouble})", False)
    print(f"\nShown in {time.monotonic() - started:.0f} s:")
    for text, ok in shown:
        print(f"  {'ok' if ok else 'NO'}  {text}")
    sys.stdout.flush()
    return 0 if all(ok for _, ok in shown) else 1


if __name__ == "__main__":
    sys.exit(main())
