/** Which version two sides speak, and what a side is told that has only the core in common with the other. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { commonVersion, coreMethods, versionNeeded, versionsOf } from '../../../src/protocol/core.ts';
import { reasonOf } from '../../../src/protocol/errorReasons.ts';
import { RequestError } from '../../../src/warden/requestError.ts';

describe('the version that two sides speak', () => {
  const cases = [
    [{ min: 3, max: 3 }, { min: 3, max: 3 }, 3],
    [{ min: 3, max: 5 }, { min: 4, max: 7 }, 5],
    [{ min: 4, max: 7 }, { min: 3, max: 5 }, 5],
    [{ min: 3, max: 3 }, { min: 2, max: 2 }, undefined],
    [{ min: 3, max: 3 }, { min: 4, max: 9 }, undefined],
  ] as const;
  for (const [ours, theirs, expected] of cases)
    it(`of ${ours.min} to ${ours.max} and ${theirs.min} to ${theirs.max} is ${expected ?? 'none'}`, () => {
      assert.equal(commonVersion(ours, theirs), expected);
      assert.equal(commonVersion(theirs, ours), expected);
    });

  it('is the one of the core where a side names no range', () => {
    assert.deepEqual(versionsOf({ protocol: 2 }), { min: 2, max: 2 });
    assert.deepEqual(versionsOf({ protocol: 2, versions: { min: 3, max: 4 } }), { min: 3, max: 4 });
  });
});

describe('the frozen core', () => {
  it('has the methods of version 2 that see and end trees', () => {
    assert.deepEqual([...coreMethods].sort(), ['hello', 'inspect', 'list', 'shutdown', 'stop']);
  });

  const old = { name: 'tree-warden logs', versions: { min: 2, max: 2 } };
  const fresh = { name: 'the warden 0.2.0', versions: { min: 3, max: 4 } };
  it('is said to be all that is left, with the version that is needed and what helps', () => {
    assert.equal(
      versionNeeded('output/log', old, fresh),
      "'output/log' needs protocol version 3 to 4, as the warden 0.2.0 speaks it; tree-warden logs speaks version 2. Update tree-warden logs; until then, it can list and stop what runs.",
    );
    assert.equal(
      versionNeeded('output/log', fresh, old),
      "'output/log' needs protocol version 3 to 4, as the warden 0.2.0 speaks it; tree-warden logs speaks version 2. Its processes can be listed and stopped; start them again to have them guarded by the newer version.",
    );
  });
});

describe('the reason of an error', () => {
  it('is the same where it is thrown and where it is answered', () => {
    const error = new RequestError('startFailed', 'There is no command.', 'commandNotFound');
    assert.equal(reasonOf(error), 'commandNotFound');
    assert.equal(reasonOf(JSON.parse(JSON.stringify(error.toJson()))), 'commandNotFound');
    for (const none of [new Error('There is no command.'), undefined, null, 'text', new RequestError('startFailed', 'no')])
      assert.equal(reasonOf(none), undefined);
  });
});
