/* The protocol of claims: workers, a clock, one row. Checked by spin over every interleaving.

   A tick is due at each step of the clock. A claim is one atomic step: a compare-and-swap of the
   next tick, with the lease. A run begins some steps later, in which anything may happen: a crash,
   the expiry of the lease, the claim of another. A worker begins, and writes, only while it trusts
   its lease, which ends before the store's does; what it writes carries its token.

   -DREAD_THEN_WRITE, -DNO_FENCE and -DUNTRUSTED each break one rule, and are each found out. */

#ifndef WORKERS
#define WORKERS 2
#endif
#ifndef TICKS
#define TICKS 3
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#define LEASE 2
#define NOBODY 255

byte now = 0;         /* the store's clock: tick n is due at n */
byte crashes = 0;

/* The row. */
byte next = 1;        /* the tick that a claim must expect */
byte token = 0;
byte held = 0;        /* the tick whose run holds the lease; 0: none */
byte until = 0;
byte fence = 0;       /* the token that writes must carry */

/* The history, of which every tick is to be in one place. */
byte done = 0, abandoned = 0, skipped = 0;

/* What an onlooker sees. */
byte starts[TICKS + 1];
byte written = 0;     /* the token of the latest write that got through */

/* Whoever comes by may give up the run of a worker whose lease has expired. */
inline give_up() {
  if
  :: held != 0 && until <= now -> abandoned++; held = 0
  :: else
  fi
}

inline claim_newest() {
  give_up();
  mine = now;
  skipped = skipped + (mine - next);
  next = mine + 1;
  token++;
  my_token = token;
  fence = token;
  held = mine;
  until = now + LEASE;
  trusted = now + LEASE - 1
}

proctype Worker() {
  byte expected, mine, my_token, trusted;

idle:
  atomic { mine = 0; my_token = 0; expected = 0; trusted = 0 };
  if
  :: atomic { next <= now && now <= TICKS -> expected = next }
  :: atomic { now > TICKS -> goto over }
  fi;
#ifdef READ_THEN_WRITE
  /* It has read that the row is free, and now writes that it is its own. */
  if
  :: atomic { held == 0 || until <= now -> skip }
  :: atomic { held != 0 && until > now -> goto idle }
  fi;
  atomic { if :: now <= TICKS -> next = expected; claim_newest() :: else -> goto idle fi };
#else
  atomic {
    if
    :: next == expected && expected <= now && now <= TICKS && (held == 0 || until <= now) ->
      claim_newest()
    :: else -> goto idle
    fi
  };
#endif

  /* The reply is on its way, and perhaps late. */
  if
  :: atomic { crashes < CRASHES -> crashes++; goto idle }
  :: atomic {
#ifndef UNTRUSTED
      now <= trusted ->
#endif
      starts[mine]++;
      assert(starts[mine] <= 1);
      assert(until > now && token == my_token)
    }
  :: atomic { now > trusted -> goto idle }
  fi;

  /* At work: it may stand still for as long as it likes, and then write before it looks. */
  if
  :: atomic { crashes < CRASHES -> crashes++; goto idle }
  :: atomic {
      if
#ifdef NO_FENCE
      :: true ->
#else
      :: fence == my_token ->
#endif
        assert(written <= my_token && token == my_token);
        written = my_token
      :: fence != my_token -> skip
      fi
    }
  fi;

  /* The end is told until it is answered; whose lease was taken is told so. */
  if
  :: atomic { crashes < CRASHES -> crashes++; goto idle }
  :: atomic {
      if
      :: held == mine && token == my_token -> done++; held = 0
      :: else
      fi
    }
  fi;
  goto idle;
over:
  skip
}

proctype Clock() {
  do
  :: atomic { now < TICKS + LEASE + 1 -> now++ }
  :: now == TICKS + LEASE + 1 -> break
  od
}

/* When all has come to rest, what is left is given up, and the sums are taken. */
init {
  atomic {
    byte each = 0;
    do
    :: each < WORKERS -> run Worker(); each++
    :: else -> break
    od;
    run Clock()
  };
  (_nr_pr == 1);
  atomic {
    give_up();
    assert(held == 0);
    assert(done + abandoned + skipped == next - 1)
  }
}
