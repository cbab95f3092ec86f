/** Readiness, restarts and pools, in a real VS Code. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Editor } from '../support/editor.ts';
import { eventually } from '../support/run.ts';

/** Says that it was started, and listens a moment later. */
const server = `
  const { existsSync, appendFileSync } = require('node:fs');
  appendFileSync('starts', process.argv[1] + '\\n');
  const answer = (_request, response) => response.writeHead(existsSync('ill') ? 503 : 200).end();
  setTimeout(() => require('node:http').createServer(answer).listen(Number(process.argv[2]), '127.0.0.1'), 100);`;

describe('a pool', () => {
  let editor: Editor;
  const file = (name: string): string => join(editor.workspace, name);
  const declare = (instances: number, env: Record<string, string> = {}): void => {
    const probe = { http: 'http://127.0.0.1:${port:api}/', period: '200ms', failureThreshold: 2 };
    const api = { group: 'app', env, instances, ready: probe, command: ['node', '-e', server, '${instance}', '${port:api}'] };
    const moody = {
      command: 'echo "out of luck"; sleep 0.2; exit 3',
      restart: { when: 'on-failure', maxRestarts: 1, delay: '100ms' },
    };
    const patient = { command: 'sleep 0.2; exit 3', restart: { when: 'on-failure', delay: '1h', maxDelay: '1h' } };
    writeFileSync(file('.vscode/processes.json'), JSON.stringify({ processes: { api, moody, patient } }));
  };
  const instances = (): string[] =>
    editor.run
      .ps()
      .map(({ name }) => name)
      .filter((name) => name.startsWith('api'))
      .sort();

  before(async () => {
    editor = await Editor.open();
    declare(2);
    await editor.showProcesses();
    await editor.waitForRow('api', /, idle/);
  });
  after(() => editor[Symbol.asyncDispose]());

  it('starts as one, and is ready when each of it is', async () => {
    await editor.expand('api');
    await editor.waitForRow('api#2', /, idle/);
    await editor.pressOnRow('api', 'Start', /, live/);
    await editor.waitForRow('api', /, live, 2\/2 ready {2}\d/);
    assert.deepEqual(instances(), ['api', 'api#2']);
    await editor.screenshot('pool');
  });

  it('shows which of it is unhealthy', async () => {
    writeFileSync(file('ill'), '');
    await editor.waitForRow('api#2', /unhealthy/);
    await editor.waitForRow('api', /0\/2 ready/);
    await editor.hover('api#2', 'Health: unhealthy, http://127.0.0.1:');
    await editor.page.mouse.move(700, 300);
    editor.run.call(['run', '--', '/bin/rm', file('ill')]);
    await editor.waitForRow('api', /2\/2 ready/);
  });

  it('is scaled while it runs, up and down, by command and by its file', async () => {
    await editor.warden('Scale…', 'api');
    const input = editor.page.locator('.quick-input-widget .quick-input-box input');
    await input.fill('0');
    await editor.page.locator('.quick-input-message').filter({ hasText: 'Enter a whole number from 1 to 64.' }).waitFor();
    await input.fill('4');
    await input.press('Enter');
    await editor.waitForRow('api', /4\/4 ready/);
    assert.deepEqual(instances(), ['api', 'api#2', 'api#3', 'api#4']);
    declare(3);
    await eventually('one is stopped', () => instances().length === 3);
    assert.deepEqual(instances(), ['api', 'api#2', 'api#3']);
    await editor.waitForRow('api', /3\/3 ready/);
    await eventually('its row is gone', async () => (await editor.row('api#4').count()) === 0);
    assert.equal(readFileSync(file('starts'), 'utf8').split('\n').length - 1, 4, 'nothing was started anew');
  });

  it('restarts one after the other', async () => {
    const before = new Map(editor.run.ps().map(({ name, leader }) => [name, leader.pid]));
    const now = () => editor.run.ps().filter(({ name }) => name.startsWith('api'));
    await editor.pressOnRow('api', 'Restart', () => now().some(({ name, leader }) => leader.pid !== before.get(name)));
    await eventually(
      'each has another leader',
      () => now().length === 3 && now().every(({ name, leader, state }) => state === 'ready' && leader.pid !== before.get(name)),
    );
    assert.deepEqual(readFileSync(file('starts'), 'utf8').trim().split('\n').slice(-3), ['1', '2', '3']);
  });

  it('says what is changed in its file, and applies that when it is restarted', async () => {
    declare(3, { NEW: 'value' });
    await editor.waitForRow('api#2', /changed; restart to apply/);
    const starts = readFileSync(file('starts'), 'utf8');
    await editor.waitForRow('api', /3\/3 ready.*changed; restart to apply/);
    assert.equal(readFileSync(file('starts'), 'utf8'), starts, 'nothing was started anew');
    await editor.pressOnRow('api#2', 'Restart', /, live, (?!.*changed)/);
    await editor.waitForRow('api#3', /changed; restart to apply/);
  });

  it('stops as one', async () => {
    await editor.pressOnRow('api', 'Stop', /, idle|0\/3 ready/);
    await eventually('no process is left', () => instances().length === 0);
    await editor.waitForRow('api', /, idle/);
  });

  it('shows what is started again, gives up at last, and says what it printed', async () => {
    await editor.warden('Start', 'moody');
    await editor.notification(
      /^'moody' exited with code 3, and will not be restarted: it was restarted once in 10 min\. Last output:\s+out of luck$/,
    );
    await editor.waitForRow('moody', /, ended, exited with code 3/);
    await editor.hover('moody', 'out of luck');
    await editor.page.mouse.move(700, 300);
  });

  it('shows when the next start is, and takes a stop for a no', async () => {
    await editor.warden('Start', 'patient');
    await editor.waitForRow('patient', /, live, restarts at \d\d:\d\d:\d\d {2}exited with code 3/);
    await editor.screenshot('restarting');
    await editor.warden('Stop', 'patient');
    await editor.waitForRow('patient', /, ended, exited with code 3$/);
  });
});
