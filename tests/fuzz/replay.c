/*
 * Runs a fuzz target over files and the files of directories, each in a buffer of just its size so
 * that a sanitizer sees a byte read too many. Links with one harness in place of libFuzzer.
 *
 *     replay path ...
 *
 * Prints the name of each input before it is run, so that the last one is the one to blame when the
 * target aborts. Exits 0 if at least one input was run, and all were.
 */
#include "../../src/compat.h"

#include <sys/stat.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

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

int
main(int argc, char *argv[])
{
	for (int i = 1; i < argc; i++) {
		if (nftw(argv[i], run, 16, FTW_PHYS) != 0) {
			fprintf(stderr, "replay: stopped in %s\n", argv[i]);
			return EXIT_FAILURE;
		}
	}
	printf("%lu inputs\n", inputs);
	return inputs > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
