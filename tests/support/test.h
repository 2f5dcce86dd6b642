/*
 * What every unit test includes. TEST() is Criterion's Test with a leak check behind the body:
 * Criterion's workers leave without LeakSanitizer's own check, and a failing fixture only warns.
 * Each test costs a process (30 ms): prefer a table of rows inside one test to a test a row.
 */
#pragma once

#include "core/base/base.h"

#include <criterion/criterion.h>

#if defined(__SANITIZE_ADDRESS__)
#define TEST_HAS_LSAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TEST_HAS_LSAN 1
#endif
#endif

#ifdef TEST_HAS_LSAN
#include <sanitizer/lsan_interface.h>
#define TEST_LEAKS() __lsan_do_recoverable_leak_check()
#else
#define TEST_LEAKS() 0
#endif

#define TEST(suite, name, ...)                                  \
	static void suite##_##name##_body(void);                \
	Test(suite, name, ##__VA_ARGS__)                        \
	{                                                       \
		suite##_##name##_body();                        \
		cr_assert_eq(TEST_LEAKS(), 0, "memory leaked"); \
	}                                                       \
	static void suite##_##name##_body(void)

#define ASSERT_STR(actual, expected) \
	cr_assert_str_eq((actual), (expected), "got \"%s\", expected \"%s\"", (actual), (expected))
#define ASSERT_INT(actual, expected)                                                            \
	cr_assert_eq((long long)(actual), (long long)(expected), "%s: got %lld, expected %lld", \
		#actual, (long long)(actual), (long long)(expected))
