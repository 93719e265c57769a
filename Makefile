# pam-bastion: a TOTP code in sshd, sudo and login.  GNU make.
#
#   make            build into build/
#   sudo make demo  install what is missing, show the main job on this machine
#   sudo make check the same, then all tests
#   sudo make install [DESTDIR=...]

VERSION = 0.1.0

prefix = /usr
sbindir = $(prefix)/sbin
mandir = $(prefix)/share/man
docdir = $(prefix)/share/doc/pam-bastion
localedir = $(prefix)/share/locale
pamconfigdir = $(prefix)/share/pam-configs
tmpfilesdir = $(prefix)/lib/tmpfiles.d
unitdir = $(prefix)/lib/systemd/system
sysconfdir = /etc
localstatedir = /var
libexecdir = $(prefix)/libexec
securedir = $(shell packaging/securedir)
DESTDIR =
BUILD = build
DEPS = yes
# no: without the room that speaks to AWS, and without its libraries; then of bastionctl
# what needs no network is left.  In a build directory of its own.
AWS = yes
export AWS
# How many compilers at a time where a target builds all that it runs.
JOBS = $(shell nproc)

CC = cc
INSTALL = install
PYTHON = $(firstword $(wildcard /usr/bin/python3) python3)
CFLAGS = -O2 -g
CPPFLAGS =
LDFLAGS =

HARDEN_C = -std=c17 -D_GNU_SOURCE -fPIC -fvisibility=hidden -ffunction-sections -fstack-protector-strong \
	-fstack-clash-protection -fno-strict-aliasing -fno-delete-null-pointer-checks
WARN = -Wall -Wextra -Wshadow -Wpointer-arith -Wcast-qual -Wwrite-strings -Wundef \
	-Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wvla -Wimplicit-fallthrough
HARDEN_LD = -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--as-needed
FORTIFY = -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
DEFINES = -I. -DPB_VERSION='"$(VERSION)"' -DPB_SYSCONFDIR='"$(sysconfdir)"' \
	-DPB_LOCALSTATEDIR='"$(localstatedir)"' -DPB_LOCALEDIR='"$(localedir)"'
COMPILE = $(CC) $(HARDEN_C) $(WARN) $(FORTIFY) $(DEFINES) $(CPPFLAGS) $(CFLAGS) -MMD -MP

