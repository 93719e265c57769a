/*
 * The rule of a login, for spin: that it holds for every order of the steps of four
 * processes on two hosts, whatever is killed, lost or late, and whatever the clocks say.
 * tests/model/check runs it, with and without LOCAL, for several bounds: how many time
 * steps, attempts, kills and troubles there are.
 *
 * What stands for what:
 *
 *   Session    one process that takes an attempt: login()
 *   match      otp_match(): a code is the number of its step, 0 is a wrong one
 *   judge      state_next(), with settle_bucket(), state_bucket_wait(), judge_code(),
 *              succeed() and count_wrong()
 *   with LOCAL store_update() by store_file_update(), four processes of one host:
 *              slot_lock(), slot_read(), the judge, slot_write(), slot_unlock(); the
 *              kernel frees the lock of a killed holder.  A power cut, of the whole host,
 *              keeps or loses what was not synced (tests/crash/torn.c shows that two
 *              slots do no more than that)
 *   without    a store of several hosts as the design has it; it is not built yet, and
 *              store_update() knows the file store only.  Its update is to be a loop of
 *              get and put with the expected version, and whose outcome is unknown is
 *              settled by a nonce in the record.  An answer may be lost, and so may a
 *              request, or it may come late
 *   a host     which two of the four processes share one is left open: CRASH() takes any
 *              two at once.  Its clock may jump at any time, apart from the other's and
 *              between two attempts, so each attempt sees any time
 *   tell       tell() and the answer to whoever asked
 *
 * The calls of each, in the order in which they are written; the check compares them:
 *
 *   walk: store_open_in login_refuse store_root host_since_at read_enroll match_answer
 *       spend store_close tell refuse
 *   spend: make_keys store_update
 *   store_file_update: update
 *   update: store_file_open_pair slot_lock pair_key update_locked
 *       slot_unlock store_file_close_pair
 *   update_locked: store_file_read_pair store_file_is_empty none change slot_write
 *   slot_write: fill_block put64 slot_settle put_block
 *   state_next: entries_are_whole state_settle judge_recovery state_bucket_wait bucket_of
 *       judge_code count_wrong
 *   judge_code: record_find_entry succeed remember
 *   succeed: bucket_of state_learn
 *   count_wrong: bucket_of count_up proven_wrong state_lock_bound
 *
 * Left out:
 *   - of the store: records that are empty until they are filled, which are histories of
 *     passwords alone (store_file_is_empty())
 *   - of the rule: more devices than one, recovery codes, words (INVITED), answers that
 *     are not counted, the lock of a user (LOCKED: one more refusal, of the same write),
 *     doubling (one delay), what ends after 30 days, what is remembered
 *   - which bucket: each source has its own here, as a known one has; that a source is
 *     learned or dropped, and that unknown ones share buckets
 *   - passwords: tries that are reserved for one, and their part of a bucket (reserve.h)
 *   - floor: steps that host_since_at() reads as accepted after another machine's start
 *   - the enrolment's record, which is read before: no command changes one of the two
 *     between (BROKEN: they do not fit together), and none is removed or made anew
 *   - the 2 s after which slot_lock() gives up: here it waits, and refuses nobody for that
 *   - the deadline of a store of several hosts: here PUTS bounds the loop
 *
 * BROKEN_... takes one part of the rule away; the check demands that spin sees it.
 * RIGHT_ONLY: nobody types a wrong code.
 */
#define PROCS 4
#define NOBODY PROCS
#define WINDOW 1 /* conf.c: {"window", INT, AT(window), 0, 2, "1"} */
#define FREE 1   /* wrong codes of a source before its delay */
#define SOURCES 2

#ifndef STEPS
#define STEPS 3
#endif
#ifndef DELAY
#define DELAY 1  /* steps */
#endif
#ifndef ATTEMPTS
#define ATTEMPTS 4
#endif
#ifndef KILLS
#define KILLS 1    /* of a process, or of a host */
#endif
#ifndef TROUBLES
#define TROUBLES 1 /* lost or late messages; failing syncs and power cuts */
#endif
#define PUTS 2     /* of one attempt, then it is refused */

#define SOURCE(p) (p % SOURCES)
#define MAY_BEGIN (attempts > 0 && (me < SOURCES || busy[me - SOURCES]))
#define NOBODY_IS_BUSY (!busy[0] && !busy[1] && !busy[2] && !busy[3])

/* otp.c: for (int i = -window; i <= window && r == 0; i++) { */
#ifdef BROKEN_NONE_AHEAD
#define IN_WINDOW(code, now) (code != 0 && code <= now && now <= code + WINDOW)
#else
#define IN_WINDOW(code, now) (code != 0 && code <= now + WINDOW && now <= code + WINDOW)
#endif

