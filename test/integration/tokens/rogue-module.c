/*
 * A PKCS#11 module that goes wrong once, at a chosen function, and is the real module named by ROGUE_REAL otherwise.
 * ROGUE_FUNCTION: index in CK_FUNCTION_LIST. ROGUE_ACTION: segv, abort, kill, exit, hang, slow, linger or flood.
 * ROGUE_ONCE: a file that is made when it happens; while it is there nothing happens again. One more, its name with
 * ".returned", is made when the function returns. Without ROGUE_ONCE it happens every time.
 * ROGUE_SCRIPT, in place of all three: a file with an action in it, which is taken away by the C_Login, C_FindObjects or
 * C_Sign (whichever its second word says) that does it.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
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

static void perform(const char *action) {
  if (!strcmp(action, "segv")) *(volatile int *)0 = 0;
  if (!strcmp(action, "abort")) abort();
  if (!strcmp(action, "kill")) raise(SIGKILL);
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
}

static int act(void) {
  const char *once = getenv("ROGUE_ONCE");
  if (once) {
    int file = open(once, O_CREAT | O_EXCL, 0600);
    if (file < 0) return 0;
    close(file);
  }
  perform(getenv("ROGUE_ACTION"));
  return once != NULL;
}

static void follow_script(const char *name) {
  char action[16], place[32];
  FILE *script = fopen(getenv("ROGUE_SCRIPT"), "r");
  if (!script) return;
  int words = fscanf(script, "%15s %31s", action, place);
  fclose(script);
  if (words != 2 || strcmp(place, name)) return;
  unlink(getenv("ROGUE_SCRIPT"));
  perform(action);
}

#define SCRIPTED(name)                                                          \
  static function real_##name;                                                  \
  static unsigned long scripted_##name(long a, long b, long c, long d, long e, long f) { \
    follow_script(#name);                                                       \
    return real_##name(a, b, c, d, e, f);                                       \
  }
#define SCRIPT(name, index)                                                     \
  real_##name = list.functions[index];                                          \
  list.functions[index] = scripted_##name
SCRIPTED(C_Login)
SCRIPTED(C_FindObjects)
SCRIPTED(C_Sign)

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
  memcpy(&list, original, sizeof list);
  if (getenv("ROGUE_SCRIPT")) {
    SCRIPT(C_Login, 18);
    SCRIPT(C_FindObjects, 27);
    SCRIPT(C_Sign, 43);
  } else {
    int index = atoi(getenv("ROGUE_FUNCTION"));
    real = list.functions[index];
    list.functions[index] = hooked;
  }
  *result = &list;
  return rv;
}

#ifdef DIES_WHEN_LOADED
__attribute__((constructor)) static void loaded(void) { act(); }
#endif
