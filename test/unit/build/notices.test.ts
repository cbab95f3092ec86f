import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { noticesFor } from '../../../src/build/notices.ts';

describe('the notices', () => {
  it('have the licence of each package once, also of one that comes without the text', () => {
    const files = ['@xterm/headless/lib-headless/xterm-headless.js', 'zod/index.js', 'zod/v4/index.js'].map(
      (file) => `node_modules/${file}`,
    );
    const notices = noticesFor(['src/cli/main.ts', ...files]);
    assert.deepEqual(
      [...notices.matchAll(/^=+\n(\S+) /gm)].map(([, name]) => name),
      ['@xterm/headless', 'zod'],
    );
    assert.match(notices, /The xterm\.js authors[\s\S]*Permission is hereby granted/);
  });
});
