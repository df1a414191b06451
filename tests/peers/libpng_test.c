/*
 * libpng, as it is, over our streams: an image written with png_init_io() at one end is read at the
 * other, and comes back on the same FILE. Its parts are neither lines nor end where buffers do.
 */
#include "../../src/base/compat.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdlib.h>

#include <check.h>
#include <png.h>

#include <fsock.h>

#include "support/peer.h"
#include "support/peer_link.h"
#include "support/traffic.h"

#define COUNT(table) ((int)(sizeof(table) / sizeof(table)[0]))

static const struct shape {
	png_uint_32 width, height;
	int depth, type, interlace;
	size_t pixel; /* octets in one */
} shapes[] = {
	{ 1, 1, 8, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE, 1 },
	{ 640, 480, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, 3 },
	{ 333, 777, 8, PNG_COLOR_TYPE_RGB_ALPHA, PNG_INTERLACE_ADAM7, 4 },
	{ 500, 500, 16, PNG_COLOR_TYPE_RGB_ALPHA, PNG_INTERLACE_NONE, 8 },
};

struct image {
	const struct shape *shape;
	uint8_t *pixels;
	png_bytep *rows; /* pointers into pixels */
};

/* An image of noise, which cannot be compressed, or all of one colour. */
static void
make_image(struct image *image, const struct shape *shape, uint64_t seed)
{
	size_t stride = shape->width * shape->pixel;

	image->shape = shape;
	image->pixels = calloc(shape->height, stride);
	image->rows = calloc(shape->height, sizeof *image->rows);
	if (seed != 0)
		traffic_fill(&seed, image->pixels, shape->height * stride);
	for (png_uint_32 y = 0; y < shape->height; y++)
		image->rows[y] = image->pixels + y * stride;
}

static void
free_image(struct image *image)
{
	free(image->pixels);
	free(image->rows);
}

/* libpng reports failures by printing and by longjmp(); the tests only need the latter. */
static void
give_up(png_structp png, png_const_charp why)
{
	(void)why;
	png_longjmp(png, 1);
}

/* Returns 0, or -1 if libpng failed. */
static int
write_image(FILE *f, const struct image *image)
{
	const struct shape *shape = image->shape;
	png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, give_up, NULL);
	png_infop info = png_create_info_struct(png);

	if (setjmp(png_jmpbuf(png))) {
		png_destroy_write_struct(&png, &info);
		return -1;
	}
	png_init_io(png, f);
	png_set_IHDR(png, info, shape->width, shape->height, shape->depth, shape->type,
	    shape->interlace, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
	png_set_compression_level(png, 1);
	png_set_rows(png, info, image->rows);
	png_write_png(png, info, PNG_TRANSFORM_IDENTITY, NULL);
	png_destroy_write_struct(&png, &info);
	return fflush(f) == 0 ? 0 : -1;
}

/* Whether the next thing that comes is the image: 1 if so, 0 if it is another, -1 on failure. */
static int
read_image(FILE *f, const struct image *expected)
{
	const struct shape *shape = expected->shape;
	png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, give_up, NULL);
	png_infop info = png_create_info_struct(png);
	int same = 1;

	if (setjmp(png_jmpbuf(png))) {
		png_destroy_read_struct(&png, &info, NULL);
		return -1;
	}
	png_init_io(png, f);
	png_read_png(png, info, PNG_TRANSFORM_IDENTITY, NULL);
	if (png_get_image_width(png, info) != shape->width ||
	    png_get_image_height(png, info) != shape->height ||
	    png_get_bit_depth(png, info) != shape->depth ||
	    png_get_color_type(png, info) != shape->type)
		same = 0;
	for (png_uint_32 y = 0; same && y < shape->height; y++)
		if (memcmp(png_get_rows(png, info)[y], expected->rows[y],
			shape->width * shape->pixel) != 0)
			same = 0;
	png_destroy_read_struct(&png, &info, NULL);
	return same;
}

/* What the thread at the far end does, and how it went. */
struct far_end {
	FILE *in, *out;
	const struct image *image;
	int read, written, said;
};

/* Takes an image and a line, and gives the same back. */
static void *
return_image(void *arg)
{
	struct far_end *far = arg;
	char line[32];

	far->read = read_image(far->in, far->image);
	if (fgets(line, sizeof line, far->in) != NULL)
		far->said = fputs(line, far->out);
	far->written = write_image(far->out, far->image);
	return NULL;
}

START_TEST(to_and_fro)
{
	int kind = _i % PEER_LINK_COUNT;
	const struct shape *shape = &shapes[_i / PEER_LINK_COUNT % COUNT(shapes)];
	uint64_t seed = _i / PEER_LINK_COUNT / COUNT(shapes); /* one colour, then noise */
	struct fsock_options options = { .timeout = 20 };
	struct peer_link link;
	struct far_end far = { 0 };
	struct image image;
	pthread_t thread;
	char line[32];

	if (!peer_link_open(&link, kind, &options))
		return;
	make_image(&image, shape, seed);
	far = (struct far_end){ .in = link.in[1], .out = link.out[1], .image = &image };
	ck_assert_int_eq(pthread_create(&thread, NULL, return_image, &far), 0);

	ck_assert_int_eq(write_image(link.out[0], &image), 0);
	ck_assert_int_ge(fputs("now back\n", link.out[0]), 0);
	ck_assert_int_eq(fflush(link.out[0]), 0);
	ck_assert_ptr_nonnull(fgets(line, sizeof line, link.in[0]));
	ck_assert_str_eq(line, "now back\n");
	ck_assert_int_eq(read_image(link.in[0], &image), 1);

	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_eq(far.read, 1);
	ck_assert_int_eq(far.written, 0);
	ck_assert_int_ge(far.said, 0);
	peer_link_close(&link, 1);
	ck_assert_int_eq(getc(link.in[0]), EOF);
	ck_assert(feof(link.in[0]) && !ferror(link.in[0]));
	peer_link_close(&link, 0);
	free_image(&image);
}
END_TEST

/* An image that breaks off is an error to libpng, and no more than that. */
START_TEST(broken_off)
{
	struct fsock_options options = { .timeout = 20 };
	struct peer_link link;
	struct image image;
	FILE *file = tmpfile();
	char buf[1000];

	if (!peer_link_open(&link, _i, &options))
		return;
	make_image(&image, &shapes[1], 3);
	ck_assert_int_eq(write_image(file, &image), 0);
	rewind(file);
	ck_assert_uint_eq(fread(buf, 1, sizeof buf, file), sizeof buf);
	ck_assert_uint_eq(fwrite(buf, 1, sizeof buf, link.out[0]), sizeof buf);
	ck_assert_int_eq(fsock_shutdown(link.ends[0], FSOCK_OUTPUT), 0);
	ck_assert_int_eq(read_image(link.in[1], &image), -1);
	ck_assert(feof(link.in[1]));
	peer_link_close(&link, 0);
	peer_link_close(&link, 1);
	fclose(file);
	free_image(&image);
}
END_TEST

static Suite *
libpng_suite(void)
{
	Suite *suite = suite_create("libpng");
	TCase *tcase = tcase_create("libpng");

	tcase_add_loop_test(tcase, to_and_fro, 0, 2 * COUNT(shapes) * PEER_LINK_COUNT);
	tcase_add_loop_test(tcase, broken_off, 0, PEER_LINK_COUNT);
	suite_add_tcase(suite, tcase);
	return suite;
}

int
main(void)
{
	SRunner *runner = srunner_create(libpng_suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
