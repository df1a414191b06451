# The check matrix: variants of the library, the programs that test them, and the stages of `make check`.
#
# tests/ mirrors the folders of src; tests/whole has what is about the whole library. A new
# tests/FOLDER/NAME_test.c (a check program with its own main) is in every variant at once; tests/support/*.c
# is linked to all, tests/order/*.c to those of the stage of that name. Programs in tests/peers (other programs to talk to, libraries that take a FILE), in
# tests/slow and in tests/bench run as built by $(CC); in the first two an executable NAME_test.sh is a test
# as well. A libFuzzer harness tests/fuzz/NAME_fuzz.c has a corpus, tests/fuzz/corpus/NAME, that every
# variant replays; a model it has in NAME_model.c is linked.

T ?= *

# Machines that this one is not: 32-bit x86, which most run themselves, and three that qemu plays. s390x is
# big-endian; riscv64 has musl, linked statically.
FOREIGN  := i686 s390x arm64 riscv64
VARIANTS += clang asan tsan musl funopen kqueue poll $(FOREIGN) coverage fuzzer
TESTED   := $(filter-out coverage fuzzer,$(VARIANTS))

CC.clang   = clang
CC.asan    = gcc
CC.tsan    = gcc
CC.musl    = musl-gcc
CC.funopen = gcc
CC.kqueue  = gcc
CC.poll    = gcc
CC.i686    = i686-linux-gnu-gcc
CC.s390x   = s390x-linux-gnu-gcc
CC.arm64   = aarch64-linux-gnu-gcc
CC.riscv64 = $(CURDIR)/build/musl/riscv64/bin/musl-gcc
CC.coverage = gcc
CC.fuzzer  = clang

# Of debugging information, lines and names are all that a report needs (-g1).
CFLAGS.clang   = -O2 -g1 -Werror
CFLAGS.asan    = -O1 -g1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
CFLAGS.tsan    = -O1 -g1 -fsanitize=thread
CFLAGS.fuzzer  = -O1 -g1 -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined \
                 -fno-sanitize-recover=all
CFLAGS.coverage = -O0 -g --coverage -fprofile-update=atomic -Dalways_inline=unused
CFLAGS.musl    = -O2 -g1 -Werror
CFLAGS.funopen = -O2 -g1 -Werror -DFSOCK_FILE_FUNOPEN -DFSOCK_DATAGRAM_LOOP $(BSD_CFLAGS)
CFLAGS.kqueue  = -O2 -g1 -Werror -DFSOCK_WAIT_KQUEUE -Itests/stub
CFLAGS.poll    = -O2 -g1 -Werror -DFSOCK_WAIT_POLL
CFLAGS.i686    = -O2 -g1 -Werror -Wno-psabi
CFLAGS.s390x   = -O2 -g1 -Werror
CFLAGS.arm64   = -O2 -g1 -Werror
CFLAGS.riscv64 = -O2 -g1 -Werror

LDLIBS.funopen = $(BSD_LIBS)
I686_LIBC      = /usr/i686-linux-gnu/lib
LDLIBS.riscv64 = -static
LDLIBS.i686    = -Wl,--dynamic-linker=$(I686_LIBC)/ld-linux.so.2,-rpath,$(I686_LIBC)

# What the command $(2) says, asked when it is first needed: packages may be installed by `make deps` until then.
once = $(eval $(1) := $$(shell $(2)))$($(1))
CHECK_CFLAGS = $(call once,CHECK_CFLAGS,pkg-config --cflags check)
CHECK_LIBS   = $(call once,CHECK_LIBS,pkg-config --libs check)
BSD_CFLAGS   = $(call once,BSD_CFLAGS,pkg-config --cflags libbsd-overlay)
BSD_LIBS     = $(call once,BSD_LIBS,pkg-config --libs libbsd-overlay)

# The check library; Debian has none for musl, and none of the foreign ones beside its own.
BUILT_CHECK := musl $(FOREIGN)
CHECK_SOURCE := build/check/source
built_check  = $(filter $(BUILT_CHECK),$(1))
check_cflags = $(if $(built_check),-isystem build/check/$(1),$(CHECK_CFLAGS))
check_libs   = $(if $(built_check),build/check/$(1)/libcheck.a -lm,$(CHECK_LIBS))

# What the programs in tests/peers link besides: libraries that take a FILE.
PEER_PACKAGES := libpng jansson
peer = $(if $(findstring tests/peers/,$(2)),$(shell pkg-config --$(1) $(PEER_PACKAGES)))

# How a variant's programs are run: their environment, a command in front, programs left out. A process for each
# row of a table costs more than what most rows do: so funopen and long alone fork, where each row finds the library
# fresh; elsewhere it finds what the rows before it left. `make test T=NAME` forks as well, to name the row that crashed or
# hung. Of the longest loops a sample will do where every step is slow.
SAMPLE       = FSOCK_SAMPLE=1
QUICK        = CK_FORK=no $(SAMPLE)
ENV.asan     = ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1 \
               UBSAN_OPTIONS=print_stacktrace=1 CK_TIMEOUT_MULTIPLIER=4 $(QUICK)
ENV.tsan     = TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1:suppressions=tests/tools/tsan.supp \
               CK_TIMEOUT_MULTIPLIER=8 CK_FORK=no FSOCK_RANDOM_SECONDS=60
