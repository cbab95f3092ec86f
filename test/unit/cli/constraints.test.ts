import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ConstraintOptions, constraintsFrom } from '../../../src/cli/constraints.ts';
import { parseProcesses } from '../../../src/config/parseProcesses.ts';
import { parseBytes, parseCores, parseDuration } from '../../../src/protocol/quantities.ts';
import { assertWithin, textOf } from '../../support/hostileText.ts';
import { holdsFor } from '../../support/property.ts';

describe('a limit or a priority', () => {
  const good: [ConstraintOptions, object][] = [
    [{ memory: '512m', cpu: '150%' }, { limits: { memoryBytes: 2 ** 29, cpuCores: 1.5 } }],
    [
      { memory: '1m', processes: '1', time: '1ms', openFiles: '4' },
      { limits: { memoryBytes: 2 ** 20, processes: 1, timeMillis: 1, openFiles: 4 } },
    ],
    [{ nice: '0' }, { priority: { nice: 0 } }],
    [{ nice: '19' }, { priority: { nice: 19 } }],
    [{ successExitCodes: '0,3' }, { successExitCodes: [0, 3] }],
    [{ successExitCodes: '75' }, { successExitCodes: [75] }],
    [{}, {}],
  ];
  for (const [options, expected] of good)
    it(`is taken: ${JSON.stringify(options)}`, () => assert.deepEqual(constraintsFrom(options), expected));

  const wrong: [ConstraintOptions, RegExp][] = [
    [{ memory: '0' }, /^--memory: '0' is less than any program needs: write 1m or more\.$/],
    [{ memory: '512' }, /^--memory: '512' is less than any program needs/],
    [{ memory: '-1g' }, /^--memory: '-1g' is not a size/],
    [{ memory: '' }, /^--memory: '' is not a size/],
    [{ memory: '9'.repeat(400) }, /^--memory: '9{30}…' is more than any machine has\.$/],
    [{ memory: '99999999t' }, /^--memory: '99999999t' is more than any machine has\.$/],
    [{ processes: '0' }, /^--processes: must be at least 1\.$/],
    [{ processes: '-1' }, /^--processes: must be at least 1\.$/],
    [{ processes: '' }, /^--processes: must be a whole number\.$/],
    [{ processes: '0x10' }, /^--processes: must be a whole number\.$/],
    [{ processes: '1e2' }, /^--processes: must be a whole number\.$/],
    [{ processes: '99999999' }, /^--processes: must be at most 4194304\.$/],
    [{ cpu: '0' }, /^--cpu: '0' is not a share/],
    [{ cpu: '0%' }, /^--cpu: '0%' is not a share/],
    [{ cpu: '100000' }, /^--cpu: '100000' is more than any machine has\.$/],
    [{ time: '0s' }, /^--time: '0s' is too short/],
    [{ time: '-5s' }, /^--time: '-5s' is not a duration/],
    [{ openFiles: '0' }, /^--open-files: must be at least 4, or no program can start\.$/],
    [{ openFiles: '3' }, /^--open-files: must be at least 4/],
    [{ successExitCodes: '' }, /^--success-exit-codes: '' must be a whole number from 0 up\.$/],
    [{ successExitCodes: '0,-1' }, /^--success-exit-codes: '-1' must be a whole number from 0 up\.$/],
    [{ successExitCodes: '0,3,3' }, /^--success-exit-codes: '3' is listed twice\.$/],
    [{ successExitCodes: '0,300' }, /^--success-exit-codes: '300' must be at most 255: no process/],
    [{ nice: '-5' }, /^--nice: '.*' is not a whole number from 0 to 19\.$/],
    [{ nice: '-21' }, /^--nice: '.*' is not a whole number from 0 to 19\.$/],
    [{ nice: '20' }, /^--nice: '.*' is not a whole number from 0 to 19\.$/],
    [{ nice: '' }, /^--nice: '.*' is not a whole number from 0 to 19\.$/],
    [{ nice: 'high' }, /^--nice: '.*' is not a whole number from 0 to 19\.$/],
  ];
  for (const [options, message] of wrong)
    it(`is refused with a sentence: ${JSON.stringify(options).slice(0, 60)}`, () =>
      assert.throws(() => constraintsFrom(options), { message }));

  const inFile: [object, boolean][] = [
    [{ limits: { memory: 0 } }, false],
    [{ limits: { memory: -1 } }, false],
    [{ limits: { memory: 1000 } }, false],
    [{ limits: { memory: '1g', processes: 5 } }, true],
    [{ limits: { processes: 0 } }, false],
    [{ limits: { processes: 1.5 } }, false],
    [{ limits: { time: '0s' } }, false],
    [{ limits: { cpu: 0 } }, false],
    [{ limits: { cpu: 1e300 } }, false],
    [{ limits: { openFiles: 2 } }, false],
    [{ priority: { nice: -20 } }, true],
    [{ priority: { nice: -21 } }, false],
    [{ priority: { nice: 20 } }, false],
    [{ priority: { cpus: '0-3,8' } }, true],
    [{ priority: { cpus: '3-0' } }, false],
    [{ priority: { cpus: '0,,1' } }, false],
    [{ priority: { cpus: '' } }, false],
    [{ priority: { cpus: '99999999' } }, false],
  ];
  for (const [keys, isGood] of inFile)
    it(`in the file is ${isGood ? 'taken' : 'refused with one sentence'}: ${JSON.stringify(keys)}`, () => {
      const { problems } = parseProcesses(JSON.stringify({ processes: { a: { command: 'x', ...keys } } }));
      assert.equal(problems.length, isGood ? 0 : 1, JSON.stringify(problems));
    });

  it('is a number that makes sense, or refused, and soon, whatever is written', () => {
    const pieces = [
      '0',
      '9',
      '1',
      '.',
      '-',
      '+',
      'e',
      'k',
      'm',
      'g',
      't',
      'ib',
      'ms',
      's',
      'h',
      '%',
      ' ',
      '\t',
      '\n',
      'Infinity',
      '0x',
      'NaN',
    ];
    return holdsFor(textOf(pieces), (text) =>
      assertWithin(100, 'a quantity', () => {
        for (const parse of [parseBytes, parseCores, parseDuration]) {
          try {
            const value = parse(text);
            assert.ok(Number.isFinite(value) && value >= 0, `${value}`);
          } catch (error) {
            assert.ok(error instanceof RangeError, String(error));
          }
        }
      }),
    );
  });
});
