import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KnownKeys } from '../../../src/config/knownKeys.ts';
import { nearestKey } from '../../../src/config/nearestKey.ts';

describe('the key that an unknown one was probably meant to be', () => {
  const known = new KnownKeys().at(['processes', 'a']);
  const cases: [string, string, string | undefined][] = [
    ['a letter too few', 'comand', 'command'],
    ['two letters changed places', 'evn', undefined],
    ['other capitals', 'ENVFILE', 'envFile'],
    ['the name with underscores', 'env_file', 'envFile'],
    ['what other tools call it, where another key has nearer letters', 'cmd', 'command'],
    ['what docker compose calls it', 'environment', 'env'],
    ['a property of every object', 'constructor', undefined],
    ['nothing like any key', 'xyz', undefined],
    ['no letters', '', undefined],
    ['more letters than any key has', 'command'.repeat(100_000), undefined],
  ];
  for (const [what, written, meant] of cases) it(`${what}: ${meant ?? 'none'}`, () => assert.equal(nearestKey(written, known), meant));

  it('is none where what another tool calls it is no key here', () => assert.equal(nearestKey('cmd', ['path', 'required']), undefined));
});
