/* Formats as text. */
#include "../../src/base/compat.h"

#include <check.h>

#include <fsock.h>

#include "../support/sock_support.h"

static const struct good {
	const char *text, *charset;
	enum fsock_eol_style eol;
	unsigned flags;
	enum fsock_on_error on_error;
	uint32_t substitute;
	enum fsock_bom bom;
} goods[] = {
	{ .text = "binary" },
	{ .text = "BINARY" },
	{ .text = "utf-8", .charset = "utf-8" },
	{ .text = "UTF8", .charset = "utf-8" },
	{ .text = "latin-1", .charset = "iso-8859-1" },
	{ .text = "cp437", .charset = "ibm437" },
	{ .text = "code-page-1252", .charset = "windows-1252" },
	{ .text = "lf" },
	{ .text = "crlf", .eol = FSOCK_EOL_CRLF },
	{ .text = "CRLF", .eol = FSOCK_EOL_CRLF },
	{ .text = "cr", .eol = FSOCK_EOL_CR },
	{ .text = "crlf-strict", .eol = FSOCK_EOL_CRLF_STRICT },
	{ .text = "auto", .eol = FSOCK_EOL_AUTO },
	{ .text = "latin-1,crlf,replace",
	    .charset = "iso-8859-1",
	    .eol = FSOCK_EOL_CRLF,
	    .on_error = FSOCK_ON_ERROR_REPLACE },
	{ .text = "replace,crlf,latin-1",
	    .charset = "iso-8859-1",
	    .eol = FSOCK_EOL_CRLF,
	    .on_error = FSOCK_ON_ERROR_REPLACE },
	{ .text = "ascii,strict", .charset = "us-ascii" },
	{ .text = "ascii,ignore", .charset = "us-ascii", .on_error = FSOCK_ON_ERROR_IGNORE },
	{ .text = "ascii,escape", .charset = "us-ascii", .on_error = FSOCK_ON_ERROR_ESCAPE },
	{ .text = "ascii,html", .charset = "us-ascii", .on_error = FSOCK_ON_ERROR_HTML },
	{ .text = "ascii,replace=?",
	    .charset = "us-ascii",
	    .on_error = FSOCK_ON_ERROR_REPLACE,
	    .substitute = '?' },
	{ .text = "ascii,replace==",
	    .charset = "us-ascii",
	    .on_error = FSOCK_ON_ERROR_REPLACE,
	    .substitute = '=' },
	{ .text = "ascii,replace=\xE2\x82\xAC",
	    .charset = "us-ascii",
	    .on_error = FSOCK_ON_ERROR_REPLACE,
	    .substitute = 0x20AC },
	{ .text = "ascii,replace=\xF0\x9F\x98\x80",
	    .charset = "us-ascii",
	    .on_error = FSOCK_ON_ERROR_REPLACE,
	    .substitute = 0x1F600 },
	{ .text = "utf-8,bom=strip", .charset = "utf-8", .bom = FSOCK_BOM_STRIP },
	{ .text = "bom=sniff,latin-1", .charset = "iso-8859-1", .bom = FSOCK_BOM_SNIFF },
	{ .text = "utf-16le,BOM=Write", .charset = "utf-16le", .bom = FSOCK_BOM_WRITE },
	{ .text = "idempotent,crlf", .eol = FSOCK_EOL_CRLF, .flags = FSOCK_EOL_IDEMPOTENT },
	{ .text = "crlf,reject-cr,reject-lf",
	    .eol = FSOCK_EOL_CRLF,
	    .flags = FSOCK_EOL_REJECT_CR | FSOCK_EOL_REJECT_LF },
	{ .text = "reject-cr", .flags = FSOCK_EOL_REJECT_CR },
	{ .text = "ccs=latin-1,eol=crlf,errors=replace=!",
	    .charset = "iso-8859-1",
	    .eol = FSOCK_EOL_CRLF,
	    .on_error = FSOCK_ON_ERROR_REPLACE,
	    .substitute = '!' },
	{ .text = "CCS=utf-8,EOL=Auto,Errors=Ignore,bom=strip",
	    .charset = "utf-8",
	    .eol = FSOCK_EOL_AUTO,
	    .on_error = FSOCK_ON_ERROR_IGNORE,
	    .bom = FSOCK_BOM_STRIP },
	{ .text = "eol=crlf,eol=idempotent", .eol = FSOCK_EOL_CRLF, .flags = FSOCK_EOL_IDEMPOTENT },
};

