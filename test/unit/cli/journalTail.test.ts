import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { JournalTail } from '../../../src/cli/journalTail.ts';

describe('the tail of a journal', () => {
  let folder = '';
  let path = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tw-tail-'));
    path = join(folder, 'journal.jsonl');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  async function newLines(tail: JournalTail): Promise<string[]> {
    const lines: string[] = [];
    await tail.read((line) => lines.push(line));
    return lines;
  }

  const setAside = (): void => {
    try {
      renameSync(`${path}.1`, `${path}.2`);
    } catch {
      // There is none yet.
    }
    renameSync(path, `${path}.1`);
  };

  it('begins with the oldest file, and goes on with what is written', async () => {
    writeFileSync(`${path}.2`, 'one\n');
    writeFileSync(`${path}.1`, 'two\n');
    writeFileSync(path, 'three\nfo');
    await using tail = new JournalTail(path);
    assert.deepEqual(await newLines(tail), ['one', 'two', 'three']);
    assert.deepEqual(await newLines(tail), []);
    appendFileSync(path, 'ur\nfive €\n');
    assert.deepEqual(await newLines(tail), ['four', 'five €']);
  });

  it('loses nothing and repeats nothing where the file is set aside, even by one that others still write to', async () => {
    await using tail = new JournalTail(path);
    assert.deepEqual(await newLines(tail), []);
    writeFileSync(path, 'one\n');
    assert.deepEqual(await newLines(tail), ['one']);
    appendFileSync(path, 'two\n');
    setAside();
    writeFileSync(path, 'three\n');
    appendFileSync(`${path}.1`, 'late\n');
    assert.deepEqual(await newLines(tail), ['two', 'late', 'three']);
    setAside();
    writeFileSync(path, 'four\n');
    appendFileSync(`${path}.2`, 'later\n');
    assert.deepEqual(await newLines(tail), ['later', 'four']);
  });

  it('keeps few files open, however often the file is set aside', async () => {
    await using tail = new JournalTail(path);
    const written: string[] = [];
    const read: string[] = [];
    const openBefore = readdirSync('/proc/self/fd').length;
    for (let count = 0; count < 50; count++) {
      writeFileSync(path, `${count}\n`);
      written.push(String(count));
      read.push(...(await newLines(tail)));
      setAside();
    }
    assert.deepEqual(read, written);
    assert.ok(readdirSync('/proc/self/fd').length - openBefore <= 8);
  });

  it('reads lines of any length that a journal has, in pieces', async () => {
    const long = '€'.repeat(1_000_000);
    writeFileSync(path, `${long}\nshort\n`);
    await using tail = new JournalTail(path);
    assert.deepEqual(await newLines(tail), [long, 'short']);
  });
});
