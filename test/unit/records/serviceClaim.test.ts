/** Which process is the model service of the user. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openRuntimeFolder } from '../../../src/records/runtimeFolder.ts';
import { claimService, type ServiceClaimant } from '../../../src/records/serviceClaim.ts';

function scratch(): { readonly folder: string } & Disposable {
  const folder = mkdtempSync(join(tmpdir(), 'tw-claims-'));
  return { folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}

const claimant = (pid: number): ServiceClaimant => ({ pid, startTime: pid * 10, bootId: 'this' });

describe('the claim to be the model service', () => {
  it('is refused while its holder lives, and passes on when that is dead', () => {
    using place = scratch();
    const alive = new Set<number>([2, 3, 4]);
    const lives = ({ pid }: ServiceClaimant): boolean => alive.has(pid);
    assert.equal(claimService(place.folder, claimant(2), lives), true);
    assert.equal(claimService(place.folder, claimant(3), lives), false);
    alive.delete(2);
    assert.equal(claimService(place.folder, claimant(3), lives), true);
    assert.equal(claimService(place.folder, claimant(4), lives), false);
    assert.deepEqual(readdirSync(place.folder), ['model-service-2.json']);
  });

  it('passes on, again and again, beside what only looks like a claim', () => {
    using place = scratch();
    for (const number of [1, 2, 999_999_999_999]) mkdirSync(join(place.folder, `model-service-${number}.json`));
    writeFileSync(join(place.folder, 'model-service-5.json'), '{');
    for (const next of [2, 3, 4]) {
      assert.equal(
        claimService(place.folder, claimant(next), () => false),
        true,
      );
      assert.equal(
        claimService(place.folder, claimant(9), ({ pid }) => pid === next),
        false,
      );
    }
  });

  it('is one process’s, whatever others do between its look and its claim', () => {
    // Each look at whether the holder lives is a place where another one comes first, to any depth.
    for (let depth = 1; depth <= 5; depth++) {
      using place = scratch();
      const alive = new Set<number>();
      const winners: number[] = [];
      const claim = (pid: number): void => {
        alive.add(pid);
        const won = claimService(place.folder, claimant(pid), (holder) => {
          const isAlive = alive.has(holder.pid);
          if (pid < 10 + depth) claim(pid + 1);
          return isAlive;
        });
        if (won) winners.push(pid);
      };
      assert.ok(claimService(place.folder, claimant(9), () => false));
      claim(10);
      assert.equal(winners.length, 1, `${depth}: ${winners.join()}`);
    }
  });

  it('is not made by a process that was asleep while its number was given away and freed again', () => {
    using place = scratch();
    assert.ok(claimService(place.folder, claimant(2), () => false));
    const won = claimService(place.folder, claimant(3), () => {
      // Meanwhile one takes the place, dies, and the next one is there.
      assert.ok(claimService(place.folder, claimant(4), () => false));
      assert.ok(claimService(place.folder, claimant(5), () => false));
      return false;
    });
    assert.equal(won, false);
    assert.deepEqual(readdirSync(place.folder), ['model-service-3.json']);
  });

  for (const [what, text] of Object.entries({
    'is empty': '',
    'is no JSON': '{',
    'names the first process': '{"pid":1,"startTime":1,"bootId":""}',
    'is huge': ' '.repeat(20_000),
  }))
    it(`passes on where what is on disk ${what}`, () => {
      using place = scratch();
      writeFileSync(join(place.folder, 'model-service-7.json'), text);
      assert.ok(claimService(place.folder, claimant(2), () => assert.fail('nothing is known of it')));
      assert.deepEqual(readdirSync(place.folder), ['model-service-8.json']);
    });

  it('leaves other files alone, and makes the folder no other one’s', () => {
    using place = scratch();
    const folder = join(place.folder, 'runtime');
    openRuntimeFolder(folder);
    assert.ok(claimService(folder, claimant(2), () => false));
    writeFileSync(join(place.folder, 'model-service-x.json'), '');
    assert.ok(claimService(place.folder, claimant(2), () => false));
    assert.deepEqual(readdirSync(place.folder).toSorted(), ['model-service-1.json', 'model-service-x.json', 'runtime']);
    assert.equal(openRuntimeFolder(folder), folder);
  });
});
