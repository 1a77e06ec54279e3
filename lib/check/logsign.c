#include "config.h"

#include "check/logsign.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* What a piece of text is for. Only together most of them say something. */
enum part {
	PART_READ_ONLY,	   /* EROFS in words */
	PART_EROFS,	   /* its name */
	PART_NUMBER,	   /* what its number may stand behind */
	PART_FAILURE,	   /* something could not be */
	PART_VERB,	   /* made or written */
	PART_WEAK_VERB,	   /* opened: that may have been for reading */
	PART_CALL,	   /* the name of a call that writes: it fails, or it would not be here */
	PART_PLACE,	   /* a file, a directory, a path */
	PART_STATE,	   /* a server's file that it only ever writes */
	PART_TEMPORARY,	   /* something temporary */
	PART_CACHE,	   /* a cache */
	PART_UNWRITABLE,   /* said of what stands before */
	PART_GONE,	   /* said of a directory for temporary files */
	PART_DENIED,	   /* EACCES, EPERM */
	PART_MISSING,	   /* ENOENT */
	PART_NODE_CALL,	   /* ", mkdir '/x'": Node's call behind its error */
	PART_FOR_WRITING,  /* said of what was to be opened */
	PART_NO_TEMPORARY, /* says it all */
	PART_NO_CACHE,
	PART_CANNOT_WRITE,
	PART_SPOOL,   /* nginx' directories are named cache, and are none */
	PART_NETWORK, /* what cannot be written is a connection */
};

