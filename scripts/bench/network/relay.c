// Carries IP packets between two TUN devices, each way with a rate and then a delay, as `tc qdisc add ... netem delay D rate R` does in kernels that
// have it: for those that have not. A packet waits until those before it were sent, takes its bits' time, and arrives DELAY later; as in netem,
// a queue holds 1000 packets, those under way included, and what finds it full is lost.
//   relay DEVICE DEVICE DELAY_MICROSECONDS BITS_PER_SECOND
// Prints "ready" once the devices are there. They go with this process, and this process with the one that started it.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define QUEUE 1000
#define PACKET 2048 // the devices' MTU is 1500, and TUN cuts what TCP offloads

struct packet {
  int64_t due;
  int length;
  unsigned char bytes[PACKET];
};

struct way {
  int from, to;
  int64_t free_at; // when the last packet's last bit is sent
  unsigned first, count;
  struct packet queue[QUEUE];
};

static struct way ways[2];

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static int open_device(const char *name) {
  struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
  int device = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  if (device < 0 || ioctl(device, TUNSETIFF, &request) < 0) {
    fprintf(stderr, "%s: %s\n", name, strerror(errno));
    exit(1);
  }
  return device;
}

static void take(struct way *way, int64_t delay, int64_t bits_per_second) {
  unsigned char lost[PACKET];
  for (;;) {
    struct packet *slot = &way->queue[(way->first + way->count) % QUEUE];
    int full = way->count == QUEUE;
    int length = read(way->from, full ? lost : slot->bytes, PACKET);
    if (length <= 0) return;
    if (full) continue;
    int64_t at = now();
    if (way->free_at > at) at = way->free_at;
    way->free_at = at + length * 8LL * 1000000000LL / bits_per_second;
    slot->due = way->free_at + delay;
    slot->length = length;
    way->count++;
  }
}

/** Returns when the next packet is due, or -1. */
static int64_t deliver(struct way *way) {
  while (way->count > 0) {
    struct packet *packet = &way->queue[way->first];
    if (packet->due > now()) return packet->due;
    // What the receiving side has no room for is lost, as on a wire.
    if (write(way->to, packet->bytes, packet->length) < 0 && errno != EAGAIN && errno != EIO && errno != ENOBUFS) {
      perror("write");
      exit(1);
    }
    way->first = (way->first + 1) % QUEUE;
    way->count--;
  }
  return -1;
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  prctl(PR_SET_TIMERSLACK, 1UL);
  // A line does not wait for the computers at its ends. Where that is not allowed it is a little slower on a busy machine.
  sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){.sched_priority = 1});
  int64_t delay = atoll(argv[3]) * 1000;
  int64_t bits_per_second = atoll(argv[4]);
  int devices[2] = {open_device(argv[1]), open_device(argv[2])};
  for (int side = 0; side < 2; side++) {
    ways[side].from = devices[side];
    ways[side].to = devices[1 - side];
  }
  puts("ready");
  fflush(stdout);
  for (;;) {
    int64_t next = -1;
    for (int side = 0; side < 2; side++) {
      int64_t due = deliver(&ways[side]);
      if (due >= 0 && (next < 0 || due < next)) next = due;
    }
    int64_t rest = next < 0 ? 0 : next - now();
    if (rest < 0) rest = 0;
    struct timespec patience = {.tv_sec = rest / 1000000000LL, .tv_nsec = rest % 1000000000LL};
    struct pollfd waiting[2] = {{devices[0], POLLIN, 0}, {devices[1], POLLIN, 0}};
    if (ppoll(waiting, 2, next < 0 ? NULL : &patience, NULL) < 0 && errno != EINTR) return 1;
    for (int side = 0; side < 2; side++) take(&ways[side], delay, bits_per_second);
  }
}
