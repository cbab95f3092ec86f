/** A tree of a thousand, open in the view and sampled every second: nothing stutters, nothing jumps, nothing grows. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Editor } from '../support/editor.ts';
import { eventually, Run } from '../support/run.ts';

const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
const seconds = 60;

/** What the extension host says of itself: what it kept when its garbage was collected last, and its delays before that. */
interface Probe {
  readonly pid: number;
  readonly collections: number;
  readonly heapBytes: number;
  readonly delays: { readonly p50: number; readonly p99: number; readonly max: number };
}

describe('a thousand processes in the view', () => {
  const run = new Run();
  const file = join(run.folder, 'probe.json');
  let editor: Editor;
  before(async () => {
    editor = await Editor.open({ extension: fixture('probe-extension'), env: { PROBE_FILE: file } });
    const spec = { command: ['perl', fixture('adversaries/thousand.pl')], pty: false };
    writeFileSync(join(editor.workspace, '.vscode', 'processes.json'), JSON.stringify({ processes: { thousand: spec } }));
    await editor.showProcesses();
    await editor.waitForRow('thousand', /idle/);
    await editor.start('thousand');
    await editor.expand('thousand');
    await eventually('they are all there', () => (editor.run.ps()[0]?.members.length ?? 0) === 1000);
    await editor.expand('perl');
    await eventually('the view is full', async () => (await editor.rowTexts()).length > 20);
    await eventually('the probe is there', () => existsSync(file));
    await editor.page.waitForTimeout(5000);
  });
  after(async () => {
    await editor[Symbol.asyncDispose]();
    await run[Symbol.asyncDispose]();
  });

  const probe = (): Probe => JSON.parse(readFileSync(file, 'utf8')) as Probe;
  async function collected(): Promise<Probe> {
    const { pid, collections } = probe();
    process.kill(pid, 'SIGUSR2');
    return await eventually('its garbage is collected', () => (probe().collections > collections ? probe() : undefined));
  }
  /** Name and pid of each row that is to be seen, from top to bottom. */
  async function outline(): Promise<string> {
    return (await editor.rowTexts()).map((text) => text.split('  ')[0]).join('\n');
  }

  it('leave it calm for a minute', async () => {
    const before = await collected();
    const first = await outline();
    let looks = 0;
    const until = Date.now() + seconds * 1000;
    while (Date.now() < until) {
      const now = await outline();
      looks++;
      // The row of the tree itself has its figures.
      assert.equal(now.split('\n').slice(1).join('\n'), first.split('\n').slice(1).join('\n'), `look ${looks}`);
      await editor.page.waitForTimeout(100);
    }
    const after = await collected();
    const { p50, p99, max } = after.delays;
    const grown = (after.heapBytes - before.heapBytes) / 2 ** 20;
    console.log(
      `${looks} looks; event loop delay p50 ${p50.toFixed(1)}, p99 ${p99.toFixed(1)}, at most ${max.toFixed(1)} ms; heap ${(before.heapBytes / 2 ** 20).toFixed(0)} MB, ${grown.toFixed(1)} more after it`,
    );
    await editor.screenshot('thousand');
    assert.ok(grown < 10, `the extension host keeps ${grown} MB more`);
  });

  it('end by one command', async () => {
    await editor.warden('Kill All');
    await editor.waitForRow('thousand', /, ended, killed by the user/);
    assert.deepEqual(editor.workers, []);
  });
});
