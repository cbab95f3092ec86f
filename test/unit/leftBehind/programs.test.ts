import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { programLabel } from '../../../src/leftBehind/programLabel.ts';
import { holdsSession } from '../../../src/leftBehind/programs.ts';
import { cpuMillisOf } from '../../support/cpuTime.ts';

const labels: readonly [string, readonly string[], string?][] = [
  ['vite', ['node', '/shop/node_modules/.bin/vite', '--port', '5173']],
  ['vite', ['/usr/bin/node', '--max-old-space-size=4096', '/shop/node_modules/vite/bin/vite.js']],
  ['next', ['node', '/shop/node_modules/.pnpm/next@15.0.0/node_modules/next/dist/bin/next', 'dev']],
  ['@angular/cli', ['node', '/shop/node_modules/@angular/cli/bin/ng.js', 'serve']],
  ['node server.js', ['node', '-r', 'dotenv/config', 'src/server.js']],
  ['node', ['node', '--import']],
  ['node -e', ['node', '-e', 'setInterval(() => {}, 1)']],
  ['next-server (v15.0.0)', ['next-server (v15.0.0)'], 'next-server'],
  ['http.server', ['python3', '-m', 'http.server', '8000']],
  ['python3.12 app.py', ['/usr/bin/python3.12', '-X', 'dev', '/shop/app.py']],
  ['ruby puma', ['ruby', '/usr/bin/puma', '-p', '3000']],
  ['java app.jar', ['/usr/bin/java', '-Xmx1g', '-jar', 'target/app.jar']],
  ['npm run dev', ['npm run dev'], 'npm run dev'],
  ['sleep 100 & wait', ['sh', '-c', 'sleep 100 & wait']],
  ['API_TOKEN=••• node server.js', ['sh', '-c', 'API_TOKEN=s3cr3tv4lue node server.js']],
  ['bash dev.sh', ['bash', './dev.sh']],
  ['redis-server', ['/usr/bin/redis-server', '*:6379']],
  ['worker', [], 'worker'],
];

describe('the label of a program', () => {
  for (const [label, argv, name = 'node'] of labels)
    it(`is '${label}' for ${argv.join(' ') || 'no command line'}`, () => {
      assert.equal(programLabel({ name, argv }), label);
    });

  it('is short, whatever the script is', () => {
    assert.ok(programLabel({ name: 'sh', argv: ['sh', '-c', 'x'.repeat(1e6)] }).length <= 61);
  });
});

describe('a program that holds a session', () => {
  it('is not one that only has such a word in its arguments, or such a script', () => {
    for (const argv of [
      ['node', 'code.js'],
      ['node', 'script.js', '--editor', 'vim'],
      ['python3', 'batch.py'],
      ['grep', '-r', 'tmux', '.'],
      ['/shop/node_modules/electron/dist/electron', '.', '--type=renderer'],
      ['/home/me/.cache/ms-playwright/chromium-1/chrome-linux/chrome', '--remote-debugging-pipe', '--no-sandbox'],
      ['firefox', '-headless', '-juggler-pipe'],
      ['chrome', '--type=zygote'],
      ['turbo', 'run', 'dev'],
      ['nx', 'serve'],
      ['bun', 'run', 'dev'],
    ])
      assert.ok(!holdsSession({ name: 'node', argv }), argv.join(' '));
  });

  it('is told in time from a command line of a megabyte', () => {
    const argv = Array.from({ length: 100_000 }, () => 'turbo turbo ');
    assert.ok(cpuMillisOf(() => holdsSession({ name: 'x', argv })) < 1000);
  });
});
