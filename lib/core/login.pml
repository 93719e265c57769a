/*
 * The rule of a login, for spin: that it holds for every order of the steps of four
 * processes on two hosts, whatever is killed, lost or late, and whatever the clocks say.
 * tests/model/check runs it, with and without LOCAL, for several bounds: how many time
 * steps, attempts, kills and troubles there are.
 *
 * What stands for what:
 *
 *   Session    one process that takes an attempt: login()
 *   match      otp_match(): a code is the number of its step, 0 is a wrong one; a host's
 *              clock may have jumped anywhere, so each attempt sees any time
 *   judge      state_next(), with settle_bucket(), seconds_to_wait(), judge_code() and
 *              count_wrong()
 *   with LOCAL store_update() by store_file_update(): slot_lock(), slot_read(), the judge,
 *              slot_write(), slot_unlock(); the kernel frees the lock of a killed holder.
 *              A power cut keeps or loses what was not synced (tests/crash/torn.c shows
 *              that two slots do no more than that)
 *   without    store_update() as a loop of get and put with the expected version, over a
 *              store of several hosts.  An answer may be lost, and so may a request, or it
 *              may come late; whose outcome is unknown is settled by a nonce in the record
 *   tell       tell() and the answer to whoever asked
 *
 * Left out: more devices than one, recovery codes, the lock of a user (one more refusal,
 * of the same write), doubling (one delay), days.
 *
 * BROKEN_... takes one part of the rule away; the check demands that spin sees it.
 * RIGHT_ONLY: nobody types a wrong code.
 */
#define HOSTS 2
#define PROCS 4
#define NOBODY PROCS
#define WINDOW 1
#define FREE 1   /* wrong codes of a source before its delay */
#define DELAY 1  /* steps */
#define SOURCES 2

#ifndef STEPS
#define STEPS 3
#endif
#ifndef ATTEMPTS
#define ATTEMPTS 4
#endif
#ifndef KILLS
#define KILLS 1
#endif
#ifndef TROUBLES
#define TROUBLES 1 /* lost or late messages; failing syncs and power cuts */
#endif
#define PUTS 2     /* of one attempt, then it is refused */

#define SOURCE(p) (p % SOURCES)
#define MAY_BEGIN (attempts > 0 && (me < SOURCES || busy[me - SOURCES]))
#define NOBODY_IS_BUSY (!busy[0] && !busy[1] && !busy[2] && !busy[3])
#define IN_WINDOW(code, now) (code != 0 && code <= now + WINDOW && now <= code + WINDOW)
#define STARTED(start, now) (start > now -> now : start)
#define DELAYED(wrong, start, now) (wrong >= FREE && now - STARTED(start, now) < DELAY)

#ifdef BROKEN_LAST_STEP_EQUAL
#define IS_PAST <
#else
#define IS_PAST <=
#endif
#ifdef BROKEN_ONE_BUCKET
#define BUCKET 0
#else
#define BUCKET SOURCE(me)
#endif
#ifdef BROKEN_NOT_COUNTED
#define COUNT skip
#else
#define COUNT mine.counted++; mine.wrong[BUCKET] = (mine.wrong[BUCKET] < FREE -> mine.wrong[BUCKET] + 1 : FREE)
#endif
#ifdef LOCAL
#define IS_LATE false
#define LASTING disk
#else
#define IS_LATE is_late
#define LASTING stored
#endif

#ifdef BROKEN_BLIND_PUT
#define IS_EXPECTED true
#else
#define IS_EXPECTED version == expected
#endif

mtype = {NONE, OK, WRONG, REPLAY, THROTTLED, DENIED};

typedef Hot {
	byte last;            /* the last step accepted */
	byte wrong[SOURCES];
	byte start[SOURCES];
	byte by;              /* whose put it was */
	byte counted;         /* for the check only: all wrong codes ever counted */
};

