#include "core/base/base.h"

#include "runners/registry.h"

const struct runner *const runners[] = {
	&jest_runner,
	&mocha_runner,
	&playwright_runner,
	NULL,
};

const char *const other_test_programs[] = {
	"vitest",
	"cypress run",
	"node --test",
	"tsx --test",
	"bun test",
	"deno test",
	"react-scripts test",
	"react-app-rewired test",
	"craco test",
	"vue-cli-service test:unit",
	"vue-cli-service test:e2e",
	"ng test",
	"ng e2e",
	"ts-mocha",
	"electron-mocha",
	"mocha-webpack",
	"mochapack",
	"karma start",
	"wtr",
	"web-test-runner",
	"wdio",
	"testcafe",
	"nightwatch",
	"cucumber-js",
	"jasmine",
	"ava",
	"tap",
	"tape",
	"qunit",
	"uvu",
	"lab",
	NULL,
};
