// SPDX-License-Identifier: Apache-2.0
//
// Contexts of libc that know nothing of triptych, and count themselves what they do: for each
// function a line "NAME CREATED RESUMED FINISHED" at the end.
//
//   ucontexts all N      contexts that end, that nest, that are forgotten, and that jump
//   ucontexts threads N  contexts that move between two threads
//   ucontexts block      one sleeps for 200 ms on its thread; what it slept is printed, in ns
//   ucontexts wait N     as all, twice: when "ready" has been printed and a line come, again
//   ucontexts fork N     as all, then again in a child and its parent
//   ucontexts exec N     as all, then in the program that it becomes
//   ucontexts crash N HOW  one yields N times and falls: HOW is segv or abort, and of C++ throw
//   ucontexts throw N    of C++: one catches what it throws, having been switched away from
//   meanwhile
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

enum { kStack = 65536, kMost = 256 };

struct counts {
  const char* name;
  long created, resumed, finished;
};
static struct counts worker_counts = {"worker", 0, 0, 0};
static struct counts spawner_counts = {"spawner", 0, 0, 0};
static struct counts forgotten_counts = {"forgotten", 0, 0, 0};
static struct counts jumper_counts = {"jumper", 0, 0, 0};
static struct counts stray_counts = {"stray", 0, 0, 0};
static struct counts many_counts = {"many", 0, 0, 0};
static struct counts mover_counts = {"mover", 0, 0, 0};
static struct counts sleeper_counts = {"sleeper", 0, 0, 0};
static struct counts catcher_counts = {"catcher", 0, 0, 0};
static struct counts faller_counts = {"faller", 0, 0, 0};

struct fiber {
  ucontext_t context;
  ucontext_t* home;  // where it goes when it yields or ends
  struct counts* counts;
  int rounds;
  int done;
};
static struct fiber fibers[kMost];
static int made;

static void yield(struct fiber* self) {
  swapcontext(&self->context, self->home);
}

static void resume(struct fiber* each) {
  __atomic_fetch_add(&each->counts->resumed, 1, __ATOMIC_RELAXED);
  swapcontext(each->home, &each->context);
}

static void end(struct fiber* self) {
  self->done = 1;
  ++self->counts->finished;
}

static struct fiber* prepare(struct counts* counts, int rounds, ucontext_t* home) {
  struct fiber* fiber = &fibers[made++ % kMost];
  free(fiber->context.uc_stack.ss_sp);
  memset(fiber, 0, sizeof *fiber);
  fiber->counts = counts;
  fiber->rounds = rounds;
  fiber->home = home;
  getcontext(&fiber->context);
  fiber->context.uc_stack.ss_sp = malloc(kStack);
  fiber->context.uc_stack.ss_size = kStack;
  fiber->context.uc_link = home;
  ++counts->created;
  return fiber;
}

static struct fiber* make(void (*run)(int), struct counts* counts, int rounds, ucontext_t* home) {
  struct fiber* fiber = prepare(counts, rounds, home);
  makecontext(&fiber->context, (void (*)(void))run, 1, (int)(fiber - fibers));
  return fiber;
}

static void worker(int number) {
  for (int i = 0; i < fibers[number].rounds; ++i) yield(&fibers[number]);
  end(&fibers[number]);
}

static void forgotten(int number) {
  for (;;) yield(&fibers[number]);
}

// Makes others, and resumes them itself.
static void spawner(int number) {
  struct fiber* self = &fibers[number];
  ucontext_t here;
  for (int i = 0; i < self->rounds; ++i) {
    struct fiber* inner = make(worker, &worker_counts, 2, &here);
    while (!inner->done) {
      resume(inner);
      ++self->counts->resumed;  // by it
    }
    yield(self);
  }
  end(self);
}

// Jumps about on its own stack, which is no switch.
static void jumper(int number) {
  struct fiber* self = &fibers[number];
  ucontext_t again;
  volatile int left = 3;
  getcontext(&again);
  if (left-- > 0) setcontext(&again);
  yield(self);
  end(self);
}

// Never comes back to where it was, and does not end.
static void stray(int number) {
  setcontext(fibers[number].home);
}

static void many(int a, int b, int c, int d, int e, int f, int g, int number) {
  if (a + b + c + d + e + f + g != 28) abort();
  worker(number);
}

// Does not end: by uc_link it would take the first thread's stack along to the other one.
static void mover(int number) {
  struct fiber* self = &fibers[number];
  for (int i = 0; i < self->rounds; ++i) yield(self);
  self->done = 1;
  yield(self);
}

static void sleeper(int number) {
  struct timespec wanted = {0, 200000000}, before, after;
  (void)number;
  clock_gettime(CLOCK_MONOTONIC, &before);
  nanosleep(&wanted, NULL);
  clock_gettime(CLOCK_MONOTONIC, &after);
  printf("slept %lld\n",
         (after.tv_sec - before.tv_sec) * 1000000000LL + (after.tv_nsec - before.tv_nsec));
  end(&fibers[number]);
}

#ifdef __cplusplus
static void throw_after(struct fiber* self) {
  yield(self);
  throw 1;
}

static void catcher(int number) {
  struct fiber* self = &fibers[number];
  for (int i = 0; i < self->rounds; ++i) {
    try {
      throw_after(self);
    } catch (int) {
      yield(self);
    }
  }
  end(self);
}
#endif