/* In small letters of ASCII, four bytes at least. */
static const struct wording {
	const char *text;
	enum part part;
} wordings[] = {
	{ "read-only file system", PART_READ_ONLY },
	{ "read-only filesystem", PART_READ_ONLY },
	{ "read only file system", PART_READ_ONLY },
	{ "read only filesystem", PART_READ_ONLY },
	{ "readonly file system", PART_READ_ONLY },
	{ "readonly filesystem", PART_READ_ONLY },
	{ "readonlyfilesystem", PART_READ_ONLY }, /* Rust's kind, Java's exception */
	{ "erofs", PART_EROFS },
	{ "errno", PART_NUMBER },
	{ "os error ", PART_NUMBER },

	{ "unable to ", PART_FAILURE },
	{ "failed ", PART_FAILURE },
	{ "failure ", PART_FAILURE },
	{ "cannot ", PART_FAILURE },
	{ "can't ", PART_FAILURE },
	{ "can not ", PART_FAILURE },
	{ "could not ", PART_FAILURE },
	{ "couldn't ", PART_FAILURE },
	{ "not able to ", PART_FAILURE },
	{ "error ", PART_FAILURE },
	{ "problem when trying to ", PART_FAILURE },

	{ "create", PART_VERB },
	{ "creating", PART_VERB },
	{ "creation", PART_VERB },
	{ "mkdir", PART_VERB },
	{ "mkstemp", PART_VERB },
	{ "mkdtemp", PART_VERB },
	{ "make directory", PART_VERB },
	{ "write", PART_VERB },
	{ "writing", PART_VERB },
	{ "save", PART_VERB },
	{ "saving", PART_VERB },
	{ "touch", PART_VERB },
	{ "modify", PART_VERB },
	{ "remove", PART_VERB },
	{ "rename", PART_VERB },
	{ "lock", PART_VERB },
	{ "unlink", PART_VERB },
	{ "open", PART_WEAK_VERB },
	{ "opening", PART_WEAK_VERB },
	{ "access", PART_WEAK_VERB },
	{ "initialize", PART_WEAK_VERB },
	{ "filenotfoundexception", PART_CALL }, /* Java's, for all that cannot be opened */
	{ "mkdir /", PART_CALL },
	{ "mkdir \"", PART_CALL },
	{ "open /", PART_CALL },
	{ "chown: ", PART_CALL },
	{ "chmod: ", PART_CALL },
	{ "listen unix", PART_CALL },
	{ "bind on unix socket", PART_CALL },
	{ "bind() to unix:", PART_CALL },

	{ "director", PART_PLACE },
	{ "folder", PART_PLACE },
	{ " dir ", PART_PLACE },
	{ "file", PART_PLACE },
	{ "logfile", PART_PLACE },
	{ "lockfile", PART_PLACE },
	{ "pidfile", PART_PLACE },
	{ "shared memory segment", PART_PLACE },
	{ "append-only dir", PART_STATE }, /* Redis */
	{ "append-only file", PART_STATE },
	{ "append only file", PART_STATE },
	{ "rdb file", PART_STATE },
	{ ".rdb for saving", PART_STATE },
	{ "lock file", PART_STATE },
	{ "log file", PART_STATE },
	{ "pid file", PART_STATE },

	{ "temporary dir", PART_TEMPORARY },
	{ "temporary file", PART_TEMPORARY },
	{ "temporary folder", PART_TEMPORARY },
	{ "temporary upload", PART_TEMPORARY },
	{ "temporary location", PART_TEMPORARY },
	{ "temp dir", PART_TEMPORARY },
	{ "temp file", PART_TEMPORARY },
	{ "temp folder", PART_TEMPORARY },
	{ "temp path", PART_TEMPORARY },
	{ "tempdir", PART_TEMPORARY },
	{ "tempfile", PART_TEMPORARY },
	{ "tmpdir", PART_TEMPORARY },
	{ "tmp dir", PART_TEMPORARY },

	{ "cache", PART_CACHE },
	{ "caching", PART_CACHE },

	{ "not writable", PART_UNWRITABLE },
	{ "not writeable", PART_UNWRITABLE },
	{ "not a writable", PART_UNWRITABLE },
	{ "n't writable", PART_UNWRITABLE },
	{ "no writable", PART_UNWRITABLE },
	{ "non-writable", PART_UNWRITABLE },
	{ "unwritable", PART_UNWRITABLE },
	{ "not have write permission", PART_UNWRITABLE },
	{ "no write permission", PART_UNWRITABLE },
	{ "not be created", PART_UNWRITABLE },
	{ "n't be created", PART_UNWRITABLE },
	{ "not be written", PART_UNWRITABLE },
	{ "not owned", PART_UNWRITABLE },
	{ "does not exist", PART_GONE },
	{ "doesn't exist", PART_GONE },
	{ "is not valid", PART_GONE },
	{ "not configured correctly", PART_GONE },
	{ "permission denied", PART_DENIED },
	{ "operation not permitted", PART_DENIED },
	{ "access is denied", PART_DENIED },
	{ "no such file or directory", PART_MISSING },

	{ ", mkdir '", PART_NODE_CALL },
	{ ", mkdtemp '", PART_NODE_CALL },
	{ ", open '", PART_NODE_CALL },
	{ ", unlink '", PART_NODE_CALL },
	{ ", rename '", PART_NODE_CALL },
	{ ", rmdir '", PART_NODE_CALL },
	{ ", symlink '", PART_NODE_CALL },
	{ ", copyfile '", PART_NODE_CALL },
	{ ", chmod '", PART_NODE_CALL },
	{ ", chown '", PART_NODE_CALL },
	{ ", utime '", PART_NODE_CALL },
	{ "for writing", PART_FOR_WRITING },
	{ "for saving", PART_FOR_WRITING },

	{ "no usable temporary", PART_NO_TEMPORARY },	    /* Python */
	{ "via template", PART_NO_TEMPORARY },		    /* mktemp */
	{ "no locator available for file", PART_NO_CACHE }, /* Numba */
	{ "build cache is required, but", PART_NO_CACHE },  /* Go */
	{ "cache has been disabled", PART_NO_CACHE },	    /* pip */
	{ "caching wheels has been disabled", PART_NO_CACHE },
	{ "permissionerror: [errno 1", PART_CANNOT_WRITE },   /* Python: 13 and 1 */
	{ "file.accessdeniedexception", PART_CANNOT_WRITE },  /* Java */
	{ "unauthorizedaccessexception", PART_CANNOT_WRITE }, /* .NET */
	{ "readonly database", PART_CANNOT_WRITE },	      /* SQLite */
	{ "unable to open database file", PART_CANNOT_WRITE },
	{ "sqlite_readonly", PART_CANNOT_WRITE },
	{ "sqlite_cantopen", PART_CANNOT_WRITE },
	{ "not written due to an error writing", PART_CANNOT_WRITE }, /* npm */
	{ "mkdir() \"", PART_SPOOL },
	{ "broken pipe", PART_NETWORK },
	{ "connection reset", PART_NETWORK },

	/* the GNU C library in other languages */
	{ "das dateisystem ist nur lesbar", PART_READ_ONLY },			   /* de */
	{ "nur-lega dosiersistemo", PART_READ_ONLY },				   /* eo */
	{ "sistem berkas baca-saja", PART_READ_ONLY },				   /* id */
	{ "file system in sola lettura", PART_READ_ONLY },			   /* it */
	{ "filsystem med kun lesetilgang", PART_READ_ONLY },			   /* nb */
	{ "bestandssysteem is alleen-lezen", PART_READ_ONLY },			   /* nl */
	{ "sistema de arquivos somente para leitura", PART_READ_ONLY },		   /* pt_BR */
	{ "skrivskyddat filsystem", PART_READ_ONLY },				   /* sv */
	{ "salt-okunur dosya sistemi", PART_READ_ONLY },			   /* tr */
	{ "Файлова система само за четене", PART_READ_ONLY },			   /* bg */
	{ "el sistema de fitxers és només de lectura", PART_READ_ONLY },	   /* ca */
	{ "systém souborů je pouze pro čtení", PART_READ_ONLY },		   /* cs */
	{ "filsystem med kun læseadgang", PART_READ_ONLY },			   /* da */
	{ "Αναγνώσιμο-μόνο σύστημα αρχείων", PART_READ_ONLY },			   /* el */
	{ "sistema de ficheros de sólo lectura", PART_READ_ONLY },		   /* es */
	{ "kirjoitussuojattu tiedostojärjestelmä", PART_READ_ONLY },		   /* fi */
	{ "système de fichiers accessible en lecture seulement", PART_READ_ONLY }, /* fr */
	{ "sistema de ficheiros de só lectura", PART_READ_ONLY },		   /* gl */
	{ "datotečni sustav je samo za čitanje", PART_READ_ONLY },		   /* hr */
	{ "Írásvédett fájlrendszer", PART_READ_ONLY },				   /* hu */
	{ "読み込み専用ファイルシステムです", PART_READ_ONLY },			   /* ja */
	{ "읽기전용 파일 시스템", PART_READ_ONLY },				   /* ko */
	{ "failų sistema tik skaitymui", PART_READ_ONLY },			   /* lt */
	{ "system plików wyłącznie do odczytu", PART_READ_ONLY },		   /* pl */
	{ "sistema de ficheiros só de leitura", PART_READ_ONLY },		   /* pt */
	{ "Файловая система доступна только для чтения", PART_READ_ONLY },	   /* ru */
	{ "súborový systém dovoľuje len čítanie", PART_READ_ONLY },		   /* sk */
	{ "datotečni sistem je zgolj za branje", PART_READ_ONLY },		   /* sl */
	{ "Систем датотека само за читање", PART_READ_ONLY },			   /* sr */
	{ "Файлова система тільки для зчитування", PART_READ_ONLY },		   /* uk */
	{ "hệ thống tập tin chỉ cho đọc", PART_READ_ONLY },			   /* vi */
	{ "只读文件系统", PART_READ_ONLY },					   /* zh_CN */
	{ "唯讀的檔案系統", PART_READ_ONLY },					   /* zh_TW */
};

