import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import fc from 'fast-check';
import type { TreeId } from '../../../src/protocol/identity.ts';
import { lineOfRun, maxLineBytes, maxRuns, type Run } from '../../../src/protocol/runs.ts';
import { appendRun, lastRunAt, pruneRuns, readRuns, runFilesOf } from '../../../src/records/runFiles.ts';
import { holdsFor } from '../../support/property.ts';

const key = { origin: '/work/.vscode/processes.json', name: 'job' };
let folder = '';

beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'runs-')), 'runs');
});
afterEach(() => rmSync(join(folder, '..'), { recursive: true }));

const run = (number: number, more: Partial<Run> = {}): Run => ({ tree: `t${number}` as TreeId, name: 'job', startedAt: number, ...more });
const trees = (): string[] => readRuns(key, folder).runs.map(({ tree }) => tree);

describe('the runs of a process on disk', () => {
  it('are none where there is no file', () => assert.deepEqual(readRuns(key, folder), { runs: [], problems: [] }));

  it('are kept apart by file and by name', async () => {
    await appendRun(key, lineOfRun(run(1)), folder);
    await appendRun({ ...key, name: 'other' }, lineOfRun(run(2)), folder);
    await appendRun({ ...key, origin: '/else/.vscode/processes.json' }, lineOfRun(run(3)), folder);
    assert.deepEqual(trees(), ['t1']);
  });

  it('say when the last one began, and what has begun it', async () => {
    assert.equal(lastRunAt(key, folder), undefined);
    await appendRun(key, lineOfRun(run(1)), folder);
    await appendRun(key, lineOfRun(run(2, { trigger: 'schedule' })), folder);
    await appendRun(key, lineOfRun(run(1, { endedAt: 3 })), folder);
    assert.equal(lastRunAt(key, folder), 2);
    assert.deepEqual(
      readRuns(key, folder).runs.map(({ trigger }) => trigger),
      ['schedule', undefined],
    );
  });

  it('are for this user alone', async () => {
    await appendRun(key, lineOfRun(run(1)), folder);
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    assert.equal(statSync(runFilesOf(key, folder)[0]).mode & 0o777, 0o600);
  });

  it('are all of the last ones, of bounded size, whatever was run and torn', async () => {
    const steps = fc.array(
      fc.record({
        lines: fc.array(fc.string({ unit: 'binary', maxLength: 900 }), { maxLength: 10 }),
        after: fc.constantFrom('end', 'end', 'end', 'end', 'crash', 'torn', 'zeros'),
      }),
      { minLength: 1, maxLength: 250 },
    );
    await holdsFor(
      steps,
      async (runs) => {
        rmSync(folder, { recursive: true, force: true });
        const [newest, older] = runFilesOf(key, folder);
        // What is known of each: that it has begun, or how it has ended.
        const expected: string[] = [];
        for (const [number, { lines, after }] of runs.entries()) {
          await appendRun(key, lineOfRun(run(number)), folder);
          const end = lineOfRun(run(number, { endedAt: number, state: 'succeeded', lastLines: lines }));
          if (after === 'end') await appendRun(key, end, folder);
          else if (after === 'torn') appendFileSync(newest, end.slice(0, -2));
          else if (after === 'zeros') appendFileSync(newest, Buffer.alloc(100));
          expected.push(`t${number} ${after === 'end' ? 'succeeded' : undefined}`);
          for (const path of [newest, older].filter((one) => existsSync(one)))
            assert.ok(statSync(path).size <= 2 * maxRuns * maxLineBytes + maxLineBytes);
        }
        const { runs: read, problems } = readRuns(key, folder);
        assert.deepEqual(
          read.map(({ tree, state }) => `${tree} ${state}`),
          expected.slice(-maxRuns).reverse(),
        );
        assert.deepEqual(problems, []);
      },
      0.1,
    );
  });

  it('are those that are left where a file is cut anywhere', async () => {
    for (let number = 0; number < 5; number++) await appendRun(key, lineOfRun(run(number, { endedAt: 9, state: 'failed' })), folder);
    const [newest] = runFilesOf(key, folder);
    for (let size = statSync(newest).size; size > 0; size -= 7) {
      truncateSync(newest, size);
      const before = trees();
      await appendRun(key, lineOfRun(run(100)), folder);
      assert.deepEqual(trees(), ['t100', ...before]);
      truncateSync(newest, size);
    }
  });

  const notFiles: [string, (path: string) => void][] = [
    ['a folder', (path) => mkdirSync(path)],
    ['a link', (path) => symlinkSync(join(folder, 'elsewhere'), path)],
    ['a pipe', (path) => assert.equal(spawnSync('mkfifo', [path]).status, 0)],
    [
      'far too large',
      (path) => {
        writeFileSync(path, '');
        truncateSync(path, 2 ** 30);
      },
    ],
  ];
  for (const [what, make] of notFiles)
    it(`cost nothing else where a file is ${what}`, async () => {
      const [newest, older] = runFilesOf(key, folder);
      mkdirSync(folder, { recursive: true });
      make(older);
      writeFileSync(newest, lineOfRun(run(1)));
      const { runs, problems } = readRuns(key, folder);
      assert.deepEqual([runs.map(({ tree }) => tree), problems.length], [['t1'], 1]);
      rmSync(older, { recursive: true });
      rmSync(newest);
      make(newest);
      if (what !== 'far too large') await assert.rejects(appendRun(key, lineOfRun(run(2)), folder));
      else await appendRun(key, lineOfRun(run(2)), folder);
      assert.equal(existsSync(join(folder, 'elsewhere')), false);
    });

  it('of processes that have not run for longest are removed where there are too many', async () => {
    mkdirSync(folder, { recursive: true });
    for (let number = 0; number < 510; number++) {
      const path = join(folder, `${number}.jsonl`);
      writeFileSync(path, '');
      utimesSync(path, 1_000_000 + number, 1_000_000 + number);
    }
    writeFileSync(join(folder, 'of the user.txt'), '');
    await pruneRuns(folder);
    const left = new Set(readdirSync(folder));
    assert.equal(left.size, 501);
    assert.deepEqual([left.has('9.jsonl'), left.has('10.jsonl'), left.has('of the user.txt')], [false, true, true]);
  });
});
