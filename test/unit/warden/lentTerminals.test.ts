import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { StartRequest } from '../../../src/protocol/startRequest.ts';
import { shortcomingsOf, whyNoTerminals, withoutTerminal } from '../../../src/warden/lentTerminals.ts';
import { inertPlatform } from '../../support/inertPlatform.ts';

const request = (more: Partial<StartRequest>): StartRequest => ({
  name: 'web',
  argv: ['web'],
  cwd: '/',
  env: {},
  stdio: 'pty',
  stop: [],
  whenLeaderExits: 'kill',
  containment: 'auto',
  ...more,
});

describe('without terminals', () => {
  const cases: [string, Partial<StartRequest>, Partial<StartRequest>][] = [
    ['a process has pipes', { awaitReader: true }, { stdio: 'pipes', awaitReader: true }],
    [
      'a command on a terminal has that one, of which nothing is read',
      { onTerminal: [true, true, false], awaitReader: true },
      { stdio: 'inherit', awaitReader: false },
    ],
    ['one that wants none is started as it is', { stdio: 'file' }, { stdio: 'file' }],
  ];
  for (const [what, given, { stdio, awaitReader }] of cases) {
    it(what, () => {
      const made = withoutTerminal(request(given));
      assert.deepEqual([made.stdio, made.awaitReader], [stdio, awaitReader]);
    });
  }

  it('says so behind what else is missing', async () => {
    const why = await whyNoTerminals(inertPlatform, { TREE_WARDEN_NATIVE: 'off' });
    assert.deepEqual(shortcomingsOf({ ...inertPlatform, shortcomings: ['One.'] }, why).length, 2);
    assert.match(shortcomingsOf(inertPlatform, why)[0] ?? '', /^Terminals are not available \(TREE_WARDEN_NATIVE=off\): .*\.$/);
    const none = await whyNoTerminals({ ...inertPlatform, opensTerminals: true }, {});
    assert.deepEqual([none, shortcomingsOf(inertPlatform, none)], [undefined, []]);
  });
});