/* What a wording begins with is looked up by its first four bytes, letters in small. */
#define PREFIX	    4
#define FILTER_BITS ((size_t)1 << 16)
#define BUCKETS	    256
#define NO_WORDING  UINT16_MAX

struct log_signs {
	uint64_t filter[FILTER_BITS / 64]; /* by hash: some wording begins like this */
	uint16_t first[BUCKETS];	   /* the wordings with such a hash, short ones first */
	uint16_t next[array_size(wordings)];
	uint8_t sizes[array_size(wordings)];
};

/* ---- one line ---- */

/* Where something was last seen: the offset behind it, 0 for never. */
struct look {
	const char *line;
	size_t size;
	size_t failure;
	size_t verb;	  /* one that failed */
	size_t weak_verb; /* the same */
	size_t temporary;
	size_t cache;
	size_t cache_path;   /* a cache that is a path */
	size_t failed_cache; /* a cache of which a verb failed */
	size_t slash;	     /* begin of a path, the next one when it was looked for */
	size_t unwritable;
	size_t denied;
	size_t missing;
	bool spool;
	bool network;
	unsigned signs;
};

static void sign_set(struct look *look, enum log_sign sign)
{
	look->signs |= LOG_SIGN_BIT(sign);
}

static bool is_near(size_t seen, size_t begin, size_t distance)
{
	return seen != 0 && (begin <= seen || begin - seen <= distance);
}

