import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { configurationOf } from '../../../src/warden/configuration.ts';

const nothing = { maxTrees: undefined, maxProcesses: undefined, timeLimit: undefined, metricsPort: undefined, keepHistory: undefined };

describe('what a warden goes by', () => {
  it('is the default, below what its client says, below its environment', () => {
    const { windowLimits, metricsPort, keepHistory, effective } = configurationOf(
      { maxTrees: 5, keepHistory: false },
      { ...nothing, maxTrees: 7, maxProcesses: 9, keepHistory: true },
    );
    assert.deepEqual(windowLimits, { maxTrees: 5, maxProcesses: 9, timeMillis: 0 });
    assert.deepEqual([metricsPort, keepHistory], [0, false]);
    assert.deepEqual(effective.maxTrees, { value: 5, from: 'TREE_WARDEN_MAX_TREES' });
    assert.deepEqual(effective.maxProcesses, { value: 9, from: 'client' });
    assert.deepEqual(effective.timeLimit, { value: 0, from: 'default' });
    assert.deepEqual(effective.keepHistory, { value: false, from: 'TREE_WARDEN_KEEP_HISTORY' });
  });

  it('has a rotation of logs where the environment has a part of it', () => {
    assert.equal(configurationOf({}, nothing).windowLimits.log, undefined);
    assert.deepEqual(configurationOf({ logMaxFiles: 9 }, nothing).windowLimits.log, { maxBytes: 10 * 2 ** 20, maxFiles: 9 });
  });
});
