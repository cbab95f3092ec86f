import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { lensText } from '../../../src/extension/found/lensTexts.ts';
import type { TreeSnapshot } from '../../../src/protocol/snapshot.ts';
import { aMember, aTree } from '../../support/snapshots.ts';

const listening = aMember(7, { ports: [{ protocol: 'tcp', address: '127.0.0.1', port: 5173 }] });

describe('what a lens says', () => {
  const cases: [what: string, trees: TreeSnapshot[], now: number, text: string | undefined][] = [
    ['of what has never run', [], 0, undefined],
    ['of what runs', [aTree({ startedAt: 1000, members: [listening] })], 13_900, 'running, 12 s, :5173'],
    ['of what is being started', [aTree({ state: 'starting', startedAt: 1000 })], 1000, 'starting, 0 s'],
    ['after a minute', [aTree({ startedAt: 0 })], 119_000, 'running, 1 min'],
    ['after hours', [aTree({ startedAt: 0 })], 3 * 3_600_000, 'running, 3 h'],
    ['by a clock that was put back', [aTree({ startedAt: 5000 })], 0, 'running, 0 s'],
    ['of several', [aTree({ startedAt: 0 }), aTree({ startedAt: 0, members: [listening] })], 5000, '2 × running, 5 s, :5173'],
    ['of what has ended', [aTree({ state: 'failed', endedAt: 5, reason: 'exited with code 1' })], 9, 'exited with code 1'],
  ];
  for (const [what, trees, now, text] of cases) it(`${what} is ${text ?? 'nothing'}`, () => assert.equal(lensText(trees, now), text));
});
