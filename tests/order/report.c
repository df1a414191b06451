#include "../../src/base/compat.h"
#include "report.h"

#include <execinfo.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>
#include <sys/wait.h>

extern char **environ;

void
order_get_stack(struct order_stack *stack)
{
	stack->depth = backtrace(stack->frames, ORDER_FRAMES);
}

/* Has addr2line tell where the stack is; without it there are bare addresses. */
static void
print_frames(const struct order_stack *stack)
{
	char texts[ORDER_FRAMES][20], path[256] = "";
	char *arguments[ORDER_FRAMES + 4] = { "addr2line", "-ifpse", path };
	int n = 3, status;
	pid_t child;

	if (readlink("/proc/self/exe", path, sizeof path - 1) < 0)
		return;
	for (int i = 1; i < stack->depth; i++) {
		uintptr_t at = (uintptr_t)stack->frames[i];

		if (at < 0x10000000) { /* of the program, which is not relocatable */
			snprintf(texts[i], sizeof texts[i], "%#lx", (unsigned long)at - 1);
			arguments[n++] = texts[i];
		}
	}
	if (n > 3 && posix_spawnp(&child, arguments[0], NULL, NULL, arguments, environ) == 0)
		waitpid(child, &status, 0);
	else
		backtrace_symbols_fd(stack->frames, stack->depth, 2);
}

void
order_print_stack(const char *title, const struct order_stack *stack)
{
	int cancel;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	dprintf(2, "  %s\n", title);
	if (stack != NULL)
		print_frames(stack);
	pthread_setcancelstate(cancel, NULL);
}

void
order_print_line(const char *what, const char *first, const char *middle, const char *second)
{
	char text[160];

	snprintf(text, sizeof text, "ORDER: %s: %s%s%s", what, first, middle, second);
	order_print_stack(text, NULL);
}
