/* Records every change that a process makes to the files whose path begins with $TORTURE_PREFIX, in order, to
   $TORTURE_LOG, for LD_PRELOAD. With $TORTURE_FULL=N the disk is full from the Nth write to them on. A record is: operation (1 byte), length of the path (4), offset (8), length of the data
   (8), the path, the data. Operations: w write, t truncate, s sync, u unlink, r rename (the data is the new path).
   The -shm file of SQLite is memory-mapped and not seen; SQLite rebuilds it after a crash. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void emit(int out, const void *data, size_t length) {
  static ssize_t (*real)(int, const void *, size_t);
  if (!real) real = dlsym(RTLD_NEXT, "write");
  const char *from = data;
  while (length > 0) {
    ssize_t done = real(out, from, length);
    if (done <= 0) _exit(97);
    from += done;
    length -= (size_t)done;
  }
}

static void note(char op, const char *path, int64_t offset, const void *data, size_t length) {
  const char *log = getenv("TORTURE_LOG");
  if (!log) return;
  static int (*real_open)(const char *, int, ...);
  if (!real_open) real_open = dlsym(RTLD_NEXT, "open");
  pthread_mutex_lock(&lock);
  int out = real_open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  uint32_t name = (uint32_t)strlen(path);
  uint64_t size = length;
  emit(out, &op, 1);
  emit(out, &name, 4);
  emit(out, &offset, 8);
  emit(out, &size, 8);
  emit(out, path, name);
  if (length) emit(out, data, length);
  close(out);
  pthread_mutex_unlock(&lock);
}

static int watched(const char *path) {
  const char *prefix = getenv("TORTURE_PREFIX");
  return prefix && path && strncmp(path, prefix, strlen(prefix)) == 0;
}

static int path_of(int fd, char *path, size_t size) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, size - 1);
  if (length <= 0) return 0;
  path[length] = 0;
  return watched(path);
}

/* Whether the next write to a watched file finds no space. */
static int is_full(int fd) {
  static long written = 0;
  const char *limit = getenv("TORTURE_FULL");
  char path[4096];
  return limit && path_of(fd, path, sizeof path) && ++written >= atol(limit);
}

#define REAL(name, type, ...)                       \
  static type (*real)(__VA_ARGS__);                 \
  if (!real) real = dlsym(RTLD_NEXT, name)

#define WRITER(name, offset_type)                                                     \
  ssize_t name(int fd, const void *data, size_t length, offset_type offset) {         \
    REAL(#name, ssize_t, int, const void *, size_t, offset_type);                     \
    if (is_full(fd)) {                                                                \
      errno = ENOSPC;                                                                 \
      return -1;                                                                      \
    }                                                                                 \
    ssize_t done = real(fd, data, length, offset);                                    \
    char path[4096];                                                                  \
    if (done > 0 && path_of(fd, path, sizeof path)) note('w', path, offset, data, (size_t)done); \
    return done;                                                                      \
  }
WRITER(pwrite, off_t)
WRITER(pwrite64, off64_t)

ssize_t write(int fd, const void *data, size_t length) {
  REAL("write", ssize_t, int, const void *, size_t);
  off_t at = lseek(fd, 0, SEEK_CUR);
  ssize_t done = real(fd, data, length);
  char path[4096];
  if (done > 0 && at >= 0 && path_of(fd, path, sizeof path)) {
    off_t now = lseek(fd, 0, SEEK_CUR);
    note('w', path, now - done, data, (size_t)done);
  }
  return done;
}

#define TRUNCATER(name, offset_type)                                                  \
  int name(int fd, offset_type length) {                                              \
    REAL(#name, int, int, offset_type);                                               \
    int result = real(fd, length);                                                    \
    char path[4096];                                                                  \
    if (result == 0 && path_of(fd, path, sizeof path)) note('t', path, length, NULL, 0); \
    return result;                                                                    \
  }
TRUNCATER(ftruncate, off_t)
TRUNCATER(ftruncate64, off64_t)

#define SYNCER(name)                                                                  \
  int name(int fd) {                                                                  \
    REAL(#name, int, int);                                                            \
    int result = real(fd);                                                            \
    char path[4096];                                                                  \
    if (result == 0 && path_of(fd, path, sizeof path)) note('s', path, 0, NULL, 0);   \
    return result;                                                                    \
  }
SYNCER(fsync)
SYNCER(fdatasync)

int unlink(const char *path) {
  REAL("unlink", int, const char *);
  int result = real(path);
  if (result == 0 && watched(path)) note('u', path, 0, NULL, 0);
  return result;
}

int rename(const char *from, const char *to) {
  REAL("rename", int, const char *, const char *);
  int result = real(from, to);
  if (result == 0 && (watched(from) || watched(to))) note('r', from, 0, to, strlen(to));
  return result;
}
