/** What fails when the warden looks at figures, ports or other wardens' folders is told, and ends nothing. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, mock } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Platform } from '../../../src/platform/platform.ts';
import { sweep } from '../../../src/warden/ending/reaper.ts';
import type { JournalRecord } from '../../../src/warden/journal.ts';
import { Observers } from '../../../src/warden/observers.ts';
import type { Census } from '../../../src/warden/trees/membership.ts';
import { Sampler } from '../../../src/warden/trees/sampler.ts';
import { Strays } from '../../../src/warden/trees/strays.ts';
import { inertPlatform } from '../../support/inertPlatform.ts';

const census: Census = { members: new Map(), strays: [] };
const fail = (): never => {
  throw new Error('no such thing');
};

function samplerOn(platform: Partial<Platform>) {
  const written: JournalRecord[] = [];
  const observers = new Observers({ write: (record) => written.push(record) });
  const changing = { ...inertPlatform, ...platform };
  const sampler = new Sampler({ platform: changing, logFolder: '/nowhere', keepHistory: false, observers, alert: () => undefined });
  return {
    written,
    observers,
    changing,
    look: () =>
      sampler.sample(
        () => Promise.resolve(census),
        () => [],
        new Strays('managed'),
      ),
  };
}

describe('a sample', () => {
  const failures: [string, Partial<Platform>][] = [
    ['usage that rejects', { usage: () => Promise.reject(new Error('no such thing')) }],
    ['usage that throws', { usage: fail }],
    ['ports that throw', { listening: fail }],
  ];
  for (const [what, platform] of failures)
    it(`outlives ${what}, tells it once, and that it is over`, async () => {
      const { written, observers, changing, look } = samplerOn(platform);
      await look();
      await look();
      assert.deepEqual(
        written.map(({ event }) => event),
        ['observer-failed'],
      );
      assert.match(observers.problems.join(), /failed: no such thing\. Processes are guarded all the same\.$/);
      Object.assign(changing, inertPlatform);
      await look();
      assert.deepEqual([written.at(-1)?.event, observers.problems], ['observer-recovered', []]);
    });

  it('waits for usage that hangs only so long, and asks only once', async () => {
    let asked = 0;
    const { observers, look } = samplerOn({
      usage: () => {
        asked++;
        return new Promise(() => undefined);
      },
    });
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      for (let looks = 0; looks < 2; looks++) {
        const looking = look();
        await turn();
        mock.timers.tick(5000);
        await looking;
      }
    } finally {
      mock.timers.reset();
    }
    assert.match(observers.problems.join(), /there was no answer in 5 s/);
    assert.equal(asked, 1);
  });

  it('rejects where the living processes cannot be read', async () => {
    const { observers } = samplerOn({});
    const sampler = new Sampler({ platform: inertPlatform, logFolder: '/nowhere', keepHistory: false, observers, alert: () => undefined });
    await assert.rejects(async () => await sampler.sample(fail, () => [], new Strays('managed')));
  });
});

describe('a sweep', () => {
  it('deals with the other folders where one cannot be dealt with', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tw-sweep-'));
    try {
      for (const [id, pid] of [
        ['00000001', 11],
        ['00000002', 22],
      ] as const) {
        mkdirSync(join(folder, id), { mode: 0o700 });
        const process = { pid, startTime: 1 };
        const warden = {
          format: 1,
          warden: id,
          bootId: 'one',
          process,
          version: '1',
          workspace: id,
          window: '',
          lifetime: 'managed',
          startedAt: 1,
          homes: [],
        };
        writeFileSync(join(folder, id, 'warden.json'), JSON.stringify(warden), { mode: 0o600 });
      }
      const stat = (pid: number) => (pid === 11 ? fail() : undefined);
      const { swept, unreadable } = await sweep({ ...inertPlatform, stat }, folder);
      assert.deepEqual(
        swept.map(({ warden }) => warden),
        ['00000002'],
      );
      assert.match(unreadable.join(), /00000001: what it speaks of could not be dealt with: no such thing/);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
