/** One package as a user installs it, in a fresh editor. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { machineCodeIn, makeVsix } from '../../src/build/vsix/makeVsix.ts';
import { Editor } from './editor.ts';
import { eventually } from './run.ts';

const project = fileURLToPath(new URL('../fixtures/first-workspace', import.meta.url));
const processes = {
  server: {
    command: ['node', '-e', 'require("http").createServer((_, answer) => answer.end()).listen(process.env.PORT, "127.0.0.1")'],
    env: { PORT: '${port:server}' },
  },
  strays: { command: 'trap "" TERM; (setsid sleep 1000 &); (setsid sh -c "sleep 1000 & sleep 1000" &); sleep 1000', containment: 'group' },
};

/**
 * `native`: the packages that have machine code in it, in the order of their names; `shortcomings`: what the window says when the first process is
 * started.
 */
export function describePackage(target: string, native: readonly string[], shortcomings: readonly string[]): void {
  describe(`the package for ${target}`, () => {
    let editor: Editor;
    let folder: string;
    const installed = (): string => {
      const extensions = join(editor.run.folder, 'editor', 'ext');
      const [found] = readdirSync(extensions).filter((name) => name.startsWith('tree-warden.tree-warden-'));
      assert.ok(found, 'it is installed');
      return join(extensions, found);
    };
    before(async () => {
      folder = mkdtempSync(join(tmpdir(), 'tw-vsix-'));
      const began = performance.now();
      const vsix = await makeVsix({ target, folder });
      const packed = performance.now();
      editor = await Editor.open({ workspace: project, vsix });
      const [packing, opening] = [packed - began, performance.now() - packed].map((millis) => (millis / 1000).toFixed(1));
      console.log(`${target}: packed in ${packing} s, installed and opened in ${opening} s`);
    });
    after(async () => {
      await editor?.[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    });

    it('has what it runs, for this machine only', () => {
      const files = readdirSync(installed(), { recursive: true, encoding: 'utf8' });
      assert.deepEqual(
        files.filter(
          (file) => /(^|\/)(src|test)$|\.(map|test\.js|pdb|vsix)$|(?<!\.d)\.ts$/.test(file) && !/node_modules\/koffi\/src/.test(file),
        ),
        [],
      );
      for (const file of ['LICENSE.txt', 'THIRD-PARTY-NOTICES.txt', 'readme.md', 'changelog.md'])
        assert.ok(
          files.some((one) => one.toLowerCase() === file.toLowerCase()),
          file,
        );
      const code = machineCodeIn(installed());
      assert.deepEqual(
        code.map(({ file }) => relative(join('dist', 'node_modules'), relative(installed(), file)).split('/')[0]).sort(),
        [...native].sort(),
      );
      assert.deepEqual(
        code.filter(({ made }) => made !== target),
        [],
      );
      const notices = readFileSync(join(installed(), 'THIRD-PARTY-NOTICES.txt'), 'utf8');
      assert.equal(/^koffi /m.test(notices), native.length > 0);
      assert.equal(/^node-pty /m.test(notices), native.length > 0);
    });

    it('runs what it finds in a project without a file, and says how firmly it holds it', async () => {
      await editor.showProcesses();
      await editor.waitForRow('dev', /idle/);
      await editor.pressOnRow('dev', 'Run Found Process', /, live/);
      await editor.waitForRow('dev', /, live, .* MB {2}:\d+$/);
      if (shortcomings.length > 0) assert.equal(await editor.notification(/not available/), shortcomings.join(' '));
      await editor.screenshot(`packaged-${target}`);
      await editor.command('Notifications: Clear All Notifications');
      await editor.warden('Stop All');
      await editor.waitForRow('dev', /, ended/);
      assert.deepEqual(editor.workers, []);
    });

    it('starts, shows and stops what a file declares', async () => {
      mkdirSync(join(editor.workspace, '.vscode'));
      writeFileSync(join(editor.workspace, '.vscode', 'processes.json'), JSON.stringify({ processes }));
      await editor.waitForRow('server', /idle/);
      await editor.start('server');
      await editor.waitForRow('server', /, live, .* MB {2}:\d+$/);
      await editor.start('strays');
      await eventually('all of it runs', () => editor.workers.length >= 6);
      await editor.screenshot(`packaged-${target}-declared`);
      await editor.warden('Kill Now', 'strays');
      await editor.waitForRow('strays', /, ended/);
      await eventually('only the server runs', () => editor.workers.length === 1);
    });

    it('leaves nothing when the window is closed', async () => {
      await editor.start('strays');
      await eventually('all of it runs', () => editor.workers.length >= 6);
      await editor.page.close();
      await eventually('no process is left', () => editor.workers.length === 0, 30_000);
    });
  });
}
