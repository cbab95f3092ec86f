import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type LastSigns, untoldSince } from '../../../src/warden/fileWatchLink.ts';

describe('the successor of a process that watched files looks for what has changed since', () => {
  const watch = { since: 1000, debounceMillis: 200 };
  const cases: readonly (readonly [string, LastSigns, number])[] = [
    ['the last sign of life, and the time in which changes had not settled yet', { aliveAt: 9000 }, 8800],
    ['the beginning of an operation of git that held changes back', { aliveAt: 9000, heldAt: 4000 }, 3800],
    ['the changes that were told last', { aliveAt: 9000, toldAt: 8900 }, 8900],
    ['the changes that were told last, before others were held back', { aliveAt: 9000, toldAt: 3900, heldAt: 4000 }, 3900],
    ['the time from which on changes count', { aliveAt: 1100 }, 1000],
  ];
  for (const [what, signs, expected] of cases) it(what, () => assert.equal(untoldSince(watch, signs), expected));
});
