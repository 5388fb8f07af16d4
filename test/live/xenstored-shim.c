/*
 * Lets Debian's xenstored and oxenstored run without Xen, by LD_PRELOAD: it answers the few hypervisor calls they make.
 *
 *   XENSHIM_DOMAINS=FOLDER  domain N exists while FOLDER/N does; domain 0 always. The file's first letter says more:
 *                           's' it is shut down, 'c' it has crashed, 'd' it is dying.
 *   XENSHIM_EVENTS=FIFO     a port number written there (32 bits, little-endian) is an event on that port; port 1 is
 *                           VIRQ_DOM_EXC, on which the daemon looks which domains are left.
 *
 * The rings by which guests talk to the daemon are empty pages, and /proc/xen is answered from memory. setrlimit always
 * works, since oxenstored ends itself where it does not.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define VIRQ_PORT 1
static int handle;
static int events = -1;
static int next_port = 2;

/* A file of /proc/xen; -2 for any other. */
static int proc_xen(const char *path)
{
	int fd;

	if (path && !strcmp(path, "/proc/xen/xsd_port")) {
		fd = memfd_create("xsd_port", MFD_CLOEXEC);
		if (fd >= 0 && (write(fd, "2", 1) != 1 || lseek(fd, 0, SEEK_SET) != 0))
			return -1;
		return fd;
	}
	if (path && !strcmp(path, "/proc/xen/xsd_kva")) {
		fd = memfd_create("xsd_kva", MFD_CLOEXEC);
		if (fd >= 0 && ftruncate(fd, 4096))
			return -1;
		return fd;
	}
	return -2;
}

#define WRAP_OPEN(name)                                                              \
	int name(const char *path, int flags, ...)                                   \
	{                                                                            \
		static int (*real)(const char *, int, ...);                          \
		mode_t mode = 0;                                                     \
		int fd = proc_xen(path);                                             \
		if (fd != -2)                                                        \
			return fd;                                                   \
		if (flags & (O_CREAT | __O_TMPFILE)) {                               \
			va_list args;                                                \
			va_start(args, flags);                                       \
			mode = va_arg(args, mode_t);                                 \
			va_end(args);                                                \
		}                                                                    \
		if (!real)                                                           \
			real = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, #name); \
		return real(path, flags, mode);                                      \
	}
WRAP_OPEN(open)
WRAP_OPEN(open64)

int setrlimit(__rlimit_resource_t resource, const struct rlimit *limit) { return 0; }

/* libxenctrl */

void *xc_interface_open(void *log, void *dombuild_log, unsigned flags) { return &handle; }
int xc_interface_close(void *xc) { return 0; }

/* 0: no such domain; else 'r'unning, 's'hut down, 'c'rashed, 'd'ying */
static char domain_state(uint32_t domain)
{
	const char *folder = getenv("XENSHIM_DOMAINS");
	char path[512], state = 'r';
	int fd;

	if (domain == 0)
		return 'r';
	snprintf(path, sizeof path, "%s/%u", folder ? folder : "/nonexistent", domain);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (read(fd, &state, 1) != 1 || !strchr("scd", state))
		state = 'r';
	close(fd);
	return state;
}

/* xc_dominfo_t begins: domid, ssidref, then the bits dying, crashed, shutdown, paused, blocked, running */
int xc_domain_getinfo(void *xc, uint32_t first, unsigned max, uint32_t *info)
{
	for (uint32_t domain = first; max && domain < 0x7ff0; domain++) {
		char state = domain_state(domain);
		if (!state) {
			if (domain >= first + 64)
				break;
			continue;
		}
		info[0] = domain;
		info[1] = 0;
		info[2] = state == 'd' ? 1 : state == 'c' ? 2 | 4 : state == 's' ? 4 : 32;
		return 1;
	}
	if (!max)
		return 0;
	errno = ESRCH;
	return -1;
}

/* xen_domctl_getdomaininfo begins: 16 bits domid, 16 of padding, 32 of flags as above */
int xc_domain_getinfolist(void *xc, uint32_t first, unsigned max, void *list)
{
	uint32_t info[3];

	if (xc_domain_getinfo(xc, first, max, info) != 1)
		return 0;
	memset(list, 0, 104);
	*(uint16_t *)list = info[0];
	((uint32_t *)list)[1] = info[2] & (1 | 4 | 32);
	return 1;
}

static void *ring(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return page == MAP_FAILED ? NULL : page;
}
void *xc_map_foreign_range(void *xc, uint32_t domain, int size, int prot, unsigned long frame) { return ring(); }

/* libxengnttab */

void *xengnttab_open(void *log, unsigned flags) { return &handle; }
int xengnttab_close(void *table) { return 0; }
int xengnttab_set_max_grants(void *table, uint32_t count) { return 0; }
void *xengnttab_map_grant_ref(void *table, uint32_t domain, uint32_t ref, int prot) { return ring(); }
int xengnttab_unmap(void *table, void *start, uint32_t count) { return munmap(start, count * 4096UL); }

/* libxenevtchn */

static int events_open(void)
{
	const char *path = getenv("XENSHIM_EVENTS");

	if (events < 0 && path)
		events = open(path, O_RDWR | O_NONBLOCK);
	if (events < 0)
		events = eventfd(0, EFD_NONBLOCK); /* never readable */
	return events;
}
void *xenevtchn_open(void *log, unsigned flags) { events_open(); return &handle; }
void *xenevtchn_fdopen(void *log, int fd, unsigned flags) { events = fd; return &handle; }
int xenevtchn_close(void *channel) { return 0; }
int xenevtchn_fd(void *channel) { return events_open(); }
int xenevtchn_notify(void *channel, uint32_t port) { return 0; }
int xenevtchn_bind_interdomain(void *channel, uint32_t domain, uint32_t port) { return next_port++; }
int xenevtchn_bind_virq(void *channel, unsigned virq) { return VIRQ_PORT; }
int xenevtchn_unbind(void *channel, uint32_t port) { return 0; }
int xenevtchn_unmask(void *channel, uint32_t port) { return 0; }
int xenevtchn_pending(void *channel)
{
	uint32_t port;

	if (read(events, &port, 4) == 4)
		return (int)port;
	errno = EAGAIN;
	return -1;
}
