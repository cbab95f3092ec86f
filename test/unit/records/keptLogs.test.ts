/** Which logs are removed when there are many. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { pruneLogs } from '../../../src/records/keptLogs.ts';

const dayMillis = 86_400_000;

describe('the logs of a folder', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tw-kept-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const idOf = (number: number): string => number.toString(16).padStart(8, '0');
  function write(name: string, days: number): void {
    writeFileSync(join(folder, name), 'x');
    const writtenAt = new Date(Date.now() - days * dayMillis);
    utimesSync(join(folder, name), writtenAt, writtenAt);
  }
  const left = (): string[] => readdirSync(folder).sort();

  it('all stay where they are few, however old they are', async () => {
    for (let number = 0; number < 100; number++) write(`api-${idOf(number)}.log`, 400);
    await pruneLogs(folder, () => false);
    assert.equal(left().length, 100);
  });

  it('beyond a hundred go after two weeks, with what was set aside and their times; those on record stay', async () => {
    for (let number = 0; number < 100; number++) write(`api-${idOf(number)}.log`, 1);
    const [old, recorded, recent] = [idOf(0xaaa), idOf(0xbbb), idOf(0xccc)];
    for (const id of [old, recorded]) for (const suffix of ['', '.1', '.12', '.times', '.times.1']) write(`web-${id}.log${suffix}`, 20);
    write(`web-${recent}.log`, 13);
    // One of its files is enough.
    write(`job-${idOf(0xddd)}.log.1`, 20);
    write(`job-${idOf(0xddd)}.log`, 2);
    await pruneLogs(folder, (tree) => tree === recorded);
    const names = left();
    assert.deepEqual(
      names.filter((name) => name.includes(old)),
      [],
    );
    assert.equal(names.filter((name) => name.includes(recorded)).length, 5);
    assert.equal(names.filter((name) => name.includes(recent) || name.startsWith('job')).length, 3);
  });

  it('beyond five hundred go, the oldest ones first', async () => {
    for (let number = 0; number < 510; number++) write(`api-${idOf(number)}.log`, number / 100);
    await pruneLogs(folder, () => false);
    assert.deepEqual(
      left(),
      Array.from({ length: 500 }, (_, number) => `api-${idOf(number)}.log`),
    );
  });

  it('are left alone where they do not carry our name and format', async () => {
    for (let number = 0; number < 600; number++) write(`api-${idOf(number)}.log`, 1);
    const others = [
      'journal.jsonl',
      'history.jsonl',
      'notes.log',
      'api-0000000g.log',
      'api-00000001.log.bak',
      'api-00000001.log.times.2',
      '-00000001.log',
    ];
    for (const name of others) write(name, 400);
    mkdirSync(join(folder, 'dir-00000001.log'));
    symlinkSync('/etc/passwd', join(folder, 'link-00000002.log'));
    await pruneLogs(folder, () => false);
    const names = new Set(left());
    for (const name of [...others, 'dir-00000001.log', 'link-00000002.log']) assert.ok(names.has(name), name);
    assert.equal(names.size, 500 + others.length + 2);
  });

  it('are no fault where there is no such folder', async () => {
    await pruneLogs(join(folder, 'missing'), () => false);
  });
});
