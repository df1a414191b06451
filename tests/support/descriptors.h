/*
 * Descriptors that are not the library's, of every kind, and what waits find of them. Only the main
 * thread calls what asserts, and everything here does.
 */
#ifndef TESTS_DESCRIPTORS_H
#define TESTS_DESCRIPTORS_H

#include <sys/types.h>

#include <fsock.h>

/* What is watched, and what it depends on; -1 if there is none. */
struct descriptor {
	int fd, other;
	pid_t child;
};

struct descriptor_row {
	const char *name;
	void (*open)(struct descriptor *);
	int state; /* what is found: these bits ... */
	int may;   /* ... and perhaps these */
};

/* Those that are waited for to be read, and to be written. */
extern const struct descriptor_row descriptor_inputs[], descriptor_outputs[];
extern const int descriptor_input_count, descriptor_output_count;

/* Opens what the row says, and makes a handle that watches it; ends both. */
fsock *descriptor_begin(struct descriptor *, const struct descriptor_row *);
void descriptor_finish(struct descriptor *, fsock *);

/* A pipe, whose end to be read is watched; its other end says two octets, or is closed. */
void descriptor_pipe(struct descriptor *);
void descriptor_say(struct descriptor *);
void descriptor_end(struct descriptor *);

#endif
