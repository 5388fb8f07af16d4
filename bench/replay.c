/* Replays the file operations of a list, and prints the processor's time that it took in milliseconds: what the
 * kernel alone costs.
 * A line is an operation and a path: b (open, read, close; with a size and an offset before the path), l (readlink),
 * s (lstat), d (list a folder), r (realpath). */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct op { char what; long max, from; char *path; };

int main(int argc, char **argv) {
  FILE *list = argc > 1 ? fopen(argv[1], "r") : NULL;
  if (!list) return 1;
  size_t room = 1 << 16, count = 0, length = 0;
  struct op *ops = malloc(room * sizeof *ops);
  char *line = NULL;
  while (ops && getline(&line, &length, list) > 0) {
    char *path = strchr(line, '/');
    if (!path) continue;
    path[strcspn(path, "\n")] = 0;
    if (count == room) ops = realloc(ops, (room *= 2) * sizeof *ops);
    struct op op = { line[0], 4096, 0, strdup(path) };
    if (op.what == 'b') sscanf(line + 1, "%ld %ld", &op.max, &op.from);
    ops[count++] = op;
  }
  static char buffer[1 << 20];
  struct timespec a, b;
  struct stat st;
  unsigned long sum = 0;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
  for (size_t i = 0; i < count; i++) {
    struct op *op = &ops[i];
    if (op->what == 'b') {
      int fd = open(op->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
      if (fd < 0) continue;
      sum += (unsigned long)pread(fd, buffer, (size_t)op->max, op->from);
      close(fd);
    } else if (op->what == 'l') sum += (unsigned long)readlink(op->path, buffer, 4096);
    else if (op->what == 's') sum += (unsigned long)lstat(op->path, &st);
    else if (op->what == 'r') sum += realpath(op->path, buffer) != NULL;
    else if (op->what == 'd') {
      DIR *dir = opendir(op->path);
      if (!dir) continue;
      while (readdir(dir)) sum++;
      closedir(dir);
    }
  }
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
  printf("%.3f %lu\n", (b.tv_sec - a.tv_sec) * 1e3 + (b.tv_nsec - a.tv_nsec) / 1e6, sum & 1);
  return 0;
}
