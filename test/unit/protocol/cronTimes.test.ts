/** Times of cron patterns: what is accepted, when they come, and how long that takes to find out. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { CronTimes, cronProblem, maxCronLength, timeZoneProblem } from '../../../src/protocol/cronTimes.ts';
import { collectGarbage } from '../../support/collectGarbage.ts';
import { holdsFor } from '../../support/property.ts';

const start = Date.UTC(2026, 0, 1);

/** The next times of a pattern, as the clock in UTC shows them. */
function times(pattern: string, timeZone: string, from: string, count: number): string[] {
  const cron = new CronTimes(pattern, timeZone);
  const found: string[] = [];
  for (let at = Date.parse(from); found.length < count; ) {
    at = cron.after(at) ?? assert.fail(`${pattern} has no time behind ${new Date(at).toISOString()}`);
    found.push(new Date(at).toISOString().replace('.000Z', ''));
  }
  return found;
}

describe('a cron pattern', () => {
  const accepted: readonly (readonly [string, string, string])[] = [
    ['five fields', '*/5 * * * *', '2026-01-01T00:05:00'],
    ['six fields, seconds in front', '*/10 * * * * *', '2026-01-01T00:00:10'],
    ['names of days and months', '0 12 * FEB MON-FRI', '2026-02-02T12:00:00'],
    ['a nickname', '@hourly', '2026-01-01T01:00:00'],
    ['a nickname in capitals', '@Daily', '2026-01-02T00:00:00'],
    ['white space around', '  0   3 * * *  ', '2026-01-01T03:00:00'],
    ['Sunday as 7', '0 0 * * 7', '2026-01-04T00:00:00'],
    ['the last day of the month', '0 0 L * *', '2026-01-31T00:00:00'],
    ['the second Friday', '0 0 * * FRI#2', '2026-01-09T00:00:00'],
    ['29 February', '0 0 29 2 *', '2028-02-29T00:00:00'],
    ['29 February that is a Monday', '0 0 29 2 +1', '2044-02-29T00:00:00'],
  ];
  for (const [what, pattern, next] of accepted)
    it(`may have ${what}`, () => assert.deepEqual(times(pattern, 'UTC', '2026-01-01T00:00:00Z', 1), [next]));

  const refused: readonly (readonly [string, string])[] = [
    ['', 'must have 5 fields (minute, hour, day of the month, month, weekday), or 6 with seconds in front'],
    ['* * * *', 'must have 5 fields (minute, hour, day of the month, month, weekday), or 6 with seconds in front'],
    ['* * * * * * *', 'must have 5 fields (minute, hour, day of the month, month, weekday), or 6 with seconds in front'],
    ['2026-12-24T00:00:00', 'must have 5 fields (minute, hour, day of the month, month, weekday), or 6 with seconds in front'],
    ['@reboot', 'is not one of @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly'],
    ['? ? * * *', 'must have * where any value is meant, not ?'],
    ['60 * * * *', 'is not a cron pattern: invalid value for minute: 60'],
    ['a b c d e', 'is not a cron pattern: configuration entry 1 (a) contains illegal characters.'],
    ['*/0 * * * *', 'is not a cron pattern: illegal stepping: 0'],
    [`${'1,'.repeat(maxCronLength)}1 * * * *`, `must be at most ${maxCronLength} characters long`],
    ['0 0 31 2 *', 'never comes true: no day is like that'],
    ['* * 31 2,4,6 *', 'never comes true: no day is like that'],
    ['0 0 30W 2 *', 'never comes true: no day is like that'],
  ];
  for (const [pattern, problem] of refused)
    it(`'${pattern.slice(0, 30)}' is refused`, () => assert.equal(cronProblem(pattern, 'UTC', start), problem));

  it('takes little memory: a warden may have a thousand', () => {
    const heapBytes = (): number => {
      collectGarbage();
      return process.memoryUsage().heapUsed;
    };
    const before = heapBytes();
    const all = Array.from({ length: 500 }, (_, index) => new CronTimes(`${index % 60} ${index % 24} * * *`, 'UTC'));
    const each = (heapBytes() - before) / all.length;
    console.log(`${(each / 1000).toFixed(1)} KB for each pattern`);
    assert.ok(each < 10_000, `${each} bytes`);
  });

  it('is of a time zone that there is', () => {
    const problem = (name: string): string => `'${name}' is not a time zone: write a name such as "Europe/Berlin"`;
    for (const name of ['Europe/Atlantis', '', '+02:00']) assert.equal(timeZoneProblem(name), problem(name));
    assert.equal(timeZoneProblem(`Europe/${'x'.repeat(1000)}`)?.length, problem('x'.repeat(64)).length);
    assert.deepEqual([timeZoneProblem('Europe/Berlin'), timeZoneProblem('UTC')], [undefined, undefined]);
  });
});