static bool is_word_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || (unsigned char)c >= 0x80;
}

static char byte_at(const struct look *look, size_t at)
{
	return at < look->size ? look->line[at] : '\0';
}

static char byte_before(const struct look *look, size_t at)
{
	return at > 0 ? look->line[at - 1] : '\0';
}

/* EROFS is a file system's name as well; in capitals it is the error, and Erlang's {error,erofs}.
 */
static bool is_erofs(const struct look *look, size_t begin, size_t end)
{
	char before = byte_before(look, begin);
	char after = byte_at(look, end);

	if (is_word_byte(before) || is_word_byte(after))
		return false;
	if (memcmp(look->line + begin, "EROFS", 5) == 0)
		return true;
	return memcmp(look->line + begin, "erofs", 5) == 0 && (before == ',' || before == ':') &&
	       (after == '}' || after == ')' || after == '\0');
}

/* "[Errno 30]", "errno: -30", "\"errno\":-30", "os error 30". */
static bool is_number_30(const struct look *look, size_t end)
{
	size_t at = end;

	while (at < look->size && at < end + 5 && strchr(" =:'\"(-", look->line[at]) != NULL &&
	       look->line[at] != '\0')
		at++;
	return byte_at(look, at) == '3' && byte_at(look, at + 1) == '0' &&
	       !is_word_byte(byte_at(look, at + 2));
}

static bool is_path_begin(const struct look *look, size_t at)
{
	char before = byte_before(look, at);

	if (before == ' ')
		/* behind "GET " it is a request */
		return at < 2 || look->line[at - 2] < 'A' || look->line[at - 2] > 'Z';
	return before == '\'' || before == '"' || before == '`' || before == '(' || before == '[' ||
	       before == '\x98'; /* the end of a quotation mark */
}

/* Whether an absolute path begins within so much. What was found is kept, so that the line is not
 * gone over for each verb. */
static bool is_path_near(struct look *look, size_t from, size_t distance)
{
	while (look->slash < from ||
	       (look->slash < look->size && !is_path_begin(look, look->slash))) {
		size_t at = look->slash < from ? from : look->slash + 1;
		const char *found =
			at < look->size ? memchr(look->line + at, '/', look->size - at) : NULL;

		look->slash = found != NULL ? (size_t)(found - look->line) : SIZE_MAX;
	}
	return look->slash < look->size && look->slash - from <= distance;
}

static void see_place(struct look *look, size_t begin)
{
	if (is_near(look->verb, begin, 48))
		sign_set(look, LOG_SIGN_CANNOT_WRITE);
	if (is_near(look->failed_cache, begin, 96))
		sign_set(look, LOG_SIGN_CACHE);
}

