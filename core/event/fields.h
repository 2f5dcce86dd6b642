/*
 * The fields of events in JSON, shared by the two readers of the codec: json.c (a parsed
 * tree, for messages of workers) and line.c (a line as we write it ourselves). Nobody else
 * includes this.
 */
#pragma once

#include "core/event/json.h"

enum field_kind { FIELD_STRING, FIELD_INT, FIELD_INT64, FIELD_BOOL };

struct field {
	const char *key;
	enum field_kind kind;
	size_t offset;
};

extern const struct field event_fields[], failure_fields[];
extern const size_t event_field_count, failure_field_count;

bool event_severity_parse(const char *name, enum severity *ret);
/* What an event cannot do without. */
int event_check(const struct event *event, struct error *err);
