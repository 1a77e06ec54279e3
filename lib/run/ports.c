#include "config.h"

#include "run/ports.h"

#include <stdio.h>
#include <string.h>

static void port_add(struct container_record *record, const char *protocol, const char *address,
		     unsigned port)
{
	struct port *ports;

	for (size_t i = 0; i < record->port_count; i++)
		if (record->ports[i].port == port && record->ports[i].protocol == protocol &&
		    strcmp(record->ports[i].address, address) == 0)
			return;
	ports = reallocarray(record->ports, record->port_count + 1, sizeof *ports);
	if (ports == NULL)
		return;
	record->ports = ports;
	ports[record->port_count] = (struct port) { .protocol = protocol, .port = port };
	(void)snprintf(ports[record->port_count].address, sizeof ports->address, "%s", address);
	record->port_count++;
}

/* /proc/net/tcp writes addresses as hexadecimal words in the machine's byte order. */
static void address_text(const char *hex, char text[64])
{
	unsigned words[4] = { 0 };
	size_t count = strlen(hex) / 8;
	bool zero = true;

	for (size_t i = 0; i < count && i < 4; i++) {
		(void)sscanf(hex + 8 * i, "%8x", &words[i]);
		zero = zero && words[i] == 0;
	}
	if (count == 1) {
		const unsigned char *b = (const unsigned char *)words;

		(void)snprintf(text, 64, "%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
	} else if (zero) {
		(void)snprintf(text, 64, "::");
	} else {
		const unsigned char *b = (const unsigned char *)words;
		size_t used = 0;

		for (size_t i = 0; i < 16; i += 2)
			used += (size_t)snprintf(text + used, 64 - used, "%s%x", i > 0 ? ":" : "",
						 (unsigned)(b[i] << 8 | b[i + 1]));
	}
}

static void ports_read(struct container_record *record, pid_t pid, const char *protocol,
		       unsigned listening)
{
	char path[64];
	char line[512];
	auto_file FILE *file = NULL;

	(void)snprintf(path, sizeof path, "/proc/%d/net/%s", (int)pid, protocol);
	file = fopen(path, "re");
	while (file != NULL && fgets(line, sizeof line, file) != NULL) {
		char hex[40];
		char text[64];
		unsigned port;
		unsigned state;

		if (sscanf(line, " %*d: %32[0-9A-F]:%x %*[0-9A-F]:%*x %x", hex, &port, &state) ==
			    3 &&
		    state == listening) {
			address_text(hex, text);
			port_add(record, protocol, text, port);
		}
	}
}

void ports_sample(struct container_record *record, pid_t pid)
{
	/* TCP_LISTEN; an unconnected UDP socket is TCP_CLOSE */
	ports_read(record, pid, "tcp", 10);
	ports_read(record, pid, "tcp6", 10);
	ports_read(record, pid, "udp", 7);
	ports_read(record, pid, "udp6", 7);
}
