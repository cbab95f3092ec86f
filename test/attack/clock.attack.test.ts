/** A clock that is put forward or back while processes run: what takes a time takes it by the monotonic clock. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { eventually } from '../support/run.ts';
import { isAlive, survivorsAfterLooking, survivorsOf } from '../support/survivors.ts';
import { TestWarden } from '../support/warden.ts';

const script = fileURLToPath(new URL('../fixtures/clockedWarden.cjs', import.meta.url));
const day = 86_400;

/** A warden, and what puts its clock. */
class Clocked implements AsyncDisposable {
  readonly warden: TestWarden;
  readonly #folder: string;
  #looks = 0;

  static async start(): Promise<Clocked> {
    const folder = mkdtempSync(join(tmpdir(), 'tw-clock-'));
    const warden = await TestWarden.start({ TREE_WARDEN_TEST_CLOCK: join(folder, 'clock') }, undefined, {}, { script });
    return new Clocked(warden, folder);
  }

  private constructor(warden: TestWarden, folder: string) {
    this.warden = warden;
    this.#folder = folder;
  }

  /** Resolves when the warden has it: a tree that is started then says so. */
  async jump(seconds: number): Promise<void> {
    writeFileSync(join(this.#folder, 'clock'), String(seconds));
    await eventually('the clock of the warden has been put', async () => {
      // A name of its own: the one before may not have ended yet.
      const { startedAt } = await this.warden.startShell('true', { name: `clock ${++this.#looks}` });
      return Math.abs(startedAt - Date.now() - seconds * 1000) < 60_000;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.warden[Symbol.asyncDispose]();
    rmSync(this.#folder, { recursive: true });
  }
}

for (const [name, seconds] of [
  ['forward', day],
  ['back', -day],
] as const) {
  test(`a time limit is held when the clock is put ${name} by a day`, async () => {
    await using clocked = await Clocked.start();
    const { warden } = clocked;
    const begun = performance.now();
    const { id } = await warden.startShell('exec sleep 600', { limits: { timeMillis: 3000 } });
    await clocked.jump(seconds);
    const { reason } = await warden.ended(id);
    assert.match(reason, /time limit/);
    assert.ok(performance.now() - begun > 2900, 'it ended before its time');
  });

  test(`restarts are counted when the clock is put ${name} by a day between two of them`, async () => {
    await using clocked = await Clocked.start();
    const { warden } = clocked;
    const restart = { when: 'on-failure', maxRestarts: 3, windowMillis: 3_600_000, delayMillis: 300, maxDelayMillis: 300 } as const;
    await warden.startShell('sleep 0.2; exit 1', { name: 'failing', restart });
    const starts = (): number => warden.run.journal().filter(({ event, spec }) => event === 'spawned' && spec === 'failing').length;
    await eventually('it has been started twice', () => starts() >= 2);
    await clocked.jump(seconds);
    await eventually('it is not started again', () => warden.run.journal().some(({ event }) => event === 'gave-up'));
    assert.equal(starts(), 1 + restart.maxRestarts);
  });

  test(`the owner's end is seen when the clock has been put ${name} by a day`, async () => {
    await using clocked = await Clocked.start();
    const { warden } = clocked;
    await warden.startShell('trap "" TERM; tail -f "$0/idle"; tail -f "$0/idle"');
    await clocked.jump(seconds);
    warden.disconnect();
    await eventually('nothing is alive', async () => {
      const own = new Set([warden.process.pid]);
      return survivorsOf(warden.run.workFolder, own).length === 0 && (await survivorsAfterLooking(warden.run.workFolder, own)).length === 0;
    });
    await eventually('the warden has ended', () => !isAlive(warden.process.pid));
  });
}
