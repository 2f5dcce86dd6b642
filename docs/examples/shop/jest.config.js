'use strict';

/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/src/**/*.test.js'],
  collectCoverageFrom: ['src/**/*.js', '!src/server/main.js'],
};
