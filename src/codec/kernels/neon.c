#include "../../base/compat.h"

#include "kernels.h"

#if defined(__aarch64__) && defined(__GNUC__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__

#include "vec_neon.h"

#include "vec_utf8.h"
#include "vec_latin1.h"
#include "vec_utf16.h"
#include "vec_bytes.h"
#include "vec_lines.h"

const struct fsock__kernels fsock__kernels_neon = {
	.name = "neon",
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
