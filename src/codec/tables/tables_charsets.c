/* Made by tools/make_tables.py from whatwg/encoding a985b62a9b45c17da3e17a9f0a0b4e30c34c4a8a; edit that instead. */
/* Data of the WHATWG indexes: BSD-3-Clause, see LICENSE.WHATWG beside this file. */

/* The one-octet charsets themselves, and all in a list. */

#include "../../base/compat.h"

#include "tables.h"

const struct fsock_charset fsock__charset_ibm437 = {
	.name = "ibm437",
	.ops = &fsock__one_octet_ops,
	.to_utf8 = fsock__to_utf8_ibm437,
	.from_utf8 = &fsock__from_utf8_ibm437,
	.flags = FSOCK_CHARSET_ASCII | FSOCK_CHARSET_ONE_OCTET,
	.minimum = 1,
	.maximum = 1,
};

const struct fsock_charset fsock__charset_ibm720 = {
	.name = "ibm720",
	.ops = &fsock__one_octet_ops,
	.to_utf8 = fsock__to_utf8_ibm720,
	.from_utf8 = &fsock__from_utf8_ibm720,
	.flags = FSOCK_CHARSET_ASCII | FSOCK_CHARSET_ONE_OCTET,
	.minimum = 1,
	.maximum = 1,
};

const struct fsock_charset fsock__charset_ibm737 = {
	.name = "ibm737",
	.ops = &fsock__one_octet_ops,
	.to_utf8 = fsock__to_utf8_ibm737,
	.from_utf8 = &fsock__from_utf8_ibm737,
	.flags = FSOCK_CHARSET_ASCII | FSOCK_CHARSET_ONE_OCTET,
	.minimum = 1,
	.maximum = 1,
};

const struct fsock_charset fsock__charset_ibm775 = {
	.name = "ibm775",
	.ops = &fsock__one_octet_ops,
	.to_utf8 = fsock__to_utf8_ibm775,
	.from_utf8 = &fsock__from_utf8_ibm775,
	.flags = FSOCK_CHARSET_ASCII | FSOCK_CHARSET_ONE_OCTET,
	.minimum = 1,
	.maximum = 1,
};

const struct fsock_charset fsock__charset_ibm850 = {
	.name = "ibm850",
	.ops = &fsock__one_octet_ops,
	.to_utf8 = fsock__to_utf8_ibm850,
	.from_utf8 = &fsock__from_utf8_ibm850,
	.flags = FSOCK_CHARSET_ASCII | FSOCK_CHARSET_ONE_OCTET,
	.minimum = 1,
	.maximum = 1,
};

const struct fsock_charset fsock__charset_ibm852 = {
	.name = "ibm852",
	.ops = &fsock__one_octet_ops,
	.to_utf8 = fsock__to_utf8_ibm852,
	.from_utf8 = &fsock__from_utf8_ibm852,
	.flags = FSOCK_CHARSET_ASCII | FSOCK_CHARSET_ONE_OCTET,
	.minimum = 1,
	.maximum = 1,
};

const struct fsock_charset fsock__charset_ibm855 = {
	.name = "ibm855",
	.ops = &fsock__one_octet_ops,
	.to_utf8 = fsock__to_utf8_ibm855,
	.from_utf8 = &fsock__from_utf8_ibm855,
	.flags = FSOCK_CHARSET_ASCII | FSOCK_CHARSET_ONE_OCTET,
	.minimum = 1,
	.maximum = 1,
};

const struct fsock_charset fsock__charset_ibm857 = {
	.name = "ibm857",
	.ops = &fsock__one_octet_ops,
	.to_utf8 = fsock__to_utf8_ibm857,
	.from_utf8 = &fsock__from_utf8_ibm857,
	.flags = FSOCK_CHARSET_ASCII | FSOCK_CHARSET_ONE_OCTET,
	.minimum = 1,
	.maximum = 1,
};

