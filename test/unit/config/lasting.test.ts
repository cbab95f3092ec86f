import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { looksLasting } from '../../../src/config/import/lasting.ts';

describe('what keeps running, by its name and its command', () => {
  const cases: [boolean, ...([name: string, command?: string] | [string])[]][] = [
    [
      true,
      ['dev'],
      ['start'],
      ['start:web'],
      ['dev:api'],
      ['web'],
      ['watch-css'],
      ['client:dev'],
      ['storybook'],
      ['preview'],
      ['serve'],
      ['run'],
      ['up'],
    ],
    [true, ['build:watch'], ['test:watch'], ['test', 'vitest --watch'], ['x', 'nodemon .'], ['lint', 'eslint --watch .']],
    [
      false,
      ['build'],
      ['build:web'],
      ['test'],
      ['test:server'],
      ['lint'],
      ['prestart'],
      ['poststart'],
      ['deploy'],
      ['clean:dev'],
      ['stop'],
      ['db:migrate'],
    ],
    [false, ['watchman-info'], ['restart'], ['format', 'prettier --write .'], ['devtools']],
  ];
  for (const [lasts, ...names] of cases)
    for (const [name, command] of names)
      it(`${name} ${command ?? ''} does${lasts ? '' : ' not'}`, () => assert.equal(looksLasting(name, command), lasts));
});
