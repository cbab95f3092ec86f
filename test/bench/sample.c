/*
 * The limit: what it costs to read of a tree what Tree Warden reads at each sample, by a program that does nothing else.
 * Walks from a pid over /proc/PID/task/PID/children, and reads /proc/PID/stat of each, as often as it is told.
 *   sample PID ROUNDS      prints processes, and milliseconds of CPU per round
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static char buffer[256 * 1024];
static int queue[100000];
static volatile long sum;

static ssize_t slurp(const char *path) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  ssize_t length = 0, count;
  while ((count = read(fd, buffer + length, sizeof buffer - 1 - length)) > 0) {
    length += count;
    if (count < 4000) break;
  }
  close(fd);
  buffer[length] = 0;
  return length;
}

static void parse_stat(void) {
  char *field = strrchr(buffer, ')');
  if (!field) return;
  field += 2;
  for (int number = 3; number <= 24 && field; number++) {
    if (number > 3) sum += strtol(field, NULL, 10);
    field = strchr(field, ' ');
    if (field) field++;
  }
}

static int walk(int root) {
  char path[64];
  int count = 0, next = 0;
  queue[count++] = root;
  while (next < count) {
    int pid = queue[next++];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    if (slurp(path) <= 0) continue;
    parse_stat();
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", pid, pid);
    if (slurp(path) <= 0) continue;
    for (char *at = buffer; *at;) {
      char *end;
      long child = strtol(at, &end, 10);
      if (end == at) break;
      if (count < (int)(sizeof queue / sizeof *queue)) queue[count++] = (int)child;
      at = end;
    }
  }
  return count;
}

static double cpu_millis(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_utime.tv_sec * 1e3 + usage.ru_utime.tv_usec / 1e3 + usage.ru_stime.tv_sec * 1e3 + usage.ru_stime.tv_usec / 1e3;
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  int root = atoi(argv[1]), rounds = atoi(argv[2]), count = 0;
  walk(root);
  double before = cpu_millis();
  for (int round = 0; round < rounds; round++) count = walk(root);
  printf("%d %.6f\n", count, (cpu_millis() - before) / rounds);
  return 0;
}
