import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { signal } from '../../../src/protocol/treeRequests.ts';
import { problemOf } from '../../../src/warden/requestShapes.ts';

describe('a request that names a signal', () => {
  for (const name of ['SIGFOO', 'SIGRTMIN+99', 'constructor', ''])
    it(`is refused where this system has no such signal: '${name}'`, () =>
      assert.match(problemOf(signal.method, { tree: 'one', signal: name }) ?? '', /signal: is not a signal of this system/));
  it('is taken where it has', () => assert.equal(problemOf(signal.method, { tree: 'one', signal: 'SIGUSR1' }), undefined));
});
