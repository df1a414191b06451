/* How the order of locks tells what is wrong: lines of text, and stacks. */
#ifndef TESTS_ORDER_REPORT_H
#define TESTS_ORDER_REPORT_H

enum { ORDER_FRAMES = 12 };

struct order_stack {
	int depth;
	void *frames[ORDER_FRAMES];
};

/* The caller's. Allocates only the first time. */
void order_get_stack(struct order_stack *);

/* A title, and the stack below it unless it is NULL. Neither is a point of cancellation. */
void order_print_stack(const char *title, const struct order_stack *);
void order_print_line(const char *what, const char *first, const char *middle, const char *second);

#endif