# One static library a room; the tools are thin fronts (main.c, cmd_*.c).
fronts = main.c cmd_%.c
objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
core_src = $(wildcard lib/core/*.c)
net_src = $(wildcard lib/net/*.c)
enroll_all = $(wildcard enroll/*.c)
enroll_front = $(filter $(addprefix enroll/,$(fronts)) enroll/main.c,$(enroll_all))
enroll_src = $(filter-out $(enroll_front),$(enroll_all))
# What asks AWS; with AWS=no one file says of its commands that they are not there.
aws_front = $(addprefix policy/cmd_,policy_pull.c audit_iam.c fix_iam.c fix_mfa.c mfa.c)
aws_src = $(if $(filter no,$(AWS)),policy/cmd_aws_none.c,$(aws_front) $(wildcard policy/iam/*.c))
policy_all = $(filter-out $(aws_front) policy/cmd_aws_none.c,$(wildcard policy/*.c policy/audit/*.c policy/rotate/*.c)) $(aws_src)
policy_front = $(filter $(addprefix policy/,$(fronts)) policy/main.c,$(policy_all))
# What stands for a file that needs lib/net where there is none: NAME.c and NAME_none.c.
none_src = $(wildcard policy/audit/*_none.c policy/rotate/*_none.c)
policy_out = $(if $(filter no,$(AWS)),$(none_src:_none.c=.c),$(none_src))
policy_src = $(filter-out $(policy_front) $(policy_out),$(policy_all))
password_src = $(wildcard policy/password/*.c)
module_src = $(wildcard pam_module/*.c)
net_test = $(if $(filter no,$(AWS)),$(wildcard tests/unit/test_net_*.c tests/fuzz/fuzz_net_*.c))
unit_src = $(filter-out $(net_test),$(wildcard tests/unit/test_*.c))
pam_src = $(wildcard tests/pam/test_*.c)
pam_help = $(filter-out $(pam_src),$(wildcard tests/pam/*.c))
race_src = $(wildcard tests/race/*.c)
crash_src = $(wildcard tests/crash/test_*.c)
fuzz_src = $(filter-out $(net_test),$(wildcard tests/fuzz/fuzz_*.c))
fuzz_help = $(filter-out $(fuzz_src) $(net_test),$(wildcard tests/fuzz/*.c))
unit_bin = $(patsubst %.c,$(BUILD)/%,$(unit_src))
pam_bin = $(patsubst %.c,$(BUILD)/%,$(pam_src))
race_bin = $(patsubst %.c,$(BUILD)/%,$(race_src))
crash_bin = $(patsubst %.c,$(BUILD)/%,$(crash_src))
torn_bin = $(BUILD)/tests/crash/torn
fuzz_bin = $(patsubst %.c,$(BUILD)/%,$(fuzz_src))

CORE_LIBS = -lcrypto -loath
PASSWORD_LIBS = -lcrypt
ENROLL_LIBS = -lpng
NET_LIBS = $(if $(filter no,$(AWS)),,-lcurl -ljansson -lexpat)
libnet = $(if $(filter no,$(AWS)),,$(BUILD)/libnet.a)

# Timers of commands that ask AWS are of no use without them.
units = $(filter-out $(if $(filter no,$(AWS)),pam-bastion-policy.% pam-bastion-rotate.%),$(notdir $(wildcard packaging/systemd/*)))
languages = $(patsubst po/%.po,%,$(wildcard po/*.po))
catalogue = locale/$(1)/LC_MESSAGES/pam-bastion.mo
products = $(BUILD)/pam_bastion.so $(BUILD)/enroll-mfa $(BUILD)/bastionctl \
	$(foreach l,$(languages),$(BUILD)/$(call catalogue,$(l)))

.PHONY: all deps demo check check-unit check-pam check-race check-system check-guard check-crash check-fuzz check-model check-boot check-rotate \
	lint asan bench bench-passwords install uninstall dist clean tests pot update-po valgrind fuzz fuzz-programs crash coverage
.DELETE_ON_ERROR:
.SECONDARY:

all: $(products)

$(BUILD)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(COMPILE) -c -o $@ $<

$(BUILD)/libcore.a: $(call objects,$(core_src))
$(BUILD)/libnet.a: $(call objects,$(net_src))
$(BUILD)/libenroll.a: $(call objects,$(enroll_src))
$(BUILD)/libpolicy.a: $(call objects,$(policy_src))
$(BUILD)/libpassword.a: $(call objects,$(password_src))
$(BUILD)/libmodule.a: $(call objects,$(module_src))
$(BUILD)/lib%.a:
	@rm -f $@
	$(AR) rcs $@ $^

# Every connection of sshd opens the module anew, so each symbol it does not import is time
# saved: unused functions go, and so do the start files, which only bring four weak
# symbols that the linker then seeks in every library of the host.  For the same
# reason it is mapped in two pieces instead of four (noseparate-code), and stays in a
# process that logs in many people, with liboath and its piece of locked memory
# (nodelete).
LINK_MODULE = -shared -nostartfiles -Wl,--gc-sections -Wl,-z,noseparate-code -Wl,-z,nodelete \
	-Wl,--exclude-libs,ALL -Wl,-soname,pam_bastion.so
$(BUILD)/pam_bastion.so: $(call objects,$(module_src)) $(BUILD)/libenroll.a $(BUILD)/libpassword.a $(BUILD)/libcore.a
	$(CC) $(LINK_MODULE) $(CFLAGS) $(HARDEN_LD) $(LDFLAGS) -o $@ $^ -lpam $(CORE_LIBS) $(PASSWORD_LIBS)

$(BUILD)/enroll-mfa: $(call objects,$(enroll_front)) $(BUILD)/libenroll.a $(BUILD)/libcore.a
	$(CC) -pie $(CFLAGS) $(HARDEN_LD) $(LDFLAGS) -o $@ $^ $(ENROLL_LIBS) $(CORE_LIBS)

$(BUILD)/bastionctl: $(call objects,$(policy_front)) $(BUILD)/libpolicy.a $(libnet) $(BUILD)/libenroll.a \
	$(BUILD)/libpassword.a $(BUILD)/libcore.a
	$(CC) -pie $(CFLAGS) $(HARDEN_LD) $(LDFLAGS) -o $@ $^ $(NET_LIBS) $(CORE_LIBS) $(PASSWORD_LIBS)

$(BUILD)/$(call catalogue,%): po/%.po
	@mkdir -p $(@D)
	msgfmt -c -o $@ $<

# The English texts as they are in the sources now, and the translations brought up
# to them: what is new comes empty, what is gone goes.
pot:
	@mkdir -p $(BUILD)
	po/extract $(BUILD)/pam-bastion.pot

update-po: pot
	@for l in $(languages); do \
		msgmerge --quiet --update --backup=none --no-fuzzy-matching --add-location=file \
			po/$$l.po $(BUILD)/pam-bastion.pot && \
		msgattrib --no-obsolete --add-location=file -o po/$$l.po po/$$l.po || exit 1; done

# Of what hosts the module, no library of a network is a part.
TEST_LIBS = -lcmocka -lpam -Wl,--push-state,--as-needed $(NET_LIBS) -Wl,--pop-state $(ENROLL_LIBS) $(CORE_LIBS) $(PASSWORD_LIBS)
archives = $(BUILD)/libmodule.a $(BUILD)/libpolicy.a $(libnet) $(BUILD)/libenroll.a $(BUILD)/libpassword.a $(BUILD)/libcore.a

$(unit_bin) $(torn_bin): $(BUILD)/%: %.c $(archives) Makefile
	@mkdir -p $(@D)
	$(COMPILE) $(LDFLAGS) -o $@ $< $(archives) $(TEST_LIBS)

# Calls of lib/net as tests/system/test_aws.py wants them.
call_bin = $(if $(filter no,$(AWS)),,$(BUILD)/tests/system/aws_call)
$(BUILD)/tests/system/aws_call: tests/system/aws_call.c $(libnet) $(BUILD)/libcore.a Makefile
	@mkdir -p $(@D)
	$(COMPILE) $(LDFLAGS) -o $@ $< $(libnet) $(BUILD)/libcore.a $(NET_LIBS) $(CORE_LIBS)

# These two host the shipped .so by libpam, as sshd does.  Bound at their start: at its
# first call a function would save the registers on the stack that test_memory.c searches.
$(pam_bin) $(race_bin): $(BUILD)/%: %.c $(pam_help) $(archives) $(BUILD)/pam_bastion.so Makefile
	@mkdir -p $(@D)
	$(COMPILE) -Wl,-z,now $(LDFLAGS) -o $@ $< $(pam_help) $(archives) $(TEST_LIBS)

# Modules that tests put beside the shipped one: pam_judge judges passwords and says which,
# pam_say answers what its line says.
stub = $(BUILD)/tests/stub/pam_judge.so $(BUILD)/tests/stub/pam_say.so
$(stub): $(BUILD)/tests/stub/%.so: tests/stub/%.c Makefile
	@mkdir -p $(@D)
	$(COMPILE) -shared $(HARDEN_LD) $(LDFLAGS) -o $@ $< -lpam

# These also run the tools, and interrupt them.
crash_shared = tests/pam/host.c $(filter-out $(crash_src) tests/crash/torn.c,$(wildcard tests/crash/*.c))
$(crash_bin): $(BUILD)/%: %.c $(crash_shared) $(archives) $(products) Makefile
	@mkdir -p $(@D)
	$(COMPILE) $(LDFLAGS) -o $@ $< $(crash_shared) $(archives) $(TEST_LIBS)

# libFuzzer harnesses over the sources of the libraries, the tools and the module, built
# once more by clang with its counters and sanitizers.  The packaged places are nowhere,
# so that no input reaches those of this machine.
FUZZ_CC = clang
FUZZ_TIME = 60
fuzz_flags = -O1 -g -fno-omit-frame-pointer -fno-sanitize-recover=undefined -Wno-format-nonliteral \
	-fsanitize=fuzzer-no-link,address,undefined
fuzz_make = $(MAKE) --no-print-directory -j$(JOBS) BUILD=$(BUILD)/fuzz CC='$(FUZZ_CC)' FORTIFY= \
	sysconfdir=/nonexistent/etc localstatedir=/nonexistent/var CFLAGS='$(fuzz_flags)'

# The calls that tests/fuzz/wrap.c stands in for.
fuzz_wraps = $$(nm $(BUILD)/obj/tests/fuzz/wrap.o | sed -n 's/.* T __wrap_/-Wl,--wrap=/p')

# The whole tool, its main() under another name.
$(BUILD)/obj/tests/fuzz/tool.o: $(BUILD)/obj/enroll/main.o
	@mkdir -p $(@D)
	objcopy --redefine-sym main=enroll_mfa_main $< $@
$(BUILD)/tests/fuzz/fuzz_tool: $(BUILD)/obj/tests/fuzz/tool.o \
	$(filter-out $(BUILD)/obj/enroll/main.o,$(call objects,$(enroll_front)))

# Of one process, and each input is to be one.
$(BUILD)/obj/tests/fuzz/mark.o: $(BUILD)/obj/pam_module/mark.o
	@mkdir -p $(@D)
	objcopy --globalize-symbol=unmarked $< $@
$(BUILD)/tests/fuzz/fuzz_login: $(BUILD)/obj/tests/fuzz/mark.o

$(fuzz_bin): $(BUILD)/%: $(BUILD)/obj/%.o $(call objects,$(fuzz_help)) $(archives)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -fsanitize=fuzzer $(fuzz_wraps) $(LDFLAGS) -o $@ \
		$(filter %.o,$^) $(filter %.a,$^) $(NET_LIBS) $(ENROLL_LIBS) $(CORE_LIBS) $(PASSWORD_LIBS)

fuzz-programs: $(fuzz_bin)

# The same with counters of lines: which of lib/core, enroll and policy/password the kept
# inputs reach is printed for each file; fails below 90 % in all.
coverage_make = $(fuzz_make) BUILD=$(BUILD)/coverage CFLAGS='$(fuzz_flags) -fprofile-instr-generate -fcoverage-mapping'

coverage: deps
	@$(coverage_make) fuzz-programs
	@BUILD='$(abspath $(BUILD))/coverage' tests/fuzz/coverage $(FUZZ)

fuzz: deps
	@$(fuzz_make) fuzz-programs
	@BUILD='$(abspath $(BUILD))/fuzz' tests/fuzz/run fuzz $(FUZZ_TIME) $(FUZZ)

tests: $(products) $(stub) $(call_bin) $(unit_bin) $(pam_bin) $(race_bin) $(crash_bin) $(torn_bin)

# moto's server, a peer that nobody here wrote; without a network it is NOT RUN.
$(BUILD)/moto/bin/moto_server: tests/requirements.txt
	@mkdir -p $(@D)
	@echo 'moto: into $(BUILD)/moto'
	@$(PYTHON) -m venv --clear $(BUILD)/moto && \
		$(BUILD)/moto/bin/pip install --quiet --disable-pip-version-check -r tests/requirements.txt >$(BUILD)/moto.log 2>&1 \
		|| { echo 'moto: cannot be had: $(BUILD)/moto.log'; rm -rf $(BUILD)/moto; exit 1; }
	@touch $@

deps:
	@DEPS='$(DEPS)' packaging/deps

demo: deps
	@$(MAKE) --no-print-directory -j$(JOBS) all
	@BUILD='$(abspath $(BUILD))' tests/system/demo

check: deps
	@DEPS='$(DEPS)' packaging/deps check
	@$(MAKE) --no-print-directory -j$(JOBS) tests
	@# What cannot be had or built is counted by the group.
	$(if $(filter no,$(AWS)),,-@$(MAKE) --no-print-directory $(BUILD)/moto/bin/moto_server)
	-@$(coverage_make) fuzz-programs
	@BUILD='$(abspath $(BUILD))' PYTHON='$(PYTHON)' CRASH_PART=$${CRASH_PART:-4} tests/run guard unit pam race crash system beside fuzz model

check-guard check-unit check-pam check-race check-crash check-system: check-%: tests
	@BUILD='$(abspath $(BUILD))' PYTHON='$(PYTHON)' tests/run $*

check-model:
	@BUILD='$(abspath $(BUILD))' PYTHON='$(PYTHON)' CC='$(CC)' tests/run model

check-fuzz:
	@$(coverage_make) fuzz-programs
	@BUILD='$(abspath $(BUILD))' PYTHON='$(PYTHON)' tests/run fuzz

# Under a real systemd, with reboots; not in `check`: it needs systemd-nspawn.
check-boot: all
	@BUILD='$(BUILD)' tests/boot/run

# The whole crash matrix of rotations: each cut, each kill, and each two of them.
check-rotate: tests
	@ROTATE_PAIRS=$${ROTATE_PAIRS:-all} $(BUILD)/tests/unit/test_rotate
	@BUILD='$(abspath $(BUILD))' PYTHON='$(PYTHON)' ROTATE_ALL=1 SYSTEM=tests/system/test_rotate.py tests/run system

# The long form: each call of each operation, and 10,000 kills at any time; several hours.
crash: tests
	@BUILD='$(abspath $(BUILD))' PYTHON='$(PYTHON)' CRASH_ALL=1 tests/run crash

lint: deps
	@DEPS='$(DEPS)' packaging/deps lint
	@CC='$(CC)' DEFINES="$(DEFINES)" tests/lint

# The shipped flags with ASan and UBSan, in a build directory of its own.
# ASAN_GROUPS: with race and crash (an eighth of its points) it takes four times as long.
ASAN_GROUPS = unit pam system
asan: deps
	@$(MAKE) --no-print-directory -j$(JOBS) tests $(BUILD)/asan/tests/system/asan_options.so \
		BUILD=$(BUILD)/asan FORTIFY= \
		CFLAGS='-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined'
	@BUILD='$(abspath $(BUILD))/asan' PYTHON='$(PYTHON)' CRASH_PART=8 \
		SYSTEM='tests/system/test_sshd.py tests/system/test_enroll_mfa.py' tests/run $(ASAN_GROUPS)

$(BUILD)/tests/system/asan_options.so: tests/system/asan_options.c Makefile
	@mkdir -p $(@D)
	$(COMPILE) -fno-sanitize=all -shared -o $@ $<

# What a login costs, beside the modules of others, which it installs.
bench_bin = $(addprefix $(BUILD)/tests/bench/,host host-plain pam_empty.so)
$(BUILD)/tests/bench/host: bench_flags =
$(BUILD)/tests/bench/host: bench_libs = -lcrypto
$(BUILD)/tests/bench/host-plain: bench_flags = -DPLAIN
$(BUILD)/tests/bench/host $(BUILD)/tests/bench/host-plain: tests/bench/host.c Makefile
	@mkdir -p $(@D)
	$(COMPILE) $(bench_flags) $(LDFLAGS) -o $@ $< -lpam $(bench_libs)

$(BUILD)/tests/bench/pam_empty.so: tests/bench/empty.c Makefile
	@mkdir -p $(@D)
	$(COMPILE) -shared $(HARDEN_LD) $(LDFLAGS) -o $@ $< -lpam $(CORE_LIBS)

# The check of a password alone, beside the libraries of others.
$(BUILD)/tests/bench/passwords: tests/bench/passwords.c $(BUILD)/libpassword.a $(BUILD)/libcore.a Makefile
	@mkdir -p $(@D)
	$(COMPILE) $(LDFLAGS) -o $@ $< $(BUILD)/libpassword.a $(BUILD)/libcore.a -lpwquality -lpasswdqc $(CORE_LIBS)

bench: bench-passwords
	@$(MAKE) --no-print-directory -j$(JOBS) all $(bench_bin)
	@BUILD='$(abspath $(BUILD))' PYTHON='$(PYTHON)' tests/bench/run

bench-passwords: deps
	@DEPS='$(DEPS)' packaging/deps bench
	@$(MAKE) --no-print-directory -j$(JOBS) all $(BUILD)/tests/bench/passwords
	@mkdir -p $(BUILD)/bench
	@$(BUILD)/tests/bench/passwords >$(BUILD)/bench/passwords.md
	@echo >>$(BUILD)/bench/passwords.md
	@BUILD='$(abspath $(BUILD))' $(PYTHON) tests/bench/million.py >>$(BUILD)/bench/passwords.md
	@cat $(BUILD)/bench/passwords.md

# The module tests under memcheck, as they are shipped.
valgrind: deps
	@$(MAKE) --no-print-directory -j$(JOBS) tests
	@BUILD='$(abspath $(BUILD))' PYTHON='$(PYTHON)' tests/run valgrind

install: all
	$(INSTALL) -d -m 755 $(DESTDIR)$(securedir) $(DESTDIR)$(sbindir) $(DESTDIR)$(mandir)/man8 \
		$(DESTDIR)$(mandir)/man5 $(DESTDIR)$(tmpfilesdir) $(DESTDIR)$(docdir)/examples/pam.d \
		$(DESTDIR)$(docdir)/examples/sshd_config.d $(DESTDIR)$(docdir)/examples/selinux \
		$(DESTDIR)$(docdir)/examples/sudoers.d $(DESTDIR)$(pamconfigdir) \
		$(DESTDIR)$(sysconfdir)/pam-bastion
	$(INSTALL) -m 644 $(BUILD)/pam_bastion.so $(DESTDIR)$(securedir)/pam_bastion.so
	$(INSTALL) -m 755 $(BUILD)/enroll-mfa $(BUILD)/bastionctl $(DESTDIR)$(sbindir)/
	$(INSTALL) -m 644 man/*.8 $(DESTDIR)$(mandir)/man8/
	$(INSTALL) -m 644 man/*.5 $(DESTDIR)$(mandir)/man5/
	$(INSTALL) -m 644 packaging/pam.d/* $(DESTDIR)$(docdir)/examples/pam.d/
	$(INSTALL) -m 644 packaging/sshd_config.d/* $(DESTDIR)$(docdir)/examples/sshd_config.d/
	$(INSTALL) -m 644 packaging/pam-configs/pam-bastion $(DESTDIR)$(pamconfigdir)/pam-bastion
	$(INSTALL) -m 644 packaging/selinux/* $(DESTDIR)$(docdir)/examples/selinux/
	$(INSTALL) -m 440 packaging/sudoers.d/* $(DESTDIR)$(docdir)/examples/sudoers.d/
	$(INSTALL) -m 644 README.md README.ko.md NEWS.md LICENSE SECURITY.md CONTRIBUTING.md $(DESTDIR)$(docdir)/
	$(INSTALL) -m 644 packaging/pam-bastion.tmpfiles $(DESTDIR)$(tmpfilesdir)/pam-bastion.conf
	$(INSTALL) -d -m 755 $(DESTDIR)$(unitdir)
	for u in $(units); do \
		sed 's,/usr/sbin/,$(sbindir)/,; s,/var/lib/,$(localstatedir)/lib/,' packaging/systemd/$$u \
			>$(DESTDIR)$(unitdir)/$$u && chmod 644 $(DESTDIR)$(unitdir)/$$u || exit 1; done
	for l in $(languages); do \
		$(INSTALL) -d -m 755 $(DESTDIR)$(localedir)/$$l/LC_MESSAGES && \
		$(INSTALL) -m 644 $(BUILD)/$(call catalogue,$$l) $(DESTDIR)$(localedir)/$$l/LC_MESSAGES/ \
			|| exit 1; done
	@# A configuration that is there is the admin's: never overwritten.
	test -e $(DESTDIR)$(sysconfdir)/pam-bastion/pam_bastion.conf || \
		$(INSTALL) -m 644 packaging/pam_bastion.conf $(DESTDIR)$(sysconfdir)/pam-bastion/pam_bastion.conf
	test -e $(DESTDIR)$(sysconfdir)/pam-bastion/bastionctl.conf || \
		$(INSTALL) -m 644 packaging/bastionctl.conf $(DESTDIR)$(sysconfdir)/pam-bastion/bastionctl.conf

# Configuration, keyring and state stay: they are the admin's.  A stack that names
# the module and finds none lets nobody in, so the stacks go back first.
uninstall:
	@if [ '$(FORCE)' != yes ] && grep -l pam_bastion.so $(DESTDIR)$(sysconfdir)/pam.d/* 2>/dev/null; then \
		echo 'uninstall: these name pam_bastion.so and would let nobody in without it; take' \
			'the lines out first, or say FORCE=yes'; exit 1; fi
	rm -f $(DESTDIR)$(securedir)/pam_bastion.so $(DESTDIR)$(sbindir)/enroll-mfa \
		$(DESTDIR)$(sbindir)/bastionctl $(DESTDIR)$(tmpfilesdir)/pam-bastion.conf \
		$(addprefix $(DESTDIR)$(unitdir)/,$(units)) \
		$(DESTDIR)$(sysconfdir)/systemd/system/multi-user.target.wants/pam-bastion-settle.service \
		$(addprefix $(DESTDIR)$(sysconfdir)/systemd/system/timers.target.wants/,$(filter %.timer,$(units)))
	cd man && rm -f $(addprefix $(DESTDIR)$(mandir)/man8/,$(notdir $(wildcard man/*.8))) \
		$(addprefix $(DESTDIR)$(mandir)/man5/,$(notdir $(wildcard man/*.5)))
	rm -f $(DESTDIR)$(pamconfigdir)/pam-bastion
	rm -f $(foreach l,$(languages),$(DESTDIR)$(localedir)/$(l)/LC_MESSAGES/pam-bastion.mo)
	rm -rf $(DESTDIR)$(docdir)

dist:
	@mkdir -p $(BUILD)
	git archive --format=tar.gz --prefix=pam-bastion-$(VERSION)/ -o $(BUILD)/pam-bastion-$(VERSION).tar.gz HEAD
	@echo $(BUILD)/pam-bastion-$(VERSION).tar.gz

clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
