#include "config.h"

#include "run/noexec.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "attributes.h"
#include "base/array.h"
#include "base/text.h"

/* As much of a file's beginning as the kernel looks at. */
#define HEAD_SIZE 256
/* Parts of a program that are looked at for the name of its loader. */
#define PARTS_MAX 64

static const struct {
	unsigned number;
	const char *name;
} machines[] = {
	{ EM_386, "i386" },	   { EM_X86_64, "x86-64" }, { EM_ARM, "arm" },
	{ EM_AARCH64, "aarch64" }, { EM_PPC64, "ppc64" },   { EM_S390, "s390x" },
	{ EM_RISCV, "riscv" },	   { EM_MIPS, "mips" },	    { EM_LOONGARCH, "loongarch" },
};

static void add_name(struct buf *why, const char *before, const char *name, size_t size,
		     const char *after)
{
	buf_add_string(why, before);
	text_escape(why, name, size);
	buf_add_string(why, after);
}

static unsigned machine_of(const unsigned char *head)
{
	size_t at = offsetof(Elf64_Ehdr, e_machine);

	return head[EI_DATA] == ELFDATA2MSB ? (unsigned)head[at] << 8 | head[at + 1]
					    : (unsigned)head[at + 1] << 8 | head[at];
}

static void explain_machine(const unsigned char *head, struct buf *why)
{
	unsigned machine = machine_of(head);
	struct utsname here;

	buf_add_string(why, "it is a program for ");
	for (size_t i = 0; i < array_size(machines); i++)
		if (machines[i].number == machine) {
			buf_add_string(why, machines[i].name);
			machine = EM_NONE;
		}
	if (machine != EM_NONE)
		buf_printf(why, "machines of the kind %u", machine);
	if (uname(&here) == 0)
		buf_printf(why, ", and this machine is %s", here.machine);
}

/* "#!", blanks, and a name up to the next blank or the end of the line. */
static void explain_script(const char *head, size_t size, struct buf *why)
{
	size_t from = 2;
	size_t length = 0;

	while (from < size && (head[from] == ' ' || head[from] == '\t'))
		from++;
	while (from + length < size && strchr(" \t\r\n", head[from + length]) == NULL)
		length++;
	add_name(why, "its interpreter '", head + from, length, "' is missing");
	/* by an editor of another system */
	if (from + length < size && head[from + length] == '\r')
		buf_add_string(why, ", for its first line ends in CR LF");
}

/* The loader that the program wants, of a file of this machine's word size. */
static void explain_loader(int fd, const unsigned char *head, struct buf *why)
{
	Elf64_Ehdr header;
	char name[PATH_MAX];

	if (head[EI_CLASS] != ELFCLASS64)
		return;
	memcpy(&header, head, sizeof header);
	for (unsigned i = 0; i < header.e_phnum && i < PARTS_MAX; i++) {
		Elf64_Phdr part;
		off_t at = (off_t)(header.e_phoff + (uint64_t)i * sizeof part);
		size_t size;

		if (at < 0 || pread(fd, &part, sizeof part, at) != (ssize_t)sizeof part)
			return;
		if (part.p_type != PT_INTERP)
			continue;
		size = part.p_filesz < sizeof name ? (size_t)part.p_filesz : sizeof name;
		if ((off_t)part.p_offset < 0 || size == 0 ||
		    pread(fd, name, size, (off_t)part.p_offset) != (ssize_t)size)
			return;
		add_name(why, "its loader '", name, strnlen(name, size), "' is missing");
		return;
	}
}

static void explain_content(int fd, int error, struct buf *why)
{
	unsigned char head[HEAD_SIZE] = { 0 };
	ssize_t size = pread(fd, head, sizeof head, 0);
	bool is_elf = size >= (ssize_t)sizeof(Elf64_Ehdr) && memcmp(head, ELFMAG, SELFMAG) == 0;
	bool is_script = size >= 2 && head[0] == '#' && head[1] == '!';

	if (size < 0)
		return;
	if (error == ENOENT && is_script)
		explain_script((const char *)head, (size_t)size, why);
	else if (error == ENOENT && is_elf)
		explain_loader(fd, head, why);
	else if (error == ENOEXEC && size == 0)
		buf_add_string(why, "it is empty");
	else if (error == ENOEXEC && is_elf)
		explain_machine(head, why);
	else if (error == ENOEXEC && !is_script)
		buf_add_string(why, "it is no program, and no script that names its interpreter");
}

void noexec_explain(const char *path, int error, struct buf *why)
{
	struct stat st;
	auto_fd int fd = -1;

	if (stat(path, &st) < 0)
		return;
	if (S_ISDIR(st.st_mode)) {
		buf_add_string(why, "it is a directory");
		return;
	}
	if (!S_ISREG(st.st_mode))
		return;
	if (error == EACCES && (st.st_mode & 0111) == 0) {
		buf_add_string(why, "it is not marked as executable");
		return;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		explain_content(fd, error, why);
}