Hot stored;                   /* LOCAL: as everybody reads it */
byte version;
#ifdef LOCAL
Hot disk;                     /* what a power cut leaves */
bool unsynced;
byte holder = NOBODY;         /* of the record's lock */
#else
Hot late;                     /* a request on its way */
byte late_expected;
bool is_late;
#endif

bool busy[PROCS];
bool dead[PROCS];
byte attempts = ATTEMPTS, kills = KILLS, troubles = TROUBLES;

/* What the check remembers. */
bool accepted[STEPS + 1];
byte told_wrong;
byte sole = NOBODY;           /* who types a right code while nobody else tries */

inline copy(to, from)
{
	to.last = from.last;
	to.wrong[0] = from.wrong[0];
	to.wrong[1] = from.wrong[1];
	to.start[0] = from.start[0];
	to.start[1] = from.start[1];
	to.by = from.by;
	to.counted = from.counted;
}

inline clear(hot)
{
	hot.last = 0;
	hot.wrong[0] = 0;
	hot.wrong[1] = 0;
	hot.start[0] = 0;
	hot.start[1] = 0;
	hot.by = 0;
	hot.counted = 0;
}

/* Any time, any code.  What comes before the record is read touches nothing that is
 * shared, so it is one step with that; and processes of one source are alike, so the
 * second of them begins only beside the first. */
inline type()
{
	if
	:: now = 1
	:: STEPS > 1 -> now = 2
	:: STEPS > 2 -> now = STEPS
	fi;
	if
#ifndef RIGHT_ONLY
	:: code = 0
#endif
	:: now > 1 -> code = now - 1
	:: code = now
	:: now < STEPS -> code = now + 1
	fi
}

inline begin()
{
	attempts--;
	nonce = ATTEMPTS - attempts;
	sole = NOBODY;
	if
	:: NOBODY_IS_BUSY && !IS_LATE && IN_WINDOW(code, now) && code > stored.last &&
	   !DELAYED(stored.wrong[SOURCE(me)], stored.start[SOURCE(me)], now) -> sole = me
	:: else
	fi;
	busy[me] = true
}

inline settle_bucket(k)
{
	mine.start[k] = STARTED(mine.start[k], now)
}

inline judge()
{
	settle_bucket(0);
	settle_bucket(1);
	if
	:: DELAYED(mine.wrong[BUCKET], mine.start[BUCKET], now) -> verdict = THROTTLED
	:: else ->
		if
		:: !IN_WINDOW(code, now) ->
			verdict = WRONG;
			COUNT;
			mine.start[BUCKET] = now
		:: IN_WINDOW(code, now) && code IS_PAST mine.last -> verdict = REPLAY
		:: IN_WINDOW(code, now) && !(code IS_PAST mine.last) ->
			verdict = OK;
			mine.last = code;
			mine.wrong[BUCKET] = 0;
			mine.start[BUCKET] = 0
		fi
	fi;
	mine.by = nonce
}

#define no_step_accepted_twice !accepted[code]
#define accepted_step_is_kept LASTING.last >= code
#define wrong_code_counted_before_told LASTING.counted >= told_wrong
#define right_code_is_accepted (sole != me || verdict == OK)

inline tell()
{
	assert(right_code_is_accepted);
	if
	:: verdict == OK ->
		assert(no_step_accepted_twice);
		assert(accepted_step_is_kept);
		accepted[code] = true
	:: verdict == WRONG ->
		told_wrong++;
		assert(wrong_code_counted_before_told)
	:: else
	fi
}

/* A process that has ended leaves nothing of its own. */
inline leave()
{
	busy[me] = false;
	dead[me] = false;
	clear(mine);
	code = 0;
	now = 0;
	nonce = 0;
	expected = 0;
	puts = 0;
	verdict = NONE
}

#ifdef LOCAL

#ifdef BROKEN_JUDGE_BEFORE_LOCK
#define MAY_READ true
#else
#define MAY_READ holder == NOBODY
#endif

inline read()
{
	holder = (MAY_READ && holder == NOBODY -> me : holder);
	copy(mine, stored);
	judge()
}