ENV.valgrind = $(QUICK) CK_TIMEOUT_MULTIPLIER=4
# What a newcomer runs; the sweeps and combinations are whole under funopen and the recorder of locks.
ENV.cc       = $(if $(filter *,$(T)),CK_FORK=no) $(SAMPLE)
ENV.long     = $(SAMPLE)
ENV.clang    = $(QUICK)
ENV.musl     = $(QUICK)
ENV.kqueue   = $(QUICK)
ENV.poll     = $(QUICK)
ENV.i686     = $(QUICK)
ENV.s390x    = $(QUICK)
ENV.arm64    = $(QUICK)
ENV.riscv64  = $(QUICK)
ENV.order    = CK_FORK=no
ENV.package  = $(QUICK)
ENV.unblocked = FSOCK_UNBLOCKED=1 $(QUICK)
ENV.layered   = FSOCK_LAYERED=1 FSOCK_TRACED=1 $(QUICK)
ENV.slow     = CK_DEFAULT_TIMEOUT=600

# gcc's thread sanitizer cannot live with much address randomisation; not everywhere may it be turned off.
WRAP.tsan     = $(shell setarch -R true 2>/dev/null && echo setarch -R)
WRAP.valgrind = valgrind -q --leak-check=full --error-exitcode=99 --child-silent-after-fork=yes \
                --suppressions=tests/tools/valgrind.supp --fair-sched=try
WRAP.fuzz     = tests/tools/fuzz 5
# Not every machine runs the programs of the 32-bit one that it could be.
WRAP.i686    := $(shell $(I686_LIBC)/ld-linux.so.2 --version >/dev/null 2>&1 || echo qemu-i386)
WRAP.s390x    = qemu-s390x -L /usr/s390x-linux-gnu
WRAP.riscv64  = qemu-riscv64
WRAP.arm64    = qemu-aarch64 -L /usr/aarch64-linux-gnu

# Seconds that one program may take; 600 where nothing is said.
LIMIT.slow     = 900
LIMIT.tsan     = 900
LIMIT.valgrind = 900

LIMIT.macos    = 1200

# How many programs of a stage run beside each other; 2 where nothing is said.
AT_ONCE.cc     = 6
AT_ONCE.long   = 3
AT_ONCE.slow   = 1

# Programs that wait or work long, which a stage begins with, so that it does not end with one of them. `make test`
# leaves those of the unit tests out, unless T=NAME asks for them; the stage `long` of `make check` runs them.
LONG := deadline_test matrix_test hostile_test hostile_echo_test wait_timer_test wait_closing_test namespace_lookup_test delivery_test \
    queue_test sender_link_test line_server_limit_test readable_test relay_test one_thread.sh text_flexi_test buffer_test \
    server_load_test release_test line_server_stop_test lookup_test
long_first = $(filter $(addprefix %/,$(LONG)),$(1)) $(filter-out $(addprefix %/,$(LONG)),$(1))
# What besides is not for the newcomer's three minutes: loops of much work, and sweeps that other stages have as well.
LATER := kernels_test text_input_test text_random_test signal_sweep_test fork_sweep_test tls_fault_sweep_test

# Names of programs that a stage leaves out, each with its reason.
CODECS       := $(basename $(notdir $(wildcard tests/codec/*_test.c)))
# These measure times while hundreds of threads ask a resolver: one stage is enough.
CROWDS       := namespace_lookup_test namespace_race_test
SWEEPS       := $(basename $(notdir $(wildcard tests/whole/*_sweep_test.c tests/tls/*_sweep_test.c)))
# codec_tables_test compares values, pair by pair; server_limit_test is about threads.
SKIP.asan     = $(CROWDS) codec_tables_test server_limit_test
SKIP.coverage = $(CROWDS)
SKIP.cc       = $(if $(filter *,$(T)),$(LONG) $(LATER))
# Programs that name neither a thread nor what starts one, in the library or in tests/support.
SINGLE       := $(basename $(notdir $(shell grep -LE \
    'thread|_server|lookup|resolve|names|stdio_(link|feeder)|conversation|combination|cut\.h' $(wildcard tests/*/*_test.c))))
# Codec, text formats and queues know no threads; nothing runs beside them.
# The sweeps' processes have one thread each, or fork what the sanitizer knows no children of.
# Of locks held at once the sanitizer allows 64; lock_test holds all of a pool, and more. Models, limits of time
# and buffers have one thread beside a feeder, and are what takes longest.
SKIP.tsan     = $(CODECS) $(SWEEPS) $(CROWDS) lock_test queue_test matrix_test delivery_test deadline_test buffer_test \
    output_test octets_test format_test settings_test $(SINGLE) $(basename $(notdir $(wildcard tests/stream/text_*_test.c)))
