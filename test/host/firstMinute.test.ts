/** The first minute in a project that has no processes.json: what is found, run, kept, and wrong. The pictures of the walkthrough are its screenshots. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Locator } from 'playwright-core';
import { Editor } from '../support/editor.ts';
import { eventually } from '../support/run.ts';

const project = fileURLToPath(new URL('../fixtures/first-workspace', import.meta.url));

describe('a project without a processes.json', () => {
  let editor: Editor;
  const file = (): string => join(editor.workspace, '.vscode', 'processes.json');
  const lenses = (): Promise<string> =>
    editor.page
      .locator('.editor-instance .codelens-decoration')
      .allInnerTexts()
      .then((texts) => texts.join('\n').replaceAll('\u00a0', ' '));
  const leader = (): number | undefined => editor.run.ps().find(({ name }) => name === 'dev')?.leader.pid;
  const opened = performance.now();
  let clicked = opened;
  before(async () => {
    editor = await Editor.open({ workspace: project });
  });
  after(() => editor[Symbol.asyncDispose]());

  it('shows what was found in it, what keeps running first', async () => {
    clicked = performance.now();
    await editor.showProcesses();
    await editor.waitForRow('dev', /idle/);
    assert.deepEqual(await editor.rowTexts(), [
      'Found in this workspace, group, 6',
      'dev, idle, npm run dev  package.json',
      'make serve, idle, Makefile',
      'build, idle, npm run build  package.json',
      'lint, idle, npm run lint  package.json',
      'test, idle, npm run test  package.json',
      'make deploy, idle, Makefile',
    ]);
    await editor.screenshot('found');
    await editor.screenshot('walkthrough/open', { x: 0, y: 36, width: 640, height: 240 });
    assert.deepEqual(editor.wardenPids, [], 'nothing has been started for it');
    assert.equal(existsSync(join(editor.workspace, '.vscode')), false, 'nothing has been written');
  });

  it('runs one of them guarded by one more click', async () => {
    await editor.pressOnRow('dev', 'Run Found Process', /, live/);
    await editor.waitForRow('dev', /, live, .* MB {2}:\d+$/);
    const [whole, own] = [opened, clicked].map((since) => ((performance.now() - since) / 1000).toFixed(1));
    console.log(`"npm run dev" is seen running ${whole} s after the start of the editor, ${own} s after the first of two clicks`);
    await editor.waitForTerminal(/Local: http/);
    await editor.expand('dev');
    await editor.expand('sh');
    await eventually(
      'its processes are shown',
      async () => (await editor.rowTexts()).filter((text) => /, member, /.test(text)).length >= 2,
    );
    await editor.screenshot('walkthrough/run', { x: 0, y: 36, width: 800, height: 660 });
    assert.equal(editor.run.ps().filter(({ name }) => name === 'dev').length, 1);
  });

  it('stops it, and starts it again, by its own buttons', async () => {
    await editor.hover('dev', 'Open files:');
    const before = leader();
    await editor.pressOnRow('dev', 'Restart', () => ![before, undefined].includes(leader()));
    await editor.waitForRow('dev', /, live, .* MB {2}:\d+$/);
    await editor.pressOnRow('dev', 'Stop', /, ended, stopped by the user/);
    assert.deepEqual(editor.workers, []);
    await editor.pressOnRow('dev', 'Run Found Process', /, live/);
    await editor.waitForRow('dev', /, live, .* MB {2}:\d+$/);
  });

  it('hides one of them, until it is asked for', async () => {
    await editor.pressOnRow('lint', 'Hide Found Process', async () => !(await editor.rowTexts()).some((text) => text.startsWith('lint,')));
    await editor.warden('Show Hidden Processes');
    await editor.waitForRow('lint', /idle/);
  });

  it('keeps what runs in a new file, without touching it', async () => {
    const before = leader();
    await editor.pressOnRow('dev', 'Keep in processes.json', () => existsSync(file()) && readFileSync(file(), 'utf8') !== '');
    assert.match(readFileSync(file(), 'utf8'), /\/\/ from package\.json\n {4}"dev": \{\n {6}"command": "npm run dev"\n {4}\}/);
    await eventually('it stands among the declared', async () => /^dev, live, .*:\d+$/.test((await editor.rowTexts())[0] ?? ''));
    assert.equal(leader(), before);
    // Behind it, with a comment that stays.
    writeFileSync(file(), readFileSync(file(), 'utf8').replace('\n    }\n', '\n    } // mine\n'));
    await editor.pressOnRow('make serve', 'Keep in processes.json', () =>
      /\} {0,1}, \/\/ mine\n {4}"make serve"/.test(readFileSync(file(), 'utf8')),
    );
    await editor.waitForRow('make serve', /idle/);
    await editor.screenshot('kept');
  });

  it('has Start, Stop and what runs above the lines of its files', async () => {
    await editor.openFile('processes.json');
    await eventually('the lenses are there', async () =>
      /■ Stop\D+↻ Restart\D+running, \d+ (s|min), :\d+[\s\S]*▶ Start/.test(await lenses()),
    );
    await editor.screenshot('walkthrough/keep', { x: 0, y: 36, width: 800, height: 350 });
    await editor.openFile('package.json');
    await eventually(
      'the lenses are there',
      async () => ((await lenses()).match(/▶ Start/g) ?? []).length === 3 && /running/.test(await lenses()),
    );
    await editor.screenshot('lenses');
    // They say for how long it runs: one that is just drawn anew takes no click.
    const press = async (lens: Locator, row: RegExp): Promise<void> =>
      await editor.pressUntil(
        () => lens.click({ timeout: 5000 }),
        async () => (await editor.rowTexts()).some((text) => row.test(text)),
        `${row} by its lens`,
      );
    await press(editor.page.locator('.editor-instance .codelens-decoration a', { hasText: '■ Stop' }), /^dev, ended, stopped by the user/);
    assert.deepEqual(editor.workers, []);
    const ended = editor.page.locator('.editor-instance .codelens-decoration', { hasText: 'stopped by the user' });
    await press(ended.locator('a', { hasText: '▶ Start' }), /^dev, live, /);
    await editor.waitForRow('dev', /, live, .* MB {2}:\d+$/);
  });

  it('has a row for a mistake, which opens its place', async () => {
    const text = readFileSync(file(), 'utf8');
    writeFileSync(file(), text.replace('"processes": {', '"processes": {\n    "api": { "comand": "node api.js" },'));
    await editor.waitForRow('api', /, error, command: must be a line/);
    await eventually('it has the icon', async () => (await editor.row('api').locator('.codicon-error').count()) === 1);
    await editor.screenshot('mistake');
    await editor.pressUntil(
      () => editor.row('api').click({ timeout: 5000 }),
      async () => /Ln 4/.test(await editor.page.locator('.statusbar').innerText()),
      'the cursor is there',
    );
    // What was right before is used as it was.
    writeFileSync(file(), text.replace('"command": "npm run dev"', '"command": "npm run dev", "stop": "SIGNOTHING"'));
    await editor.waitForRow('dev', /, live, .*mistake in processes\.json: stop/);
    writeFileSync(file(), text);
    await editor.waitForRow('dev', /, live, .* MB {2}:\d+$/);
  });

  it('shows in the dashboard what was found and kept', async () => {
    await editor.warden('Open Dashboard');
    const frame = editor.page.frameLocator('iframe.webview').frameLocator('iframe');
    await frame.getByText('dev').first().waitFor({ timeout: 15_000 });
    await editor.page.waitForTimeout(4000);
    await editor.screenshot('walkthrough/dashboard', { x: 352, y: 36, width: 848, height: 440 });
  });

  it('has nothing left when the window is closed', async () => {
    await editor.warden('Stop All');
    await editor.waitForRow('dev', /, ended/);
    await editor.screenshot('walkthrough/close', { x: 0, y: 36, width: 800, height: 660 });
    await editor.warden('Start', 'dev');
    await editor.waitForRow('dev', /, live/);
    await editor.page.close();
    await eventually('no process is left', () => editor.workers.length === 0, 30_000);
  });
});

describe('the view without a row', () => {
  let editor: Editor;
  const folder = (): string => join(editor.workspace, '.vscode');
  const welcome = (text: RegExp): Promise<void> =>
    eventually(`the view says ${text}`, async () =>
      text.test(
        await editor.page
          .locator('.welcome-view-content')
          .first()
          .innerText({ timeout: 1000 })
          .catch(() => ''),
      ),
    ).then(() => undefined);
  before(async () => {
    editor = await Editor.open({ workspace: null });
    await editor.showProcesses();
  });
  after(() => editor[Symbol.asyncDispose]());

  it('says that nothing was found', async () => {
    await welcome(/none were found in it/);
    await editor.screenshot('welcome-nothing');
  });

  it('says that what was found is hidden', async () => {
    writeFileSync(join(editor.workspace, 'Procfile'), 'web: sleep 1000\n');
    await editor.waitForRow('web', /idle, sleep 1000/);
    await editor.pressOnRow('web', 'Hide', async () => !(await editor.rowTexts()).some((text) => text.startsWith('web,')));
    await welcome(/are hidden/);
    await editor.screenshot('welcome-hidden');
    await editor.page.locator('.welcome-view-content').getByText('Show Hidden Processes').click();
    await editor.waitForRow('web', /idle/);
    rmSync(join(editor.workspace, 'Procfile'));
    await welcome(/none were found in it/);
  });

  it('says that a file is empty, or broken', async () => {
    mkdirSync(folder());
    writeFileSync(join(folder(), 'processes.json'), '{ "processes": {} }');
    await welcome(/declares no processes yet/);
    await editor.screenshot('welcome-empty');
    writeFileSync(join(folder(), 'processes.json'), '{ "processes": ');
    await welcome(/cannot be read because of an error/);
    await editor.screenshot('welcome-broken');
  });

  it('has a walkthrough, with a picture of each step', async () => {
    // In a narrower window, the editor leaves the pictures out.
    await editor.page.setViewportSize({ width: 1500, height: 860 });
    await editor.command('Welcome: Open Walkthrough...');
    await editor.pick('Run Your Project Without Leftovers', 'contains');
    const walkthrough = editor.page.locator('.gettingStartedContainer');
    await walkthrough.getByText('Open the Processes view').first().waitFor();
    const picture = walkthrough.locator('.getting-started-media img').first();
    for (const [title, file] of [
      ['Run something', 'run'],
      ['Keep it', 'keep'],
      ['See what it uses', 'dashboard'],
      ['Close the window: nothing is left', 'close'],
    ] as const) {
      await walkthrough.getByText(title, { exact: true }).click();
      await eventually(`there is the picture of “${title}”`, async () => {
        const drawn = await picture.evaluate((image) => {
          const { currentSrc, naturalWidth } = image as unknown as { readonly currentSrc: string; readonly naturalWidth: number };
          return { currentSrc, naturalWidth };
        });
        // Not that of the step before.
        return drawn.naturalWidth > 0 && decodeURIComponent(drawn.currentSrc).includes(`walkthrough/${file}.png`);
      });
      if (title === 'Run something') await editor.screenshot('walkthrough');
    }
  });
});
