#include "../../base/compat.h"

#include "kernels.h"

#include <stdatomic.h>

/*
 * The choice is made from facts that do not change while the program runs, so threads that make
 * it at the same time store the same pointer; the pointer is atomic, what it points to constant,
 * and no order is needed between them.
 */
static _Atomic(const struct fsock__kernels *) chosen;

#if defined(__x86_64__) && defined(__GNUC__)

static const struct fsock__kernels *
vector_kernels(void)
{
	__builtin_cpu_init();
	/* The vector code counts bits too; every processor with AVX2 has these, but ask. */
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
	    __builtin_cpu_supports("popcnt"))
		return &fsock__kernels_avx2;
	return NULL;
}

#elif defined(__aarch64__) && defined(__GNUC__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__

static const struct fsock__kernels *
vector_kernels(void)
{
	return &fsock__kernels_neon;
}

#else

static const struct fsock__kernels *
vector_kernels(void)
{
	return NULL;
}

#endif

const struct fsock__kernels *
fsock__kernels_usable(size_t i)
{
	if (i == 0)
		return &fsock__kernels_scalar;
	return i == 1 ? vector_kernels() : NULL;
}

const struct fsock__kernels *
fsock__kernels(void)
{
	const struct fsock__kernels *k = atomic_load_explicit(&chosen, memory_order_relaxed);

	if (k == NULL) {
		k = vector_kernels();
		if (k == NULL)
			k = &fsock__kernels_scalar;
		atomic_store_explicit(&chosen, k, memory_order_relaxed);
	}
	return k;
}

void
fsock__kernels_use(const struct fsock__kernels *k)
{
	atomic_store_explicit(&chosen, k, memory_order_relaxed);
}
