/*
 * A PKCS#11 module whose tokens lock: the real module named by LOCKING_REAL, which allows any number of tries, behind a
 * count of tries left. The count is the content of the file LOCKING_TRIES; three wrong PINs in a row lock.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned long (*function)(long, long, long, long, long, long);

/* CK_FUNCTION_LIST (PKCS#11 2.40): a version, then 68 functions. */
static struct {
  unsigned char version[2];
  function functions[68];
} list;

enum { get_token_info = 6, login = 18 };
enum { all_tries = 3, pin_incorrect = 0xA0, pin_locked = 0xA4 };
enum { count_low = 0x10000, final_try = 0x20000, locked = 0x40000 };

/* CK_TOKEN_INFO up to its flags. */
struct token_info {
  char names[96];
  unsigned long flags;
};

static function real_get_token_info, real_login;

static int tries_left(void) {
  int tries = all_tries;
  FILE *file = fopen(getenv("LOCKING_TRIES"), "r");
  if (file == NULL) return tries;
  if (fscanf(file, "%d", &tries) != 1) tries = all_tries;
  fclose(file);
  return tries;
}

static void set_tries(int tries) {
  FILE *file = fopen(getenv("LOCKING_TRIES"), "w");
  if (file == NULL) return;
  fprintf(file, "%d", tries);
  fclose(file);
}

static unsigned long locking_get_token_info(long slot, long info, long c, long d, long e, long f) {
  unsigned long rv = real_get_token_info(slot, info, c, d, e, f);
  int tries = tries_left();
  struct token_info *token = (struct token_info *)info;
  if (rv != 0) return rv;
  token->flags &= ~(unsigned long)(count_low | final_try | locked);
  if (tries < all_tries) token->flags |= count_low;
  if (tries == 1) token->flags |= final_try;
  if (tries == 0) token->flags |= locked;
  return rv;
}

static unsigned long locking_login(long session, long user, long pin, long length, long e, long f) {
  unsigned long rv;
  if (tries_left() == 0) return pin_locked;
  rv = real_login(session, user, pin, length, e, f);
  if (rv == pin_incorrect) set_tries(tries_left() - 1);
  if (rv == 0) set_tries(all_tries);
  return rv;
}

unsigned long C_GetFunctionList(void **result) {
  void *library = dlopen(getenv("LOCKING_REAL"), RTLD_NOW);
  unsigned long (*get)(void **) = (unsigned long (*)(void **))dlsym(library, "C_GetFunctionList");
  void *original;
  unsigned long rv = get(&original);
  memcpy(&list, original, sizeof list);
  real_get_token_info = list.functions[get_token_info];
  real_login = list.functions[login];
  list.functions[get_token_info] = locking_get_token_info;
  list.functions[login] = locking_login;
  *result = &list;
  return rv;
}