const struct fsock_charset fsock__charset_ibm860 = {
	.name = "ibm860",
	.ops = &fsock__one_octet_ops,
	.to_utf8 = fsock__to_utf8_ibm860,
	.from_utf8 = &fsock__from_utf8_ibm860,
	.flags = FSOCK_CHARSET_ASCII | FSOCK_CHARSET_ONE_OCTET,
	.minimum = 1,
	.maximum = 1,
};

const struct fsock_charset fsock__charset_ibm861 = {
	.name = "ibm861",
	.ops = &fsock__one_octet_ops,
	.to_utf8 = fsock__to_utf8_ibm861,
	.from_utf8 = &fsock__from_utf8_ibm861,
	.flags = FSOCK_CHARSET_ASCII | FSOCK_CHARSET_ONE_OCTET,
	.minimum = 1,
	.maximum = 1,
};

const struct fsock_charset fsock__charset_ibm862 = {
	.name = "ibm862",
	.ops = &fsock__one_octet_ops,
	.to_utf8 = fsock__to_utf8_ibm862,
	.from_utf8 = &fsock__from_utf8_ibm862,
	.flags = FSOCK_CHARSET_ASCII | FSOCK_CHARSET_ONE_OCTET,
	.minimum = 1,
	.maximum = 1,
};

const struct fsock_charset fsock__charset_ibm863 = {
	.name = "ibm863",
	.ops = &fsock__one_octet_ops,
	.to_utf8 = fsock__to_utf8_ibm863,
	.from_utf8 = &fsock__from_utf8_ibm863,
	.flags = FSOCK_CHARSET_ASCII | FSOCK_CHARSET_ONE_OCTET,
	.minimum = 1,
	.maximum = 1,
};

const struct fsock_charset fsock__charset_ibm864 = {
	.name = "ibm864",
	.ops = &fsock__one_octet_ops,
	.to_utf8 = fsock__to_utf8_ibm864,
	.from_utf8 = &fsock__from_utf8_ibm864,
	.flags = FSOCK_CHARSET_ASCII | FSOCK_CHARSET_ONE_OCTET,
	.minimum = 1,
	.maximum = 1,
};

const struct fsock_charset fsock__charset_ibm865 = {
	.name = "ibm865",
	.ops = &fsock__one_octet_ops,
	.to_utf8 = fsock__to_utf8_ibm865,
	.from_utf8 = &fsock__from_utf8_ibm865,
	.flags = FSOCK_CHARSET_ASCII | FSOCK_CHARSET_ONE_OCTET,
	.minimum = 1,
	.maximum = 1,
};

const struct fsock_charset fsock__charset_ibm866 = {
	.name = "ibm866",
	.ops = &fsock__one_octet_ops,
	.to_utf8 = fsock__to_utf8_ibm866,
	.from_utf8 = &fsock__from_utf8_ibm866,
	.flags = FSOCK_CHARSET_ASCII | FSOCK_CHARSET_ONE_OCTET,
	.minimum = 1,
	.maximum = 1,
};

const struct fsock_charset fsock__charset_ibm869 = {
	.name = "ibm869",
	.ops = &fsock__one_octet_ops,
	.to_utf8 = fsock__to_utf8_ibm869,
	.from_utf8 = &fsock__from_utf8_ibm869,
	.flags = FSOCK_CHARSET_ASCII | FSOCK_CHARSET_ONE_OCTET,
	.minimum = 1,
	.maximum = 1,
};

const struct fsock_charset fsock__charset_iso_8859_10 = {
	.name = "iso-8859-10",
	.ops = &fsock__one_octet_ops,
	.to_utf8 = fsock__to_utf8_iso_8859_10,
	.from_utf8 = &fsock__from_utf8_iso_8859_10,
	.flags = FSOCK_CHARSET_ASCII | FSOCK_CHARSET_ONE_OCTET,
	.minimum = 1,
	.maximum = 1,
};

const struct fsock_charset fsock__charset_iso_8859_11 = {
	.name = "iso-8859-11",
	.ops = &fsock__one_octet_ops,
	.to_utf8 = fsock__to_utf8_iso_8859_11,
	.from_utf8 = &fsock__from_utf8_iso_8859_11,
	.flags = FSOCK_CHARSET_ASCII | FSOCK_CHARSET_ONE_OCTET,
	.minimum = 1,
	.maximum = 1,
};

