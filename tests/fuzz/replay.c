/* Runs a fuzz target over the files and directories given: for corpora without libFuzzer. */
#include <dirent.h>

#include "fuzz.h"

static void
replay_file(const char *path)
{
	struct fuzz_octets o = { NULL, 0 };
	uint8_t piece[4096];
	size_t n;
	FILE *f = fopen(path, "rb");

	FUZZ_ASSERT(f != NULL);
	fuzz_add(&o, "", 0);
	while ((n = fread(piece, 1, sizeof piece, f)) > 0)
		fuzz_add(&o, piece, n);
	fclose(f);
	LLVMFuzzerTestOneInput(o.data, o.length);
	free(o.data);
}

/* Returns how many files were run. */
static unsigned
replay(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;
	char name[1024];
	unsigned files = 0;

	if (d == NULL) {
		replay_file(path);
		return 1;
	}
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(name, sizeof name, "%s/%s", path, e->d_name);
		replay_file(name);
		files++;
	}
	closedir(d);
	return files;
}

int
main(int argc, char **argv)
{
	unsigned files = 0;
	int i;

	for (i = 1; i < argc; i++)
		files += replay(argv[i]);
	printf("%s: %u inputs\n", argv[0], files);
	return files ? 0 : 1;
}
