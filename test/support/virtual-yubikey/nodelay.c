/*
 * For LD_PRELOAD before pcscd: vpcd sends a message's length and its content separately, and without TCP_NODELAY each
 * command would wait 40 ms for the acknowledgement of the length.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

int accept(int listener, struct sockaddr *address, socklen_t *length) {
  static int (*original)(int, struct sockaddr *, socklen_t *);
  if (!original) original = (int (*)(int, struct sockaddr *, socklen_t *))dlsym(RTLD_NEXT, "accept");
  int connection = original(listener, address, length);
  int on = 1;
  if (connection >= 0) setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return connection;
}
