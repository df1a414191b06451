#include "../../base/compat.h"

#include "kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include "vec_avx2.h"

#include "vec_utf8.h"
#include "vec_latin1.h"
#include "vec_utf16.h"
#include "vec_bytes.h"
#include "vec_lines.h"

const struct fsock__kernels fsock__kernels_avx2 = {
	.name = "avx2",
	.ascii_copy = ascii_copy,
	.utf8_copy = utf8_copy,
	.utf8_check = utf8_check,
	.latin1_to_utf8 = latin1_to_utf8,
	.utf8_to_latin1 = utf8_to_latin1,
	.utf16le_to_utf8 = utf16le_to_utf8,
	.utf16be_to_utf8 = utf16be_to_utf8,
	.utf8_to_utf16le = utf8_to_utf16le,
	.utf8_to_utf16be = utf8_to_utf16be,
	.bytes_to_utf8 = bytes_to_utf8,
	.utf8_to_bytes = utf8_to_bytes,
	.crlf_to_lf = crlf_to_lf,
	.auto_to_lf = auto_to_lf,
	.lf_to_crlf = lf_to_crlf,
	.cr_to_lf = cr_to_lf,
	.lf_to_cr = lf_to_cr,
};

#endif