static const char* how_to_fall;

static void faller(int number) {
  for (int i = 0; i < fibers[number].rounds; ++i) yield(&fibers[number]);
  if (strcmp(how_to_fall, "segv") == 0) *(volatile int*)NULL = 1;
#ifdef __cplusplus
  if (strcmp(how_to_fall, "throw") == 0) throw 1;
#endif
  abort();
}

static void run_in_turns(struct fiber** all, int count) {
  for (int left = 1; left > 0;) {
    left = 0;
    for (int i = 0; i < count; ++i) {
      if (all[i]->done) continue;
      resume(all[i]);
      ++left;
    }
  }
}

static void all(int rounds) {
  ucontext_t home;
  struct fiber* in_turns[10];
  int count = 0;
  for (int i = 0; i < 6; ++i) in_turns[count++] = make(worker, &worker_counts, rounds + i, &home);
  in_turns[count++] = make(spawner, &spawner_counts, 3, &home);
  in_turns[count++] = make(jumper, &jumper_counts, 0, &home);
  in_turns[count] = prepare(&many_counts, rounds, &home);
  makecontext(&in_turns[count]->context, (void (*)(void))many, 8, 1, 2, 3, 4, 5, 6, 7,
              (int)(in_turns[count] - fibers));
  ++count;
  run_in_turns(in_turns, count);
  struct fiber* never = make(forgotten, &forgotten_counts, 0, &home);
  for (int i = 0; i < rounds; ++i) resume(never);
  resume(make(stray, &stray_counts, 0, &home));
  // A context may be copied, and what it was copied from is forgotten.
  struct fiber* original = make(worker, &worker_counts, rounds, &home);
  resume(original);
  ucontext_t copy = original->context;
  memset(&original->context, 0, sizeof original->context);
  ++worker_counts.resumed;
  swapcontext(&home, &copy);
  while (!original->done) resume(original);
}

// Each round of the movers is made by another thread, in turn.
enum { kMovers = 4 };
static struct fiber* movers[kMovers];
static ucontext_t homes[2];
static pthread_barrier_t turn;

static void* move(void* of) {
  const long me = (long)of;
  for (int left = 1; left > 0;) {
    left = 0;
    for (int i = 0; i < kMovers; ++i) {
      struct fiber* mine = movers[(i + me) % kMovers];
      if (i % 2 != 0 || mine->done) continue;
      mine->home = &homes[me];
      resume(mine);
    }
    pthread_barrier_wait(&turn);
    for (int i = 0; i < kMovers; ++i) left += !movers[i]->done;
    pthread_barrier_wait(&turn);
    struct fiber* first = movers[0];
    if (me == 0) {
      memmove(movers, movers + 1, sizeof(movers) - sizeof *movers);
      movers[kMovers - 1] = first;
    }
    pthread_barrier_wait(&turn);
  }
  return NULL;
}

static void threads(int rounds) {
  pthread_t thread;
  pthread_barrier_init(&turn, NULL, 2);
  for (int i = 0; i < kMovers; ++i) movers[i] = make(mover, &mover_counts, rounds, &homes[0]);
  pthread_create(&thread, NULL, move, (void*)1);
  move(NULL);
  pthread_join(thread, NULL);
}

static void print_counts(void) {
  struct counts* every[] = {&worker_counts, &spawner_counts, &forgotten_counts,
                            &jumper_counts, &stray_counts,   &many_counts,
                            &mover_counts,  &sleeper_counts, &catcher_counts};
  for (size_t i = 0; i < sizeof every / sizeof *every; ++i) {
    if (every[i]->created == 0) continue;
    printf("%s %ld %ld %ld\n", every[i]->name, every[i]->created, every[i]->resumed,
           every[i]->finished);
  }
  fflush(stdout);
}

int main(int argc, char** argv) {
  const char* what = argc > 1 ? argv[1] : "all";
  const int rounds = argc > 2 ? atoi(argv[2]) : 10;
  ucontext_t home;
  if (strcmp(what, "block") == 0) {
    resume(make(sleeper, &sleeper_counts, 0, &home));
  } else if (strcmp(what, "crash") == 0) {
    struct fiber* falls = make(faller, &faller_counts, rounds, &home);
    how_to_fall = argv[3];
    printf("faller 1 %d 0\n", rounds + 1);
    fflush(stdout);
    for (;;) resume(falls);
#ifdef __cplusplus
  } else if (strcmp(what, "throw") == 0) {
    struct fiber* catches = make(catcher, &catcher_counts, rounds, &home);
    run_in_turns(&catches, 1);
#endif
  } else if (strcmp(what, "threads") == 0) {
    threads(rounds);
  } else {
    all(rounds);
  }
  if (strcmp(what, "wait") == 0) {
    // What is kept over from before must be resumed afterwards, too.
    struct fiber* kept = make(worker, &worker_counts, 2, &home);
    resume(kept);
    printf("ready\n");
    fflush(stdout);
    getchar();
    while (!kept->done) resume(kept);
    all(rounds);
  }
  if (strcmp(what, "fork") == 0) {
    const pid_t child = fork();
    all(rounds);
    if (child != 0 && waitpid(child, NULL, 0) != child) return 1;
  }
  print_counts();
  if (strcmp(what, "exec") == 0) execl(argv[0], argv[0], "all", argv[2], NULL);
  return 0;
}