/* state.c: if (b->last > now) */
#ifdef BROKEN_FUTURE_START
#define STARTED(start, now) (start)
#else
#define STARTED(start, now) (start > now -> now : start)
#endif

/* state.c: if (b->wrong < l->throttle_free) */
/* state.c: return now - b->last >= delay ? 0 : delay - (now - b->last); */
#ifdef BROKEN_NO_DELAY
#define DELAYED(wrong, start, now) false
#else
#ifdef BROKEN_NO_END
#define DELAYED(wrong, start, now) (wrong >= FREE)
#else
#define DELAYED(wrong, start, now) (wrong >= FREE && now - STARTED(start, now) < DELAY)
#endif
#endif

/* state.c: if (m->step <= entry->last_step || m->step <= m->floor) */
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

/* state.c: count_up(&b->wrong); */
/* state.c: b->last = a->now; */
#ifdef BROKEN_NOT_COUNTED
#define COUNT skip
#else
#define COUNT mine.counted++
#endif
#ifdef BROKEN_NOT_RAISED
#define RAISE skip
#else
#define RAISE mine.wrong[BUCKET] = (mine.wrong[BUCKET] < FREE -> mine.wrong[BUCKET] + 1 : FREE)
#endif
#ifdef BROKEN_NOT_STARTED
#define START skip
#else
#define START mine.start[BUCKET] = now
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

/*
 * What the check remembers of what was typed and told, and of nothing that the judge
 * says of itself: it has a delay and a window of its own, RIGHT and HAS_PASSED, so that
 * a fault in the judge's is not in both.
 */
bool accepted[STEPS + 1];
byte told_wrong;
byte alone = NOBODY;          /* who tries, and nobody else does */
byte greatest;                /* no later step was accepted, as far as anybody can know */
byte latest[SOURCES];         /* its delay began then at the latest; 0: it has none */
byte held[SOURCES];           /* its delay began then at the earliest; 0: it may have none */

#define RIGHT(code, now) (code != 0 && (code == now || code + 1 == now || code == now + 1))
#define HAS_PASSED(since, now) (since == 0 || now >= since + DELAY)
#define GREATER(a, b) (a > b -> a : b)
#define LESS(a, b) (a < b -> a : b)

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

/* A clock that shows less begins a delay anew.  Beside others it may do so before or
 * after they are judged: then nothing is known. */
inline lower(since)
{
	since = (now >= since -> since : (alone == me -> now : 0))
}

inline begin()
{
	attempts--;
	nonce = ATTEMPTS - attempts;
	alone = (NOBODY_IS_BUSY && !IS_LATE -> me : NOBODY);
	owed = alone == me && RIGHT(code, now) && code > greatest &&
	    HAS_PASSED(latest[SOURCE(me)], now);
	lower(held[0]);
	lower(held[1]);
	/* It may be judged, and perhaps it is right. */
	held[SOURCE(me)] = (HAS_PASSED(held[SOURCE(me)], now) -> 0 : held[SOURCE(me)]);
	if
	:: attempts == 0 -> /* not needed any more */
		greatest = 0;
		latest[0] = 0;
		latest[1] = 0
	:: else
	fi;
	busy[me] = true
}

inline settle_bucket(k)
{
#ifdef BROKEN_NOT_SETTLED
	skip
#else
	mine.start[k] = STARTED(mine.start[k], now)
#endif
}

/* state.c: entry->last_step = m->step; */
/* state.c: *bucket_of(hot, a) = (struct record_bucket){0}; */
inline succeed()
{
#ifdef BROKEN_LAST_IS_AHEAD
	mine.last = now + WINDOW;
#else
	mine.last = code;
#endif
#ifdef BROKEN_RESET_ALL
	mine.wrong[0] = 0;
	mine.start[0] = 0;
	mine.wrong[1] = 0;
	mine.start[1] = 0
#else
#ifndef BROKEN_RESET_NONE
	mine.wrong[BUCKET] = 0;
	mine.start[BUCKET] = 0
#endif
#endif
}

