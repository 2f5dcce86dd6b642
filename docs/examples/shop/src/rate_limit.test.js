'use strict';

const { randomFrom } = require('../test/support/samples');
const { RateLimiter } = require('./rate_limit');

function limiterAt(clock, options) {
  return new RateLimiter({ ...options, now: () => clock.ms });
}

test('a burst passes, the next one waits', () => {
  const clock = { ms: 0 };
  const limiter = limiterAt(clock, { burst: 3, perSecond: 2 });
  expect([1, 2, 3].every(() => limiter.take('a').allowed)).toBe(true);
  expect(limiter.take('a')).toEqual({ allowed: false, retryAfterMs: 500 });
  clock.ms = 500;
  expect(limiter.take('a').allowed).toBe(true);
});

test('keys do not share a bucket', () => {
  const limiter = limiterAt({ ms: 0 }, { burst: 1, perSecond: 1 });
  expect(limiter.take('a').allowed).toBe(true);
  expect(limiter.take('b').allowed).toBe(true);
});

test('a refused request costs nothing', () => {
  const clock = { ms: 0 };
  const limiter = limiterAt(clock, { burst: 1, perSecond: 1 });
  limiter.take('a');
  for (clock.ms = 0; clock.ms < 1000; clock.ms += 10) limiter.take('a');
  expect(limiter.take('a').allowed).toBe(true);
});

test('full buckets are forgotten', () => {
  const clock = { ms: 0 };
  const limiter = limiterAt(clock, { burst: 2, perSecond: 1 });
  limiter.take('a');
  expect(limiter.sweep()).toBe(1);
  clock.ms = 1000;
  expect(limiter.sweep()).toBe(0);
});

test.each([[10, 5], [100, 50], [1, 0.5]])(
  'a day of traffic never exceeds burst %i and %d per second',
  (burst, perSecond) => {
    const clock = { ms: 0 };
    const limiter = limiterAt(clock, { burst, perSecond });
    const random = randomFrom(burst);
    let passed = 0;
    while (clock.ms < 24 * 3600 * 1000) {
      clock.ms += random() * 200;
      if (limiter.take('a').allowed) passed += 1;
    }
    expect(passed).toBeLessThanOrEqual(burst + (clock.ms / 1000) * perSecond);
    expect(passed).toBeGreaterThan(Math.min(perSecond, 9) * 24 * 3600 * 0.95);
  },
);
