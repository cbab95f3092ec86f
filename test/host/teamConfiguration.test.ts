/** What several files declare together: listed, followed, underlined where it is wrong, and explained. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Editor } from '../support/editor.ts';
import { eventually } from '../support/run.ts';

const root = 'web/.vscode/processes.json';
const included = 'api/.vscode/processes.json';
const local = 'web/.vscode/processes.local.json';

const files: Record<string, object> = {
  [root]: {
    include: ['../api/.vscode/processes.json'],
    env: { LOG: 'info' },
    defaults: { restart: 'on-failure', limits: { memory: '2g' } },
    processes: {
      node: { disabled: true, command: 'sleep 600' },
      web: { extends: 'node', env: { PORT: '3000' }, dependsOn: ['db'] },
      db: { command: 'touch ../db-was-started' },
    },
  },
  [included]: { processes: { api: { command: 'echo $FROM in $PWD; sleep 600', env: { FROM: 'api' } } } },
};

describe('a workspace of several files', () => {
  let editor: Editor;
  const write = (name: string, content: object | string): void =>
    writeFileSync(join(editor.workspace, name), typeof content === 'string' ? content : JSON.stringify(content, undefined, 2));
  before(async () => {
    editor = await Editor.open({
      workspace: null,
      open: 'web',
      prepare: (folder) => {
        for (const [name, content] of Object.entries(files)) {
          mkdirSync(dirname(join(folder, name)), { recursive: true });
          writeFileSync(join(folder, name), JSON.stringify(content, undefined, 2));
        }
        mkdirSync(join(folder, 'web/.git'));
      },
    });
    await editor.showProcesses();
    await editor.waitForRow('api', /idle/);
  });
  after(() => editor[Symbol.asyncDispose]());

  it('starts an included process in its own folder', async () => {
    await editor.start('api');
    await eventually('it runs there', () => editor.workersIn('api').length > 0);
    await editor.warden('Stop', 'api');
    assert.equal(await editor.row('node').count(), 0, 'a template is not listed');
  });

  it('follows an included file, and underlines what is wrong there', async () => {
    write(included, { processes: { api: { command: 'sleep 600' }, jobs: { command: 'sleep 600' } } });
    await editor.waitForRow('jobs', /idle/);
    await editor.command('Problems: Focus on Problems View');
    write(included, { processes: { api: { command: 'sleep 600', grup: 'x' }, jobs: { command: 'sleep 600' } } });
    const problem = editor.page.locator('.markers-panel .monaco-list-row', { hasText: 'there is no key' });
    await problem.waitFor();
    const file = editor.page.locator('.markers-panel .monaco-list-row', { hasText: 'processes.json' }).first();
    await eventually('it is told of the included file', async () => /api/.test(await file.innerText()));
    await editor.screenshot('a mistake in an included file');
    write(included, files[included] ?? {});
    await problem.waitFor({ state: 'detached' });
  });

  it('has a file of the person, which git can be told to ignore', async () => {
    await editor.warden('Open processes.local.json');
    await editor.press(/is yours alone/, 'Add to .gitignore');
    const ignored = join(editor.workspace, 'web/.gitignore');
    // A file is there before its content is.
    const text = await eventually('git ignores it', () => existsSync(ignored) && (readFileSync(ignored, 'utf8') || undefined));
    assert.equal(text, '/.vscode/processes.local.json\n');
    await editor.screenshot('the file of a person');
    write(local, { env: { LOG: 'debug' }, processes: { web: { limits: { memory: '4g' } }, db: { disabled: true } } });
    await eventually('the database is not listed any more', async () => (await editor.row('db').count()) === 0);
    await editor.start('web');
    await eventually('it runs without it', () => editor.workersIn('web').length > 0);
    assert.ok(!existsSync(join(editor.workspace, 'db-was-started')));
    await editor.warden('Stop', 'web');
  });

  it('starts all but what has a profile that is not active', async () => {
    const service = { command: ['sleep', '600'], pty: false };
    write(included, { processes: { api: service, jobs: { ...service, profiles: ['night'] }, spy: { ...service, profiles: ['debug'] } } });
    await editor.waitForRow('spy', /profile debug/);
    await editor.warden('Select Profiles…');
    await editor.entry('night').click();
    await editor.screenshot('the choice of profiles');
    await editor.page.keyboard.press('Enter');
    await eventually('the row does not name it any more', async () => !/night/.test(await editor.row('jobs').innerText()));
    await editor.warden('Start All');
    for (const name of ['api', 'jobs', 'web']) await editor.waitForRow(name, /%/);
    await editor.screenshot('one of two profiles is active');
    assert.match(await editor.row('spy').innerText(), /profile debug/);
    assert.equal(editor.workersIn('api').length, 2);
    await editor.warden('Stop All');
    await eventually('all have ended', () => editor.workers.length + editor.workersIn('api').length === 0);
    write(included, files[included] ?? {});
  });

  it('says what a process resolves to, and from where', async () => {
    await editor.warden('Show Resolved Configuration', 'web');
    const text = editor.page.locator('.editor-instance .view-lines');
    await eventually('it is shown', async () => /PORT/.test(await text.first().innerText()));
    const lines = (await text.first().innerText()).replaceAll('\u00a0', ' ').split('\n');
    const line = (part: string): string => lines.find((one) => one.includes(part)) ?? '';
    assert.match(line('"LOG"'), /"debug", +\/\/ \.vscode\/processes\.local\.json:3/);
    assert.match(line('"memory"'), /"4g" +\/\/ \.vscode\/processes\.local\.json:8/);
    assert.match(line('"restart"'), /"on-failure" +\/\/ \.vscode\/processes\.json:9/);
    assert.match(line('"command"'), /"sleep 600", +\/\/ \.vscode\/processes\.json:17/);
    assert.match(line('"dependsOn"'), /\["db"\], +\/\/ .* \(without db, which is disabled\)/);
    await editor.screenshot('resolved configuration');
    write(local, { env: { LOG: 'trace' } });
    await eventually('it follows the files', async () => /trace/.test(await text.first().innerText()));
  });
});
