import assert from 'node:assert/strict';
import { delimiter } from 'node:path';
import { describe, it } from 'node:test';
import { CannotStartError, resolveExecutable } from '../../../src/command/executable.ts';

describe('a command that is not there', () => {
  const paths: [string, readonly string[], string][] = [
    ['no folder', [], 'which is empty'],
    ['one folder', ['/home/user/private'], '1 folder searched'],
    ['many folders', Array.from({ length: 300 }, (_, index) => `/home/user/private/${index}`), '300 folders searched'],
  ];
  for (const [what, folders, told] of paths)
    it(`is said in one sentence, which does not show the PATH: ${what}`, () => {
      assert.throws(
        () => resolveExecutable('no-such-command', '/', folders.join(delimiter)),
        (error) => error instanceof CannotStartError && error.message === `There is no command 'no-such-command' in the PATH (${told}).`,
      );
    });
});
