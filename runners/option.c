#include "core/base/base.h"

#include "core/base/path.h"
#include "core/base/strbuf.h"
#include "runners/option.h"

#include <ctype.h>

/* "--run-in-band", "--runInBand" and "--no-run-in-band" are one name; "-i" stays "-i". */
static char *canonical(const char *word, size_t len)
{
	struct strbuf out = STRBUF_INIT;

	if (len == 2 || (len > 2 && word[1] != '-')) {
		strbuf_add(&out, word, len);
		return strbuf_detach(&out);
	}
	strbuf_addstr(&out, "--");
	for (size_t i = 2; i < len; i++)
		if (word[i] != '-')
			strbuf_addch(&out, (char)tolower((unsigned char)word[i]));
	return strbuf_detach(&out);
}

static bool names_have(const char *names, const char *key)
{
	while (*(names += strspn(names, " "))) {
		size_t len = strcspn(names, " ");
		bool prefix = names[len - 1] == '*';
		cleanup_free char *name = canonical(names, len - prefix);
		if (prefix ? starts_with(key, name) : streq(key, name))
			return true;
		names += len;
	}
	return false;
}

static const struct option *find(const struct option *table, const char *word)
{
	size_t len = strcspn(word, "=");
	cleanup_free char *key = canonical(word, len);
	cleanup_free char *positive =
		starts_with(key, "--no") ? xasprintf("--%s", key + 4) : xstrdup(key);

	for (; table->names; table++) {
		if (table->value == OPTION_ATTACHED && !word[len])
			continue;
		if (names_have(table->names, key))
			return table;
		if (table->value == OPTION_FLAG && table->action == OPTION_DROP &&
			starts_with(word, "--no-") && names_have(table->names, positive))
			return table;
	}
	return NULL;
}

/* Words behind the option at `i` that belong to it. */
static size_t value_words(const struct option *option, const struct strvec *args, size_t i)
{
	const char *next = args->v[i + 1]; /* NULL at the end */
	size_t n = 0;

	if (option->value == OPTION_MANY) {
		while (args->v[i + 1 + n] && args->v[i + 1 + n][0] != '-')
			n++;
		return n;
	}
	if (!next || strchr(args->v[i], '=') || option->value == OPTION_EQUALS ||
		option->value == OPTION_ATTACHED)
		return 0;
	if (option->value == OPTION_OPTIONAL)
		return next[0] != '-';
	if (option->value == OPTION_FLAG)
		return streq(next, "true") || streq(next, "false");
	if (option->value == OPTION_NUMBER)
		return *next && strspn(next, "0123456789") == strlen(next);
	return 1;
}

static void keep(struct strvec *kept, const struct option *option, const struct strvec *args,
	size_t i, size_t words)
{
	if (option->keep_as) {
		strvec_push(kept, option->keep_as);
		return;
	}
	for (size_t k = 0; k <= words; k++)
		strvec_push(kept, args->v[i + k]);
}

static void apply(struct suite *suite, struct strvec *kept, const struct option *option, size_t i,
	size_t words)
{
	const struct strvec *args = &suite->args;
	const char *equals = strchr(args->v[i], '=');
	const char *value = words ? args->v[i + 1] : equals ? equals + 1 : NULL;

	if (option->action == OPTION_KEEP || (option->action == OPTION_CONFIG && !value) ||
		(option->action == OPTION_CONFIG && value[0] == '{')) {
		keep(kept, option, args, i, words);
	} else if ((option->action == OPTION_SERIAL && value && streq(value, "1")) ||
		   (option->action == OPTION_FROZEN && value && streq(value, "none"))) {
		keep(kept, option, args, i, words);
	} else if (option->action == OPTION_NODE) {
		strvec_push(&suite->node_options, args->v[i]);
	} else if (option->action == OPTION_CONFIG) {
		cleanup_free char *joined = path_join(suite->root, value);
		free(suite->config);
		suite->config = path_normalize(joined);
	}
}

bool option_apply(const struct option *table, struct suite *suite)
{
	struct strvec kept = STRVEC_INIT;
	bool plain = false; /* behind "--" nothing is an option */

	for (size_t i = 0; i < suite->args.n; i++) {
		const char *word = suite->args.v[i];
		plain |= streq(word, "--");
		const struct option *option =
			!plain && word[0] == '-' && word[1] ? find(table, word) : NULL;
		if (!option) {
			strvec_push(&kept, word);
			continue;
		}
		if (option->action == OPTION_REFUSE) {
			strvec_release(&kept);
			return false;
		}
		size_t words = value_words(option, &suite->args, i);
		apply(suite, &kept, option, i, words);
		i += words;
	}
	strvec_release(&suite->args);
	suite->args = kept;
	return true;
}
