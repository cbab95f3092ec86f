import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  nextPhase,
  restartDelayMillis,
  type ServerEvent,
  type ServerPhase,
} from '../../../../src/extension/languageServers/serverPhase.ts';

const phases: Readonly<Record<string, ServerPhase>> = {
  idle: { at: 'idle' },
  starting: { at: 'starting' },
  running: { at: 'running' },
  stopping: { at: 'stopping', again: false },
  'stopping, again': { at: 'stopping', again: true },
  restarting: { at: 'restarting', reason: 'before' },
  stopped: { at: 'stopped', reason: 'before' },
  crashed: { at: 'crashed', reason: 'before' },
  failed: { at: 'failed', reason: 'before' },
};

const events: Readonly<Record<string, ServerEvent>> = {
  start: { type: 'startRequested' },
  initialized: { type: 'initialized' },
  stop: { type: 'stopRequested', again: false },
  restart: { type: 'stopRequested', again: true },
  crash: { type: 'ended', byItself: true, reason: 'now', mayRestart: true },
  'last crash': { type: 'ended', byItself: true, reason: 'now', mayRestart: false },
  'stopped elsewhere': { type: 'ended', byItself: false, reason: 'now', mayRestart: false },
  'start failed': { type: 'startFailed', reason: 'now' },
  declared: { type: 'declared' },
};

/** The phase that follows, from each phase on each event; `-`: the same. In the order of {@link events}. */
const table: Readonly<Record<string, readonly string[]>> = {
  idle: ['starting', '-', '-', 'starting', '-', '-', '-', '-', '-'],
  starting: ['-', 'running', 'stopping', 'stopping, again', 'restarting', 'crashed', 'stopped', 'failed', '-'],
  running: ['-', '-', 'stopping', 'stopping, again', 'restarting', 'crashed', 'stopped', '-', '-'],
  stopping: ['stopping, again', '-', '-', 'stopping, again', 'stopped', 'stopped', 'stopped', 'stopped', '-'],
  'stopping, again': ['-', '-', 'stopping', '-', 'starting', 'starting', 'starting', 'starting', '-'],
  restarting: ['starting', '-', 'stopped', 'starting', '-', '-', '-', '-', '-'],
  stopped: ['starting', '-', '-', 'starting', '-', '-', '-', '-', '-'],
  crashed: ['starting', '-', '-', 'starting', '-', '-', '-', '-', 'idle'],
  failed: ['starting', '-', '-', 'starting', '-', '-', '-', '-', 'idle'],
};

describe('the phase of a language server', () => {
  const nameOf = (phase: ServerPhase): string => (phase.at === 'stopping' && phase.again ? 'stopping, again' : phase.at);
  for (const [from, phase] of Object.entries(phases)) {
    it(`follows from ${from} on every event`, () => {
      const found = Object.values(events).map((event) => {
        const next = nextPhase(phase, event);
        return nameOf(next) === from ? '-' : nameOf(next);
      });
      assert.deepEqual(found, table[from]);
    });
  }

  it('has the newest reason', () => {
    assert.deepEqual(nextPhase({ at: 'running' }, { type: 'ended', byItself: true, reason: 'ended by SIGKILL', mayRestart: true }), {
      at: 'restarting',
      reason: 'ended by SIGKILL',
    });
  });
});

describe('the wait before a restart', () => {
  const budget = { maxCrashes: 5, windowMillis: 180_000 };
  const cases: [string, number[], number | undefined][] = [
    ['is short after the first crash', [1000], 250],
    ['is longer after each', [0, 500, 1000], 1000],
    ['begins anew where the others are long ago', [-200_000, -190_000, 1000], 250],
    ['is none after the last one that is allowed', [0, 1, 2, 3, 1000], undefined],
    ['is one again when the first of them is long ago', [-180_000, 1, 2, 3, 1000], 2000],
  ];
  for (const [what, crashes, expected] of cases) it(what, () => assert.equal(restartDelayMillis(crashes, 1000, budget), expected));

  it('is bounded', () => assert.equal(restartDelayMillis(Array(50).fill(0), 0, { maxCrashes: 100, windowMillis: 1 }), 8000));
});
