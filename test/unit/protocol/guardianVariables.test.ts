import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type GuardianVariables,
  guardianVariables,
  readGuardianVariables,
  withoutWrongVariables,
} from '../../../src/protocol/guardianVariables.ts';

describe('the variables of a warden', () => {
  const good: readonly (readonly [Record<string, string>, GuardianVariables])[] = [
    [{}, {}],
    [{ TREE_WARDEN_MAX_TREES: '', TREE_WARDEN_NATIVE: ' ', OTHER: 'x' }, {}],
    [{ TREE_WARDEN_MAX_TREES: '1' }, { maxTrees: 1 }],
    [
      { TREE_WARDEN_MAX_TREES: ' 100000 ', TREE_WARDEN_MAX_PROCESSES: '0' },
      { maxTrees: 100_000, maxProcesses: 0 },
    ],
    [
      { TREE_WARDEN_TIME_LIMIT: '1.5h', TREE_WARDEN_METRICS_PORT: '65535' },
      { timeLimit: 5_400_000, metricsPort: 65_535 },
    ],
    [
      { TREE_WARDEN_KEEP_HISTORY: '1', TREE_WARDEN_LOG_MAX_FILES: '99' },
      { keepHistory: true, logMaxFiles: 99 },
    ],
    [
      { TREE_WARDEN_KEEP_HISTORY: 'false', TREE_WARDEN_LOG_MAX_SIZE: '64k' },
      { keepHistory: false, logMaxSize: 65_536 },
    ],
    [
      { TREE_WARDEN_GATEWAY_HEAP_MB: '64', TREE_WARDEN_NATIVE: 'off', TREE_WARDEN_PLATFORM: 'portable' },
      { gatewayHeap: 64, native: 'off', platform: 'portable' },
    ],
  ];
  for (const [env, expected] of good)
    it(`are read from ${JSON.stringify(env)}`, () => assert.deepEqual(readGuardianVariables(env), expected));

  const bad: readonly (readonly [keyof GuardianVariables, readonly string[]])[] = [
    ['maxTrees', ['0', '100001', '-1', '1.5', '1e3', '0x10', 'many', '٣', '9'.repeat(400)]],
    ['maxProcesses', ['-1', '4194305']],
    ['timeLimit', ['5', 'soon', '9000h', '-1s']],
    ['metricsPort', ['65536', 'http']],
    ['keepHistory', ['yes', 'TRUE', '2']],
    ['logMaxSize', ['1k', '63k', '2t', '10 apples']],
    ['logMaxFiles', ['0', '100']],
    ['gatewayHeap', ['63', '65537']],
    ['native', ['no']],
    ['platform', ['linux']],
  ];
  for (const [key, values] of bad)
    for (const value of values)
      it(`refuse ${key}=${value.slice(0, 12)}`, () => {
        const { variable, range } = guardianVariables[key];
        const env = { [variable]: value, HOME: '/h' };
        const shown = value.length > 60 ? `${value.slice(0, 60)}…` : value;
        assert.throws(() => readGuardianVariables(env), { message: `${variable} is '${shown}': it has to be ${range}.` });
        assert.deepEqual(withoutWrongVariables(env), { HOME: '/h' });
      });

  it('are all told that are wrong', () => {
    assert.throws(() => readGuardianVariables({ TREE_WARDEN_MAX_TREES: 'a', TREE_WARDEN_NATIVE: 'b' }), /MAX_TREES.*NATIVE/);
  });

  it('take their own defaults', () => {
    for (const { variable, standard, read } of Object.values(guardianVariables)) {
      const [value = ''] = standard.split(',');
      if (variable !== 'TREE_WARDEN_PLATFORM') assert.notEqual(read(value), undefined, `${variable}=${value}`);
    }
  });
});