const struct fsock_charset fsock__charset_iso_8859_13 = {
	.name = "iso-8859-13",
	.ops = &fsock__one_octet_ops,
	.to_utf8 = fsock__to_utf8_iso_8859_13,
	.from_utf8 = &fsock__from_utf8_iso_8859_13,
	.flags = FSOCK_CHARSET_ASCII | FSOCK_CHARSET_ONE_OCTET,
	.minimum = 1,
	.maximum = 1,
};

const struct fsock_charset fsock__charset_iso_8859_14 = {
	.name = "iso-8859-14",
	.ops = &fsock__one_octet_ops,
	.to_utf8 = fsock__to_utf8_iso_8859_14,
	.from_utf8 = &fsock__from_utf8_iso_8859_14,
	.flags = FSOCK_CHARSET_ASCII | FSOCK_CHARSET_ONE_OCTET,
	.minimum = 1,
	.maximum = 1,
};

const struct fsock_charset fsock__charset_iso_8859_15 = {
	.name = "iso-8859-15",
	.ops = &fsock__one_octet_ops,
	.to_utf8 = fsock__to_utf8_iso_8859_15,
	.from_utf8 = &fsock__from_utf8_iso_8859_15,
	.flags = FSOCK_CHARSET_ASCII | FSOCK_CHARSET_ONE_OCTET,
	.minimum = 1,
	.maximum = 1,
};

const struct fsock_charset fsock__charset_iso_8859_16 = {
	.name = "iso-8859-16",
	.ops = &fsock__one_octet_ops,
	.to_utf8 = fsock__to_utf8_iso_8859_16,
	.from_utf8 = &fsock__from_utf8_iso_8859_16,
	.flags = FSOCK_CHARSET_ASCII | FSOCK_CHARSET_ONE_OCTET,
	.minimum = 1,
	.maximum = 1,
};

const struct fsock_charset fsock__charset_iso_8859_2 = {
	.name = "iso-8859-2",
	.ops = &fsock__one_octet_ops,
	.to_utf8 = fsock__to_utf8_iso_8859_2,
	.from_utf8 = &fsock__from_utf8_iso_8859_2,
	.flags = FSOCK_CHARSET_ASCII | FSOCK_CHARSET_ONE_OCTET,
	.minimum = 1,
	.maximum = 1,
};

const struct fsock_charset fsock__charset_iso_8859_3 = {
	.name = "iso-8859-3",
	.ops = &fsock__one_octet_ops,
	.to_utf8 = fsock__to_utf8_iso_8859_3,
	.from_utf8 = &fsock__from_utf8_iso_8859_3,
	.flags = FSOCK_CHARSET_ASCII | FSOCK_CHARSET_ONE_OCTET,
	.minimum = 1,
	.maximum = 1,
};

const struct fsock_charset fsock__charset_iso_8859_4 = {
	.name = "iso-8859-4",
	.ops = &fsock__one_octet_ops,
	.to_utf8 = fsock__to_utf8_iso_8859_4,
	.from_utf8 = &fsock__from_utf8_iso_8859_4,
	.flags = FSOCK_CHARSET_ASCII | FSOCK_CHARSET_ONE_OCTET,
	.minimum = 1,
	.maximum = 1,
};

const struct fsock_charset fsock__charset_iso_8859_5 = {
	.name = "iso-8859-5",
	.ops = &fsock__one_octet_ops,
	.to_utf8 = fsock__to_utf8_iso_8859_5,
	.from_utf8 = &fsock__from_utf8_iso_8859_5,
	.flags = FSOCK_CHARSET_ASCII | FSOCK_CHARSET_ONE_OCTET,
	.minimum = 1,
	.maximum = 1,
};

