/** The jobs that wait, on disk: what a reader finds when their warden was killed. */
import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { forgetLost, lostJobs, type WaitingJob, WaitingJobsFile, waitingIn } from '../../../src/records/jobFiles.ts';

const key = { origin: '/w/.vscode/processes.json', name: 'build' };
const job = (number: number, more: Partial<WaitingJob> = {}): WaitingJob => ({
  number,
  args: [`a${number}`],
  queuedAt: 1000 + number,
  ...more,
});
const none = new Set<string>();

describe('the jobs that wait', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tree-warden-jobs-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const pathOf = (): string => join(folder, readdirSync(folder)[0] ?? assert.fail('there is no file'));

  it('are lost where their warden is gone, and not where it runs', async () => {
    const file = new WaitingJobsFile(key, 'abcd1234', folder);
    await file.add(job(1, { cwd: '/somewhere', args: ['with\nlines', ''] }));
    await file.add(job(2));
    await file.remove(2);
    assert.deepEqual(lostJobs(key, none, folder).jobs, [job(1, { cwd: '/somewhere', args: ['with\nlines', ''] })]);
    assert.deepEqual(lostJobs(key, new Set(['abcd1234']), folder).jobs, []);
    assert.deepEqual(lostJobs({ ...key, name: 'other' }, none, folder).jobs, []);
    assert.equal(statSync(pathOf()).mode & 0o777, 0o600, 'arguments may be secret');
  });

  it('leave no file when none is left', async () => {
    const file = new WaitingJobsFile(key, 'abcd1234', folder);
    await file.add(job(1));
    await file.remove(1);
    assert.deepEqual(readdirSync(folder), []);
    await file.remove(7);
    assert.deepEqual(readdirSync(folder), []);
  });

  it('take a file that does not grow with the jobs that have waited', async () => {
    const file = new WaitingJobsFile(key, 'abcd1234', folder);
    await file.add(job(1));
    for (let number = 2; number < 3000; number++) {
      await file.add(job(number));
      await file.remove(number);
    }
    assert.ok(readFileSync(pathOf(), 'utf8').split('\n').filter(Boolean).length < 2100);
    assert.deepEqual(lostJobs(key, none, folder).jobs, [job(1)]);
  });

  it('are read as far as they can be', async () => {
    const file = new WaitingJobsFile(key, 'abcd1234', folder);
    await file.add(job(1));
    appendFileSync(pathOf(), '{"number":2,"args":["to');
    await file.add(job(3));
    assert.deepEqual(lostJobs(key, none, folder).jobs, [job(1), job(3)]);
    const odd = ['null', '[]', '7', '{"number":1}', '{"number":1.5,"args":[],"queuedAt":1}', '{"number":1,"args":[1],"queuedAt":1}'];
    assert.deepEqual(waitingIn([...odd, '{"number":1,"args":[],"queuedAt":"x"}', '{"left":"1"}'].join('\n')), []);
  });

  it('are not read through a link, nor from what is no file', async () => {
    const file = new WaitingJobsFile(key, 'abcd1234', folder);
    await file.add(job(1));
    const path = pathOf();
    const elsewhere = join(folder, 'elsewhere');
    writeFileSync(elsewhere, readFileSync(path));
    rmSync(path);
    symlinkSync(elsewhere, path);
    const { jobs, problems } = lostJobs(key, none, folder);
    assert.deepEqual(jobs, []);
    assert.match(problems.join(), /cannot be read/);
  });

  it('are forgotten when they are told of, but for those that stay', async () => {
    const file = new WaitingJobsFile(key, 'abcd1234', folder);
    for (const number of [1, 2, 3]) await file.add(job(number));
    await forgetLost(key, lostJobs(key, none, folder), [job(3)], folder);
    assert.deepEqual(lostJobs(key, none, folder).jobs, [job(3)]);
    await forgetLost(key, lostJobs(key, none, folder), [], folder);
    assert.deepEqual(readdirSync(folder), []);
  });
});
