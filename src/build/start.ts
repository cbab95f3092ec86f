/** `npm start`: builds, and opens a real VS Code with the extension on a sample workspace, its view open and a process running; Ctrl-C ends everything. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import manifest from '../../package.json' with { type: 'json' };
import { editorAnswers, ensureEditorHost, startEditor } from './editorHost.ts';
import { cacheFolder, root } from './paths.ts';

/** An extension that opens the view. */
const opener = join(root, 'src', 'build', 'sample-opener');

const workspace = join(cacheFolder, 'sample-workspace');
if (!existsSync(workspace)) cpSync(join(root, 'test', 'fixtures', 'sample-workspace'), workspace, { recursive: true });
execFileSync(process.execPath, [join(root, 'src', 'build', 'bundle.ts')], { cwd: root, stdio: 'inherit' });

const desktop = spawnSync('code', ['--version'], { encoding: 'utf8' });
const hasDisplay = process.env['DISPLAY'] !== undefined || process.env['WAYLAND_DISPLAY'] !== undefined;
if (desktop.status === 0 && hasDisplay) openDesktop();
else await serveBrowser();

/** The user's own VS Code, with this folder as an extension under development. */
function openDesktop(): void {
  console.log(`Opening VS Code ${desktop.stdout.split('\n')[0]} on ${workspace}; close its window to end.`);
  spawnSync('code', ['--wait', '--new-window', `--extensionDevelopmentPath=${root}`, `--extensionDevelopmentPath=${opener}`, workspace], {
    stdio: 'inherit',
  });
}

async function serveBrowser(): Promise<void> {
  ensureEditorHost();
  const dataFolder = join(cacheFolder, 'start');
  mkdirSync(dataFolder, { recursive: true });
  const port = await freePort(8421);
  const editor = startEditor({ dataFolder, workspace, port, extensions: [opener] });
  await editorAnswers(port, editor);
  console.log(
    `\n  ${manifest.displayName} in VS Code: http://127.0.0.1:${port}/\n\n  It opens on the Processes view, with a dev server running. Start the others, and watch. Ctrl-C ends everything.\n`,
  );
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => editor.kill('SIGTERM'));
  await new Promise((resolve) => editor.once('exit', resolve));
  console.log('Ended.');
}

/** The wanted port, so that a bookmark stays good, or any other where it is taken. */
function freePort(wanted: number): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(freePort(0)));
    server.listen(wanted, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address ? address.port : wanted;
      server.close(() => resolve(port));
    });
  });
}
