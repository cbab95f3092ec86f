/** What people write and name, in files and on the command line, with real processes. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Run } from '../support/run.ts';

function declare(run: Run, content: string | Buffer): void {
  mkdirSync(join(run.workFolder, '.vscode'), { recursive: true });
  writeFileSync(join(run.workFolder, '.vscode', 'processes.json'), content);
}

describe('a processes.json', () => {
  it('may begin with a byte order mark, and hold empty arguments and names of any language', async () => {
    await using run = new Run();
    declare(
      run,
      `\uFEFF${JSON.stringify({ processes: { 'cafe\u0301 服务器': { command: ['printf', '<%s>', 'a', '', 'b'], pty: false } } })}`,
    );
    const { code, stdout, stderr } = run.call(['up', 'café 服务器']);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
    assert.match(stdout, /^café 服务器 \| <a><><b>\n/);
  });

  const refused: [string, string | Buffer, RegExp][] = [
    ['UTF-16', Buffer.from('\uFEFF{ "processes": {} }', 'utf16le'), /processes\.json: it is encoded in UTF-16; save it as UTF-8\.\n$/],
    ['nested without end', '['.repeat(100_000), /processes\.json:1:65: This is nested more than 64 levels deep/],
    ['endless', ' '.repeat(2 ** 21), /processes\.json: it is larger than 1 MB\.\n$/],
  ];
  for (const [what, content, message] of refused) {
    it(`is refused with a sentence: ${what}`, async () => {
      await using run = new Run();
      declare(run, content);
      const { code, stderr } = run.call(['up']);
      assert.equal(code, 2);
      assert.match(stderr, message);
    });
  }
});

describe('a name on the command line', () => {
  it('may be in any language, also in the name of the log', async () => {
    await using run = new Run();
    const { code, stderr } = run.call(['run', '--detached', '--name', 'сервер 服务器', '--', 'sh', '-c', 'echo started']);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
    const logs = readdirSync(join(run.folder, 'state', 'tree-warden', 'logs'));
    assert.ok(
      logs.some((log) => /^сервер_服务器-[0-9a-f]{8}\.log$/.test(log.normalize('NFC'))),
      logs.join(),
    );
  });

  for (const name of ['', 'a\nb', 'a\x1b]0;title\x07', 'x'.repeat(101), '--', '#1']) {
    it(`is refused with a sentence where it is none: ${JSON.stringify(name.slice(0, 20))}`, async () => {
      await using run = new Run();
      const { code, stderr } = run.call(['run', `--name=${name}`, '--', 'touch', 'started']);
      assert.equal(code, 2);
      assert.match(stderr, /--name: a name (starts with a letter or digit|has at most 100 characters)/);
      assert.ok(!readdirSync(run.workFolder).includes('started'));
    });
  }
});