const struct fsock_charset fsock__charset_iso_8859_6 = {
	.name = "iso-8859-6",
	.ops = &fsock__one_octet_ops,
	.to_utf8 = fsock__to_utf8_iso_8859_6,
	.from_utf8 = &fsock__from_utf8_iso_8859_6,
	.flags = FSOCK_CHARSET_ASCII | FSOCK_CHARSET_ONE_OCTET,
	.minimum = 1,
	.maximum = 1,
};

const struct fsock_charset fsock__charset_iso_8859_7 = {
	.name = "iso-8859-7",
	.ops = &fsock__one_octet_ops,
	.to_utf8 = fsock__to_utf8_iso_8859_7,
	.from_utf8 = &fsock__from_utf8_iso_8859_7,
	.flags = FSOCK_CHARSET_ASCII | FSOCK_CHARSET_ONE_OCTET,
	.minimum = 1,
	.maximum = 1,
};

const struct fsock_charset fsock__charset_iso_8859_8 = {
	.name = "iso-8859-8",
	.ops = &fsock__one_octet_ops,
	.to_utf8 = fsock__to_utf8_iso_8859_8,
	.from_utf8 = &fsock__from_utf8_iso_8859_8,
	.flags = FSOCK_CHARSET_ASCII | FSOCK_CHARSET_ONE_OCTET,
	.minimum = 1,
	.maximum = 1,
};

const struct fsock_charset fsock__charset_iso_8859_9 = {
	.name = "iso-8859-9",
	.ops = &fsock__one_octet_ops,
	.to_utf8 = fsock__to_utf8_iso_8859_9,
	.from_utf8 = &fsock__from_utf8_iso_8859_9,
	.flags = FSOCK_CHARSET_ASCII | FSOCK_CHARSET_ONE_OCTET,
	.minimum = 1,
	.maximum = 1,
};

const struct fsock_charset fsock__charset_koi8_r = {
	.name = "koi8-r",
	.ops = &fsock__one_octet_ops,
	.to_utf8 = fsock__to_utf8_koi8_r,
	.from_utf8 = &fsock__from_utf8_koi8_r,
	.flags = FSOCK_CHARSET_ASCII | FSOCK_CHARSET_ONE_OCTET,
	.minimum = 1,
	.maximum = 1,
};

const struct fsock_charset fsock__charset_koi8_u = {
	.name = "koi8-u",
	.ops = &fsock__one_octet_ops,
	.to_utf8 = fsock__to_utf8_koi8_u,
	.from_utf8 = &fsock__from_utf8_koi8_u,
	.flags = FSOCK_CHARSET_ASCII | FSOCK_CHARSET_ONE_OCTET,
	.minimum = 1,
	.maximum = 1,
};

const struct fsock_charset fsock__charset_macintosh = {
	.name = "macintosh",
	.ops = &fsock__one_octet_ops,
	.to_utf8 = fsock__to_utf8_macintosh,
	.from_utf8 = &fsock__from_utf8_macintosh,
	.flags = FSOCK_CHARSET_ASCII | FSOCK_CHARSET_ONE_OCTET,
	.minimum = 1,
	.maximum = 1,
};

const struct fsock_charset fsock__charset_us_ascii = {
	.name = "us-ascii",
	.ops = &fsock__one_octet_ops,
	.to_utf8 = fsock__to_utf8_us_ascii,
	.from_utf8 = &fsock__from_utf8_us_ascii,
	.flags = FSOCK_CHARSET_ASCII | FSOCK_CHARSET_ONE_OCTET,
	.minimum = 1,
	.maximum = 1,
};

const struct fsock_charset fsock__charset_windows_1250 = {
	.name = "windows-1250",
	.ops = &fsock__one_octet_ops,
	.to_utf8 = fsock__to_utf8_windows_1250,
	.from_utf8 = &fsock__from_utf8_windows_1250,
	.flags = FSOCK_CHARSET_ASCII | FSOCK_CHARSET_ONE_OCTET,
	.minimum = 1,
	.maximum = 1,
};