static void see_temporary(struct look *look, size_t begin, size_t end)
{
	look->temporary = end;
	if (is_near(look->verb, begin, 40) || is_near(look->weak_verb, begin, 24))
		sign_set(look, LOG_SIGN_NO_TEMPORARY);
	see_place(look, begin);
}

static void see_cache(struct look *look, size_t begin, size_t end)
{
	char before = byte_before(look, begin);

	if (look->spool || (is_word_byte(before) && before != '_'))
		return;
	look->cache = end;
	if (before == '/' || before == '.' || before == '_')
		look->cache_path = end;
	if (is_near(look->unwritable, begin, 32))
		sign_set(look, LOG_SIGN_CACHE);
	if (look->cache_path == end &&
	    (is_near(look->denied, begin, 64) || is_near(look->missing, begin, 64)))
		sign_set(look, LOG_SIGN_CACHE);
	if (is_near(look->verb, begin, 96) || is_near(look->weak_verb, begin, 96)) {
		look->failed_cache = end;
		if (look->cache_path == end || is_path_near(look, end, 96))
			sign_set(look, LOG_SIGN_CACHE);
	}
}

static void see_unwritable(struct look *look, size_t begin, size_t end)
{
	look->unwritable = end;
	if (is_near(look->temporary, begin, 128))
		sign_set(look, LOG_SIGN_NO_TEMPORARY);
	else if (is_near(look->cache, begin, 160))
		sign_set(look, LOG_SIGN_CACHE);
	else
		sign_set(look, LOG_SIGN_CANNOT_WRITE);
}

static void see_denied(struct look *look, size_t begin, size_t end)
{
	look->denied = end;
	if (is_near(look->verb, begin, 256) || is_near(look->weak_verb, begin, 256))
		sign_set(look, LOG_SIGN_CANNOT_WRITE);
	if (is_near(look->cache_path, begin, 96) || is_near(look->failed_cache, begin, 96))
		sign_set(look, LOG_SIGN_CACHE);
}

/* Node tells the error first: a file that is not there is no failed write, but for what it was to
 * be made in. */
static void see_node_call(struct look *look, size_t begin, size_t end)
{
	bool opened = memcmp(look->line + begin + 2, "open", 4) == 0;

	if (is_near(look->denied, begin, 2) || (is_near(look->missing, begin, 2) && !opened)) {
		look->verb = end;
		sign_set(look, LOG_SIGN_CANNOT_WRITE);
	}
}

static void see_verb(struct look *look, enum part part, size_t begin, size_t end)
{
	bool failed = is_near(look->failure, begin, 16);

	/* no "deadlock" */
	if (part != PART_CALL && is_word_byte(byte_before(look, begin)))
		return;
	if (part == PART_CALL || (part == PART_WEAK_VERB && failed)) {
		look->weak_verb = end;
	} else if (failed) {
		look->verb = end;
		if (is_path_near(look, end, 48))
			sign_set(look, LOG_SIGN_CANNOT_WRITE);
	}
}

/* "file" is in many a word. */
static bool is_whole_word(const struct look *look, size_t begin, size_t end)
{
	return !is_word_byte(byte_before(look, begin)) && !is_word_byte(byte_at(look, end));
}

