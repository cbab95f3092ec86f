/** What `logs` prints: all that is kept, once, from files and from memory. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { type OutputHolder, TreeLog } from '../../../../src/client/logs/treeLog.ts';
import { OutputSubscription } from '../../../../src/client/outputSubscriptions.ts';
import { WardenGoneError } from '../../../../src/client/wardenGone.ts';
import type { TreeId } from '../../../../src/protocol/identity.ts';
import type { OutputLog } from '../../../../src/protocol/output.ts';

describe('what logs prints', () => {
  let folder = '';
  let path = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tw-logs-'));
    path = join(folder, 'log');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** Of a stream whose last bytes, from `keptFrom` on, are in memory. */
  async function printed(stream: string, log: Omit<OutputLog, 'path'> | null, keptFrom = log?.keptFrom ?? 0): Promise<[string, number]> {
    let complaints = 0;
    let text = '';
    const holder: OutputHolder = {
      outputLog: async () => log && { path, ...log },
      readOutput: ({ from }, listener) => {
        const subscription = new OutputSubscription(listener, () => undefined);
        const at = Math.max(from, keptFrom);
        void subscription.deliver(Buffer.from(stream.slice(at)), at - from).then(() => subscription.completed());
        return subscription;
      },
    };
    for await (const { data } of new TreeLog(holder, 'tree' as TreeId, () => complaints++).pieces(false)) text += data;
    return [text, complaints];
  }

  const stream = 'aaa\nbbb\nccc\nddd\neee\n';
  const all = stream;
  /** Files, newest first; where the newest one begins; from where on it is in memory; what is printed, and how many notes. */
  const cases: [string, string[], number, number, string, number][] = [
    ['all from memory', ['aaa\nbbb\nccc\nddd\neee\n'], 0, 0, all, 0],
    ['its beginning from the file', ['aaa\nbbb\nccc\nddd\neee\n'], 0, 13, all, 0],
    ['all from the file where the memory is behind', ['aaa\nbbb\nccc\nddd\neee\n'], 0, 20, all, 0],
    ['the rest from memory where the file is behind', ['aaa\nbbb\nccc\nd'], 0, 10, all, 0],
    ['old files first', ['\neee\n', 'ccc\nddd', 'aaa\nbbb\n'], 15, 17, all, 0],
    ['what is left, from a whole line on', ['\neee\n', 'b\nccc\nddd'], 15, 17, 'ccc\nddd\neee\n', 1],
    ['what was printed before this warden', ['aaa\nbbb\nccc\nddd\neee\n'], -8, 0, all, 0],
    ['memory alone where the files are gone', [], 0, 10, 'ddd\neee\n', 1],
  ];
  for (const [what, files, start, keptFrom, expected, notes] of cases) {
    it(what, async () => {
      for (const [index, text] of files.entries()) writeFileSync(index === 0 ? path : `${path}.${index}`, text);
      // Counted from where this warden began to read.
      const seen = stream.slice(Math.max(0, -start));
      assert.deepEqual(await printed(seen, { start, keptFrom }), [expected, notes]);
    });
  }

  it('memory alone where there is no log', async () => {
    assert.deepEqual(await printed(stream, null, 6), ['ccc\nddd\neee\n', 1]);
  });

  it('a line without an end, if it is long', async () => {
    const long = 'x'.repeat(200_000);
    assert.deepEqual(await printed(long, null, 100_000), [long.slice(100_000), 1]);
  });

  it('all of it where files are set aside meanwhile', async () => {
    writeFileSync(path, 'aaa\nbbb\n');
    let asked = 0;
    let text = '';
    const holder: OutputHolder = {
      outputLog: async () => {
        asked++;
        if (asked === 3) {
          // As the tail of a detached process does it: a copy, and the file is emptied.
          writeFileSync(`${path}.1`, 'aaa\nbbb\nccc\n');
          writeFileSync(path, 'ddd\n');
        }
        return { path, start: asked >= 3 ? 12 : 0, keptFrom: 12 };
      },
      readOutput: ({ from }, listener) => {
        const subscription = new OutputSubscription(listener, () => undefined);
        void subscription.deliver(Buffer.from(stream.slice(from)), 0).then(() => subscription.completed());
        return subscription;
      },
    };
    for await (const { data, position } of new TreeLog(holder, 'tree' as TreeId, assert.fail).pieces(false)) {
      assert.equal(position, text.length);
      text += data;
    }
    assert.equal(text, all);
  });

  it('what there was when it began, where the process prints faster than it is read, and holds it up for nothing', async () => {
    let end = 8;
    const holder: OutputHolder = {
      outputLog: async () => {
        appendFileSync(path, 'more\n');
        end += 5;
        return { path, start: 0, keptFrom: end - 5, end };
      },
      readOutput: () => assert.fail('all of it is in the file'),
    };
    writeFileSync(path, 'aaa\nbbb\n');
    let text = '';
    for await (const { data } of new TreeLog(holder, 'tree' as TreeId, assert.fail).pieces(false)) text += data;
    assert.ok(text.startsWith('aaa\nbbb\nmore\n') && text.length < 100, text);
  });

  it('only the end of it where no more is wanted, from a whole line on', async () => {
    writeFileSync(path, stream);
    const read = async (pastBytes: number, start: number): Promise<string> => {
      const end = start + stream.length;
      const holder: OutputHolder = {
        outputLog: async () => ({ path, start, keptFrom: end, end }),
        readOutput: () => assert.fail('all of it is in the file'),
      };
      let text = '';
      for await (const { data } of new TreeLog(holder, 'tree' as TreeId, assert.fail, { pastBytes }).pieces(false)) text += data;
      return text;
    };
    assert.equal(await read(10, 0), 'ddd\neee\n');
    assert.equal(await read(10, -5), 'ddd\neee\n');
    assert.equal(await read(100, 0), all);
    assert.equal(await read(100, -5), all);
  });

  it('nothing more where it is not wanted any more', async () => {
    writeFileSync(path, 'aaa\n');
    const holder: OutputHolder = {
      outputLog: async () => ({ path, start: 0, keptFrom: 4, end: 4 }),
      readOutput: () => assert.fail('nothing is subscribed to'),
    };
    const pieces = new TreeLog(holder, 'tree' as TreeId, assert.fail, { signal: AbortSignal.abort() }).pieces(true);
    assert.ok((await pieces.next()).done);
  });

  it('why a log cannot be read that is none', { skip: process.platform === 'win32' }, async () => {
    execFileSync('mkfifo', [path]);
    const complaints: string[] = [];
    const holder: OutputHolder = {
      outputLog: async () => ({ path, start: 0, keptFrom: 4, end: 8 }),
      readOutput: (_request, listener) => {
        const subscription = new OutputSubscription(listener, () => undefined);
        void subscription.deliver(Buffer.from('bbb\n'), 4).then(() => subscription.completed());
        return subscription;
      },
    };
    const log = new TreeLog(holder, 'tree' as TreeId, (sentence) => complaints.push(sentence));
    let text = '';
    for await (const { data } of log.pieces(false)) text += data;
    // The rest of a line whose beginning is missing.
    assert.equal(text, '');
    assert.equal(complaints[0], `The log cannot be read: ${path} is not a plain file.`);
  });

  it('is no fault of the log where the warden ends under it, and is said once', async () => {
    const complaints: string[] = [];
    const holder: OutputHolder = {
      outputLog: () => Promise.reject(new WardenGoneError()),
      readOutput: () => assert.fail('there is nothing to be read any more'),
    };
    const log = new TreeLog(holder, 'tree' as TreeId, (text) => complaints.push(text));
    await assert.rejects(log.pieces(true).next(), WardenGoneError);
    assert.deepEqual(complaints, []);
  });
});
