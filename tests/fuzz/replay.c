/*
 * Runs a fuzz target over files and the files of directories, each in a buffer of just its size so
 * that a sanitizer sees a byte read too many. Links with one harness in place of libFuzzer.
 *
 *     NAME_fuzz [path ...]
 *
 * Without a path it is tests/fuzz/corpus/NAME. Prints the name of each input before it is run, so
 * that the last one is the one to blame when the target aborts; at the end how many there were, in
 * the form that the check library reports its own. Exits 0 if at least one was run, and all were.
 */
#include "../../src/base/compat.h"

#include <sys/stat.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned long inputs;

/* Reads exactly `size` bytes of a file into fresh memory, or fails with NULL. */
static uint8_t *
load(const char *path, size_t size)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = malloc(size > 0 ? size : 1);

	if (file == NULL || data == NULL || fread(data, 1, size, file) != size) {
		free(data);
		data = NULL;
	}
	if (file != NULL)
		fclose(file);
	return data;
}

/* Runs one file; nftw(3) comes here for everything below a path. */
static int
run(const char *path, const struct stat *status, int kind, struct FTW *where)
{
	uint8_t *data;

	(void)where;
	if (kind == FTW_D || kind == FTW_DP)
		return 0;
	if (kind != FTW_F || (data = load(path, (size_t)status->st_size)) == NULL) {
		fprintf(stderr, "replay: cannot read %s\n", path);
		return 1;
	}
	printf("%s\n", path);
	fflush(stdout);
	LLVMFuzzerTestOneInput(data, (size_t)status->st_size);
	free(data);
	inputs++;
	return 0;
}

static int
run_all(const char *path)
{
	int status = nftw(path, run, 16, FTW_PHYS);

	if (status != 0)
		fprintf(stderr, "replay: stopped in %s\n", path);
	return status;
}

/* Runs the corpus that goes with the program's name. */
static int
run_own(const char *program)
{
	const char *slash = strrchr(program, '/');
	const char *name = slash != NULL ? slash + 1 : program;
	const char *end = strstr(name, "_fuzz");
	char path[256];

	snprintf(path, sizeof path, "tests/fuzz/corpus/%.*s",
	    (int)(end != NULL ? (size_t)(end - name) : strlen(name)), name);
	return run_all(path);
}

int
main(int argc, char *argv[])
{
	int status = argc == 1 ? run_own(argv[0]) : 0;

	for (int i = 1; i < argc && status == 0; i++)
		status = run_all(argv[i]);
	printf("%s: Checks: %lu, Failures: 0, Errors: 0\n", argv[0], inputs);
	return status == 0 && inputs > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
