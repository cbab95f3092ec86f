/** The lines of a log with their times: of a tree that a warden has, and of one that none has. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { LogLine } from '../../../../src/client/logs/logLines.ts';
import { KeptLog, LiveLog } from '../../../../src/client/logs/logSource.ts';
import type { OutputHolder } from '../../../../src/client/logs/treeLog.ts';
import { OutputSubscription } from '../../../../src/client/outputSubscriptions.ts';
import type { TreeId } from '../../../../src/protocol/identity.ts';
import type { OutputLog } from '../../../../src/protocol/output.ts';

async function all(lines: AsyncIterable<LogLine>): Promise<[string, number | undefined][]> {
  const found: [string, number | undefined][] = [];
  for await (const { data, at } of lines) found.push([data.toString(), at]);
  return found;
}

describe('the lines of a log and their times', () => {
  let folder = '';
  let path = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tw-source-'));
    path = join(folder, 'it.log');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** A warden that answers one after the other; the last answer stays. All that was printed is in memory. */
  const holderOf = (stream: () => string, answers: readonly (Omit<OutputLog, 'path'> | null)[]): OutputHolder => {
    const left = [...answers];
    return {
      outputLog: async () => {
        const log = (left.length > 1 ? left.shift() : left[0]) ?? null;
        return log && { path, ...log };
      },
      readOutput: ({ from }, listener) => {
        const subscription = new OutputSubscription(listener, () => undefined);
        void subscription.deliver(Buffer.from(stream().slice(from)), 0).then(() => subscription.completed());
        return subscription;
      },
    };
  };

  it('are right where a file is set aside while they are read', async () => {
    writeFileSync(`${path}.1`, 'aaa\n');
    writeFileSync(path, 'bbb\n');
    writeFileSync(`${path}.times`, '\n+\n= 0\n0 100\n4 200\n= 4\n');
    const holder = holderOf(
      () => 'aaa\nbbb\n',
      [
        { start: 0, keptFrom: 0, end: 8 },
        { start: 4, keptFrom: 0, end: 8 },
      ],
    );
    assert.deepEqual(await all(new LiveLog(holder, 'tree' as TreeId, assert.fail).past({})), [
      ['aaa', 100],
      ['bbb', 200],
    ]);
  });

  it('are known of what was printed between the past and what comes', async () => {
    let stream = 'aaa\n';
    writeFileSync(path, stream);
    writeFileSync(`${path}.times`, '\n+\n= 0\n0 100\n');
    let end = 4;
    const holder: OutputHolder = { ...holderOf(() => stream, []), outputLog: async () => ({ path, start: 0, keptFrom: 0, end }) };
    const log = new LiveLog(holder, 'tree' as TreeId, assert.fail);
    assert.deepEqual(await all(log.past({})), [['aaa', 100]]);
    stream += 'bbb\n';
    end = 8;
    writeFileSync(`${path}.times`, '\n+\n= 0\n0 100\n4 200\n');
    assert.deepEqual(await all(log.future({})), [['bbb', 200]]);
  });

  it('are missing where none were noted, which is said where it matters', async () => {
    const complaints: string[] = [];
    const log = new LiveLog(
      holderOf(() => 'aaa\n', [null]),
      'tree' as TreeId,
      (sentence) => complaints.push(sentence),
    );
    assert.deepEqual(await all(log.past({})), [['aaa', undefined]]);
    assert.deepEqual(complaints, []);
    assert.deepEqual(await all(log.past({ sinceAt: 0 })), []);
    assert.deepEqual(complaints, ['It is not known when its output was printed, so none of it is chosen by time.']);
  });

  it('are read without a warden, whatever is in the place of the log', async () => {
    const log = new KeptLog(path);
    assert.deepEqual(await all(log.past({})), []);
    writeFileSync(path, '');
    assert.deepEqual(await all(log.past({})), []);
    writeFileSync(`${path}.1`, 'aaa\n');
    writeFileSync(path, 'bbb\nccc\n');
    writeFileSync(`${path}.times`, '\n+\n= 0\n0 100\n4 200\n= 4\n8 300\n');
    assert.deepEqual(await all(log.past({ sinceAt: 200 })), [
      ['bbb', 200],
      ['ccc', 300],
    ]);
  });
});