inline write()
{
#ifdef BROKEN_JUDGE_BEFORE_LOCK
	atomic { holder == NOBODY || holder == me -> holder = me };
#endif
	d_step { copy(stored, mine); unsynced = true };
	if
#ifdef BROKEN_NO_SYNC
	:: d_step { holder = NOBODY }
#else
	:: d_step { copy(disk, stored); unsynced = false; holder = NOBODY }
	:: d_step { troubles > 0 -> troubles--; sole = NOBODY; verdict = DENIED; holder = NOBODY }
#endif
	fi
}

#else

#define MAY_READ true

inline read()
{
	expected = version;
#ifdef BROKEN_JUDGE_BEFORE_LOCK
	if
	:: puts == 0 -> copy(mine, stored); judge()
	:: else
	fi;
#else
	copy(mine, stored);
	judge();
#endif
	puts++
}

/* The request arrives and its answer does not; or it never does; or it comes late. */
inline lose()
{
	troubles--;
	sole = (sole == me -> NOBODY : sole);
	if
	:: d_step { IS_EXPECTED -> copy(stored, mine); version++ }
	:: skip
	:: d_step { !is_late -> copy(late, mine); late_expected = expected; is_late = true }
	fi
}

inline write()
{
	do
	:: atomic { IS_EXPECTED -> d_step { copy(stored, mine); version++ }; goto answer }
	:: atomic { !(IS_EXPECTED) && puts == PUTS -> verdict = DENIED; goto answer }
	:: atomic { !(IS_EXPECTED) && puts < PUTS ->
		if
		:: stored.by == nonce -> goto answer /* it had come late */
		:: else -> d_step { read() }
		fi }
	:: atomic { troubles > 0 -> lose() };
#ifdef BROKEN_UNKNOWN_IS_DONE
		goto answer
#else
		if
		:: atomic { stored.by == nonce -> goto answer }
		:: atomic { stored.by != nonce -> verdict = DENIED; goto answer }
		:: atomic { stored.by != nonce && puts < PUTS -> d_step { read() } }
		fi
#endif
	od
}

#endif

active [PROCS] proctype Session()
{
	Hot mine;
	byte me = _pid, code, now, nonce, expected, puts;
	mtype verdict = NONE;

	do
	:: atomic { MAY_BEGIN && MAY_READ -> type(); d_step { begin(); read() } };
		{
#ifdef BROKEN_ANSWER_BEFORE_WRITE
			d_step { tell(); verdict = NONE };
#endif
			write();
answer:			skip; /* no jump leads into a d_step */
			d_step { tell(); leave() }
		} unless { d_step { dead[me] -> leave() } }
	:: attempts == 0 -> break
	od
}

inline kill(p)
{
	dead[p] = true;
#ifdef LOCAL
#ifndef BROKEN_LOCK_STAYS
	holder = (holder == p -> NOBODY : holder);
#endif
#endif
}

#define MAY_KILL(p) (kills > 0 && busy[p] && !dead[p])

/* What befalls hosts and messages. */
active proctype Fate()
{
end:	do
	:: d_step { MAY_KILL(0) -> kills--; kill(0) }
	:: d_step { MAY_KILL(1) -> kills--; kill(1) }
	:: d_step { MAY_KILL(2) -> kills--; kill(2) }
	:: d_step { MAY_KILL(3) -> kills--; kill(3) }
#ifdef LOCAL
	:: atomic { troubles > 0 && unsynced ->
		if
		:: d_step { copy(stored, disk) }
		:: d_step { copy(disk, stored) }
		fi;
		d_step {
			troubles--;
			unsynced = false;
			dead[0] = busy[0];
			dead[1] = busy[1];
			dead[2] = busy[2];
			dead[3] = busy[3];
			holder = NOBODY
		} }
#else
	:: atomic { is_late ->
		if
		:: d_step { late_expected == version -> copy(stored, late); version++ }
		:: skip
		fi;
		d_step { clear(late); late_expected = 0; is_late = false } }
#endif
	od
}
