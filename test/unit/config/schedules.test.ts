import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { declarationOf } from '../../../src/config/declarations.ts';
import { parseProcesses } from '../../../src/config/parseProcesses.ts';

function parse(process: object) {
  return parseProcesses(JSON.stringify({ processes: { job: { command: 'true', ...process } } }, undefined, 1));
}

describe('schedule', () => {
  const written: readonly (readonly [unknown, unknown])[] = [
    ['*/5 * * * *', { cron: '*/5 * * * *', overlap: 'skip' }],
    ['@hourly', { cron: '@hourly', overlap: 'skip' }],
    ['  */10 * * * * * ', { cron: '*/10 * * * * *', overlap: 'skip' }],
    [
      { cron: '0 3 * * *', timeZone: 'Europe/Berlin', overlap: 'queue', catchUp: true },
      { cron: '0 3 * * *', timeZone: 'Europe/Berlin', overlap: 'queue', catchUp: true },
    ],
    [
      { cron: '@daily', catchUp: false },
      { cron: '@daily', overlap: 'skip' },
    ],
  ];
  for (const [schedule, expected] of written)
    it(`may be ${JSON.stringify(schedule)}`, () => {
      const { specs, problems } = parse({ schedule });
      assert.deepEqual([problems, specs.get('job')?.schedule], [[], expected]);
    });

  const never = 'never comes true: no day is like that';
  const always = 'never has its turn with "restart": "always", which starts the process whenever it ends: make that "on-failure"';
  const mistakes: readonly (readonly [string, object, readonly string[], string])[] = [
    ['a pattern without any time', { schedule: '0 0 31 2 *' }, [`processes.job.schedule: ${never}`], '"0 0 31 2 *"'],
    ['the same in an object', { schedule: { cron: '0 0 30 2 *' } }, [`processes.job.schedule.cron: ${never}`], '"0 0 30 2 *"'],
    [
      'too few fields',
      { schedule: '* * *' },
      ['processes.job.schedule: must have 5 fields (minute, hour, day of the month, month, weekday), or 6 with seconds in front'],
      '"* * *"',
    ],
    [
      'an unknown time zone',
      { schedule: { cron: '@daily', timeZone: 'Berlin' } },
      [`processes.job.schedule.timeZone: 'Berlin' is not a time zone: write a name such as "Europe/Berlin"`],
      '"Berlin"',
    ],
    [
      'an unknown overlap',
      { schedule: { cron: '@daily', overlap: 'both' } },
      ['processes.job.schedule: must be a cron pattern such as "0 3 * * *", or an object: { "cron": "0 3 * * *" }'],
      '{',
    ],
    [
      'something else',
      { schedule: 5 },
      ['processes.job.schedule: must be a cron pattern such as "0 3 * * *", or an object: { "cron": "0 3 * * *" }'],
      '5',
    ],
    ['a restart at each end', { schedule: '@daily', restart: 'always' }, [`processes.job.schedule: ${always}`], '"@daily"'],
    ['the same as an object', { restart: { when: 'always' }, schedule: '@daily' }, [`processes.job.schedule: ${always}`], '"@daily"'],
  ];
  for (const [what, process, messages, place] of mistakes)
    it(`has ${what} underlined at its place`, () => {
      const { problems, specs } = parse(process);
      assert.deepEqual(
        problems.map(({ message }) => message),
        messages,
      );
      assert.equal(specs.get('job'), undefined);
      const [{ line, column } = assert.fail()] = problems;
      const text = JSON.stringify({ processes: { job: { command: 'true', ...process } } }, undefined, 1).split('\n')[line] ?? '';
      assert.ok(text.slice(column).startsWith(place), text);
    });

  it('may have a restart for its failures', () => assert.deepEqual(parse({ schedule: '@daily', restart: 'on-failure' }).problems, []));

  it('is read alike on any day: what is declared does not depend on when', () => {
    const { problems } = parse({ schedule: '0 0 29 2 *' });
    assert.deepEqual(problems, []);
  });

  it('is told to the warden as it is, also where the command cannot be filled in', async () => {
    const context = { workspaceFolder: '/w', env: {} };
    for (const command of ['true', '${env:MISSING}']) {
      const { specs } = parse({ command, schedule: '@hourly' });
      const declaration = await declarationOf('job', specs.get('job') ?? assert.fail(), context);
      assert.deepEqual(declaration.schedule, { cron: '@hourly', overlap: 'skip' });
    }
  });
});

describe('runOnSave', () => {
  it('is a glob, or a list of globs', () => {
    assert.deepEqual(parse({ runOnSave: 'src/**/*.ts' }).specs.get('job')?.runOnSave, ['src/**/*.ts']);
    assert.deepEqual(parse({ runOnSave: ['src/**', '!src/a.ts'] }).specs.get('job')?.runOnSave, ['src/**', '!src/a.ts']);
  });

  const mistakes: readonly (readonly [unknown, string])[] = [
    [[], 'processes.job.runOnSave: must name at least one glob, such as "src/**/*.ts"'],
    ['!a', 'processes.job.runOnSave: only takes files away: add a glob of files, such as "src/**/*.ts"'],
    [['src', '../x/**'], "processes.job.runOnSave.1: '../x/**' is outside of the workspace: patterns are relative to the workspace folder"],
    ['src/[a', 'processes.job.runOnSave: is not a glob: missing closing: "]"'],
    [Array.from({ length: 101 }, () => 'a'), 'processes.job.runOnSave: must have at most 100 globs'],
    [true, 'processes.job.runOnSave: must be a glob such as "src/**/*.ts", or a list of globs'],
  ];
  for (const [runOnSave, message] of mistakes)
    it(`${JSON.stringify(runOnSave).slice(0, 30)} is underlined`, () =>
      assert.deepEqual(
        parse({ runOnSave }).problems.map((one) => one.message),
        [message],
      ));
});
