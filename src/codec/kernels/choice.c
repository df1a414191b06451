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

#include <cpuid.h>

/* Whether the system saves the vector registers at a switch of threads. */
static int
are_vectors_saved(void)
{
	unsigned low, high;

	__asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (low & 6) == 6;
}

/*
 * What __builtin_cpu_supports() does; not every compiler's own library has what that calls. The
 * vector code counts bits too: every processor with AVX2 has those instructions, but ask.
 */
static const struct fsock__kernels *
vector_kernels(void)
{
	const unsigned first = bit_POPCNT | bit_OSXSAVE | bit_AVX, seventh = bit_AVX2 | bit_BMI;
	unsigned a, b, c, d;

	if (!__get_cpuid(1, &a, &b, &c, &d) || (c & first) != first || !are_vectors_saved())
		return NULL;
	if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || (b & seventh) != seventh)
		return NULL;
	return &fsock__kernels_avx2;
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