static const char *const bads[] = { "", ",", "utf-8,", ",utf-8", "utf-8,,crlf", " utf-8", "utf-8 ",
	"utf-9", "utf-8 crlf", "utf-8/crlf", "utf-8,latin-1", "utf-8,utf-8", "crlf,lf", "lf,lf",
	"strict,ignore", "replace,replace=?", "replace=", "replace=ab", "replace=\xFF",
	"replace=\xE2\x82", "replace=\xED\xA0\x80", "ascii,replace= x", "bom",
	"utf-8,bom=", "utf-8,bom=keep", "utf-8,bom=strip,bom=write", "bom=strip", "crlf,bom=sniff",
	"binary,binary", "binary,utf-8", "crlf,binary", "binary,strict", "binary,idempotent",
	"binary,bom=strip", "auto,reject-cr", "auto,reject-lf", "crlf-stric", "crlf-strictly",
	"autos", "idem", "ccs=", "ccs=crlf", "ccs=binary", "ccs=strict", "eol=", "eol=utf-8",
	"eol=strict", "errors=", "errors=crlf", "errors=idempotent", "ccs=ccs=utf-8",
	"a-name-of-a-charset-that-is-much-too-long-to-be-the-name-of-a-charset-of-anybody" };

START_TEST(good)
{
	const struct good *row = &goods[_i];
	struct fsock_format format;

	memset(&format, 0xFF, sizeof format);
	errno = EDOM;
	ck_assert_int_eq(fsock_format_parse(&format, row->text), 0);
	ck_assert_int_eq(errno, EDOM);
	if (row->charset == NULL)
		ck_assert_ptr_null(format.charset);
	else
		ck_assert_ptr_eq(format.charset, fsock_charset_find(row->charset));
	ck_assert_int_eq(format.eol, row->eol);
	ck_assert_uint_eq(format.eol_flags, row->flags);
	ck_assert_int_eq(format.policy.on_error, row->on_error);
	ck_assert_uint_eq(format.policy.substitute, row->substitute);
	ck_assert_ptr_null(format.policy.arg);
	ck_assert_int_eq(format.bom, row->bom);
}
END_TEST

START_TEST(bad)
{
	struct fsock_format format, before;

	memset(&before, 0x5A, sizeof before);
	format = before;
	errno = 0;
	ck_assert_int_eq(fsock_format_parse(&format, bads[_i]), -1);
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	ck_assert_mem_eq(&format, &before, sizeof format);
	if (bads[_i][0] != '\0')
		ck_assert_ptr_nonnull(strstr(fsock_last_error()->text, bads[_i]));
}
END_TEST

START_TEST(null)
{
	struct fsock_format format;

	ck_assert_int_eq(fsock_format_parse(&format, NULL), -1);
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	ck_assert_int_eq(fsock_format_parse(NULL, "utf-8"), -1);
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
}
END_TEST

/* Every name of every charset is a format. */
START_TEST(every_charset)
{
	const struct fsock_charset *charset;
	struct fsock_format format;
	const char *name;

	for (size_t i = 0; (name = fsock_charset_alias(i, &charset)) != NULL; i++) {
		ck_assert_msg(fsock_format_parse(&format, name) == 0, "%s", name);
		ck_assert_ptr_eq(format.charset, charset);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("format parse");
	TCase *tcase = tcase_create("format parse");

	tcase_add_loop_test(tcase, good, 0, COUNT(goods));
	tcase_add_loop_test(tcase, bad, 0, COUNT(bads));
	tcase_add_test(tcase, null);
	tcase_add_test(tcase, every_charset);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