static void see(struct look *look, enum part part, size_t begin, size_t end)
{
	switch (part) {
	case PART_READ_ONLY:
		sign_set(look, LOG_SIGN_READ_ONLY);
		break;
	case PART_EROFS:
		if (is_erofs(look, begin, end))
			sign_set(look, LOG_SIGN_READ_ONLY);
		break;
	case PART_NUMBER:
		if (is_number_30(look, end))
			sign_set(look, LOG_SIGN_READ_ONLY);
		break;
	case PART_FAILURE:
		look->failure = end;
		break;
	case PART_VERB:
	case PART_WEAK_VERB:
	case PART_CALL:
		see_verb(look, part, begin, end);
		break;
	case PART_PLACE:
		if (end - begin > 4 || is_whole_word(look, begin, end))
			see_place(look, begin);
		break;
	case PART_STATE:
		if (is_near(look->verb, begin, 64) || is_near(look->weak_verb, begin, 64))
			sign_set(look, LOG_SIGN_CANNOT_WRITE);
		break;
	case PART_TEMPORARY:
		see_temporary(look, begin, end);
		break;
	case PART_CACHE:
		see_cache(look, begin, end);
		break;
	case PART_UNWRITABLE:
		see_unwritable(look, begin, end);
		break;
	case PART_GONE:
		if (is_near(look->temporary, begin, 128))
			sign_set(look, LOG_SIGN_NO_TEMPORARY);
		break;
	case PART_DENIED:
		see_denied(look, begin, end);
		break;
	case PART_MISSING:
		look->missing = end;
		break;
	case PART_NODE_CALL:
		see_node_call(look, begin, end);
		break;
	case PART_FOR_WRITING:
		if (is_near(look->failure, begin, 160))
			sign_set(look, LOG_SIGN_CANNOT_WRITE);
		break;
	case PART_NO_TEMPORARY:
		sign_set(look, LOG_SIGN_NO_TEMPORARY);
		break;
	case PART_NO_CACHE:
		sign_set(look, LOG_SIGN_CACHE);
		break;
	case PART_CANNOT_WRITE:
		sign_set(look, LOG_SIGN_CANNOT_WRITE);
		break;
	case PART_SPOOL:
		look->spool = true;
		sign_set(look, LOG_SIGN_CANNOT_WRITE);
		break;
	case PART_NETWORK:
		look->network = true;
		break;
	}
}

static char fold(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

/* Bits that tell capitals from small letters are left out; what else they tell apart is compared.
 */
static size_t hash_of(const char *text)
{
	uint32_t word;

	memcpy(&word, text, sizeof word);
	return ((word | UINT32_C(0x20202020)) * UINT32_C(0x9e3779b1)) >> 16;
}

static bool stands_here(const char *text, const char *wording, size_t size)
{
	for (size_t i = size; i-- > 0;)
		if (fold(text[i]) != wording[i])
			return false;
	return true;
}

unsigned log_signs_of(const struct log_signs *signs, const char *line, size_t size)
{
	struct look look = { .line = line, .size = size };

	for (size_t at = 0; at + PREFIX <= size; at++) {
		size_t hash = hash_of(line + at);

		if ((signs->filter[hash / 64] >> (hash % 64) & 1) == 0)
			continue;
		for (unsigned i = signs->first[hash % BUCKETS]; i != NO_WORDING; i = signs->next[i])
			if (signs->sizes[i] <= size - at &&
			    stands_here(line + at, wordings[i].text, signs->sizes[i]))
				see(&look, wordings[i].part, at, at + signs->sizes[i]);
	}
	if (look.network)
		look.signs &= ~LOG_SIGN_BIT(LOG_SIGN_CANNOT_WRITE);
	return look.signs;
}

/* ---- all lines ---- */

static void add_wording(struct log_signs *signs, size_t index)
{
	size_t hash = hash_of(wordings[index].text);
	uint16_t *place = &signs->first[hash % BUCKETS];

	signs->sizes[index] = (uint8_t)strlen(wordings[index].text);
	signs->filter[hash / 64] |= UINT64_C(1) << (hash % 64);
	/* where one begins another, the longer one has the last word */
	while (*place != NO_WORDING && signs->sizes[*place] <= signs->sizes[index])
		place = &signs->next[*place];
	signs->next[index] = *place;
	*place = (uint16_t)index;
}

int log_signs_new(struct log_signs **ret_signs, struct error *err)
{
	struct log_signs *signs = calloc(1, sizeof *signs);

	if (signs == NULL)
		return error_memory(err);
	for (size_t i = 0; i < BUCKETS; i++)
		signs->first[i] = NO_WORDING;
	for (size_t i = 0; i < array_size(wordings); i++)
		add_wording(signs, i);
	*ret_signs = signs;
	return 0;
}

void log_signs_free(struct log_signs *signs)
{
	free(signs);
}
