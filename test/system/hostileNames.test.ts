/** Names and arguments that a terminal would obey, through every command that shows them. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { hostileTexts } from '../support/hostileTexts.ts';
import { eventually, Run } from '../support/run.ts';

/** Nothing but lines of text: what a terminal would obey is not in it. */
function assertPlain(printed: string, what: string): void {
  assert.doesNotMatch(printed.replaceAll('\n', ''), /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u, what);
}

describe('what a terminal would obey', () => {
  it('is escaped in what ps says of a command', async () => {
    await using run = new Run();
    // One argument can hold all of them; the shell runs none.
    const argument = hostileTexts.map(([, text]) => text).join(' ');
    const child = run.start(['run', '--name', 'it', '--', 'perl', '-e', '$0 = "x\\e]0;owned\\a\\n"; sleep 600', argument]);
    await eventually('it runs', () => run.ps()[0]?.state === 'ready');
    const { stdout } = run.call(['ps']);
    assertPlain(stdout, stdout);
    assert.equal(stdout.trimEnd().split('\n').length, 2, stdout);
    for (const [what, , shown] of hostileTexts) assert.ok(stdout.includes(shown), `${what}: ${stdout}`);
    run.call(['kill', '--all', '--now']);
    await eventually('it has ended', () => child.exitCode !== null);
  });

  it('is escaped where an argument is quoted in an error', async () => {
    await using run = new Run();
    const commands = (text: string): string[][] => [
      ['kill', text],
      ['restart', text],
      ['logs', text],
      ['run', '--grace', text, '--', 'true'],
      ['kill', '--port', text],
      [text],
      ['ps', `--${text}`],
    ];
    const all = hostileTexts.map(([, text]) => text).join(' ');
    for (const args of commands(all)) {
      const { stdout, stderr, code } = run.call(args);
      assert.notEqual(code, 0, String(args));
      assertPlain(stdout + stderr, `${args[0]}: ${JSON.stringify(stderr)}`);
      assert.doesNotMatch(stderr, /^forged/m, JSON.stringify(stderr));
      assert.match(stderr, /\\x1b\]0;owned/, JSON.stringify(stderr));
    }
    const { stderr } = run.call(['run', '--', `./no\u001b[31m\nsuch`]);
    assert.match(stderr, /^tree-warden: .*no\\x1b\[31m\\nsuch.*\n$/);
  });

  it('is escaped where a key of processes.json is at fault, and in front of the output of up', async () => {
    await using run = new Run();
    mkdirSync(join(run.workFolder, '.vscode'));
    const declare = (processes: object): void =>
      writeFileSync(join(run.workFolder, '.vscode', 'processes.json'), JSON.stringify({ processes }));
    for (const [what, text] of hostileTexts) {
      declare({ [text]: { command: 'echo hello', [text]: true } });
      const { stdout, stderr } = run.call(['up']);
      assertPlain(stdout + stderr, `${what}: ${JSON.stringify(stderr)}`);
      assert.doesNotMatch(stdout + stderr, /^forged/m, what);
    }
    declare({ web: { command: ['./no\u001b]0;owned\u0007such'] } });
    assertPlain(run.call(['up']).stderr, 'a command that is not there');
  });
});