const struct fsock_charset fsock__charset_windows_1251 = {
	.name = "windows-1251",
	.ops = &fsock__one_octet_ops,
	.to_utf8 = fsock__to_utf8_windows_1251,
	.from_utf8 = &fsock__from_utf8_windows_1251,
	.flags = FSOCK_CHARSET_ASCII | FSOCK_CHARSET_ONE_OCTET,
	.minimum = 1,
	.maximum = 1,
};

const struct fsock_charset fsock__charset_windows_1252 = {
	.name = "windows-1252",
	.ops = &fsock__one_octet_ops,
	.to_utf8 = fsock__to_utf8_windows_1252,
	.from_utf8 = &fsock__from_utf8_windows_1252,
	.flags = FSOCK_CHARSET_ASCII | FSOCK_CHARSET_ONE_OCTET,
	.minimum = 1,
	.maximum = 1,
};

const struct fsock_charset fsock__charset_windows_1253 = {
	.name = "windows-1253",
	.ops = &fsock__one_octet_ops,
	.to_utf8 = fsock__to_utf8_windows_1253,
	.from_utf8 = &fsock__from_utf8_windows_1253,
	.flags = FSOCK_CHARSET_ASCII | FSOCK_CHARSET_ONE_OCTET,
	.minimum = 1,
	.maximum = 1,
};

const struct fsock_charset fsock__charset_windows_1254 = {
	.name = "windows-1254",
	.ops = &fsock__one_octet_ops,
	.to_utf8 = fsock__to_utf8_windows_1254,
	.from_utf8 = &fsock__from_utf8_windows_1254,
	.flags = FSOCK_CHARSET_ASCII | FSOCK_CHARSET_ONE_OCTET,
	.minimum = 1,
	.maximum = 1,
};

const struct fsock_charset fsock__charset_windows_1255 = {
	.name = "windows-1255",
	.ops = &fsock__one_octet_ops,
	.to_utf8 = fsock__to_utf8_windows_1255,
	.from_utf8 = &fsock__from_utf8_windows_1255,
	.flags = FSOCK_CHARSET_ASCII | FSOCK_CHARSET_ONE_OCTET,
	.minimum = 1,
	.maximum = 1,
};

const struct fsock_charset fsock__charset_windows_1256 = {
	.name = "windows-1256",
	.ops = &fsock__one_octet_ops,
	.to_utf8 = fsock__to_utf8_windows_1256,
	.from_utf8 = &fsock__from_utf8_windows_1256,
	.flags = FSOCK_CHARSET_ASCII | FSOCK_CHARSET_ONE_OCTET,
	.minimum = 1,
	.maximum = 1,
};

const struct fsock_charset fsock__charset_windows_1257 = {
	.name = "windows-1257",
	.ops = &fsock__one_octet_ops,
	.to_utf8 = fsock__to_utf8_windows_1257,
	.from_utf8 = &fsock__from_utf8_windows_1257,
	.flags = FSOCK_CHARSET_ASCII | FSOCK_CHARSET_ONE_OCTET,
	.minimum = 1,
	.maximum = 1,
};

const struct fsock_charset fsock__charset_windows_1258 = {
	.name = "windows-1258",
	.ops = &fsock__one_octet_ops,
	.to_utf8 = fsock__to_utf8_windows_1258,
	.from_utf8 = &fsock__from_utf8_windows_1258,
	.flags = FSOCK_CHARSET_ASCII | FSOCK_CHARSET_ONE_OCTET,
	.minimum = 1,
	.maximum = 1,
};

const struct fsock_charset fsock__charset_windows_874 = {
	.name = "windows-874",
	.ops = &fsock__one_octet_ops,
	.to_utf8 = fsock__to_utf8_windows_874,
	.from_utf8 = &fsock__from_utf8_windows_874,
	.flags = FSOCK_CHARSET_ASCII | FSOCK_CHARSET_ONE_OCTET,
	.minimum = 1,
	.maximum = 1,
};

