/** A pool of jobs: its one row, what it says while jobs run and wait, and what its Stop ends. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Editor } from '../support/editor.ts';
import { eventually } from '../support/run.ts';

const processes = {
  api: { command: 'sleep 1000', pty: false },
  compress: { command: 'echo "$1" >> log; exec sleep 1000', jobs: 2, description: 'Makes pictures small' },
};

describe('a pool of jobs', () => {
  let editor: Editor;
  const queue = (name: string): string => editor.run.call(['job', '-d', 'compress', name], { cwd: editor.workspace }).stdout.trim();
  before(async () => {
    editor = await Editor.ofProcesses(processes);
  });
  after(() => editor[Symbol.asyncDispose]());

  it('has one row, whose description is what is declared while it has none', async () => {
    await editor.waitForRow('compress', /Makes pictures small/);
    assert.equal((await editor.rowTexts()).filter((text) => text.includes('compress')).length, 1);
  });

  it('is not started with all others', async () => {
    await editor.warden('Start All');
    await editor.waitForRow('api', /%/);
    await editor.waitForRow('compress', /Makes pictures small/);
  });

  it('says how many jobs run and wait, whichever terminal has queued them, and has those that run below it', async () => {
    assert.deepEqual(
      ['a', 'b', 'c', 'd', 'e'].map(queue),
      [1, 2, 3, 4, 5].map((number) => `compress+${number}`),
    );
    await editor.waitForRow('compress', /2 running, 3 queued/);
    await editor.expand('compress');
    await editor.waitForRow('compress+2', /%/);
    const row = editor.row('compress+2').first();
    await row.hover();
    await row.locator('.action-label[aria-label^="Stop"]').waitFor();
    assert.equal(await row.locator('.action-label[aria-label^="Restart"]').count(), 0, 'a job runs once');
    await editor.screenshot('jobs run and wait');
  });

  it('goes on with the next one when a job is stopped', async () => {
    await editor.pressOnRow('compress+1', 'Stop', async () => !(await editor.rowTexts()).some((text) => text.startsWith('compress+1,')));
    await editor.waitForRow('compress+3', /%/);
    await editor.waitForRow('compress', /2 running, 2 queued/);
  });

  it('is ended as a whole by its own Stop: what waits does not run', async () => {
    // In no order: two run at a time.
    const begun = (): string => readFileSync(join(editor.workspace, 'log'), 'utf8').trim().split('\n').sort().join();
    await eventually('all that run have begun', () => begun() === 'a,b,c');
    await editor.pressOnRow('compress', 'Stop', /Makes pictures small/);
    assert.equal(begun(), 'a,b,c');
    const states = JSON.parse(editor.run.call(['jobs', '--json'], { cwd: editor.workspace }).stdout) as { jobs: { state: string }[] }[];
    assert.deepEqual(
      states[0]?.jobs.map(({ state }) => state),
      ['exited', 'exited', 'exited', 'cancelled', 'cancelled'],
    );
    await editor.screenshot('no jobs are left');
  });
});
