/*
 * Functions that cannot be used safely do not compile. Every source file includes this through
 * base.h, after the system headers it needs.
 */
#pragma once

#undef strcpy
#define strcpy(d, s) banned_strcpy_use_strbuf
#undef strcat
#define strcat(d, s) banned_strcat_use_strbuf
#undef strncpy
#define strncpy(d, s, n) banned_strncpy_use_memcpy
#undef strncat
#define strncat(d, s, n) banned_strncat_use_strbuf
#undef strtok
#define strtok(s, d) banned_strtok_use_strvec_split
#undef sprintf
#define sprintf(...) banned_sprintf_use_snprintf
#undef vsprintf
#define vsprintf(...) banned_vsprintf_use_vsnprintf
#undef gmtime
#define gmtime(t) banned_gmtime_use_gmtime_r
#undef localtime
#define localtime(t) banned_localtime_use_localtime_r
#undef gets
#define gets(s) banned_gets