/* state.c: out->verdict = hit ? STATE_REPLAY : a->invited ? STATE_INVITED : STATE_WRONG; */
/* state.c: if (out->verdict == STATE_WRONG && !a->uncounted) */
inline judge()
{
	settle_bucket(0);
	settle_bucket(1);
	if
	:: DELAYED(mine.wrong[BUCKET], mine.start[BUCKET], now) ->
#ifdef BROKEN_PUSHED
		mine.start[BUCKET] = now;
#endif
#ifdef BROKEN_DELAYED_SPENDS
		mine.last = (IN_WINDOW(code, now) && code > mine.last -> code : mine.last);
#endif
		verdict = THROTTLED
	:: else ->
		if
		:: !IN_WINDOW(code, now) ->
			verdict = WRONG;
			COUNT;
			RAISE;
			START
		:: IN_WINDOW(code, now) && code IS_PAST mine.last ->
#ifdef BROKEN_REPLAY_RAISES
			RAISE;
			START;
#endif
			verdict = REPLAY
		:: IN_WINDOW(code, now) && !(code IS_PAST mine.last) ->
			verdict = OK;
			succeed()
		fi
	fi;
	mine.by = nonce
}

#define no_step_accepted_twice !accepted[code]
#define accepted_step_is_kept LASTING.last >= code
#define wrong_code_counted_before_told LASTING.counted >= told_wrong
#define right_code_is_accepted (alone == me && owed -> verdict == OK : true)
#define delayed_is_not_judged (HAS_PASSED(held[SOURCE(me)], now) || verdict == THROTTLED || verdict == DENIED)

/*
 * What nobody was told of may be in the record or not; and so may what was judged twice:
 * beside others it may have been written, and another's nonce stands above it.
 */
#define IS_PLAIN (verdict != DENIED && alone == me)

inline remember()
{
	if
	:: attempts == 0
	:: attempts > 0 && verdict == OK ->
		greatest = GREATER(greatest, code);
		latest[SOURCE(me)] = (alone == me -> 0 : latest[SOURCE(me)])
	:: attempts > 0 && verdict == WRONG ->
		latest[SOURCE(me)] = GREATER(latest[SOURCE(me)], now)
	:: attempts > 0 && verdict != OK && verdict != WRONG && !IS_PLAIN ->
		if
		:: RIGHT(code, now) -> greatest = GREATER(greatest, code)
		:: else -> latest[SOURCE(me)] = GREATER(latest[SOURCE(me)], now)
		fi
	:: else
	fi;
	if
	:: IS_PLAIN ->
		latest[0] = LESS(latest[0], now);
		latest[1] = LESS(latest[1], now)
	:: else
	fi;
	if
	:: verdict == OK -> held[SOURCE(me)] = 0
	:: verdict == WRONG && alone == me -> held[SOURCE(me)] = now
	:: else
	fi
}

inline tell()
{
	assert(right_code_is_accepted);
	assert(delayed_is_not_judged);
	if
	:: verdict == OK ->
		assert(no_step_accepted_twice);
		assert(accepted_step_is_kept);
		accepted[code] = true
	:: verdict == WRONG ->
		told_wrong++;
		assert(wrong_code_counted_before_told)
	:: else
	fi;
	remember()
}

inline die()
{
	verdict = DENIED;
	remember();
	leave()
}

/* A process that has ended leaves nothing of its own. */
inline leave()
{
	busy[me] = false;
	dead[me] = false;
	alone = (alone == me -> NOBODY : alone);
	owed = false;
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
	:: atomic { troubles > 0 -> d_step { troubles--; alone = NOBODY; verdict = DENIED; holder = NOBODY } }
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
	alone = (alone == me -> NOBODY : alone);
	if
	:: atomic { IS_EXPECTED -> d_step { copy(stored, mine); version++ } }
	:: skip
	:: atomic { !is_late -> d_step { copy(late, mine); late_expected = expected; is_late = true } }
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
	bool owed;            /* by what was typed and told, its code is to be accepted */
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
		} unless { d_step { dead[me] -> die() } }
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

/* A host, as a whole. */
#define CRASH(p, q) atomic { MAY_KILL(p) && MAY_KILL(q) -> d_step { kills--; kill(p); kill(q) } }

/* What befalls hosts and messages. */
active proctype Fate()
{
end:	do
	:: atomic { MAY_KILL(0) -> d_step { kills--; kill(0) } }
	:: atomic { MAY_KILL(1) -> d_step { kills--; kill(1) } }
	:: atomic { MAY_KILL(2) -> d_step { kills--; kill(2) } }
	:: atomic { MAY_KILL(3) -> d_step { kills--; kill(3) } }
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
	:: CRASH(0, 1)
	:: CRASH(0, 2)
	:: CRASH(0, 3)
	:: CRASH(1, 2)
	:: CRASH(1, 3)
	:: CRASH(2, 3)
	:: atomic { is_late ->
		if
		:: atomic { late_expected == version -> d_step { copy(stored, late); version++ } }
		:: skip
		fi;
		d_step { clear(late); late_expected = 0; is_late = false } }
#endif
	od
}