# The codec is compiled by the same compiler as for gcc, and asks little of the libc.
SKIP.musl     = $(filter-out codec_iconv_test,$(CODECS)) $(CROWDS)
# The codec knows no FILE; the crowds never get one.
SKIP.funopen  = $(CODECS) $(CROWDS)
SKIP.clang    = $(CROWDS) queue_test delivery_test
# What waits by no list, whatever the backend is: the parts below the handle, and texts.
SKIP.kqueue   = $(CODECS) $(CROWDS) $(basename $(notdir $(wildcard tests/base/*_test.c tests/stream/text_*_test.c)))
SKIP.poll     = $(SKIP.kqueue)
# The same libc as for gcc: what the sweeps are about is the same.
SKIP.i686     = $(SWEEPS) $(CROWDS) $(if $(WRAP.i686),codec_flexi_test text_flexi_test)
# These put every cell and cut through plain loops that valgrind slows down a hundredfold; the address
# sanitizer has them. codec_iconv_test trips over the libc's own loader of charsets.
# Those in namespaces of their own measure times, which are not those of a program so slowed down.
# sys_test asks the kernel to refuse a poll() of too many descriptors, which valgrind does not.
# Servers, lists and whole exchanges it slows down most, for what the address sanitizer sees as well: it runs the
# parts (ONLY.valgrind), and of TLS the streams.
# Those that wait long or compare times, and the last rows, take most of the stage's time for what the address sanitizer's leak
# check sees as well.
SKIP.valgrind = codec_flexi_test codec_tables_test codec_jis_test codec_vectors_test codec_iconv_test \
    $(LONG) linger_test codec_pairs_test namespace_race_test kernels_test model_test \
    codec_eol_test codec_encode_test sender_batch_test layer_test records_test interrupt_test \
    text_random_test text_input_test sender_thread_test registry_test connecting_test sys_test \
    $(filter-out tls_test,$(basename $(notdir $(TLS_ALONE))))
SKIP.s390x    = codec_flexi_test
SKIP.arm64    = codec_flexi_test codec_tables_test codec_jis_test codec_pairs_test

# ---- Test programs.

FOLDERS := base net codec sock wait stream relay server whole
UNIT    := $(sort $(wildcard $(FOLDERS:%=tests/%/$(T)_test.c)))
PEERS   := $(sort $(wildcard tests/peers/$(T)_test.c))
# Those of libfsock-tls, where that is built; of those that need one more library such as are where that is; and
# the variants whose OpenSSL is that of the machine, which run those that need no more.
BESIDE.deflate_test := zlib
BESIDE.gnutls_test  := gnutls
beside  = $(BESIDE.$(basename $(notdir $(1))))
TLS     := $(if $(HAS_TLS),$(sort $(wildcard tests/tls/$(T)_test.c)))
TLS     := $(foreach t,$(TLS),$(if $(call beside,$t),$(if $(shell pkg-config --exists $(call beside,$t) 2>/dev/null && echo yes),$t),$t))
TLS_ALONE  := $(foreach t,$(TLS),$(if $(call beside,$t),,$t))
TLS_TESTED := asan tsan
SLOW    := $(sort $(wildcard tests/slow/$(T)_test.c))
TLS_SLOW := $(filter tests/slow/tls_%,$(SLOW))
SLOW    := $(if $(HAS_TLS),$(SLOW),$(filter-out $(TLS_SLOW),$(SLOW)))
BENCHES := $(filter-out $(if $(HAS_TLS),,%/tls_bench.c),$(sort $(wildcard tests/bench/$(T)_bench.c)))
FUZZ    := $(sort $(wildcard tests/fuzz/$(T)_fuzz.c))
MODELS  := $(sort $(wildcard tests/fuzz/*_model.c))
SUPPORT := $(sort $(wildcard tests/support/*.c))

# The tests of streams, over such as do not block: see tests/support/unblocked.h; and over layers: see
# tests/support/layered.h.
UNBLOCKED := code_point delivery format input matrix model octets output seek stream text_input text_output \
    thread
UNBLOCKED := $(filter $(foreach f,$(FOLDERS),$(UNBLOCKED:%=tests/$f/%_test.c)),$(UNIT))

# What tests the emulation of kqueue(2), and src/wait/kqueue.c beyond what the tests of lists do.
OWN.kqueue := $(sort $(wildcard tests/kqueue/$(T)_test.c))

# Results are kept by name.
ifneq ($(words $(UNIT)),$(words $(sort $(notdir $(UNIT)))))
$(error two unit tests have one name)
endif

# Under qemu run those that another word size, octet order or vector unit could break, not the slowest; nor
# those that fork while threads run, which qemu does not always survive.
# The sanitizers' stages are about locks and sockets; another compiler's code is about arithmetic and strings.
ONLY.clang := tests/base/% tests/codec/% tests/net/% tests/stream/%
ONLY.valgrind := tests/base/% tests/codec/% tests/net/% tests/sock/% tests/stream/%
ONLY.s390x := tests/codec/% tests/net/addr_% tests/net/host_%
ONLY.arm64 := tests/codec/%
ONLY.riscv64 := tests/codec/%
ONLY.i686  := $(if $(WRAP.i686),$(ONLY.s390x) tests/base/%)
only = $(if $(ONLY.$(1)),$(filter $(ONLY.$(1)),$(UNIT)),$(UNIT))
unit = $(filter-out $(foreach f,$(FOLDERS),$(SKIP.$(1):%=tests/$f/%.c)),$(only)) $(OWN.$(1))
LONG_UNIT := $(filter $(foreach f,$(FOLDERS),$(SKIP.cc:%=tests/$f/%.c)),$(UNIT))
LONG_TLS  := $(filter $(SKIP.cc:%=tests/tls/%.c),$(TLS))
CC_ONLY := $(PEERS) $(TLS) $(SLOW) $(BENCHES) $(LONG_UNIT)

# Functions of libc that a program puts its own in front of: calls of NAME() from the library and the
# program go to __wrap_NAME(). Of such programs Darwin's linker makes none.
WRAPPED.fault_test := malloc calloc free mmap mmap64 munmap fopencookie funopen fclose getaddrinfo \
    freeaddrinfo socket connect bind listen accept4 setsockopt getsockopt getsockname getpeername \
    fcntl fcntl64 pipe2 eventfd recv send sendto recvfrom recvmsg sendmmsg recvmmsg poll shutdown close \
    lstat lstat64 unlink pthread_create realloc epoll_create1 epoll_ctl epoll_wait socketpair
WRAPPED.fault_sweep_test        := $(WRAPPED.fault_test)
WRAPPED.fault_server_sweep_test := $(WRAPPED.fault_test)
WRAPPED.tls_fault_sweep_test    := $(WRAPPED.fault_test)
WRAPPED.server_fault_test := malloc calloc realloc socket bind listen send pipe2 eventfd epoll_create1 \
    pthread_create fsock_waitlist_add fsock__accept_now
WRAPPED.signal_sweep_test := socket socketpair connect bind listen accept4 setsockopt getsockopt getsockname \
    getpeername shutdown close poll read write recv send getaddrinfo epoll_create1 epoll_ctl epoll_wait eventfd \
    fcntl fcntl64
WRAPPED.cancel_sweep_test := $(WRAPPED.signal_sweep_test)
WRAPPED.fork_sweep_test   := $(WRAPPED.signal_sweep_test)
WRAPPED.text_flexi_test   := recv
WRAPPED.backend_test      := epoll_ctl fcntl fcntl64
WRAPPED.held_test         := funlockfile
WRAPPED.bell_test         := poll
WRAPPED.shutdown_beside_test := fsock__turn_take
WRAPPED.random_threads_test := fopencookie fclose fread fwrite fputs flockfile ftrylockfile funlockfile
WRAPPED.combination_end_test    := $(WRAPPED.random_threads_test)
WRAPPED.combination_format_test := $(WRAPPED.random_threads_test)
WRAPPED.combination_stream_test := $(WRAPPED.random_threads_test)
wrapped = $(WRAPPED.$(notdir $(1)):%=-Wl,--wrap=%)
ifeq ($(SYSTEM),Darwin)
UNIT := $(filter-out $(foreach f,$(FOLDERS),$(patsubst WRAPPED.%,tests/$f/%.c,$(filter WRAPPED.%,$(.VARIABLES)))),$(UNIT))
endif

# Test programs are compiled as fast as can be, but for those that spend their time in their own loops.
BUSY := tests/codec/% tests/stream/text_% tests/fuzz/% tests/support/% tests/slow/% tests/bench/%

# What a program is linked of: objects come before the libraries, wherever they were added. The objects of
# tests/support are a library, of which a program takes what it needs: all of them take three times as long to link.
objects = $(filter %.o,$^) $(filter %.a,$^)

# $(1) is the variant.
define TEST_RULES
SUPPORT.$(1)  := $(SUPPORT:%.c=build/$(1)/%.o)
PROGRAMS.$(1) := $(patsubst %.c,build/$(1)/%,$(call unit,$(1)) $(if $(filter $(TLS_TESTED),$(1)),$(TLS_ALONE)))
FUZZ.$(1)     := $(FUZZ:%.c=build/$(1)/%)
LINKED.$(1)   := $$(PROGRAMS.$(1)) $(if $(filter cc,$(1)),$(CC_ONLY:%.c=build/cc/%))
TESTFLAGS.$(1) = -Isrc -Itests $$(call check_cflags,$(1)) $$(call peer,cflags,$$<) \
                 $$(if $$(filter $(BUSY),$$<),,-O0)

build/$(1)/tests/libsupport.a: $$(SUPPORT.$(1))
	@echo "  AR $$@"
	$$(Q)rm -f $$@
	$$(Q)$$(AR) rcs $$@ $$^

$$(LINKED.$(1)): %: %.o build/$(1)/tests/libsupport.a build/$(1)/libfsock.a
	@echo "  LD $$@"
	$$(Q)$$(CC.$(1)) $$(CFLAGS.$(1)) -pthread $$(LDFLAGS) $$(call wrapped,$$@) -o $$@ $$(objects) \
	    $$(LDLIBS.$(1)) $$(call check_libs,$(1)) $$(call peer,libs,$$@)

$$(FUZZ.$(1)): %: %.o build/$(1)/tests/fuzz/replay.o build/$(1)/libfsock.a
	@echo "  LD $$@"
	$$(Q)$$(CC.$(1)) $$(CFLAGS.$(1)) -pthread $$(LDFLAGS) -o $$@ $$(objects) $$(LDLIBS.$(1))

# A harness may have its model beside it; and a test runs a harness, for what it finds in random texts.
$$(MODELS:%_model.c=build/$(1)/%_fuzz): %_fuzz: %_model.o
build/$(1)/tests/stream/text_random_test: $(addprefix build/$(1)/tests/fuzz/,format_fuzz.o format_model.o)

$(TLS_ALONE:%.c=build/$(1)/%): build/$(1)/libfsock-tls.a
$(TLS_ALONE:%.c=build/$(1)/%): LDLIBS.$(1) += build/$(1)/libfsock-tls.a build/$(1)/libfsock.a $$(TLS_LIBS)

-include $$(LINKED.$(1):=.d) $$(SUPPORT.$(1):.o=.d) $$(FUZZ.$(1):=.d) $$(MODELS:%.c=build/$(1)/%.d)
endef
$(foreach v,$(TESTED),$(eval $(call TEST_RULES,$(v))))

# Objects that a variant takes from cc as they are. Under clang the library is what is tested. With funopen() only what
# is compiled of these sources differs: the adapter files, whoever names the operations of datagrams, and the programs
# that put a function in front of fopencookie().
DIFFERENT := $(shell grep -lE 'FSOCK_FILE_FUNOPEN|FSOCK_(_DATAGRAM_OPS|DATAGRAM_LOOP)|(sock_fault|fault_life)\.h' \
    $(SOURCES) $(UNIT) $(SUPPORT))
TAKEN.clang   := $(UNIT) $(SUPPORT) $(FUZZ) $(MODELS) tests/fuzz/replay.c
TAKEN.funopen := $(filter-out $(DIFFERENT),$(SOURCES) $(TAKEN.clang))

# With another backend for wait lists only the files that choose one differ.
WAIT_FILES := $(shell grep -lE 'FSOCK__HAVE_(EPOLL|KQUEUE)' $(SOURCES))
TAKEN.kqueue := $(filter-out $(WAIT_FILES),$(SOURCES) $(TAKEN.clang))
TAKEN.poll   := $(TAKEN.kqueue)

define TAKE_RULE
$(TAKEN.$(1):%.c=build/$(1)/%.o): build/$(1)/%.o: build/cc/%.o
	@mkdir -p $$(@D)
	$$(Q)ln -f $$< $$@
endef
$(foreach v,clang funopen kqueue poll,$(eval $(call TAKE_RULE,$(v))))

# On Linux kqueue(2) is an emulation, which has tests of its own.
KQUEUE := $(patsubst %.c,build/kqueue/%.o,$(filter-out %_test.c,$(wildcard tests/kqueue/*.c)))
$(LINKED.kqueue) $(FUZZ.kqueue): $(KQUEUE)
-include $(KQUEUE:.o=.d)

$(foreach v,$(BUILT_CHECK),$(eval $(LINKED.$(v):=.o) $(SUPPORT.$(v)): | build/check/$(v)/libcheck.a))
build/check/%/libcheck.a: | $(CHECK_SOURCE)
	@tests/tools/check-library $(CHECK_SOURCE) $(CC.$*) $(@D)
$(CHECK_SOURCE):
	@tests/tools/check-source $@

# Debian has no musl for other machines: it is built from the source package.
$(SOURCES:%.c=build/riscv64/%.o) build/check/riscv64/libcheck.a: | $(CC.riscv64)
$(CC.riscv64): | build/musl/source
	@tests/cross/musl build/musl/source riscv64-linux-gnu-gcc build/musl/riscv64
build/musl/source:
	@mkdir -p $(@D)
	@tests/tools/check-source $@ musl
build/riscv64/examples/demo: examples/demo.c build/riscv64/libfsock.a
	@echo "  CC $@"
	@mkdir -p $(@D)
	$(Q)$(CC.riscv64) -Wall -Wextra $(CFLAGS.riscv64) -Iinclude -o $@ $^ -pthread $(LDLIBS.riscv64)

# All of the unit tests, run by nobody: for a system that this is not. Those that only some linkers can link are compiled.
.PHONY: programs
programs: $(PROGRAMS.cc) $(FUZZ.cc)

# ---- Stages. Each runs through tests/tools/run, which counts, times and reports.

STAGES := cc peers tls examples command lint headers long order unblocked layered asan tsan clang musl funopen kqueue poll \
          $(FOREIGN) macos amalgamation valgrind slow differential fuzz install debian
STAGES.check := $(STAGES)
STAGES.test-package := package
# Of what a newcomer runs, only what T=NAME leaves.
NAMED_EXAMPLES := $(filter $(wildcard examples/$(T).c),$(EXAMPLES))
STAGES.test  := $(strip $(if $(UNIT)$(FUZZ),cc) $(if $(PEERS),peers) $(if $(TLS),tls) $(if $(NAMED_EXAMPLES),examples) $(if $(filter *,$(T)),command))
$(foreach s,$(STAGES),$(eval STAGES.test-$(s) := $(s)))

# AFTER=test: what `make test` has just run is not run again, only counted.
stages_to_run = $(filter-out $(if $(AFTER),$(STAGES.$(AFTER))),$(STAGES.$@))

# Stages that need nothing of each other run beside each other; `make -j1 check` runs them in turn.
JOBS ?= 3
.PHONY: check test test-package lint format bench fuzz coverage deps stages $(STAGES:%=test-%) $(STAGES:%=stage-%) stage-package

check test test-package $(STAGES:%=test-%):
	$(if $(STAGES.$@),,@echo "no test is called $(T)"; exit 1)
	@$(if $(AFTER),,rm -rf build/results;) mkdir -p build/results && date +%s >build/results/start && \
	    printf '%s\n' $(stages_to_run) >build/results/stages
	@$(MAKE) --no-print-directory -k $(if $(findstring -j,$(MAKEFLAGS)),,-j$(JOBS)) \
	    $(stages_to_run:%=stage-%); times >build/results/times$(if $(AFTER),-after); \
	    tests/tools/summary $(STAGES.$@)

stages:
	@echo $(STAGES)

# $(1) is the stage, $(2) its programs.
run = @$(ENV.$(1)) tests/tools/run $(1) $(or $(LIMIT.$(1)),600) $(or $(AT_ONCE.$(1)),2) "$(WRAP.$(1))" \
    $(call long_first,$(filter-out $(addprefix %/,$(SKIP.$(1))),$(2)))

define VARIANT_STAGE
stage-$(1): $$(PROGRAMS.$(1)) $$(FUZZ.$(1))
	$$(call run,$(1),$$^)
endef
$(foreach v,$(TESTED),$(eval $(call VARIANT_STAGE,$(v))))
stage-riscv64: build/riscv64/examples/demo

# ---- The order of locks: the compiler's objects, linked once more with their calls of locks, of stdio and of what
# may wait renamed to those of tests/order/calls.c. The folder of a mutex tells its place in the order. OpenSSL's own
# locks are not seen: they are in a library of the machine's.
# What has no locks to take is left out, or has one thread and a peer, and the programs that jump out of
# functions which hold some, or fork in them.
SKIP.order     := $(CROWDS) hostile_echo_test deadline_test queue_test matrix_test delivery_test signal_sweep_test fork_sweep_test seams_test $(CODECS) $(basename $(notdir $(wildcard tests/net/*addr*_test.c tests/net/names_test.c \
                  tests/net/race_test.c tests/stream/text_*_test.c tests/base/*_test.c)))
ORDERED        := $(filter-out $(foreach f,$(FOLDERS) tls,$(SKIP.order:%=tests/$f/%.c)),$(UNIT) $(TLS_ALONE))
ORDER_PROGRAMS := $(ORDERED:%.c=build/order/%)
ORDER_LIBRARY  := $(patsubst %.c,build/order/%.o,$(SOURCES) $(if $(TLS_ALONE),$(TLS_SOURCES)))
ORDER_RECORDER := $(patsubst %.c,build/cc/%.o,$(wildcard tests/order/*.c))

$(ORDER_LIBRARY): build/order/%.o: build/cc/%.o tests/order/library.syms
	@mkdir -p $(@D)
	$(Q)objcopy --redefine-syms=tests/order/library.syms \
	    --redefine-sym pthread_mutex_init=order_init_$(notdir $(patsubst %/,%,$(@D))) \
	    $(if $(findstring src/wait/,$@),--redefine-sym fsock__lock_init=order_lock_init) $< $@

$(ORDERED:%.c=build/order/%.o) $(SUPPORT:%.c=build/order/%.o): build/order/%.o: build/cc/%.o tests/order/programs.syms
	@mkdir -p $(@D)
	$(Q)objcopy --redefine-syms=tests/order/programs.syms $< $@

# Calls that it would have to know, if the library came to make them.
ORDER_UNKNOWN := v?f?printf f?putc puts fgetc fgets getline getdelim fread v?fscanf rewind ftell.* fseek freopen.* \
    tmpfile.* select pselect ppoll usleep sleep nanosleep epoll_pwait.* accept readv writev sem_.* \
    pthread_rwlock.* pthread_spin.* pthread_barrier.* pthread_mutex_timed.*

build/order/libfsock.a: $(ORDER_LIBRARY)
	@echo "  AR $@"
	@! nm -u $^ | grep -wE $(ORDER_UNKNOWN:%=-e 'U %') || { echo "$@: see ORDER_UNKNOWN" >&2; exit 1; }
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $^

build/order/tests/libsupport.a: $(SUPPORT:%.c=build/order/%.o)
	@echo "  AR $@"
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $^

$(ORDER_PROGRAMS): %: %.o $(ORDER_RECORDER) build/order/tests/libsupport.a build/order/libfsock.a
	@echo "  LD $@"
	$(Q)$(CC.cc) $(CFLAGS.cc) -pthread -no-pie $(LDFLAGS) $(call wrapped,$@) -o $@ $(objects) \
	    $(call check_libs,cc) $(if $(filter build/order/tests/tls/%,$@),$(TLS_LIBS))

stage-order: $(ORDER_PROGRAMS)
	$(call run,order,$^)

-include $(ORDER_RECORDER:.o=.d)

stage-long: $(LONG_UNIT:%.c=build/cc/%) $(LONG_TLS:%.c=build/cc/%)
	$(call run,long,$^)

stage-unblocked: $(UNBLOCKED:%.c=build/cc/%)
	$(call run,unblocked,$^)

stage-layered: $(UNBLOCKED:%.c=build/cc/%)
	$(call run,layered,$^)

$(TLS:%.c=build/cc/%) $(TLS_SLOW:%.c=build/cc/%): build/cc/libfsock-tls.a
$(TLS:%.c=build/cc/%) $(TLS_SLOW:%.c=build/cc/%): LDLIBS.cc += build/cc/libfsock-tls.a build/cc/libfsock.a $(shell pkg-config --libs openssl) \
    $(if $(call beside,$@),$(shell pkg-config --libs $(call beside,$@)))

stage-valgrind: $(PROGRAMS.cc) $(TLS_ALONE:%.c=build/cc/%)
	$(call run,valgrind,$(filter $(ONLY.valgrind:%=build/cc/%) build/cc/tests/tls/%,$^))

stage-tls: $(patsubst %.c,build/cc/%,$(filter-out $(LONG_TLS),$(TLS))) | examples
	$(call run,tls,$^ $(wildcard tests/tls/*_test.sh))

stage-peers: $(PEERS:%.c=build/cc/%) | examples
	$(call run,peers,$^ $(wildcard tests/peers/*_test.sh))

stage-slow: $(SLOW:%.c=build/cc/%) | examples
	$(call run,slow,$^ $(wildcard tests/slow/*_test.sh))

# An example that needs somebody to talk to is run by tests/examples/NAME.sh, one that does not as it is.
stage-examples: examples
	$(call run,examples,$(foreach e,$(NAMED_EXAMPLES:%.c=%),$(or $(wildcard tests/$(e).sh),build/cc/$(e))))

# The command, against peers of the test's own.
stage-command: command
	$(call run,command,$(wildcard tests/command/*_test.py))

# Python's codecs against ours, in random texts.
stage-differential: all
	$(call run,differential,tests/codec/codec_differential.py)

stage-fuzz: $(FUZZ:%.c=build/fuzzer/%)
	$(call run,fuzz,$^)

stage-lint: all
	$(call run,lint,tests/tools/lint tests/tools/arrows tests/tools/man tests/tools/symbols tests/tools/abi)

# What a builder of packages runs: a part of each folder that needs neither root, nor namespaces, nor any network, the
# loopback included; only gcc, make and check.
PACKAGE_TESTS := $(wildcard tests/base/error_test.c tests/base/lock_test.c tests/base/process_test.c \
    tests/codec/codec_encode_test.c tests/codec/codec_eol_test.c tests/codec/codec_names_test.c \
    tests/codec/codec_vectors_test.c tests/codec/format_parse_test.c tests/net/addr_text_test.c \
    tests/stream/recode_test.c tests/stream/text_input_test.c tests/stream/text_output_test.c)

stage-package: $(PACKAGE_TESTS:%.c=build/cc/%)
	$(call run,package,$^)

# The packages of Debian, and their autopkgtest.
stage-debian:
	$(call run,debian,tests/tools/debian)

# The headers alone, and the code blocks of headers and pages, which are compiled and run.
stage-headers: all
	$(call run,headers,tests/tools/headers tests/tools/snippets)

# The library as two files; with the cross compilers that other stages have put there.
stage-amalgamation:
	$(call run,amalgamation,tests/tools/amalgamation)

# What is compiled and linked for a system that this is not.
stage-macos:
	$(call run,macos,tests/cross/macos)

# Beside the installation: programs of others, moved to the library, where their sources can be had.
stage-install: all
	$(call run,install,tests/tools/install tests/ports/run)

lint: all
	@s=0; for t in lint arrows man symbols abi; do tests/tools/$$t || s=1; done; exit $$s

format:
	clang-format -i $$(grep -LiE '^/\* (generated|made) by ' \
	    $$(find include src tests examples tools -name '*.[ch]'))

# A benchmark is tests/bench/NAME_bench.c; T=NAME picks one. All have bench.c beside them, those of echo
# servers party.c and the clients as well, and their own files: libevent's is left out where that is not
# installed, and all of TLS where libfsock-tls is not made.
ECHO_LOAD  := tests/bench/party.c tests/bench/echo_load.c
ECHO       := $(ECHO_LOAD) $(filter-out %_bench.c %_load.c %_libevent.c,$(wildcard tests/bench/echo_*.c)) \
              $(shell pkg-config --exists libevent 2>/dev/null && echo tests/bench/echo_libevent.c)
TLS_BENCH  := $(ECHO_LOAD) $(filter-out %_bench.c,$(wildcard tests/bench/tls_*.c))
BENCH_OBJECTS := $(patsubst %.c,build/cc/%.o,tests/bench/bench.c $(sort $(ECHO) $(if $(HAS_TLS),$(TLS_BENCH))))
$(BENCHES:%.c=build/cc/%): build/cc/tests/bench/bench.o
build/cc/tests/bench/echo_bench: $(ECHO:%.c=build/cc/%.o)
build/cc/tests/bench/echo_bench: LDLIBS.cc += $(shell pkg-config --libs libevent 2>/dev/null)
build/cc/tests/bench/tls_bench: $(TLS_BENCH:%.c=build/cc/%.o) build/cc/libfsock-tls.a
build/cc/tests/bench/tls_bench: LDLIBS.cc += build/cc/libfsock-tls.a build/cc/libfsock.a $(TLS_LIBS)
-include $(BENCH_OBJECTS:.o=.d)

bench: $(BENCHES:%.c=build/cc/%)
	@mkdir -p build/bench && rm -f build/bench/*
	@for b in $^; do echo "$$b"; \
	    { $$b || touch build/bench/failed; } | tee build/bench/$$(basename $$b).txt; \
	    test ! -e build/bench/failed || exit 1; done
	@tests/tools/bench-report build/bench
	$(if $(HAS_TLS),,@echo "tls_bench is left out: it needs OpenSSL 3 with its headers (libssl-dev)")

# Looks for new inputs that break something; T=NAME picks one harness. What is found worth keeping goes
# into tests/fuzz/corpus/NAME by hand, under a name that says what it is.
FUZZ_SECONDS ?= 60

$(MODELS:%_model.c=build/fuzzer/%_fuzz): %_fuzz: %_model.o
build/fuzzer/%_fuzz: build/fuzzer/%_fuzz.o build/fuzzer/libfsock.a
	@echo "  LD $@"
	$(Q)$(CC.fuzzer) $(CFLAGS.fuzzer) -fsanitize=fuzzer -pthread $(LDFLAGS) -o $@ $(objects)

fuzz: $(FUZZ:%.c=build/fuzzer/%)
	@for f in $^; do tests/tools/fuzz $(FUZZ_SECONDS) $$f || exit 1; done

# ---- What of the library the tests run, in percent of lines and branches, and of the lines of each file.

# The test programs' objects are those of stage cc; only the library counts. A process writes the counts of every file
# when it ends, so tests are not forked one by one. Of the long loops a sample will do, but each call is to fail.
COVERED           := 97 92 90
ENV.coverage       = CK_FORK=no FSOCK_SAMPLE=0
ENV.coverage-unblocked = $(ENV.coverage) $(ENV.unblocked)
ENV.coverage-layered   = $(ENV.coverage) $(ENV.layered)
COVERED_TESTS     := $(filter-out $(foreach f,$(FOLDERS),$(SKIP.coverage:%=tests/$f/%.c)),$(UNIT)) $(TLS)
COVERAGE_PROGRAMS := $(COVERED_TESTS:%.c=build/coverage/%)
COVERAGE_FUZZ     := $(FUZZ:%.c=build/coverage/%)
COVERAGE_TLS      := $(TLS_SOURCES:%.c=build/coverage/%.o)
# As -O0 compiles them, the vectors take minutes.
build/coverage/src/codec/kernels/%: CFLAGS.coverage += -O1 -fno-inline
COVERAGE_EXIT     := build/cc/tests/coverage/exit.o
$(TLS:%.c=build/coverage/%): $(COVERAGE_TLS)
$(TLS:%.c=build/coverage/%): LDLIBS.coverage = $(shell pkg-config --libs openssl $(call beside,$@))
$(MODELS:%_model.c=build/coverage/%_fuzz): build/coverage/%_fuzz: build/cc/%_model.o
build/coverage/tests/stream/text_random_test: $(addprefix build/cc/tests/fuzz/,format_fuzz.o format_model.o)

$(COVERAGE_PROGRAMS): build/coverage/%: build/cc/%.o build/cc/tests/libsupport.a
$(COVERAGE_FUZZ): build/coverage/%: build/cc/%.o build/cc/tests/fuzz/replay.o
$(COVERAGE_PROGRAMS) $(COVERAGE_FUZZ): $(COVERAGE_EXIT) \
    build/coverage/libfsock.a
	@echo "  LD $@"
	@mkdir -p $(@D)
	$(Q)$(CC.coverage) $(CFLAGS.coverage) -pthread $(LDFLAGS) -Wl,--wrap=_exit $(call wrapped,$@) -o $@ $(objects) \
	    $(LDLIBS.coverage) $(call check_libs,cc)

coverage: $(COVERAGE_PROGRAMS) $(COVERAGE_FUZZ)
	@find build/coverage -name '*.gcda' -exec rm {} +
	@mkdir -p build/results && date +%s >build/results/start && \
	    printf '%s\n' coverage coverage-unblocked coverage-layered >build/results/stages
	$(call run,coverage,$^)
	$(call run,coverage-unblocked,$(UNBLOCKED:%.c=build/coverage/%))
	$(call run,coverage-layered,$(UNBLOCKED:%.c=build/coverage/%))
	@tests/tools/coverage $(COVERED)

-include $(COVERAGE_EXIT:.o=.d) $(COVERAGE_TLS:.o=.d)

# ---- What the tests need.

# `make deps test` installs what the stages of `make test` need, `make deps` with anything else, or alone, all.
PACKAGES.test := $(if $(shell command -v $(CC) 2>/dev/null),,gcc) libc6-dev make pkg-config check libpng-dev libjansson-dev libssl-dev openssl zlib1g-dev \
    libgnutls28-dev gnutls-bin redis-server mosquitto-clients curl socat netcat-openbsd systemd python3 cl-flexi-streams
PACKAGES := $(PACKAGES.test) gcc g++ clang libclang-rt-dev binutils musl-tools libbsd-dev valgrind cppcheck \
    mandoc groff-base wrk iproute2 libevent-dev gcovr bind9-dnsutils patch pahole cmake \
    build-essential debhelper lintian \
    gcc-i686-linux-gnu libc6-dev-i386-cross gcc-s390x-linux-gnu libc6-dev-s390x-cross gcc-aarch64-linux-gnu \
    libc6-dev-arm64-cross gcc-riscv64-linux-gnu qemu-user
IS_TEST_ONLY := $(if $(filter test,$(MAKECMDGOALS)),$(if $(filter-out deps test demo all examples,$(MAKECMDGOALS)),,yes))

deps:
ifeq ($(IS_TEST_ONLY),yes)
	@tests/tools/deps $(PACKAGES.test)
else
	@tests/tools/deps $(PACKAGES)
	@$(MAKE) --no-print-directory $(BUILT_CHECK:%=build/check/%/libcheck.a)
endif

ifneq ($(filter deps,$(MAKECMDGOALS)),)
check test $(STAGES:%=test-%): | deps
endif
