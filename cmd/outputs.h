/*
 * The reporters of a run, each with its sink; they are fed from the bus. An error of one is kept
 * and told at the end, it never stops the run.
 */
#pragma once

#include "core/base/base.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/sink.h"
#include "core/base/strvec.h"
#include "core/event/bus.h"
#include "core/reporter.h"

struct outputs_options {
	const struct strvec *names; /* "tty", "junit=path"; empty = by circumstances */
	const char *run_dir;        /* default place of files; NULL = none */
	bool live, ci, json;
	bool merged; /* of many jobs: GitHub's summary is written though nothing is live */
	bool shard;  /* one job of many: the merge speaks for all of them */
	bool events; /* stdout carries the journal: no JSON summary there */
	/* What earlier runs say of a flaky test, as in struct reporter_options; or NULL. */
	void (*known)(void *arg, const struct state_test *test, struct strbuf *out);
	void *known_arg;
	int verbosity;
	int color; /* -1 auto, 0 never, 1 always */
};

struct output;
struct outputs {
	struct output *v;
	size_t n;
	struct reporter_options options;
	char fence[CLOCK_TOKEN_SIZE];
};

/* That there is a reporter of each name, before anything runs. Exit code 2. */
int outputs_check(const struct strvec *names, struct error *err);
int outputs_open(struct outputs *o, const struct outputs_options *options, struct error *err);
void outputs_event(void *outputs, const struct event *event, const struct state *state);
void outputs_flush(struct outputs *o);
/* The terminal has another size now. */
void outputs_resize(struct outputs *o);
/* stdout carries one document, which nothing else may mix with. */
bool outputs_piped(const struct outputs *o);
/* One of them is a live display. */
bool outputs_live(const struct outputs *o);
/* Say now what is running: on the live display, else on stderr. */
void outputs_running(struct outputs *o, const struct state *state);
/* Take the live display off the terminal; the next event brings it back. */
void outputs_hide(struct outputs *o, const struct state *state);
/* Finish and close all. -1: one of them is not whole (first error in err). */
int outputs_close(struct outputs *o, const struct state *state, struct error *err);
/* Colour for a stream: flag > MUSTER_COLOR > FORCE_COLOR / NO_COLOR > terminal. */
bool outputs_color(int flag, int fd);
int outputs_columns(int fd);
