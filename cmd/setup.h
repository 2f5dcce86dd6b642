/*
 * What every command that runs or lists tests needs first: configuration, suites, history, folders.
 */
#pragma once

#include "core/base/base.h"
#include "core/base/error.h"
#include "core/ci.h"
#include "core/config/config.h"
#include "core/event/event.h"
#include "core/history/history.h"
#include "core/change/impact.h"

struct setup {
	struct config *config;
	struct suites detected;      /* when the configuration names none */
	const struct suites *suites; /* what to run */
	struct suites chosen;        /* borrowed suites, when --suite picks some */
	struct history *history;     /* NULL = none */
	char *history_path;
	char *history_notice; /* for people, or NULL */
	char *cache_dir;      /* of this run; removed at the end */
	char *adapters_dir;
	char *program; /* this executable */
	char *run_dir; /* .muster/runs/<id>; made by setup_run_dir() */
	char run_id[24];
	char platform[128];
	struct ci_info ci;
	char *repo_path; /* as in struct run_info */
	char *commit, *branch;
	struct run_info info;
	struct impact impact; /* --changed */
	char *impact_notice;  /* why that leaves nothing out, or NULL */
	char *not_run_notice; /* tests of other frameworks, or NULL */
};

/* `config` is taken over (with flags applied). Detects suites, opens the history for reading. */
int setup_init(struct setup *s, struct config *config, struct error *err);
/* For commands that run nothing in this project: no suites are looked for. */
int setup_init_without_suites(struct setup *s, struct config *config, struct error *err);
void setup_release(struct setup *s);

/* Make the run's folder, point .muster/latest at it. */
int setup_run_dir(struct setup *s, struct error *err);
/* Write the embedded adapter scripts where node finds them. */
int setup_adapters(struct setup *s, struct error *err);
/* Open the history for writing (after the run); NULL with a text when that is not possible. */
struct history *setup_history_for_writing(struct setup *s, struct error *err);
