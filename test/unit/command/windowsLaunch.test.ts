/** What Windows' own rules make of the lines that we write. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { resolveExecutable } from '../../../src/command/executable.ts';
import { windowsLaunch } from '../../../src/command/windowsLaunch.ts';
import { holdsFor } from '../../support/property.ts';

const shell = 'C:\\windows\\system32\\cmd.exe';
const lineOf = (file: string, ...args: string[]): string => windowsLaunch(file, args, shell).args.join(' ');
const argument = fc
  .array(fc.oneof(fc.string({ maxLength: 4 }), fc.constantFrom('"', '\\', '\\\\"', ' ', '%', '&', '^', '|', '%PATH%', '(', '!', 'ä')))
  .map((parts) => parts.join('').replaceAll(/[\0\r\n]/g, ''));

/** As the C runtime divides it. */
function divide(line: string): string[] {
  const args: string[] = [];
  for (let at = 0; at < line.length; ) {
    if (line[at] === ' ' || line[at] === '\t') {
      at++;
      continue;
    }
    let value = '';
    let quoted = false;
    for (; at < line.length && (quoted || (line[at] !== ' ' && line[at] !== '\t')); at++) {
      const [slashes = ''] = line.slice(at).match(/^\\*/) ?? [];
      const isBeforeQuote = line[at + slashes.length] === '"';
      value += isBeforeQuote ? '\\'.repeat(Math.floor(slashes.length / 2)) : slashes;
      at += slashes.length;
      if (isBeforeQuote) {
        if (slashes.length % 2) value += '"';
        else quoted = !quoted;
      } else if (slashes === '') value += line[at] ?? '';
      else at--;
    }
    args.push(value);
  }
  return args;
}

/** As cmd.exe does before it runs a line, outside of quotes, which none of ours has there: a caret takes the next character with it. */
const withoutCarets = (line: string): string => line.replaceAll(/\^([\s\S])/g, '$1');

/** What is not behind a caret, nor between quotes, means something to cmd.exe. */
function meansSomething(line: string): boolean {
  return /[()%!"<>&|]/.test(line.replaceAll(/\^[\s\S]/g, ''));
}

describe('a line of Windows', () => {
  const cases: [string, string, string[], string][] = [
    ['a program', 'C:\\a b\\x.exe', ['-m', 'a b', '', 'say "x"', 'c\\'], '-m "a b" "" "say \\"x\\"" c\\'],
    ['a line for the shell', shell, ['/d', '/s', '/c', 'echo "it is" & exit 5'], '/d /s /c "echo "it is" & exit 5"'],
    ['a program for the shell', shell, ['/c', 'C:\\a b\\x.cmd', 'c d', 'e'], '/s /c ""C:\\a b\\x.cmd" ^"c^ d^" e"'],
    ['the shell alone', shell, [], ''],
    ['a batch file', 'C:\\n\\npm.cmd', ['run', 'a&b', '100%'], '/d /s /c ""C:\\n\\npm.cmd" ^"run^" ^"a^&b^" ^"100^%^""'],
    [
      'the program of a package',
      'C:\\w\\node_modules\\.bin\\vite.cmd',
      ['a b'],
      '/d /s /c ""C:\\w\\node_modules\\.bin\\vite.cmd" ^^^"a^^^ b^^^""',
    ],
  ];
  for (const [what, file, args, line] of cases) it(`is written for ${what}`, () => assert.equal(lineOf(file, ...args), line));

  it('comes to a program as the arguments that were meant', () =>
    holdsFor(fc.array(argument, { maxLength: 4 }), (args) => assert.deepEqual(divide(lineOf('C:\\x.exe', ...args)), args)));

  for (const [what, file, passes] of [
    ['a batch file', 'C:\\x.cmd', 1],
    ['the program of a package', 'C:\\node_modules\\.bin\\x.cmd', 2],
  ] as const)
    it(`comes through ${what} as the arguments that were meant, and nothing of it is run`, () =>
      holdsFor(fc.array(argument, { maxLength: 4 }), (args) => {
        const [, whole = ''] = lineOf(file, ...args).match(/^\/d \/s \/c ""[^"]*"(.*)"$/s) ?? [];
        let line = whole;
        for (let pass = 0; pass < passes; pass++) {
          assert.ok(!meansSomething(line), line);
          line = withoutCarets(line);
        }
        assert.deepEqual(divide(line), args);
      }));

  it('is refused with a sentence where it cannot be carried', () => {
    assert.throws(() => lineOf('C:\\x.cmd', 'a\nb'), {
      message: /^C:\\x\.cmd is run by cmd\.exe, which cannot take an argument of several lines \("a\\nb"\)\.$/,
    });
    assert.throws(() => lineOf('C:\\x.cmd', 'x'.repeat(9000)), {
      message: /^The command line has 90\d\d characters; cmd\.exe takes 8191\.$/,
    });
    assert.throws(() => lineOf('C:\\x.exe', 'x'.repeat(33_000)), {
      message: /^The command line has 330\d\d characters; Windows takes 32766\.$/,
    });
    assert.doesNotThrow(() => lineOf('C:\\x.exe', 'a\nb'));
  });
});

describe('a program by the suffixes that a system has', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tw-pathext-'));
  const before = process.env['PATHEXT'];
  after(() => {
    if (before === undefined) delete process.env['PATHEXT'];
    else process.env['PATHEXT'] = before;
    rmSync(folder, { recursive: true });
  });
  mkdirSync(join(folder, 'sub'));
  for (const name of ['npm', 'npm.cmd', 'tool.exe', 'tool.cmd', 'plain', 'x.y', 'sub/local', 'sub/local.cmd']) {
    writeFileSync(join(folder, name), '');
    chmodSync(join(folder, name), 0o755);
  }
  const cases: [string, string][] = [
    ['npm', 'npm.cmd'],
    ['npm.cmd', 'npm.cmd'],
    ['NPM.CMD', 'there is none'],
    ['tool', 'tool.exe'],
    ['tool.cmd', 'tool.cmd'],
    ['plain', 'plain'],
    ['x.y', 'x.y'],
    ['./sub/local', 'sub/local.cmd'],
    ['./npm', 'npm.cmd'],
  ];
  for (const [program, file] of cases)
    it(`is found: ${program}`, () => {
      process.env['PATHEXT'] = '.COM;.exe;.cmd';
      const find = (): string => resolveExecutable(program, folder, folder);
      if (file === 'there is none') assert.throws(find);
      else assert.equal(find(), join(folder, file));
      delete process.env['PATHEXT'];
      if (program === 'npm') assert.equal(find(), join(folder, 'npm'));
    });
});
