/** A process that depends on another: what the view says while it waits, and in which order all come and go. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { linesIn } from '../support/declared.ts';
import { Editor } from '../support/editor.ts';
import { eventually } from '../support/run.ts';

function service(name: string): string {
  return `trap 'sleep 0.2; echo ${name} >> ends; exit 0' TERM; echo ${name} >> starts; while :; do sleep 0.05; done`;
}

const processes = {
  web: { command: service('web'), pty: false, dependsOn: ['api'] },
  api: { command: service('api'), pty: false, dependsOn: { db: 'ready', migrate: 'succeeded' } },
  migrate: { command: 'test -e broken && { echo no such table; exit 3; }; exit 0', pty: false, dependsOn: ['db'] },
  db: { command: service('db'), pty: false, ready: { exec: 'test -e go', period: '50ms' } },
};

describe('processes that depend on each other', () => {
  let editor: Editor;
  const file = (name: string): string => join(editor.workspace, name);
  const lines = (name: string): string[] => linesIn(editor.workspace, name);
  before(async () => {
    editor = await Editor.ofProcesses(processes);
  });
  after(() => editor[Symbol.asyncDispose]());

  it('wait in the view with what they wait for, and are called off by a stop', async () => {
    await editor.warden('Start', 'web');
    await editor.waitForRow('db', /starting/);
    await editor.waitForRow('api', /waits for db, migrate/);
    await editor.waitForRow('migrate', /waits for db/);
    await editor.waitForRow('web', /waits for api/);
    await editor.screenshot('waits for others');
    await editor.warden('Stop', 'web');
    await editor.waitForRow('web', /idle/);
    await editor.waitForRow('api', /waits for db, migrate/);
    await eventually('nothing but the database has begun', () => lines('starts').join() === 'db');
  });

  it('come when what they wait for is there', async () => {
    writeFileSync(file('go'), '');
    await eventually('the api runs', () => lines('starts').join() === 'db,api');
    await editor.warden('Start', 'web');
    await eventually('all of them run', () => lines('starts').join() === 'db,api,web');
    await editor.waitForRow('migrate', /, ended, succeeded/);
  });

  it('go in the reverse order', async () => {
    await editor.warden('Stop All');
    await eventually('all have ended', () => lines('ends').length === 3);
    assert.deepEqual(lines('ends'), ['web', 'api', 'db']);
    await eventually('nothing is left', () => editor.workers.length === 0);
  });

  it('say with what they have failed', async () => {
    // Another declaration: what the last one has done well is to be done again.
    const migrate = { ...processes.migrate, description: 'again', env: { AGAIN: '1' } };
    writeFileSync(file('broken'), '');
    writeFileSync(file('.vscode/processes.json'), JSON.stringify({ processes: { ...processes, migrate, last: { command: 'true' } } }));
    // The row of what has ended says nothing of its declaration; that of a process that is new comes with it.
    await editor.waitForRow('last', /idle/);
    await editor.warden('Start', 'web');
    assert.match(await editor.notification(/was not started/), /it needs 'migrate' \(exited with code 3\)/);
    await editor.waitForRow('migrate', /exited with code 3/);
    await editor.waitForRow('web', /, was not started: it needs 'migrate' \(exited with code 3\)/);
    await editor.waitForRow('api', /, was not started: it needs 'migrate' \(exited with code 3\)/);
    await editor.screenshot('fails with what it depends on');
  });
});
