import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { ProcessStat } from '../../../../src/platform/platform.ts';
import { readRuns } from '../../../../src/records/runFiles.ts';
import { Observers } from '../../../../src/warden/observers.ts';
import { RunHistory } from '../../../../src/warden/output/runHistory.ts';
import type { TreeEvents } from '../../../../src/warden/trees/treeEvents.ts';
import type { TreeView } from '../../../../src/warden/trees/treeView.ts';

const history = { origin: '/work/.vscode/processes.json', name: 'job' };
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'runs-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** One whose output never ends, because another process holds its pipe. */
function tree(id: string, more: object): TreeView {
  const output = { finished: new Promise(() => undefined), lastLines: () => ['the last line'] };
  const end = { state: 'succeeded', reason: 'exited with code 0', exit: { code: 0, signal: null }, endWasWanted: false, endedAt: 9 };
  return { id, startedAt: 1, output, ...end, request: { name: 'job', ...more } } as unknown as TreeView;
}

describe('the runs that a warden keeps', () => {
  it('are those of declared processes, and the end of the warden waits for no others', async () => {
    const events = new EventEmitter<TreeEvents>();
    const runs = new RunHistory(folder, new Observers({ write: () => undefined }));
    runs.follow(events);
    const [own, other] = [tree('own', { history }), tree('other', {})];
    for (const one of [own, other]) events.emit('spawned', one, {} as ProcessStat);
    let isWaitedFor = false;
    Object.defineProperty(other.output, 'finished', {
      get: () => {
        isWaitedFor = true;
        return new Promise(() => undefined);
      },
    });
    events.emit('ended', other);
    await runs.close();
    assert.equal(isWaitedFor, false, 'the output of another tree was waited for');
    assert.deepEqual(
      readRuns(history, folder).runs.map((run) => [run.tree, run.endedAt]),
      [['own', undefined]],
    );
    events.emit('ended', own);
    await runs.close();
    const [run] = readRuns(history, folder).runs;
    assert.deepEqual([run?.endedAt, run?.state, run?.lastLines], [9, 'succeeded', ['the last line']]);
  });
});