const struct fsock_charset fsock__charset_x_mac_cyrillic = {
	.name = "x-mac-cyrillic",
	.ops = &fsock__one_octet_ops,
	.to_utf8 = fsock__to_utf8_x_mac_cyrillic,
	.from_utf8 = &fsock__from_utf8_x_mac_cyrillic,
	.flags = FSOCK_CHARSET_ASCII | FSOCK_CHARSET_ONE_OCTET,
	.minimum = 1,
	.maximum = 1,
};

const struct fsock_charset fsock__charset_x_user_defined = {
	.name = "x-user-defined",
	.ops = &fsock__one_octet_ops,
	.to_utf8 = fsock__to_utf8_x_user_defined,
	.from_utf8 = &fsock__from_utf8_x_user_defined,
	.flags = FSOCK_CHARSET_ASCII | FSOCK_CHARSET_ONE_OCTET,
	.minimum = 1,
	.maximum = 1,
};

const struct fsock_charset fsock__charset_iso_8859_8_i = {
	.name = "iso-8859-8-i",
	.ops = &fsock__one_octet_ops,
	.to_utf8 = fsock__to_utf8_iso_8859_8,
	.from_utf8 = &fsock__from_utf8_iso_8859_8,
	.flags = FSOCK_CHARSET_ASCII | FSOCK_CHARSET_ONE_OCTET,
	.minimum = 1,
	.maximum = 1,
};

const struct fsock_charset *const fsock__charsets[64] = {
	&fsock__charset_utf_8,
	&fsock__charset_utf_16,
	&fsock__charset_utf_16le,
	&fsock__charset_utf_16be,
	&fsock__charset_utf_32,
	&fsock__charset_utf_32le,
	&fsock__charset_utf_32be,
	&fsock__charset_iso_8859_1,
	&fsock__charset_gbk,
	&fsock__charset_x_gbk,
	&fsock__charset_gb18030,
	&fsock__charset_big5,
	&fsock__charset_euc_jp,
	&fsock__charset_iso_2022_jp,
	&fsock__charset_shift_jis,
	&fsock__charset_euc_kr,
	&fsock__charset_replacement,
	&fsock__charset_ibm437,
	&fsock__charset_ibm720,
	&fsock__charset_ibm737,
	&fsock__charset_ibm775,
	&fsock__charset_ibm850,
	&fsock__charset_ibm852,
	&fsock__charset_ibm855,
	&fsock__charset_ibm857,
	&fsock__charset_ibm860,
	&fsock__charset_ibm861,
	&fsock__charset_ibm862,
	&fsock__charset_ibm863,
	&fsock__charset_ibm864,
	&fsock__charset_ibm865,
	&fsock__charset_ibm866,
	&fsock__charset_ibm869,
	&fsock__charset_iso_8859_10,
	&fsock__charset_iso_8859_11,
	&fsock__charset_iso_8859_13,
	&fsock__charset_iso_8859_14,
	&fsock__charset_iso_8859_15,
	&fsock__charset_iso_8859_16,
	&fsock__charset_iso_8859_2,
	&fsock__charset_iso_8859_3,
	&fsock__charset_iso_8859_4,
	&fsock__charset_iso_8859_5,
	&fsock__charset_iso_8859_6,
	&fsock__charset_iso_8859_7,
	&fsock__charset_iso_8859_8,
	&fsock__charset_iso_8859_9,
	&fsock__charset_koi8_r,
	&fsock__charset_koi8_u,
	&fsock__charset_macintosh,
	&fsock__charset_us_ascii,
	&fsock__charset_windows_1250,
	&fsock__charset_windows_1251,
	&fsock__charset_windows_1252,
	&fsock__charset_windows_1253,
	&fsock__charset_windows_1254,
	&fsock__charset_windows_1255,
	&fsock__charset_windows_1256,
	&fsock__charset_windows_1257,
	&fsock__charset_windows_1258,
	&fsock__charset_windows_874,
	&fsock__charset_x_mac_cyrillic,
	&fsock__charset_x_user_defined,
	&fsock__charset_iso_8859_8_i,
};

const size_t fsock__charsets_count = 64;
