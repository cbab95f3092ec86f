/**
 * Makes the VSIX. The native packages come along with the prebuilt binaries of the target only, and what was packed is run
 * once, far from this folder's own packages, before it is called good.
 *   node src/build/package.ts [linux-x64|linux-arm64]      default: this machine's
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { arch, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import manifest from '../../package.json' with { type: 'json' };
import { noticesFor } from './notices.ts';
import { root } from './paths.ts';

const own = `linux-${arch()}`;
const target = process.argv[2] ?? own;
const file = join(root, `${manifest.name}-${target}-${manifest.version}.vsix`);
const stage = mkdtempSync(join(tmpdir(), 'tree-warden-package-'));

try {
  execFileSync(process.execPath, [join(root, 'src', 'build', 'bundle.ts')], { stdio: 'inherit' });
  for (const name of ['package.json', 'package.nls.json', 'README.md', 'CHANGELOG.md', 'LICENSE', '.vscodeignore', 'l10n', 'media'])
    copy(name);
  for (const name of readdirSync(join(root, 'dist'))) if (!/\.map$|^inputs\.json$/.test(name)) copy(join('dist', name));
  const koffi = join('node_modules', '@koromix', `koffi-${target}`);
  if (!existsSync(join(root, koffi)))
    throw new Error(`The prebuilt koffi for ${target} is not installed here; run this on such a machine.`);
  for (const path of [koffi, join('node_modules', 'koffi')]) copy(path, join('dist', path));
  for (const name of ['package.json', 'LICENSE', 'lib', join('prebuilds', target)])
    copy(join('node_modules', 'node-pty', name), join('dist', 'node_modules', 'node-pty', name));
  const inputs = JSON.parse(readFileSync(join(root, 'dist', 'inputs.json'), 'utf8')) as string[];
  writeFileSync(join(stage, 'THIRD-PARTY-NOTICES.txt'), noticesFor([...inputs, 'node_modules/koffi/', 'node_modules/node-pty/']));
  if (target === own) await tryOut();
  execFileSync(
    'vsce',
    ['package', '--no-dependencies', '--allow-missing-repository', '--no-rewrite-relative-links', '--target', target, '--out', file],
    { cwd: stage, stdio: 'inherit' },
  );
} finally {
  rmSync(stage, { recursive: true, force: true });
}

/** Sources, tests, maps and documentation of other packages stay behind. */
function copy(from: string, to = from): void {
  const unwanted = /\.(c|cc|cpp|h|hh|inc|S|asm|map|md|d\.ts|test\.js)$|[/\\](doc|vendor|cmake)$|cnoke|CMakeLists/;
  cpSync(join(root, from), join(stage, to), { recursive: true, filter: (path) => !unwanted.test(path) || !path.includes('node_modules') });
}

/** Where native calls, terminals and models work. */
async function tryOut(): Promise<void> {
  const env = { ...process.env, TREE_WARDEN_RUNTIME_DIR: join(stage, 'runtime'), XDG_STATE_HOME: join(stage, 'state') };
  const cli = join(stage, 'dist', 'cli.js');
  // A word on stderr is a missing file.
  const { stdout, status } = spawnSync('script', ['-qec', `${process.execPath} ${cli} run -- tty`, '/dev/null'], {
    cwd: stage,
    env,
    encoding: 'utf8',
  });
  if (status !== 0 || !/^\/dev\/pts\/\d+\s*$/.test(stdout)) throw new Error(`What was packed does not work: ${stdout}`);
  mkdirSync(join(stage, '.vscode'));
  const server = 'require("node:http").createServer((_, response) => response.end("served")).listen(process.argv[1], "127.0.0.1")';
  const models = { tried: { runtime: 'custom', command: [process.execPath, '-e', server, '${port}'] } };
  writeFileSync(join(stage, '.vscode', 'processes.json'), JSON.stringify({ models }));
  const gateway = spawn(process.execPath, [cli, 'gateway', '--json'], { cwd: stage, env, stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [line] = (await once(createInterface({ input: gateway.stdout }), 'line')) as [string];
    const { url, token } = JSON.parse(line) as { url: string; token: string };
    const answer = await (await fetch(`${url}/upstream/tried/`, { headers: { authorization: `Bearer ${token}` } })).text();
    if (answer !== 'served') throw new Error(`What was packed serves no models: ${answer}`);
  } finally {
    gateway.kill('SIGTERM');
    await once(gateway, 'exit');
  }
  for (const folder of ['runtime', 'state', '.vscode']) rmSync(join(stage, folder), { recursive: true, force: true });
}
