/** A request as a command line: it says to a shell what it said to the gateway, and has no key in it. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { curlCommand } from '../../../src/client/curlCommand.ts';
import { holdsFor } from '../../support/property.ts';

const of = { url: 'http://127.0.0.1:4321', path: '/v1/chat/completions', contentType: 'application/json', body: '{"model":"m"}' };

/** The words of the command, as sh understands them. */
function wordsOf(command: string): string[] {
  const script = `curl() { printf '%s\\0' "$@"; }\n${command}`;
  return execFileSync('sh', ['-c', script], { env: { TREE_WARDEN_TOKEN: 'hush' }, encoding: 'utf8' })
    .split('\0')
    .slice(0, -1);
}

describe('a request as a command line', () => {
  it('is readable', () => {
    assert.equal(
      curlCommand(of),
      `curl --globoff 'http://127.0.0.1:4321/v1/chat/completions' \\
  -H "Authorization: Bearer $TREE_WARDEN_TOKEN" \\
  -H 'Content-Type: application/json' \\
  --data-raw '{"model":"m"}'`,
    );
  });

  it('says the same to a shell, whatever is in it', async () => {
    const text = fc.string({ unit: 'grapheme' });
    await holdsFor(
      fc.tuple(text, text, fc.constantFrom("it's", '$(id)', '`id`', '\\', '"', '\n', '!', '@file')),
      ([path, body, trap]) => {
        const words = wordsOf(curlCommand({ ...of, path: `/${path}${trap}`, body: `${trap}${body}${trap}` }));
        assert.deepEqual(words, [
          ...['--globoff', `${of.url}/${path}${trap}`, '-H', 'Authorization: Bearer hush', '-H', 'Content-Type: application/json'],
          ...['--data-raw', `${trap}${body}${trap}`],
        ]);
      },
      0.15,
    );
  });
});
