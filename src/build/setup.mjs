/**
 * Behind `npm start`, `npm test` and `npm run package`: brings a fresh machine to where the rest can run, then goes on there.
 * Plain JavaScript without packages, because it runs on whatever Node is there and before anything is installed.
 *   node src/build/setup.mjs start|test|package [ARGUMENTS]
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const bin = join(root, 'node_modules', '.bin');
const [, , goal, ...args] = process.argv;
/** What goes on there, by goal. */
const scripts = { start: 'start.ts', test: 'runTests.ts', package: 'package.ts' };

const oldestNode = 20;
/** Commands, and the Debian package that has each. Debian's VS Code needs none of them, so `npm start` is told apart. */
const needed = {
  ...(goal !== 'package' && { 'g++': 'g++', make: 'make', python3: 'python3' }),
  ...(goal === 'test' && {
    chromium: 'chromium',
    'redis-server': 'redis-server',
    nginx: 'nginx-light',
    tmux: 'tmux',
    setpriv: 'util-linux',
    ps: 'procps',
    script: 'bsdutils',
  }),
};

function checkMachine() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < oldestNode) fail(`Node ${oldestNode} or newer is needed; this is ${process.version}.`);
  const path = `${process.env.PATH}${delimiter}/usr/sbin${delimiter}/sbin`;
  const isThere = (command) => spawnSync('sh', ['-c', `command -v ${command}`], { env: { ...process.env, PATH: path } }).status === 0;
  const missing = [
    ...new Set(
      Object.entries(needed)
        .filter(([command]) => !isThere(command))
        .map(([, packageName]) => packageName),
    ),
  ];
  if (missing.length > 0) fail(`Missing here; on Debian or Ubuntu: sudo apt-get install -y --no-install-recommends ${missing.join(' ')}`);
}

/** Installs what the lock file says, unless that very lock file has been installed. */
function installPackages() {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  const mark = join(root, 'node_modules', '.installed-lock');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === lock && existsSync(join(bin, 'node'))) return;
  console.log('Installing packages…');
  // Not `npm ci`: that one insists on the optional packages of every platform, which a lock file made on one may lack.
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: root, stdio: 'inherit' });
  // Some versions of npm leave install scripts out until they are approved; the Node that everything else runs on comes by one.
  if (!existsSync(join(bin, 'node')))
    execFileSync('npm', ['rebuild', 'node', 'esbuild', '--ignore-scripts=false', '--loglevel=error'], { cwd: root, stdio: 'inherit' });
  mkdirSync(join(root, 'node_modules'), { recursive: true });
  writeFileSync(mark, lock);
}

function fail(message) {
  console.error(`tree-warden: ${message}`);
  process.exit(1);
}

checkMachine();
installPackages();
const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` };
const child = spawn(join(bin, 'node'), [join(root, 'src', 'build', scripts[goal]), ...args], {
  cwd: root,
  env,
  stdio: 'inherit',
});
// A Ctrl-C reaches the whole foreground group: the child ends as it should, and this waits for it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => signal !== 'SIGINT' && child.kill(signal));
child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
