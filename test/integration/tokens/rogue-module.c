/*
 * A PKCS#11 module that goes wrong once, at a chosen function, and is the real module named by ROGUE_REAL otherwise.
 * ROGUE_FUNCTION: index in CK_FUNCTION_LIST. ROGUE_ACTION: segv, abort, exit, hang, slow, linger or flood. ROGUE_ONCE: a
 * file that is made when it happens; while it is there nothing happens again. One more, its name with ".returned", is
 * made when the function returns.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

typedef unsigned long (*function)(long, long, long, long, long, long);

/* CK_FUNCTION_LIST (PKCS#11 2.40): a version, then 68 functions. */
static struct {
  unsigned char version[2];
  function functions[68];
} list;

static function real;

static int act(void) {
  const char *action = getenv("ROGUE_ACTION");
  int once = open(getenv("ROGUE_ONCE"), O_CREAT | O_EXCL, 0600);
  if (once < 0) return 0;
  close(once);
  if (!strcmp(action, "segv")) *(volatile int *)0 = 0;
  if (!strcmp(action, "abort")) abort();
  if (!strcmp(action, "exit")) _exit(0);
  if (!strcmp(action, "hang")) for (;;) pause();
  if (!strcmp(action, "slow")) sleep(1);
  struct timespec left = {0, 300000000};
  if (!strcmp(action, "linger")) while (nanosleep(&left, &left) != 0) continue; /* whatever signal comes */
  if (!strcmp(action, "flood"))
    for (int i = 0; i < 200000; i++) {
      puts("the quick brown fox jumps over the lazy dog, again and again");
      fputs("the quick brown fox jumps over the lazy dog, again and again\n", stderr);
    }
  return 1;
}

static unsigned long hooked(long a, long b, long c, long d, long e, long f) {
  int acted = act();
  unsigned long rv = real(a, b, c, d, e, f);
  if (acted) {
    char path[4096];
    snprintf(path, sizeof path, "%s.returned", getenv("ROGUE_ONCE"));
    close(open(path, O_CREAT, 0600));
  }
  return rv;
}

unsigned long C_GetFunctionList(void **result) {
  void *library = dlopen(getenv("ROGUE_REAL"), RTLD_NOW);
  unsigned long (*get)(void **) = (unsigned long (*)(void **))dlsym(library, "C_GetFunctionList");
  void *original;
  unsigned long rv = get(&original);
  int index = atoi(getenv("ROGUE_FUNCTION"));
  memcpy(&list, original, sizeof list);
  real = list.functions[index];
  list.functions[index] = hooked;
  *result = &list;
  return rv;
}

#ifdef DIES_WHEN_LOADED
__attribute__((constructor)) static void loaded(void) { act(); }
#endif
