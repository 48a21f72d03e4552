/*
 * A PKCS#11 module that counts: the real one (REAL) with a token store of its own (CONF, SoftHSM's configuration), and a
 * line in the file LOG for every C_Login and every signature C_Sign gave: what, process, slot, result, milliseconds, label.
 * The three are given to the compiler, so that nothing depends on the environment of whoever loads it.
 */
#define _GNU_SOURCE
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

enum { get_token_info = 6, get_session_info = 15, login = 18, sign = 43 };

/* CK_SESSION_INFO begins with the slot. */
struct session_info {
  unsigned long slot, state, flags, error;
};

/* CK_TOKEN_INFO begins with the label, padded with blanks. */
struct token_info {
  char label[32];
  char rest[256];
};

static function real_login, real_sign;

/* One write, so that lines of two processes do not mix. */
static void tell(const char *what, long session, unsigned long rv) {
  char line[160];
  struct session_info info = {0};
  struct token_info token = {{0}}; /* stays empty where the token was pulled out meanwhile */
  struct timespec time;
  int file = open(LOG, O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (file < 0) abort(); /* a count that is wrong is worse than none */
  list.functions[get_session_info](session, (long)&info, 0, 0, 0, 0);
  list.functions[get_token_info](info.slot, (long)&token, 0, 0, 0, 0);
  clock_gettime(CLOCK_REALTIME, &time);
  int length = snprintf(line, sizeof line, "%s %d %lu %lu %lld %.32s\n", what, getpid(), info.slot, rv,
                        time.tv_sec * 1000LL + time.tv_nsec / 1000000, token.label);
  if (write(file, line, length) != length) abort();
  close(file);
}

static unsigned long counting_login(long session, long user, long pin, long length, long e, long f) {
  unsigned long rv = real_login(session, user, pin, length, e, f);
  tell("login", session, rv);
  return rv;
}

static unsigned long counting_sign(long session, long data, long length, long signature, long e, long f) {
  unsigned long rv = real_sign(session, data, length, signature, e, f);
  if (signature != 0 && rv == 0) tell("sign", session, rv); /* without a buffer only the length is asked for */
  return rv;
}

unsigned long C_GetFunctionList(void **result) {
  setenv("SOFTHSM2_CONF", CONF, 1);
  void *library = dlopen(REAL, RTLD_NOW);
  unsigned long (*get)(void **) = (unsigned long (*)(void **))dlsym(library, "C_GetFunctionList");
  void *original;
  unsigned long rv = get(&original);
  memcpy(&list, original, sizeof list);
  real_login = list.functions[login];
  real_sign = list.functions[sign];
  list.functions[login] = counting_login;
  list.functions[sign] = counting_sign;
  *result = &list;
  return rv;
}
