/**
 * For systems that the other tests are not made for: a tree with a detached child is started, its command line or its warden
 * is killed, and each survivor is found by the heartbeat that it writes.
 *   node test/native/survivors.ts
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cli, eventually } from '../support/run.ts';

const heartbeat = `
const { spawn } = require('node:child_process');
const { writeFileSync } = require('node:fs');
const [folder, depth] = process.argv.slice(1);
if (Number(depth) > 0) for (const detached of [false, true])
  spawn(process.execPath, ['-e', process.env.HEARTBEAT, folder, String(depth - 1)], { detached, stdio: 'ignore', windowsHide: true });
setInterval(() => writeFileSync(folder + '/' + process.pid, ''), 50);
`;
/** Two kinds of children, each with two of its own. */
const size = 7;

async function survivors(how: 'stop' | 'SIGKILL of the command line' | 'SIGKILL of the warden'): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'tw-native-'));
  const beats = mkdtempSync(join(folder, 'beats-'));
  const env = { ...process.env, HEARTBEAT: heartbeat, TREE_WARDEN_RUNTIME_DIR: join(folder, 'runtime'), XDG_STATE_HOME: folder };
  const argv = ['run', '--name', 'it', '--grace', '500ms', '--', process.execPath, '-e', heartbeat, beats, '2'];
  const owner = spawn(process.execPath, [cli, ...argv], { env, stdio: 'inherit' });
  const living = (): string[] => readdirSync(beats).filter((name) => Date.now() - statSync(join(beats, name)).mtimeMs < 1000);
  await eventually('all are up', () => living().length >= size);
  if (how === 'stop') spawnSync(process.execPath, [cli, 'kill', 'it'], { env, stdio: 'inherit' });
  else process.kill(how === 'SIGKILL of the command line' ? (owner.pid ?? 0) : wardenOf(join(folder, 'runtime')), 'SIGKILL');
  await sleep(4000);
  const left = living();
  for (const pid of left) process.kill(Number(pid), 'SIGKILL');
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  return left.length;
}

function wardenOf(runtime: string): number {
  const [id = ''] = readdirSync(runtime);
  return (JSON.parse(readFileSync(join(runtime, id, 'warden.json'), 'utf8')) as { process: { pid: number } }).process.pid;
}

for (const how of ['stop', 'SIGKILL of the command line', 'SIGKILL of the warden'] as const) {
  const left = await survivors(how);
  console.log(`${how}: ${left} of ${size} left`);
  if (left > 0) process.exitCode = 1;
}
