/** What counts as a prompt: a table of programs as they were seen on a terminal of Linux, and of such as only look like one. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { InputWait } from '../../../src/platform/platform.ts';
import { promptIn, quietMillis, unfinishedLine } from '../../../src/warden/trees/inputPrompt.ts';
import { assertWithin } from '../../support/hostileText.ts';

const read: InputWait = { by: 'read', canonical: true, echo: true };
const password: InputWait = { by: 'read', canonical: true, echo: false };
const raw: InputWait = { by: 'poll', canonical: false, echo: false };
const rawRead: InputWait = { by: 'read', canonical: false, echo: false };
const poll: InputWait = { by: 'poll', canonical: true, echo: true };
const hidden: InputWait = { by: 'hidden', canonical: true, echo: true };
const hiddenPassword: InputWait = { by: 'hidden', canonical: true, echo: false };

const cases: [what: string, wait: InputWait | undefined, tail: string, prompt: string | undefined][] = [
  ['bash: read -p', read, 'hello\r\nName? ', 'Name?'],
  ['a script that asks without a question mark', read, 'Enter the value> ', 'Enter the value>'],
  ['bash: read -sp', password, 'Password', 'Password'],
  ['sudo, whose process is another user’s', hiddenPassword, '[sudo] password for me: ', '[sudo] password for me:'],
  ['ssh: an unknown host', read, 'Are you sure (yes/no/[fingerprint])? ', 'Are you sure (yes/no/[fingerprint])?'],
  ['python: input() with readline', raw, 'Name: ', 'Name:'],
  ['npm init', raw, 'Press ^C at any time to quit.\r\n\x1b[1G\x1b[0Jpackage name: (foo) \x1b[21G', 'package name: (foo)'],
  ['npx', raw, 'create-vite@5\r\n\x1b[1G\x1b[0JOk to proceed? (y) \x1b[20G', 'Ok to proceed? (y)'],
  ['node: readline without a terminal', poll, 'Which port? ', 'Which port?'],
  ['inquirer', raw, '\x1b[32m?\x1b[39m Project name \x1b[2m›\x1b[22m my-app', '? Project name › my-app'],
  ['apt', read, 'Do you want to continue? [Y/n] ', 'Do you want to continue? [Y/n]'],
  ['a choice in raw mode', raw, 'Overwrite [y/N]', 'Overwrite [y/N]'],
  ['read -n1', rawRead, 'Press any key to continue . . . ', 'Press any key to continue . . .'],
  ['a prompt that was drawn again', raw, 'Name: \r\x1b[KName: ', 'Name:'],
  // Shells, and those of languages and databases.
  ['bash', raw, 'me@host:~/work$ ', undefined],
  ['dash', read, '# ', undefined],
  ['zsh', raw, 'me@host ~ % ', undefined],
  ['starship', raw, 'work on main ❯ ', undefined],
  ['python', raw, '>>> ', undefined],
  ['python without readline', read, '>>> ', undefined],
  ['node', raw, 'Welcome to Node.js v24.\r\n\x1b[1G\x1b[0J> \x1b[3G', undefined],
  ['irb', raw, 'irb(main):001:0> ', undefined],
  ['mysql', read, 'mysql> ', undefined],
  ['psql', raw, 'db=# ', undefined],
  ['gdb', raw, '(gdb) ', undefined],
  ['pdb', read, '(Pdb) ', undefined],
  ['IPython', raw, 'In [12]: ', undefined],
  // Servers with shortcuts, pagers, editors.
  ['vite', poll, '  ➜  press h + enter to show help\r\n', undefined],
  ['next', poll, ' ✓ Ready in 1s\r\n', undefined],
  ['jest --watch', raw, ' › Press Enter to trigger a test run.\r\n', undefined],
  ['less', rawRead, '\x1b[7mfile.txt\x1b[27m', undefined],
  ['less, further down', rawRead, ':\x1b[K', undefined],
  ['man', rawRead, ' Manual page ls(1) line 1 (press h for help or q to quit)', undefined],
  ['more', rawRead, '--More--(50%)', undefined],
  // No reader, or nothing that was asked.
  ['a download', undefined, 'Downloading: ', undefined],
  ['a bar in raw mode', raw, 'Building 45% [====>    ]', undefined],
  ['cat', read, '', undefined],
  ['cat, of a file without an end', read, '\x1b[0m \x07', undefined],
  ['another user’s process that echoes', hidden, 'Name? ', undefined],
  ['a finished line', read, 'Name?\r\n', undefined],
];

describe('a prompt', () => {
  for (const [what, wait, tail, prompt] of cases) {
    it(`${what}: ${prompt ?? 'none'}`, () => assert.equal(promptIn({ wait, tail, quietFor: quietMillis }), prompt));
  }

  it('is none before it has been quiet for three seconds', () => {
    assert.equal(promptIn({ wait: read, tail: 'Name? ', quietFor: quietMillis - 1 }), undefined);
  });

  it('is shown by its end', () => {
    const prompt = promptIn({ wait: read, tail: `${'x'.repeat(4000)} Name?`, quietFor: quietMillis });
    assert.equal(prompt?.length, 200);
    assert.match(prompt ?? '', /x Name\?$/);
  });

  it('is found in time in whatever was printed', () => {
    for (const part of ['(', '[y', '\x1b[1G', '\r', '\x1b]0;', 'press ', ': (', '? ', '>']) {
      const tail = part.repeat(Math.floor(4096 / part.length));
      assertWithin(100, JSON.stringify(part), () => {
        for (const wait of [read, raw]) promptIn({ wait, tail, quietFor: quietMillis });
        unfinishedLine(tail);
      });
    }
  });
});
