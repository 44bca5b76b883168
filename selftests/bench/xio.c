// SPDX-License-Identifier: GPL-2.0-only
/*
 * xio - disk and network between domains, and commands, in instructions.
 *
 *	xio echo			answer UDP packets, for ever
 *	xio ping NAME ADDRESS		round trips to an echo
 *	xio disk NAME DEVICE read|write	4 KB at scattered places, past all caches
 *	xio run NAME N COMMAND...	how long a command takes, divided by N
 *	xio stamp			copy lines with the time before each
 *
 * Under `qemu -icount shift=0,sleep=off` CLOCK_MONOTONIC counts instructions of
 * all that runs: this domain, the other, the core. Prints "XB NAME FIGURE"; what
 * is done many times is done twice and the second time counts.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "xb.h"

#define PORT	7077
#define BLOCK	4096

static int print(const char *name, uint64_t spent, long n)
{
	printf("XB %s %.0f\n", name, (double)spent / n);
	return 0;
}

static int fail(const char *what)
{
	perror(what);
	return 1;
}

static int echo(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	char data[64];

	if (bind(fd, (struct sockaddr *)&at, sizeof(at)))
		return fail("bind");
	for (;;) {
		socklen_t size = sizeof(at);
		ssize_t n = recvfrom(fd, data, sizeof(data), 0, (struct sockaddr *)&at, &size);

		if (n < 0 || sendto(fd, data, n, 0, (struct sockaddr *)&at, size) != n)
			return fail("echo");
	}
}

static int ping(const char *name, const char *address)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET, .sin_port = htons(PORT),
		.sin_addr.s_addr = inet_addr(address),
	};
	struct timeval patience = { .tv_sec = 5 };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	const long n = 500;
	char data[56] = "";
	uint64_t begin = 0;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)))
		return fail("connect");
	for (int round = 0; round < 2; round++) {
		begin = now();
		for (long i = 0; i < n; i++)
			if (send(fd, data, sizeof(data), 0) != sizeof(data) ||
			    recv(fd, data, sizeof(data), 0) != sizeof(data))
				return fail(address);
	}
	return print(name, now() - begin, n);
}

static int disk(const char *name, const char *path, int writes)
{
	int fd = open(path, O_RDWR | O_DIRECT);
	const long n = 500;
	uint64_t size, begin = 0;
	void *data;

	if (fd < 0 || ioctl(fd, BLKGETSIZE64, &size) || posix_memalign(&data, BLOCK, BLOCK))
		return fail(path);
	memset(data, 0x5a, BLOCK);
	for (int round = 0; round < 2; round++) {
		begin = now();
		for (long i = 0; i < n; i++) {
			off_t at = i * 7919 % (size / BLOCK) * BLOCK;
			ssize_t done = writes ? pwrite(fd, data, BLOCK, at) :
						pread(fd, data, BLOCK, at);

			if (done != BLOCK)
				return fail(path);
		}
	}
	return print(name, now() - begin, n);
}

static int run(const char *name, long n, char **command)
{
	uint64_t begin = now();
	pid_t pid = fork();
	int status;

	if (!pid) {
		execvp(*command, command);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	if (status)
		return 1;
	return print(name, now() - begin, n);
}

static int stamp(void)
{
	char line[4096];

	while (fgets(line, sizeof(line), stdin))
		printf("%lu %s", (unsigned long)now(), line);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "echo"))
		return echo();
	if (argc == 4 && !strcmp(argv[1], "ping"))
		return ping(argv[2], argv[3]);
	if (argc == 5 && !strcmp(argv[1], "disk"))
		return disk(argv[2], argv[3], !strcmp(argv[4], "write"));
	if (argc > 4 && !strcmp(argv[1], "run"))
		return run(argv[2], atol(argv[3]), argv + 4);
	if (argc == 2 && !strcmp(argv[1], "stamp"))
		return stamp();
	fprintf(stderr, "usage: xio echo | ping NAME ADDRESS | disk NAME DEVICE read|write"
		" | run NAME N COMMAND... | stamp\n");
	return 2;
}