describe('where clocks are put forward or back', () => {
  // In Berlin, 2026-03-29 has no 02:30 (it is 03:30 at 01:30 UTC), and 2026-10-25 has it twice, at 00:30 and at 01:30 UTC.
  const cases: readonly (readonly [string, string, string, readonly string[]])[] = [
    [
      'a time that does not exist comes at the first moment that does',
      '30 2 * * *',
      '2026-03-28T12:00:00Z',
      ['2026-03-29T01:00:00', '2026-03-30T00:30:00'],
    ],
    ['a time that exists twice comes once', '30 2 * * *', '2026-10-24T12:00:00Z', ['2026-10-25T00:30:00', '2026-10-26T01:30:00']],
    [
      'each half hour comes each half hour, forward',
      '*/30 * * * *',
      '2026-03-29T00:00:00Z',
      ['2026-03-29T00:30:00', '2026-03-29T01:00:00', '2026-03-29T01:30:00'],
    ],
    [
      'each half hour comes each half hour, back',
      '*/30 * * * *',
      '2026-10-25T00:00:00Z',
      ['2026-10-25T00:30:00', '2026-10-25T01:00:00', '2026-10-25T01:30:00', '2026-10-25T02:00:00'],
    ],
    ['a time of another day is that of the wall', '0 12 * * *', '2026-03-28T12:00:00Z', ['2026-03-29T10:00:00', '2026-03-30T10:00:00']],
  ];
  for (const [what, pattern, from, expected] of cases)
    it(what, () => assert.deepEqual(times(pattern, 'Europe/Berlin', from, expected.length), expected));
});

describe('any pattern', () => {
  const number = fc.integer({ min: 0, max: 65 }).map(String);
  const part = fc.oneof(
    { weight: 3, arbitrary: fc.constant('*') },
    number,
    fc.tuple(number, number).map(([a, b]) => `${a}-${b}`),
    number.map((step) => `*/${step}`),
    fc.constantFrom('L', '15W', 'LW', 'MON', 'FEB', '+1', '5#5', 'FRI#L', 'x', '1,2'),
  );
  const fields = fc.array(
    fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join(',')),
    { minLength: 4, maxLength: 7 },
  );
  const pattern = fc.oneof(
    { weight: 5, arbitrary: fields.map((all) => all.join(' ')) },
    fc.string({ maxLength: 300 }),
    fc.string({ unit: fc.constantFrom(...'0123456789*/,-#LW+? @'), maxLength: 300 }),
  );

  it('is refused with a clause, or has a time behind each other one; that takes no longer than a death may go unnoticed', async () => {
    let slowest = 0;
    await holdsFor(pattern, (written) => {
      const before = process.cpuUsage();
      const problem = cronProblem(written, 'Europe/Berlin', start);
      const { user, system } = process.cpuUsage(before);
      slowest = Math.max(slowest, (user + system) / 1000);
      if (problem !== undefined) {
        assert.match(problem, /^(?:is|must|never) .{3,}/s);
        return;
      }
      const cron = new CronTimes(written, 'Europe/Berlin');
      const next = cron.after(start) ?? assert.fail('no time');
      assert.ok(next > start && next % 1000 === 0);
      assert.ok((cron.after(next) ?? Infinity) > next);
    });
    console.log(`the slowest pattern took ${slowest.toFixed(1)} ms of CPU time`);
    assert.ok(slowest < 500, `${slowest} ms`);
  });
});
