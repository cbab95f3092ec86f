/** Durations of any length: a timer that is longer than Node's own does not fire at once. */
import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { parseProcesses } from '../../../src/config/parseProcesses.ts';
import { parseDuration } from '../../../src/protocol/quantities.ts';
import { LongTimer, longestTimer, pause } from '../../../src/protocol/timers.ts';

const hour = 3_600_000;

describe('a duration', () => {
  it('is a year at most', () => {
    assert.equal(parseDuration('8760h'), 8760 * hour);
    for (const text of ['8761h', '525601m', `${'9'.repeat(400)}h`])
      assert.throws(() => parseDuration(text), /is too long: at most 8760h, a year/);
  });

  const zeros = [
    '"ready": { "tcp": 1, "period": "0s" }',
    '"ready": { "tcp": 1, "timeout": "0ms" }',
    '"ready": { "tcp": 1, "deadline": "0s" }',
    '"alive": { "tcp": 1, "period": "0.1ms" }',
    '"limits": { "time": "0s" }',
  ];
  for (const zero of zeros)
    it(`is not nothing where that makes no sense: ${zero}`, () => {
      const [problem] = parseProcesses(`{ "processes": { "a": { "command": "x", ${zero} } } }`).problems;
      assert.match(problem?.message ?? '', /is too short: it must be at least 1ms$/);
    });
});

describe('a long timer', () => {
  for (const millis of [0, 1, hour, longestTimer, longestTimer + 1, 600 * hour, 8760 * hour])
    it(`fires once, after ${millis} ms`, () => {
      const clock = { now: 0 };
      mock.method(performance, 'now', () => clock.now);
      mock.timers.enable({ apis: ['setTimeout'] });
      try {
        let fired = 0;
        new LongTimer(() => fired++, millis);
        const step = Math.max(1, Math.floor(millis / 100));
        while (clock.now + step < millis) {
          clock.now += step;
          mock.timers.tick(step);
        }
        assert.equal(fired, 0);
        clock.now += 2 * step;
        mock.timers.tick(2 * step);
        mock.timers.tick(longestTimer);
        assert.equal(fired, 1);
      } finally {
        mock.timers.reset();
        mock.restoreAll();
      }
    });

  it('asks Node for no time that it does not have: it would wake up a thousand times a second', () => {
    const asked: unknown[] = [];
    mock.method(globalThis, 'setTimeout', (_fire: () => void, millis: unknown) => {
      asked.push(millis);
      return { unref: () => undefined };
    });
    try {
      for (const millis of [600 * hour, Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY]) new LongTimer(() => undefined, millis);
    } finally {
      mock.restoreAll();
    }
    assert.deepEqual(asked, [longestTimer, longestTimer, longestTimer]);
  });

  for (const millis of [longestTimer + 1, 600 * hour, Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY])
    it(`does not fire at once, after ${millis} ms`, async () => {
      let fired = false;
      const timer = new LongTimer(() => {
        fired = true;
      }, millis);
      await pause(20);
      timer.cancel();
      assert.equal(fired, false);
    });

  it('does not fire when it was cancelled', async () => {
    let fired = false;
    new LongTimer(() => {
      fired = true;
    }, 1).cancel();
    await pause(10);
    assert.equal(fired, false);
  });

  it('is a pause that a signal ends', async () => {
    const ending = new AbortController();
    const long = pause(600 * hour, ending.signal);
    ending.abort();
    await long;
    await pause(600 * hour, ending.signal);
  });
});
